"""The numbers of a workload: how many of what, and what every market and account of it is given."""

from collections.abc import Iterable
from typing import NamedTuple

from exchange.core.matching import codes

QUOTE_ASSET = 1
# Minor units: a tick of 0.01 and a lot of 0.00001 at 8 decimals.
ASSET_SCALE = 8
TICK_SIZE = 1_000_000
LOT_SIZE = 1_000
BASE_PER_LOT = LOT_SIZE
QUOTE_PER_TICK_LOT = TICK_SIZE * LOT_SIZE // 10**ASSET_SCALE
MAKER_PPM = 800
TAKER_PPM = 1_000
QUOTE_FUNDS = 10**13
BASE_FUNDS = 10**10

# Commands that are stamped, applied and answered together, and the time from one such batch to the next.
BATCH = 256
START_NS = 1_700_000_000_000_000_000
BATCH_NS = 200_000
# From so many on, what there is of something makes the preparation long.
MANY = 1_000_000


class Funding(NamedTuple):
    """What an account is credited before the first order."""

    account: int
    asset: int
    amount: int


class Shape(NamedTuple):
    """How large a flow is: `resting` orders are in all books together after the prefill, and stay about level."""

    markets: int
    resting: int
    commands: int
    accounts: int = 5_000
    seed: int = 7
    kind: str = "calm"
    """Which flow draws it: a name of `workloads.KINDS`."""

    def scaled(self, scale: int) -> "Shape":
        """The short form: so many times fewer commands, and what is there by the million likewise."""
        return self._replace(
            commands=self.commands // scale,
            resting=self.resting // (scale if self.resting >= MANY else 1),
            accounts=self.accounts // (scale if self.accounts >= MANY else 1),
        )

    def account_ids(self) -> Iterable[int]:
        return range(codes.FIRST_ACCOUNT, codes.FIRST_ACCOUNT + self.accounts)

    def quote_funds(self) -> int:
        """What each account is given of the quote asset: all of them together must not have more than there can be."""
        return min(QUOTE_FUNDS, codes.AMOUNT_MAX // (2 * self.accounts))


ONE_MARKET = Shape(1, 4_400, 1_000_000)
FIFTY_MARKETS = Shape(50, 107_000, 1_000_000)


def key_of(account: int) -> int:
    """The key of an account: the venue numbers keys from 1 on, in the order in which they are granted."""
    return account - codes.FIRST_ACCOUNT + 1
