"""Commands and events about what guards a market: ranges, breakers, the kill switch, call auctions."""

from .base import Command, Event, KeyId, MarketId


class SetProtection(Command, frozen=True, tag=40):
    """Set what guards a market; 0 is off.

    range_*:   an order trades only within these shares (ppm) of the average price, fixed when it starts to trade.
    breaker:   a price more than `breaker_ppm` from the first of a span of `breaker_seconds` halts the market for
               `halt_seconds` (0: until an operator resumes it); then an auction of `auction_seconds`.
    collar:    an auction whose price is more than `collar_ppm` from the last one goes on for as long again, at most
               `extensions` times.
    notional_per_second: more than this traded in one second, in minor units of the quote asset, lets only cancel.
    """

    key_id: KeyId
    market_id: MarketId
    range_bid_up_ppm: int = 0
    range_bid_down_ppm: int = 0
    range_ask_up_ppm: int = 0
    range_ask_down_ppm: int = 0
    breaker_ppm: int = 0
    breaker_seconds: int = 0
    notional_per_second: int = 0
    halt_seconds: int = 0
    auction_seconds: int = 0
    collar_ppm: int = 0
    extensions: int = 0


class StartAuction(Command, frozen=True, tag=41):
    """Let a market gather orders for so many seconds, then trade what meets at one price, and go on trading."""

    key_id: KeyId
    market_id: MarketId
    seconds: int


class KillSwitch(Command, frozen=True, tag=42):
    """Stop trading in one market or, with 0, in all: orders stay, cancelling is allowed, an auction resumes it."""

    key_id: KeyId
    market_id: MarketId


class SetFeatures(Command, frozen=True, tag=43):
    """Switch kinds of orders off in a market: bits as in `codes.STOPS_OFF` and those beside it."""

    key_id: KeyId
    market_id: MarketId
    off: int


class ProtectionSet(Event, frozen=True, tag=40):
    """`settings` are the fields of SetProtection behind the market, in their order."""

    market_id: MarketId
    settings: list[int]


class AuctionStarted(Event, frozen=True, tag=41):
    """A market gathers orders until `ends_ns`, or longer; told again when it is extended."""

    market_id: MarketId
    ends_ns: int


class AuctionIndicated(Event, frozen=True, tag=42):
    """What the auction would give if it ended now; price 0 where nobody meets. Imbalance: lots wanted less offered."""

    market_id: MarketId
    price: int
    volume: int
    imbalance: int


class AuctionEnded(Event, frozen=True, tag=43):
    """The trades before this were the auction's."""

    market_id: MarketId
    price: int
    volume: int


class Killed(Event, frozen=True, tag=44):
    """The kill switch was used on this market: only an auction resumes it."""

    market_id: MarketId


class FeaturesSet(Event, frozen=True, tag=45):
    market_id: MarketId
    off: int
