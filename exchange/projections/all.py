"""All projections of a venue: fed together, carried together by its snapshots.

A snapshot carries them as sections: name (16 bytes), version and bytes of content (a word each), content. A section
without content says that the projection is there; those with content are its parts.
"""

from collections.abc import Iterator
from struct import Struct

from exchange.messages import (
    accounts,
    auctions,
    countdowns,
    disconnects,
    fees,
    limitations,
    markets,
    remembering,
    system,
    words,
)
from exchange.messages.views import Rows
from exchange.messages.words import AnyWords
from exchange.projections.candles import Candles
from exchange.projections.depth import Depth
from exchange.projections.folding import Fold, Projection
from exchange.projections.prevented import PreventedMatches
from exchange.projections.tickers import Tickers
from exchange.projections.trades import Trades
from exchange.projections.user_stream import BalanceOf, UserStream

HEAD = Struct("<16s2q")

IGNORED = frozenset(
    [
        words.Rejected,  # the answer tells its sender; nothing changed
        words.ProceedsLocked,  # of what the trade before it has told; balances are asked of the core
        system.Started,
        system.CommandRejected,
        system.RuleActivated,
        system.Parked,
        system.ClockAdopted,
        system.HeadRecorded,
        markets.AssetListed,
        markets.MarketStatusSet,
        markets.FiltersSet,
        markets.FeesSet,
        markets.MarketEmptied,
        auctions.ProtectionSet,
        auctions.AuctionStarted,
        auctions.AuctionIndicated,
        auctions.AuctionEnded,
        auctions.Killed,
        auctions.FeaturesSet,
        countdowns.CountdownSet,
        limitations.ExchangeLimitsSet,
        limitations.AssetLimitSet,
        limitations.MinNotionalSet,
        fees.VolumeTiersSet,
        fees.ExtraFeesSet,
        fees.DiscountSet,
        fees.MarketDiscountSet,
        fees.DiscountPaymentSet,
        fees.ReferralSet,
        disconnects.SessionArmed,
        disconnects.SessionEnded,
        remembering.OrderRepeated,
        accounts.AccountOpened,
        accounts.AccountSet,
        accounts.ApiKeyGranted,
        accounts.ApiKeyRevoked,
    ]
)
"""Events that no projection folds: the core answers for what they set."""


class Projections:
    """Owns every projection. `balance_of(account, asset)` gives (available, held) of the core.

    It may be set later, as `users.balance_of`: recovery folds without one.
    """

    def __init__(
        self, balance_of: BalanceOf | None = None, *, candles_kept: int = 1_000, trades_kept: int = 1_000
    ) -> None:
        self.depth = Depth()
        self.trades = Trades(trades_kept)
        self.candles = Candles(candles_kept)
        self.tickers = Tickers()
        self.users = UserStream(balance_of)
        self.prevented = PreventedMatches()
        self.each: tuple[Projection, ...] = (
            self.depth,
            self.trades,
            self.candles,
            self.tickers,
            self.users,
            self.prevented,
        )
        self.fold = Fold(self.each)

    def on_batch(self, ts_ns: int, events: list[AnyWords]) -> None:
        """Fold the events of one applied batch; batches come in journal order, each once."""
        self.fold.on_batch(ts_ns, events)

    def take_history(self) -> Rows:
        """What the last batch gives the history."""
        return self.users.rows

    def sections(self) -> Iterator[bytes]:
        """The state of all, for a snapshot."""
        for projection in self.each:
            name = projection.name.encode()
            yield HEAD.pack(name, projection.version, 0)
            for part in projection.sections():
                yield HEAD.pack(name, projection.version, len(part)) + part

    def restore(self, rest: memoryview | bytes) -> list[str]:
        """Take back what a snapshot carries, into projections that have folded nothing.

        Returns: the names of those that it does not have in this version. They are empty: whoever restores seeds them
                 (`depth.seed`, `users.seed`) or folds the journal from its beginning.
        """
        view = memoryview(rest)
        known = {projection.name.encode(): projection for projection in self.each}
        restored = set()
        at = 0
        while at < len(view):
            name, version, size = HEAD.unpack_from(view, at)
            at += HEAD.size
            projection = known.get(name.rstrip(b"\0"))
            if projection is not None and projection.version == version:
                restored.add(projection.name)
                if size:
                    projection.restore(view[at : at + size])
            at += size
        return [projection.name for projection in self.each if projection.name not in restored]
