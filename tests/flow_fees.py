"""Fee terms as random flows set them: volume tiers, specials and taxes, the discount asset, referrals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.flows import Flow

TAGS = (60, 61, 62, 63, 64, 65)
DAY = 86_400 * 10**9


def some_days(flow: Flow) -> int:
    """Now and then days pass, of which volumes fall out of the window."""
    if not flow.knobs.terms or flow.random.random() > 0.05:
        return 0
    return flow.random.choice([1, 12, 29, 40]) * DAY


def some_beginning(flow: Flow) -> list[list[Any]]:
    """Terms of every kind, which concern most trades."""
    random, knobs = flow.random, flow.knobs
    accounts = range(16, 16 + knobs.accounts)
    messages: list[list[Any]] = [[60, 0, random.randint(1, 3), [1, 1 << 10, 1 << 20]]]
    messages.append([62, 0, random.randint(1, 3), random.choice([0, 250_000, 750_000])])
    messages += [[63, 0, market, 1] for market in range(1, knobs.markets + 1)]
    messages += [[64, 0, account, 1] for account in accounts if random.random() < 0.7]
    for kind in (1, 2):
        messages += [[61, 0, kind, 1, account, 0, 50, 7, 0] for account in accounts if random.random() < 0.5]
    return [*messages, [65, 0, 17, 16, 200_000]]


def some_terms(flow: Flow, market: int, account: int) -> dict[int, list[Any]]:
    """By tag the fields behind the key of one command of each kind."""
    random = flow.random
    asset = random.randint(1, 3)
    referrer = random.choice([0, account + 1, account + 1, account, 16])
    most = random.choice([1_000, 100_000])
    special = [random.choice([0, random.randint(-most, most)]) for _ in range(4)]
    tax = [random.choice([0, random.randint(0, most)]) for _ in range(4)]
    rates = random.choice([[1, market, 0, *special], [1, 0, account, *special], [1, market, account, *special]])
    rates = random.choice([rates, rates, [2, *random.choice([[market, 0], [market, account]]), *tax], [0, 0, 0]])
    least = sorted(random.randint(1, 1 << random.choice([8, 16, 30])) for _ in range(random.randrange(4)))
    return {
        60: [asset if least or random.random() < 0.5 else 0, least],
        61: rates if random.random() < 0.8 else [*rates[:3], 0, 0, 0, 0, 1],
        62: random.choice([[asset, random.choice([0, 250_000, 750_000, 1_000_000])], [asset, 500_000], [0, 0]]),
        63: [market, random.choice([1, 1, 0])],
        64: [account, random.choice([1, 1, 1, 0])],
        65: [account, referrer, random.choice([1, 200_000, 1_000_000]) if referrer else 0],
    }
