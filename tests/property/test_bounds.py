"""Every number driven to its bounds from both sides: compiled, interpreted and verifier alike, never an overflow."""

from __future__ import annotations

import struct
from typing import Any

import msgspec
import pytest

from exchange.core import timers
from exchange.messages import registry
from exchange.messages.rejects import RejectCode
from tests import flows
from tests.flows import BUY, EXPIRE_MAKER, EXPIRE_TAKER, FIRST_ACCOUNT, IOC, OPERATOR, SELL
from tests.trio import COMPILED, Trio

TOP = 1 << 62
WIDEST = 1 << 53
ALICE, BOB = FIRST_ACCOUNT, FIRST_ACCOUNT + 1
BOUNDS = sorted({*flows.ODD_WORDS, *flows.GREAT_NUMBERS, 100_000, 100_001, 1_000_000_000, 1_000_000_001, 1_440, 1_441})


def market_of(tick: int, lot: int, **filters: int) -> Trio:
    """One open market of two assets without decimals: quote 1, base 2; accounts 16 and 17 without funds."""
    trio = Trio()
    listed = [[10, OPERATOR, "QUOTE", 0], [10, OPERATOR, "BASE", 0], [11, OPERATOR, "BASEQUOTE", 2, 1, tick, lot]]
    opened = [flows.filters(1, **filters), [12, OPERATOR, 1, 1], [20, OPERATOR, 1, 1], [20, OPERATOR, 2, 1]]
    events = trio.messages(flows.GENESIS, *listed, *opened)
    assert not flows.refusals(events)
    return trio


def fund(trio: Trio, account: int, asset: int, amount: int) -> list[int]:
    return flows.refusals(trio.messages([30, OPERATOR, f"at {trio.seq}", account, asset, amount]))


def test_incident_20_overflow_every_word_of_a_row_at_every_bound() -> None:
    """Integers are bounded at the edge: no word of a row, however great, is anything but an answer."""
    trio = Trio()
    trio.messages(*flows.simple_setup())
    trio.rows(flows.limit(1, BOB, SELL, 100, 5, 1), flows.limit(1, ALICE, BUY, 90, 5, 1))
    strategy, reference = (flows.STRATEGY, 7, 8), (flows.REFERENCE, *flows.client(1))
    place: dict[str, Any] = {"flags": (BUY, 1, 1, 1), "price": 95, "quantity": 3, "client_id": flows.client(2)}
    bases = [
        flows.limit(1, ALICE, BUY, 95, 3, 2),
        flows.limit(1, ALICE, BUY, 105, 3, 2, time_in_force=IOC),
        flows.market_order(1, ALICE, BUY, 2, quantity=2),
        flows.market_order(1, ALICE, SELL, 2, quote=200),
        flows.row(1, 1, ALICE, extensions=(strategy,), **place),
        flows.row(2, 1, ALICE, order_id=2),
        flows.row(2, 1, ALICE, extensions=(reference,)),
        flows.row(3, 1, ALICE),
        flows.row(3, 0, ALICE),
    ]
    words = [word for word in BOUNDS if -(1 << 63) <= word < 1 << 63]
    for base in bases:
        for at in (0, *range(3, len(base))):
            for word in words:
                trio.rows([*base[:at], word, *base[at + 1 :]])
        trio.check_state()


def test_incident_20_overflow_every_number_of_a_message_at_every_bound() -> None:
    """A number in a message may be as wide as 64 bits without a sign: wider than a word of the compiled core."""
    trio = Trio()
    trio.messages(*flows.simple_setup())
    whole: list[list[Any]] = [
        *([10, 0, "A", 2], [11, 0, "M", 2, 1, 1, 1], [12, 0, 1, 1], flows.filters(1), [14, 0, 1, 0, 5, 5]),
        *([20, 0, 1, 1, 0, 0, 0], [21, 0, ALICE, 1, 0, 0], [22, 0, ALICE, 1, "k", 1, b"", "v", 0], [23, 0, 1]),
        *([30, 0, "r", ALICE, 1, 5], [31, 0, "s", ALICE, 1, 5], [3, 0, 1], flows.GENESIS),
    ]
    for message in whole:
        for at, field in enumerate(message):
            if at and isinstance(field, int):
                for number in BOUNDS:
                    name = [f"{each} {number}" if each in ("r", "s", "k") else each for each in message]
                    trio.messages([*name[:at], number, *name[at + 1 :]])
    trio.check_state()


@pytest.mark.parametrize(
    ("max_price", "max_quantity", "tick", "lot", "is_refused"),
    [
        (1, 1, WIDEST, 1, False),
        (1 << 9, (1 << 53) - 1, 1, 1, False),
        (1 << 9, 1 << 53, 1, 1, True),
        (WIDEST, 1 << 8, 1, 2, True),
        (WIDEST, (1 << 8) - 1, 1, 2, False),
        (WIDEST + 1, 1, 1, 1, True),
        (1, WIDEST + 1, 1, 1, True),
        (1, 1 << 9, 1, WIDEST, True),
    ],
)
def test_filters_are_refused_where_a_notional_could_reach_two_to_the_62(
    max_price: int, max_quantity: int, tick: int, lot: int, is_refused: bool
) -> None:
    trio = market_of(tick, lot, max_price=1, max_quantity=1)
    widest = flows.filters(1, max_price=max_price, max_quantity=max_quantity)
    assert bool(flows.refusals(trio.messages(widest))) == is_refused
    trio.check_state()


def test_the_greatest_order_trades_with_the_greatest_fee() -> None:
    """All there is of both assets changes hands at 2^62 - 2^9, and a tenth of it goes to the fees."""
    quantity = WIDEST - 1
    trio = market_of(1, 1, max_price=1 << 9, max_quantity=quantity)
    trio.messages([14, OPERATOR, 1, 0, 100_000, 100_000])
    assert flows.refusals(trio.messages([14, OPERATOR, 1, 0, 100_001, 0], [14, OPERATOR, 1, 0, 0, 100_001])) == [
        RejectCode.WRONG_FEE,
        RejectCode.WRONG_FEE,
    ]
    assert fund(trio, ALICE, 2, quantity) == []
    assert fund(trio, BOB, 1, quantity << 9) == []
    events = trio.rows(flows.limit(1, ALICE, SELL, 1 << 9, quantity, 1), flows.limit(1, BOB, BUY, 1 << 9, quantity, 1))
    assert not flows.refusals(events)
    trio.check_state()
    trio.restore()
    fee = -(-(quantity << 9) // 10)
    assert trio.venue.state.ledger.available[ALICE, 1] == (quantity << 9) - fee
    assert flows.refusals(trio.rows(flows.limit(1, ALICE, BUY, 1 << 9, quantity, 2))) == [RejectCode.INSUFFICIENT_FUNDS]
    trio.check_state()


def test_a_balance_reaches_two_to_the_62_and_no_further() -> None:
    trio = market_of(1, 1)
    assert fund(trio, ALICE, 1, TOP + 1) == [RejectCode.WRONG_AMOUNT]
    assert fund(trio, ALICE, 1, TOP) == []
    assert fund(trio, ALICE, 1, 1) == [RejectCode.BALANCE_TOO_GREAT]
    assert fund(trio, BOB, 1, 1) == [RejectCode.BALANCE_TOO_GREAT]
    assert flows.refusals(trio.messages([31, OPERATOR, "all", ALICE, 1, TOP])) == []
    assert flows.refusals(trio.messages([31, OPERATOR, "more", ALICE, 1, 1])) == [RejectCode.INSUFFICIENT_FUNDS]
    assert fund(trio, BOB, 1, TOP) == []
    trio.check_state()


def test_a_purchase_for_two_to_the_62_is_held_and_for_one_more_is_refused() -> None:
    trio = market_of(1, 1, max_price=1 << 9, max_quantity=WIDEST - 1)
    fund(trio, ALICE, 2, 1_000)
    fund(trio, BOB, 1, TOP)
    trio.rows(flows.limit(1, ALICE, SELL, 1 << 9, 1_000, 1))
    assert flows.refusals(trio.rows(flows.market_order(1, BOB, BUY, 1, quote=TOP + 1))) == [
        RejectCode.NUMBER_OUT_OF_RANGE
    ]
    assert flows.refusals(trio.rows(flows.market_order(1, BOB, BUY, 1, quote=TOP))) == []
    trio.check_state()


@pytest.mark.parametrize("ppm", [1, 999_999, 1_000_000_000])
@pytest.mark.parametrize("price", [1, 999_999, 1_000_001, WIDEST - 1, WIDEST])
def test_percent_bounds_hold_at_the_greatest_prices_and_shares(ppm: int, price: int) -> None:
    bounds = dict.fromkeys(("bid_up_ppm", "bid_down_ppm", "ask_up_ppm", "ask_down_ppm"), ppm)
    trio = market_of(1, 1, max_price=WIDEST, max_quantity=100, average_minutes=1, **bounds)
    fund(trio, ALICE, 2, 1 << 20)
    fund(trio, BOB, 1, TOP)
    trio.rows(flows.limit(1, ALICE, SELL, price, 1, 1), flows.limit(1, BOB, BUY, price, 1, 1))
    edge = price * ppm // 1_000_000
    for number, near in enumerate((edge - 1, edge, edge + 1, price, WIDEST), 2):
        if 0 < near < 1 << 63:
            trio.rows(flows.limit(1, ALICE, SELL, near, 1, number), flows.limit(1, BOB, BUY, near, 1, number))
    trio.check_state()


def test_an_average_over_huge_sums_is_exact() -> None:
    """Sums of price × quantity pass 2^62 many times over; the average moves by a single tick where it should."""
    trio = market_of(1, 1, max_price=WIDEST, max_quantity=1 << 8, average_minutes=1, bid_up_ppm=1_000_000)
    fund(trio, ALICE, 2, 1 << 20)
    fund(trio, BOB, 1, TOP)
    for number in range(130):
        at_ns = flows.START_NS + number * flows.SECOND
        price = WIDEST - number % 3
        sale, purchase = flows.limit(1, ALICE, SELL, price, 200, 1), flows.limit(1, BOB, BUY, price, 200, 1)
        trio.rows(sale, purchase, ts_ns=at_ns)
        trio.messages([31, OPERATOR, f"back {number}", ALICE, 1, 200 * price], ts_ns=at_ns)
        if number < 129:
            trio.messages([30, OPERATOR, f"again {number}", BOB, 1, 200 * price], ts_ns=at_ns)
        trio.rows(flows.limit(1, BOB, BUY, WIDEST - 1, 1, 2), flows.row(3, 1, BOB), ts_ns=at_ns)
        trio.check_state()
    assert max(notional for notional, _ in trio.venue.state.markets[0].buckets.values()) > 1 << 60


def test_an_average_over_more_lots_than_a_word_counts() -> None:
    trio = market_of(1, 1, max_price=2, max_quantity=WIDEST, average_minutes=5)
    fund(trio, ALICE, 2, WIDEST)
    fund(trio, ALICE, 1, WIDEST)
    wash = flows.limit(1, ALICE, SELL, 1, WIDEST, 1), flows.limit(1, ALICE, BUY, 1, WIDEST, 2)
    for _ in range(11):
        trio.rows(*wash * 100)
    assert max(lots for _, lots in trio.venue.state.markets[0].buckets.values()) > 1 << 62
    trio.check_state()


def test_a_market_order_never_pays_more_than_it_holds() -> None:
    """Filters changed since the makers came: together they ask for more than 2^62."""
    trio = market_of(1 << 40, 1, max_price=1 << 10, max_quantity=1 << 10)
    fund(trio, ALICE, 2, 1 << 20)
    fund(trio, BOB, 1, TOP)
    trio.rows(*(flows.limit(1, ALICE, SELL, 1 << 10, 1 << 10, number) for number in range(1, 6)))
    trio.messages(flows.filters(1, max_price=1, max_quantity=1 << 21))
    trio.rows(flows.market_order(1, BOB, BUY, 9, quantity=5 << 10))
    trio.check_state()


@pytest.mark.parametrize("mode", [EXPIRE_TAKER, EXPIRE_MAKER])
def test_a_market_order_that_meets_only_its_owner_is_prevented(mode: int) -> None:
    trio = Trio()
    trio.messages(*flows.simple_setup())
    trio.rows(flows.limit(1, ALICE, BUY, 10, 5, 1))
    events = trio.rows(flows.market_order(1, ALICE, SELL, 2, quantity=3, self_trade=mode))
    assert [flows.kind_of(event) for event in flows.split(events)][1] == 6


def test_ten_thousand_open_orders_of_one_account_and_not_one_more() -> None:
    """In two markets, so that each market's own bound is not the one that is met. The verifier is too naive for it."""
    trio = Trio()
    trio.messages(*flows.simple_setup(2), flows.filters(1, max_orders=10_000), flows.filters(2, max_orders=10_000))
    for engine in trio.engines:
        rows = [flows.limit(1 + number % 2, ALICE, BUY, 1 + number % 7, 1, number + 1) for number in range(10_001)]
        rows.append(flows.limit(1, ALICE, BUY, 1, 1, 10_002, time_in_force=IOC))
        rows.append(flows.row(3, 0, ALICE))
        rows.append(flows.limit(1, ALICE, BUY, 1, 1, 10_001))
        engine.apply(flows.ROWS, flows.payload_of_rows(rows), engine.seq + 1, flows.START_NS)
    compiled, interpreted = [engine.take_events() for engine in trio.engines]
    assert compiled == interpreted
    assert flows.refusals(compiled) == [RejectCode.ACCOUNT_MAX_ORDERS]
    assert flows.kind_of(flows.split(compiled)[-1]) == 2


@pytest.mark.parametrize(
    ("name", "is_refused"),
    [
        *(
            (name, True)
            for name in ("", "A B", "A\n", "A\x7f", "A\u00a0", "A\u200b", "A\u202e", "\u3000", "A\ufeff", "A" * 21)
        ),
        *((name, False) for name in ("A", "1000CAT", "人生", "\u0378", "Ａ", "\U0001f680", "A" * 20)),
    ],
)
def test_a_name_is_refused_by_number_not_by_what_this_python_knows(name: str, is_refused: bool) -> None:
    """U+0378 is no character yet; a later Python may know it, and must not decide otherwise."""
    trio = Trio()
    events = trio.messages(flows.GENESIS, [10, OPERATOR, name, 0])
    assert flows.refusals(events) == ([RejectCode.WRONG_NAME] if is_refused else [])


UNCUT = {
    "no rows": (1, 0, []),
    "five rows": (1, 5, []),
    "rows of 2^62": (1, TOP, []),
    "a second row that is not there": (1, 2, []),
    "eight extensions": (2, 8, [0] * 64),
    "an extension that is not there": (2, 1, []),
    "fewer than no extensions": (2, -1, []),
    "extensions of 2^62": (2, TOP, []),
    "half a row behind it": (1, 1, [1] * 8),
}


@pytest.mark.parametrize("name", UNCUT)
def test_a_run_that_cannot_be_cut_into_rows_is_an_error_for_all(name: str) -> None:
    at, word, more = UNCUT[name]
    base = flows.limit(1, ALICE, BUY, 10, 5, 1)
    run = [*base[:at], word, *base[at + 1 :], *more]
    trio = Trio()
    trio.messages(*flows.simple_setup())
    first_seq = trio.seq + 1
    for apply in (trio.venue.apply, *(engine.apply for engine in trio.engines)):
        with pytest.raises(ValueError):
            apply(flows.ROWS, struct.pack(f"<{len(run)}q", *run), first_seq, flows.START_NS)


WRONG = {
    "no array": b"\x01",
    "an unknown tag": msgspec.msgpack.encode([[99, 0]]),
    "a tag that is text": msgspec.msgpack.encode([["2"]]),
    "a field too few": msgspec.msgpack.encode([[12, 0, 1]]),
    "text for a number": msgspec.msgpack.encode([[12, 0, 1, "1"]]),
    "a number for text": msgspec.msgpack.encode([[10, 0, 7, 1]]),
    "a float for a number": msgspec.msgpack.encode([[12, 0, 1, 1.5]]),
    "a truth value for a number": msgspec.msgpack.encode([[12, 0, 1, True]]),
    "nothing for a number": msgspec.msgpack.encode([[12, 0, 1, None]]),
    "text for bytes": msgspec.msgpack.encode([[22, 0, 16, 1, "a", 3, "e" * 32]]),
    "a triple for a pair": msgspec.msgpack.encode([[1, 1, "", 1, b"", [], [[1, 2, 3]]]]),
    "text that is not UTF-8": b"\x91\x94\x0a\x00\xa1\xff\x01",
    "bytes behind the array": msgspec.msgpack.encode([[2]]) + b"\x00",
    "an array that ends early": b"\x92\x91\x02",
    "the second wrong": msgspec.msgpack.encode([[10, 0, "X", 1], [10, 0, 7, 1]]),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_frame_of_messages_that_does_not_decode_is_an_error_for_all_and_applies_nothing(name: str) -> None:
    trio = Trio()
    trio.messages(*flows.simple_setup())
    before = trio.check_state()
    for apply in (trio.venue.apply, *(engine.apply for engine in trio.engines)):
        with pytest.raises((ValueError, msgspec.DecodeError)):
            apply(flows.MESSAGES, WRONG[name], trio.seq + 1, flows.START_NS)
    assert trio.check_state() == before


def test_fields_of_a_newer_version_are_left_out_by_all() -> None:
    trio = Trio()
    trio.messages(*flows.simple_setup())
    assert not flows.refusals(trio.messages([12, OPERATOR, 1, 2, "new", [1]], [2, b"new"]))
    assert registry.decode_commands(msgspec.msgpack.encode([[2, 1]]))


def stop(
    account: int, side: int, order_type: int, price: int, number: int, trailing: int = 0, **more: int
) -> list[int]:
    trigger = (flows.TRIGGER, 0, trailing, price) if trailing else (flows.TRIGGER, price)
    flags_ = (side, order_type, 1, 1)
    return flows.row(
        1, 1, account, flags=flags_, quantity=1, client_id=flows.client(number), extensions=(trigger,), **more
    )


def test_no_command_enters_more_than_a_thousand_stops_and_none_is_lost_or_overtaken() -> None:
    """2,500 stops at one price: a thousand with each of three commands, nobody else in between, cancels pass."""
    trio = Trio()
    trio.messages(*flows.simple_setup(), flows.filters(1, max_orders=10_000))
    trio.rows(flows.limit(1, BOB, BUY, 100, 1, 1), flows.limit(1, ALICE, SELL, 100, 1, 2))
    trio.rows(*(stop(ALICE, SELL, 4, 95, 10 + number) for number in range(2_500)))
    trio.rows(flows.limit(1, BOB, BUY, 95, 1, 1), flows.limit(1, BOB, BUY, 94, 3_000, 3))
    started = flows.split(trio.rows(flows.limit(1, ALICE, SELL, 95, 1, 2)))
    ids = [event[4] for event in started if flows.kind_of(event) == 8]
    assert len(ids) == 1_000
    trio.restore()
    placed = trio.rows(flows.limit(1, BOB, BUY, 90, 1, 4), flows.row(2, 1, ALICE, order_id=ids[-1] + 1))
    assert flows.refusals(placed) == [RejectCode.MARKET_BUSY]
    # A market that halts keeps them; they go on where it trades again.
    assert len(flows.split(trio.messages([12, OPERATOR, 1, 2], [2], [12, OPERATOR, 1, 1]))) == 2
    for expected in (1_000, 499, 0):
        entered = [event[4] for event in flows.split(trio.messages([2])) if flows.kind_of(event) == 8]
        assert len(entered) == expected
        ids += entered
        trio.check_state()
    assert ids == sorted(ids)
    assert not flows.refusals(trio.rows(flows.limit(1, BOB, BUY, 90, 1, 4)))


def test_a_market_has_at_most_a_thousand_trailing_orders() -> None:
    trio = Trio()
    trio.messages(*flows.simple_setup(), flows.filters(1, max_orders=10_000))
    events = trio.rows(*(stop(ALICE, SELL, 4, 0, 10 + number, trailing=100) for number in range(1_001)))
    assert flows.refusals(events) == [RejectCode.MARKET_MAX_TRAILING]
    trio.rows(flows.row(2, 1, ALICE, extensions=((flows.REFERENCE, *flows.client(10)),)))
    assert not flows.refusals(trio.rows(stop(ALICE, SELL, 4, 0, 9, trailing=100)))
    trio.check_state()


def test_a_tick_ends_a_thousand_orders_whose_time_has_come_and_the_next_one_the_rest() -> None:
    trio = Trio(forms=(COMPILED,))
    trio.messages(*flows.simple_setup(), flows.filters(1, max_orders=2_000))
    due_ns = flows.START_NS + flows.SECOND
    rows = [
        flows.row(
            *(flows.PLACE, 1, flows.FIRST_ACCOUNT),
            flags=(flows.BUY, flows.LIMIT, flows.GTD, flows.NONE),
            price=1,
            quantity=1,
            client_id=flows.client(number + 1),
            extensions=((flows.GOOD_TILL, due_ns),),
        )
        for number in range(1_001)
    ]
    for at in range(0, len(rows), 200):
        trio.rows(*rows[at : at + 200])
    ticks = [flows.split(trio.messages([2], ts_ns=due_ns)) for _ in range(3)]
    ended = [[event[4] for event in events if flows.kind_of(event) == 4] for events in ticks]
    assert [len(each) for each in ended] == [1_000, 1, 0]
    assert [order for each in ended for order in each] == list(range(1, 1_002)), "in the order in which they came"
    trio.check_state()


def test_an_account_arms_a_hundred_sessions_and_no_more() -> None:
    trio = Trio()
    trio.messages(*flows.simple_setup())
    assert flows.refusals(trio.messages(*[[51, flows.OPERATOR, flows.FIRST_ACCOUNT]] * 100)) == []
    refused = trio.messages([51, flows.OPERATOR, flows.FIRST_ACCOUNT])
    assert flows.refusals(refused) == [RejectCode.LIMIT_REACHED]
    trio.messages([52, flows.OPERATOR, flows.FIRST_ACCOUNT, 1, 0])
    assert flows.refusals(trio.messages([51, flows.OPERATOR, flows.FIRST_ACCOUNT])) == []
    trio.check_state()


def test_what_is_due_first_is_said_whether_order_or_timer() -> None:
    trio = Trio(forms=(COMPILED,))
    trio.messages(*flows.simple_setup())
    due_ns = flows.START_NS + 9 * flows.SECOND
    order = flows.limit(1, flows.FIRST_ACCOUNT, flows.BUY, 1, 1, 1, time_in_force=flows.GTD)
    order[2] = 1
    trio.rows([*order, flows.GOOD_TILL, due_ns, *[0] * 6])
    (engine,) = trio.engines
    assert timers.next_due_ns(engine.state) == due_ns
    for milliseconds, expected in ((20_000, due_ns), (5_000, flows.START_NS + 5 * flows.SECOND), (0, due_ns)):
        trio.messages([50, flows.OPERATOR, flows.FIRST_ACCOUNT, 1, milliseconds])
        assert timers.next_due_ns(engine.state) == expected
