"""The checks agree with flows of every kind, and each finds the lie that it is there for."""

from typing import Any

import pytest

from exchange.audit.book import Book
from exchange.audit.findings import Findings
from exchange.core.engine import MESSAGES, ROWS, Engine
from exchange.core.matching import codes
from exchange.messages import registry, transfers
from exchange.messages.orders import EventKind
from tests import flows
from tests.unit.audit.steps import audited, events_of, flow, lied, put, step_of

ACCEPTED, RESTED, TRADED = int(EventKind.ACCEPTED), int(EventKind.RESTED), int(EventKind.TRADED)
CANCELED, PREVENTED, TRIGGERED = int(EventKind.CANCELED), int(EventKind.PREVENTED), int(EventKind.TRIGGERED)
REFILLED, AMENDED = int(EventKind.REFILLED), int(EventKind.AMENDED)
LIST_CHANGED, ENTERED, REFERRED = int(EventKind.LIST_CHANGED), int(EventKind.ENTERED), int(EventKind.REFERRED)
TRANSFERRED, PEGGED = int(EventKind.TRANSFERRED), int(EventKind.PEGGED)
PROCEEDS_LOCKED = int(EventKind.PROCEEDS_LOCKED)
QUARANTINED = (5, 90, 120)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_a_flow_does_holds(seed: int) -> None:
    quarantined = QUARANTINED if seed % 3 == 0 else ()
    knobs = {
        "waiting": (0.0, 0.2, 0.5)[seed % 3],
        "wild_percent": (0, 10, 30)[seed % 3],
        "poverty": (0, 10)[seed % 2],
        "lists": (0.0, 0.3)[seed % 2],
        "terms": seed // 2 % 2,
        "pegs": (0.0, 0.4)[seed // 3 % 2],
    }
    steps, core = flow(seed, steps=40, quarantined=quarantined, **knobs)
    assert audited(steps, core, quarantined) == []


@pytest.fixture(scope="module")
def told() -> Any:
    """A flow in which everything happens."""
    kinds = (
        ACCEPTED,
        RESTED,
        TRADED,
        CANCELED,
        PREVENTED,
        TRIGGERED,
        REFILLED,
        AMENDED,
        LIST_CHANGED,
        ENTERED,
        REFERRED,
        TRANSFERRED,
        PEGGED,
        PROCEEDS_LOCKED,
    )
    for seed in range(200):
        steps, core = flow(seed, steps=120, waiting=0.3, wild_percent=0, lists=0.2, terms=1, pegs=0.2)
        if all(plain_events(steps, kind) for kind in kinds):
            assert audited(steps, core) == []
            return steps, core
    raise AssertionError("no flow in which everything happens")


LIES = [
    (ACCEPTED, 3, 1, "accepted that is not the one asked for"),
    (ACCEPTED, 4, 0, ""),
    (ACCEPTED, 6, 1, "accepted that is not the one asked for"),
    (ACCEPTED, 9, 1, "holds|was released|held|gave back"),
    (ACCEPTED, 13, 1, "accepted that is not the one asked for"),
    (ACCEPTED, 14, 1, "accepted that is not the one asked for"),
    (RESTED, 6, 1, "rests otherwise than it was left|lots are told at"),
    (RESTED, 7, 1, "rests otherwise than it was left"),
    (RESTED, 8, 1, "lots are told at"),
    (TRADED, 5, 1, "a fill at"),
    (TRADED, 5, -1, "a fill at"),
    (TRADED, 6, 1, "told otherwise"),
    (TRADED, 7, 1, "lots at"),
    (TRADED, 8, -1, "lots at"),
    (TRADED, 9, 1, "fees of version"),
    (TRADED, 11, 1, "a fill of account"),
    (TRADED, 13, 1, "the schedule says"),
    (TRADED, 19, -1, "the schedule says"),
    (TRADED, 39, 1, "the schedule says"),
    (TRANSFERRED, 5, 1, "handed over"),
    (TRANSFERRED, 7, 1, "handed over"),
    (TRANSFERRED, 8, 1, "are not"),
    (REFERRED, 6, 1, "a share of"),
    (REFERRED, 7, 1, "a share of"),
    (REFERRED, 8, 1, "a share of"),
    (PROCEEDS_LOCKED, 5, 1, "proceeds were locked|nobody knows"),
    (PROCEEDS_LOCKED, 6, 1, "proceeds were locked"),
    (PROCEEDS_LOCKED, 7, 1, "proceeds were locked"),
    (PROCEEDS_LOCKED, 7, -1, "proceeds were locked"),
    (PROCEEDS_LOCKED, 8, 1, "proceeds were locked"),
    (PROCEEDS_LOCKED, 9, 1, "proceeds were locked"),
    (TRADED, 16, 1, "could not|before order"),
    (TRADED, 18, 1, "told otherwise"),
    (TRADED, 36, 1, "lots are told at"),
    (CANCELED, 3, 1, "not as told"),
    (CANCELED, 9, 1, "not as told"),
    (CANCELED, 12, 1, "was released"),
    (PREVENTED, 4, 1, "kept apart in mode"),
    (PREVENTED, 9, 1, "had two owners|before order"),
    (REFILLED, 7, 1, "shows"),
    (REFILLED, 8, 1, "lots are told at"),
    (AMENDED, 9, 1, "told is"),
    (ENTERED, 4, 1, "could not|"),
    (ENTERED, 8, 1, "could not|entered with"),
    (ENTERED, 9, 1, "holds|held"),
    (AMENDED, 8, 1, "told is|could not|gave back"),
    (AMENDED, 12, 1, "gave back"),
    (AMENDED, 3, 1, "could not|changed an order"),
    (TRIGGERED, 10, 1, "not waiting as told"),
    (TRIGGERED, 11, 1, "holds|held"),
    (PEGGED, 4, 1, "is pegged as|was asked|the book has"),
    (PEGGED, 6, 1, "is pegged as|was asked|the book has"),
    (PEGGED, 7, 1, "is pegged as|was asked"),
    (PEGGED, 8, 1, "is pegged as|the book has"),
]


def is_plain(kind: int, words: Any, at: int) -> bool:
    """Not of an auction, which has its own test; not of an order without a price, whose hold only its book knows."""
    return bool(words[at + 38] == 0 if kind == TRADED else words[at + 6] if kind in (TRIGGERED, ENTERED) else True)


def plain_events(steps: Any, kind: int) -> list[tuple[int, int]]:
    return [(number, at) for number, at in events_of(steps, kind) if is_plain(kind, steps[number].words, at)]


@pytest.mark.parametrize(("kind", "word", "difference", "text"), LIES)
def test_an_event_that_says_something_else_is_found(
    told: Any, kind: int, word: int, difference: int, text: str
) -> None:
    steps, core = told
    plain = plain_events(steps, kind)
    assert plain
    for number, at in plain[:5]:
        try:
            found = audited(lied(steps, number, at + word, difference), core)
        except LookupError as error:
            found = [f"an order that nobody knows {error}"]
        if difference == 0:
            assert found == []
        else:
            assert any(part in each for part in text.split("|") for each in found) or "nobody knows" in found[0], found


@pytest.fixture(scope="module")
def auctioned() -> Any:
    """Flows in which auctions trade: the steps, and the place of such a fill with something left of its older order."""
    found = []
    for seed in range(200):
        steps, core = flow(seed, steps=80, wild_percent=0)
        for number, at in events_of(steps, TRADED):
            words = steps[number].words
            if words[at + 38] == codes.AUCTION_CAUSE and words[at + 18]:
                found.append((steps, core, number, at))
        if len(found) > 2:
            return found
    raise AssertionError("no flow had an auction")


@pytest.mark.parametrize(
    ("word", "difference", "text"),
    [
        (5, 10**6, "was filled at"),
        (6, 1, "told is|are not"),
        (12, 1, "told is|rests otherwise"),
        (13, 1, "the schedule says"),
        (36, 1, "lots are told at"),
        (38, -1, "could not"),
    ],
)
def test_a_fill_of_an_auction_that_says_something_else_is_found(
    auctioned: Any, word: int, difference: int, text: str
) -> None:
    for steps, core, number, at in auctioned:
        assert audited(steps, core) == []
        try:
            found = audited(lied(steps, number, at + word, difference), core)
        except LookupError as error:
            found = [f"an order that nobody knows {error}"]
        assert any(part in each for part in [*text.split("|"), "nobody knows"] for each in found), found


def test_an_event_of_a_kind_that_is_not_known_is_found(told: Any) -> None:
    steps, core = told
    number, at = events_of(steps, RESTED)[-1]
    assert any("does not know" in each for each in audited(lied(steps, number, at, 12 - RESTED), core))


@pytest.mark.parametrize(
    ("prices", "maker", "told"),
    [((100, 100), 2, "order 2 at 100 was met before order 1 at 100"), ((101, 100), 1, "was met before order 2 at 100")],
)
def test_a_fill_that_skips_the_oldest_or_the_best_is_found(prices: tuple[int, int], maker: int, told: str) -> None:
    core = Engine(b"k" * 16)
    first, second, third = range(codes.FIRST_ACCOUNT, codes.FIRST_ACCOUNT + 3)
    steps = [step_of(core, MESSAGES, flows.payload_of_messages(flows.simple_setup()), flows.START_NS)]
    makers = [flows.limit(1, first, codes.SELL, prices[0], 5, 1), flows.limit(1, second, codes.SELL, prices[1], 5, 2)]
    rows = [*makers, flows.limit(1, third, codes.BUY, 101, 5, 3)]
    steps += [step_of(core, ROWS, flows.payload_of_rows([row]), flows.START_NS) for row in rows]
    assert audited(steps, core) == []
    number, at = events_of(steps, TRADED)[0]
    lie = lied(steps, number, at + 16, maker - steps[number].words[at + 16])
    book = Book(Findings("book"), frozenset())
    for step in lie:
        book.on_step(step)
    assert any(told in problem.text for problem in book.findings.problems)


def test_a_row_of_a_key_that_may_not_is_found_and_so_is_a_refusal_of_one_that_may(told: Any) -> None:
    steps, core = told
    number = next(n for n, step in enumerate(steps) if step.rows and events_of([step], ACCEPTED))
    first = events_of([steps[number]], ACCEPTED)[0][1]
    seq = steps[number].words[first + 1]
    rows = list(steps[number].rows)
    at = place_of_row(rows, seq - steps[number].frame.header.first_seq)
    rows[at + 5] = 10**6
    assert any("may not trade" in each for each in audited(put(steps, number, steps[number]._replace(rows=rows)), core))
    rejected = events_of(steps, int(EventKind.REJECTED))
    refused = next((n, at) for n, at in rejected if steps[n].words[at + 5] == 0)
    lie = lied(steps, refused[0], refused[1] + 6, codes.RIGHT_MISSING - steps[refused[0]].words[refused[1] + 6])
    assert any("was refused" in each for each in audited(lie, core))


def place_of_row(rows: list[int], number: int) -> int:
    """Where a command of a run begins; a list has several rows."""
    at = 0
    for _ in range(number):
        for _ in range(rows[at + 1]):
            at += codes.ROW_WORDS + codes.EXTENSION_WORDS * rows[at + 2]
    return at


def test_a_message_of_a_key_that_may_not_operate_is_found() -> None:
    steps, core = flow(1, steps=5)
    credit = transfers.Credit(0, "one more", codes.FIRST_ACCOUNT, 1, 5)
    step = step_of(core, MESSAGES, registry.encode_commands([credit]), 10**18)
    assert audited([*steps, step], core) == []
    forged = registry.encode_commands([transfers.Credit(77, "one more", codes.FIRST_ACCOUNT, 1, 5)])
    lie = step._replace(frame=step.frame._replace(payload=memoryview(forged)))
    assert any("may not operate, and Credit was not refused" in each for each in audited([*steps, lie], core))


def test_money_that_the_state_has_and_its_history_does_not_is_found() -> None:
    steps, core = flow(1, steps=5)
    assert audited(steps, core) == []
    untold = transfers.Credit(0, "untold", codes.FIRST_ACCOUNT, 1, 5)
    step_of(core, MESSAGES, registry.encode_commands([untold]), 10**18)
    found = audited(steps, core)
    assert len(found) == 2
    assert all("its history gives" in each for each in found)
