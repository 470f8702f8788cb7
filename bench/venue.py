"""An exchange made for a workload: the one place of the bench that knows how an engine is set up and asked."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from bench.shape import (
    ASSET_SCALE,
    LOT_SIZE,
    MAKER_PPM,
    QUOTE_ASSET,
    START_NS,
    TAKER_PPM,
    TICK_SIZE,
    Funding,
    Shape,
)
from exchange.core import encoding
from exchange.core.engine import Engine
from exchange.core.matching import codes, matching
from exchange.messages import accounts, markets, registry, system, transfers
from exchange.messages.limits import LIMITS_AT_GENESIS, RULES_AT_GENESIS

SECRET = bytes(range(16))
JOURNAL_ID = bytes(16)
VENUE_KEY = 0
HMAC = 1


def is_compiled() -> bool:
    return str(matching.__file__).endswith(".so")


def genesis(journal_id: bytes = JOURNAL_ID) -> system.Genesis:
    rules = [int(rule) for rule in RULES_AT_GENESIS]
    limits = [(int(limit), value) for limit, value in LIMITS_AT_GENESIS]
    return system.Genesis(1, "bench", START_NS, journal_id, rules, limits)


def setup(shape: Shape, funding: list[Funding]) -> Iterator[registry.AnyCommand]:
    """Yield what stands between Genesis and the first order: open markets, accounts with keys and funds."""
    yield markets.ListAsset(VENUE_KEY, "QUOTE", ASSET_SCALE)
    for number in range(1, shape.markets + 1):
        yield markets.ListAsset(VENUE_KEY, f"BASE{number}", ASSET_SCALE)
    for number in range(1, shape.markets + 1):
        yield markets.ListMarket(
            VENUE_KEY, f"BASE{number}QUOTE", QUOTE_ASSET + number, QUOTE_ASSET, TICK_SIZE, LOT_SIZE
        )
        yield filters(number)
        yield markets.SetFees(VENUE_KEY, number, 0, MAKER_PPM, TAKER_PPM)
        yield markets.SetMarketStatus(VENUE_KEY, number, codes.TRADING)
    for account in shape.account_ids():
        yield from account_setup(account, [])
    yield from credits_of(funding)


def account_setup(account: int, funding: list[Funding]) -> Iterator[registry.AnyCommand]:
    """Yield what opens an account with a key, and its funds."""
    yield accounts.OpenAccount(VENUE_KEY, account, codes.SPOT)
    yield accounts.GrantApiKey(
        VENUE_KEY, account, codes.RIGHT_READ | codes.RIGHT_TRADE, f"key {account}", HMAC, b"", f"vault {account}"
    )
    yield from credits_of(funding)


def credits_of(funding: list[Funding]) -> Iterator[registry.AnyCommand]:
    for account, asset, amount in funding:
        yield transfers.Credit(VENUE_KEY, f"{account} {asset}", account, asset, amount)


def filters(market: int) -> markets.SetFilters:
    """Every filter on, none so narrow that an order of the flow meets it."""
    return markets.SetFilters(
        VENUE_KEY,
        market,
        min_price=1,
        max_price=10_000_000,
        price_step=1,
        min_quantity=1,
        max_quantity=100_000_000,
        quantity_step=1,
        max_orders=200,
        default_self_trade=codes.EXPIRE_TAKER,
        allowed_self_trade=1 << codes.EXPIRE_TAKER | 1 << codes.EXPIRE_MAKER | 1 << codes.EXPIRE_BOTH,
        market_min_quantity=1,
        market_max_quantity=50_000_000,
        market_quantity_step=1,
        min_notional=10,
        max_notional=1 << 61,
        apply_min_to_market=1,
        bid_up_ppm=5_000_000,
        bid_down_ppm=200_000,
        ask_up_ppm=5_000_000,
        ask_down_ppm=200_000,
        average_minutes=5,
    )


def open_venue(shape: Shape, funding: list[Funding]) -> Engine:
    """Return an engine to which the setup was applied, its events taken. A refused setup is an AssertionError."""
    engine = Engine(SECRET)
    engine.apply_message(genesis(), START_NS)
    for command in setup(shape, funding):
        engine.apply_message(command, START_NS)
    refusals = [
        tag for tag in message_tags(engine.take_events()) if tag == system.CommandRejected.__struct_config__.tag
    ]
    assert not refusals, f"{len(refusals)} commands of the setup were refused"
    return engine


def message_tags(events: bytes) -> Iterator[int]:
    """Yield the tag of every cold event: its MessagePack is an array that begins with it."""
    words = memoryview(events).cast("q")
    at = 0
    while at < len(words):
        if words[at] & 255 == codes.MESSAGE:
            payload = events[(at + 3) * 8 : (at + 3) * 8 + words[at + 2]]
            yield registry.event_decoder.decode(payload).__struct_config__.tag  # type: ignore[misc]
        at += words[at] >> 8


def count(events: bytes, head: int) -> int:
    """How many events of one kind a stream holds."""
    words = memoryview(events).cast("q")
    at = found = 0
    while at < len(words):
        found += words[at] == head
        at += words[at] >> 8
    return found


def resting(engine: Engine) -> int:
    return sum(market.resting for market in engine.state.matching.markets)


def trades(engine: Engine) -> int:
    return sum(market.trades for market in engine.state.matching.markets)


def balance_words(engine: Engine, shape: Shape) -> array[int]:
    """Available and held of every asset of every account from 1 on, accounts first: what reference.cpp sums up too."""
    balance = engine.state.matching.balance
    words = array("q")
    for account in range(1, codes.FIRST_ACCOUNT + shape.accounts):
        for asset in range(QUOTE_ASSET, QUOTE_ASSET + shape.markets + 1):
            words.extend(balance(account, asset)[:2])
    return words


def checksum(words: array[int]) -> int:
    """FNV-1a over words, as reference.cpp does it."""
    digest = 0xCBF29CE484222325
    for word in words:
        digest = (digest ^ word & 0xFFFFFFFFFFFFFFFF) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return digest


def final_hash(engine: Engine) -> str:
    """What two runs that did the same have in common: the state hash."""
    return encoding.state_hash(engine.state).hex()
