"""What guards a market, and the call auctions that open it again: phases and their timers; matching does the sums.

An auction gathers orders until its time has come, tells every second what it would give, is extended at most so many
times where its price would be far from the last one, and ends with trades at one price; then the market trades.
"""

from exchange.messages.auctions import (
    AuctionEnded,
    AuctionIndicated,
    AuctionStarted,
    FeaturesSet,
    Killed,
    KillSwitch,
    ProtectionSet,
    SetFeatures,
    SetProtection,
    StartAuction,
)
from exchange.messages.base import Reject
from exchange.messages.limits import Rule
from exchange.messages.markets import MarketStatusSet
from exchange.messages.rejects import RejectCode

from .matching import codes
from .matching.market import Market
from .state import Resumption, State, find_market

HALT_ENDS, AUCTION_ENDS, AUCTION_INDICATES = 2, 3, 4
SECONDS_MAX = 1_000_000
EXTENSIONS_MAX = 100
SETTINGS = SetProtection.__struct_fields__[2:]
# The first of them are the hot part's own, the others say how the market goes on.
HOT_SETTINGS, COLD_SETTINGS = SETTINGS[:7], SETTINGS[7:]


def resumption(state: State, market_id: int) -> Resumption:
    if market_id not in state.resumptions:
        state.resumptions[market_id] = Resumption(0, 0, 0, 0)
    return state.resumptions[market_id]


def set_protection(state: State, command: SetProtection) -> None:
    market = find_market(state, command.market_id)
    values = [getattr(command, name) for name in SETTINGS]
    ppm = (*values[:5], command.collar_ppm)
    if min(values) < 0 or max(ppm) > codes.MULTIPLIER_MAX or command.notional_per_second > codes.AMOUNT_MAX:
        raise Reject(RejectCode.WRONG_PROTECTION)
    if max(command.breaker_seconds, command.halt_seconds, command.auction_seconds) > SECONDS_MAX:
        raise Reject(RejectCode.WRONG_PROTECTION)
    if command.extensions > EXTENSIONS_MAX or (command.breaker_ppm and not command.breaker_seconds):
        raise Reject(RejectCode.WRONG_PROTECTION)
    if command.halt_seconds and not command.auction_seconds:
        raise Reject(RejectCode.WRONG_PROTECTION)
    # From here on the command must succeed.
    for name in HOT_SETTINGS:
        setattr(market, name, getattr(command, name))
    market.breaker_price = market.notional_sum = 0
    for name in COLD_SETTINGS:
        setattr(resumption(state, market.id), name, getattr(command, name))
    state.emit(ProtectionSet(market.id, values))


def set_features(state: State, command: SetFeatures) -> None:
    market = find_market(state, command.market_id)
    is_known = state.is_active(Rule.ONE_PAYS_THE_OTHER) or not command.off & codes.OPO_OFF
    if not 0 <= command.off <= codes.FEATURES_ALL or not is_known:
        raise Reject(RejectCode.WRONG_PROTECTION)
    # From here on the command must succeed.
    market.features_off = command.off
    state.emit(FeaturesSet(market.id, command.off))


def start_auction(state: State, command: StartAuction) -> None:
    market = find_market(state, command.market_id)
    if not 0 < command.seconds <= SECONDS_MAX:
        raise Reject(RejectCode.WRONG_PROTECTION)
    if market.status == codes.AUCTION:
        raise Reject(RejectCode.WRONG_STATUS)
    # From here on the command must succeed.
    gather(state, market, command.seconds)


def gather(state: State, market: Market, seconds: int) -> None:
    """Let a market gather orders from now on."""
    phase = resumption(state, market.id)
    stop_timers(state, market)
    phase.seconds, phase.extended, phase.is_killed = seconds, 0, 0
    market.status = codes.AUCTION
    state.emit(MarketStatusSet(market.id, codes.AUCTION))
    extend(state, market, phase)
    indicate(state, market.id)


def extend(state: State, market: Market, phase: Resumption) -> None:
    phase.ends_ns = state.now_ns + phase.seconds * codes.NS_PER_SECOND
    state.timers[phase.ends_ns, AUCTION_ENDS, market.id] = None
    state.emit(AuctionStarted(market.id, phase.ends_ns))


def indicate(state: State, market_id: int) -> None:
    """Tell what the auction would give, and that again in a second."""
    market: Market = state.matching.markets[market_id - 1]
    phase = resumption(state, market_id)
    auction = state.matching.auction
    auction.find(market)
    state.emit(AuctionIndicated(market_id, auction.price, auction.volume, auction.imbalance))
    phase.indicates_ns = state.now_ns + codes.NS_PER_SECOND
    state.timers[phase.indicates_ns, AUCTION_INDICATES, market_id] = None


def stop_timers(state: State, market: Market) -> None:
    """Whatever the market was about to do by itself, it will not."""
    phase = resumption(state, market.id)
    for due_ns, kind in (
        (phase.halt_ends_ns, HALT_ENDS),
        (phase.ends_ns, AUCTION_ENDS),
        (phase.indicates_ns, AUCTION_INDICATES),
    ):
        state.timers.pop((due_ns, kind, market.id), None)
    phase.halt_ends_ns = phase.ends_ns = phase.indicates_ns = 0


def come_to_an_end(state: State, market_id: int) -> None:
    """The time of an auction has come: once more where its price is far from the last, else the trades."""
    market: Market = state.matching.markets[market_id - 1]
    phase = resumption(state, market_id)
    auction = state.matching.auction
    auction.find(market)
    is_far = False
    if phase.collar_ppm and market.last_price and auction.price:
        is_far = abs(auction.price - market.last_price) > market.last_price * phase.collar_ppm // codes.PPM
    if is_far and phase.extended < phase.extensions:
        phase.extended += 1
        extend(state, market, phase)
    else:
        resume(state, market)


def resume(state: State, market: Market) -> None:
    """Trade what meets, and go on trading."""
    stop_timers(state, market)
    phase = resumption(state, market.id)
    phase.is_killed = 0
    state.matching.uncross(market, state.seq, state.now_ns)
    auction = state.matching.auction
    state.emit(AuctionEnded(market.id, auction.price, auction.volume))
    state.emit(MarketStatusSet(market.id, codes.TRADING))
    settle_trips(state)


def settle_trips(state: State) -> None:
    """What waiting orders that have entered may owe: a market that their trades have stopped."""
    for market in state.matching.markets:
        if market.tripped:
            note_tripped(state, market.id)


def end_halt(state: State, market_id: int) -> None:
    """A halt has lasted long enough: an auction opens the market."""
    gather(state, state.matching.markets[market_id - 1], resumption(state, market_id).auction_seconds)


def note_tripped(state: State, market_id: int) -> None:
    """What the order path owes when a market's own trades have stopped it."""
    market: Market = state.matching.markets[market_id - 1]
    market.tripped = 0
    phase = resumption(state, market_id)
    stop_timers(state, market)
    state.emit(MarketStatusSet(market_id, market.status))
    if market.status == codes.HALT and phase.halt_seconds:
        phase.halt_ends_ns = state.now_ns + phase.halt_seconds * codes.NS_PER_SECOND
        state.timers[phase.halt_ends_ns, HALT_ENDS, market_id] = None


def kill(state: State, command: KillSwitch) -> None:
    every = state.matching.markets
    targets = [find_market(state, command.market_id)] if command.market_id else every
    if all(resumption_is_killed(state, market.id) for market in targets):
        raise Reject(RejectCode.ALREADY_KILLED if every else RejectCode.UNKNOWN_MARKET)
    # From here on the command must succeed.
    for market in targets:
        if not resumption_is_killed(state, market.id):
            stop_timers(state, market)
            resumption(state, market.id).is_killed = 1
            market.status = codes.CANCEL_ONLY
            state.emit(Killed(market.id))
            state.emit(MarketStatusSet(market.id, codes.CANCEL_ONLY))


def resumption_is_killed(state: State, market_id: int) -> bool:
    return market_id in state.resumptions and state.resumptions[market_id].is_killed == 1


HANDLERS = {SetProtection: set_protection, StartAuction: start_auction, KillSwitch: kill, SetFeatures: set_features}
RIGHTS = dict.fromkeys(HANDLERS, codes.RIGHT_OPERATE)
FIRE = {HALT_ENDS: end_halt, AUCTION_ENDS: come_to_an_end, AUCTION_INDICATES: indicate}
