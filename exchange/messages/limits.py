"""Named rules and limits: what Genesis puts in force. Numbers are given once and kept."""

from enum import IntEnum, unique


@unique
class Rule(IntEnum):
    """A behaviour that a journaled command switches on (design §3.8)."""

    SPOT = 1
    """The rules of spot trading as first released."""
    MARKET_EMPTIED = 2
    """A market that only lets cancel tells when its last order has gone."""
    FEES_ROUNDED_DOWN = 3
    """A fee is rounded down to whole minor units; before, up."""
    HIDDEN_BEHIND_OWN = 4
    """What icebergs hide is behind an order of the same price at which its owner's next would end; before, ahead."""
    PEGS = 5
    """Orders may be pegged; before, such a row is UNSUPPORTED."""
    ONE_PAYS_THE_OTHER = 6
    """There are OPO and OPOCO lists, and a switch for them in each market; before, such rows were malformed."""
    AUCTIONS_ON_STEPS = 7
    """An auction's price is a whole step of its market's price filter, where one is there; before, any tick."""


@unique
class Limit(IntEnum):
    """A bound that the core keeps and Genesis sets."""

    ASSETS = 1
    MARKETS = 2
    ACCOUNTS = 3
    KEYS = 4


RULES_AT_GENESIS = [
    Rule.SPOT,
    Rule.MARKET_EMPTIED,
    Rule.HIDDEN_BEHIND_OWN,
    Rule.PEGS,
    Rule.ONE_PAYS_THE_OTHER,
    Rule.AUCTIONS_ON_STEPS,
]
LIMITS_AT_GENESIS = [
    (Limit.ASSETS, 10_000),
    (Limit.MARKETS, 10_000),
    (Limit.ACCOUNTS, 100_000_000),
    (Limit.KEYS, 100_000_000),
]
