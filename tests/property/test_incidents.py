"""What went wrong elsewhere (../shared/incidents.md, tagged rules), one test each, in all three forms of the core."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Any

from exchange.messages.rejects import RejectCode
from tests import flows
from tests.flows import BUY, FIRST_ACCOUNT, FOK, GTC, IOC, LIMIT, PLACE, SECOND, SELL, START_NS, STOP_LOSS
from tests.trio import Trio

ALICE, BOB = FIRST_ACCOUNT, FIRST_ACCOUNT + 1
ACCEPTED, RESTED, TRADED, CANCELED, TRIGGERED = 1, 2, 3, 4, 8
TRADING, HALT, CANCEL_ONLY, AUCTION = 1, 2, 4, 6
HALTED = 10
AUCTION_STARTED, AUCTION_ENDED, PARKED = 41, 43, 4


def market() -> Trio:
    trio = Trio()
    assert not flows.refusals(trio.messages(*flows.simple_setup()))
    return trio


def order(account: int, side: int, price: int, quantity: int, name: int, **rest: Any) -> list[int]:
    flags = (side, rest.pop("kind", LIMIT), rest.pop("time_in_force", GTC), 1)
    return flows.row(
        PLACE, 1, account, 0, flags=flags, price=price, quantity=quantity, client_id=flows.client(name), **rest
    )


def kinds(events: bytes) -> list[int]:
    return [flows.kind_of(event) for event in flows.split(events)]


def traded(events: bytes) -> list[tuple[int, int]]:
    """Price and quantity of each trade."""
    return [(event[5], event[6]) for event in flows.split(events) if flows.kind_of(event) == TRADED]


def test_incident_2_a_new_optional_field_changes_no_other() -> None:
    """Orders with a client order id were mis-executed: every subset of the optional fields trades as none does."""
    optional = (
        (flows.STRATEGY, 7, 1_000_000),
        (flows.ICEBERG, 3),
        (flows.GOOD_TILL, START_NS + 60 * SECOND),
    )
    subsets = chain.from_iterable(combinations(optional, count) for count in range(len(optional) + 1))
    seen = set()
    for extensions in subsets:
        names = [each[0] for each in extensions]
        if flows.ICEBERG in names and flows.GOOD_TILL in names:
            continue
        for name in (1, 2**40):
            trio = market()
            in_force = flows.GTD if flows.GOOD_TILL in names else GTC
            trio.rows(order(ALICE, SELL, 100, 5, name, time_in_force=in_force, extensions=extensions))
            sums = trio.rows(order(BOB, BUY, 100, 5, 9))
            assert sum(quantity for _, quantity in traded(sums)) == 5
            trio.check_state()
            seen.add(tuple(sorted(trio.venue.state.ledger.available.items())))
    assert len(seen) == 1, "who got what does not depend on them"


def told(events: bytes) -> list[int]:
    """The tags of the cold events of a stream."""
    return [flows.message_of(event)[0] for event in flows.split(events) if flows.kind_of(event) == 15]


TRAILING = ((flows.TRIGGER, 0, 500),)
EXOTIC = {
    "stop": (1, order(ALICE, SELL, 0, 5, 1, kind=STOP_LOSS, extensions=((flows.TRIGGER, 90),))),
    "trailing stop": (2, order(ALICE, SELL, 0, 5, 1, kind=STOP_LOSS, extensions=TRAILING)),
    "by quote quantity": (4, flows.market_order(1, BOB, BUY, 1, quote=100)),
    "iceberg": (8, order(ALICE, SELL, 110, 5, 1, extensions=((flows.ICEBERG, 2),))),
    "good till a date": (
        16,
        order(ALICE, SELL, 110, 5, 1, time_in_force=flows.GTD, extensions=((flows.GOOD_TILL, START_NS + SECOND),)),
    ),
}


def test_incident_3_a_poisonous_trailing_stop_is_refused_for_ever_and_the_venue_lives() -> None:
    """A trailing-stop bug stopped all spot trading: the one command is set aside, its market only lets cancel until an
    operator looks, the others trade on, and a snapshot knows it all.
    """
    setup = flows.simple_setup(markets=2)
    poisonous = len(setup) + 2
    trio = Trio((poisonous,))
    trio.messages(*setup)
    assert kinds(trio.rows(order(ALICE, SELL, 110, 5, 1))) == [ACCEPTED, RESTED]
    answer = trio.rows(order(ALICE, SELL, 0, 5, 2, kind=STOP_LOSS, extensions=TRAILING))
    assert flows.refusals(answer) == [RejectCode.INTERNAL_ERROR]
    assert told(answer) == [PARKED]
    assert trio.venue.state.markets[0].status == CANCEL_ONLY
    assert flows.refusals(trio.rows(order(BOB, BUY, 110, 5, 3))) == [RejectCode.MARKET_CLOSED]
    other = [flows.limit(2, ALICE, SELL, 100, 1, 4), flows.limit(2, BOB, BUY, 100, 1, 5)]
    assert traded(trio.rows(*other)) == [(100, 1)], "the other market never stopped"
    trio.restore()
    trio.messages([12, 0, 1, TRADING])
    assert traded(trio.rows(order(BOB, BUY, 110, 5, 6))) == [(110, 5)]
    trio.check_state()


def test_incident_3_every_exotic_type_has_an_off_switch_that_leaves_the_rest_alone() -> None:
    for name, (bit, words) in EXOTIC.items():
        trio = market()
        trio.rows(order(ALICE, SELL, 100, 50, 90))
        trio.messages([43, 0, 1, bit])
        before = trio.check_state()
        assert flows.refusals(trio.rows(words)) == [RejectCode.FEATURE_OFF], name
        assert trio.check_state() == before, name
        for other, (other_bit, other_words) in EXOTIC.items():
            if other_bit != bit:
                assert not flows.refusals(trio.rows(other_words)), f"{other} while {name} is off"
                trio.rows(flows.row(flows.CANCEL, 1, ALICE, 0, extensions=((flows.REFERENCE, *flows.client(1)),)))
        assert traded(trio.rows(order(BOB, BUY, 100, 1, 91))) == [(100, 1)], "plain orders trade on"
        trio.messages([43, 0, 1, 0])
        assert not flows.refusals(trio.rows(words)), name
        trio.check_state()


def test_incident_12_a_venue_that_trades_too_much_in_a_second_stops_itself() -> None:
    """Knight sent millions of orders in 45 minutes: what may trade in one second is bounded, and then only cancels."""
    trio = market()
    trio.messages([40, 0, 1, 0, 0, 0, 0, 0, 0, 1_000])
    trio.rows(*[order(ALICE, SELL, 100, 5, number) for number in range(1, 5)])
    assert traded(trio.rows(order(BOB, BUY, 100, 10, 10))) == [(100, 5), (100, 5)], "1,000 in this second is allowed"
    events = trio.rows(order(BOB, BUY, 100, 10, 11))
    assert traded(events) == [(100, 5)], "the trade that passes the bound is the last"
    assert [event[6] for event in flows.split(events) if flows.kind_of(event) == CANCELED] == [HALTED]
    assert trio.venue.state.markets[0].status == CANCEL_ONLY
    assert flows.refusals(trio.rows(order(BOB, BUY, 100, 1, 12))) == [RejectCode.MARKET_CLOSED]
    assert kinds(trio.rows(flows.row(flows.CANCEL, 1, ALICE, 0, order_id=4)))[0] == CANCELED
    trio.check_state()


def test_incident_12_a_halted_market_opens_after_a_bounded_number_of_extensions() -> None:
    """Exchanges could not open after a halt: an auction whose price is far off is extended, and not for ever."""
    trio = market()
    # 10 % in a minute halt the market for 5 s; its auction of 10 s is extended twice at most, beyond 1 %.
    trio.messages([40, 0, 1, 0, 0, 0, 0, 100_000, 60, 0, 5, 10, 10_000, 2])
    trio.rows(order(ALICE, SELL, 100, 5, 1), order(BOB, BUY, 100, 5, 2), order(ALICE, SELL, 150, 5, 3))
    trio.rows(order(BOB, BUY, 150, 1, 4))
    market_state = trio.venue.state.markets[0]
    assert market_state.status == HALT
    trio.messages([2], ts_ns=START_NS + 5 * SECOND)
    assert market_state.status == AUCTION
    trio.rows(order(BOB, BUY, 200, 9, 5), ts_ns=START_NS + 6 * SECOND)
    trio.rows(order(ALICE, SELL, 180, 9, 6), ts_ns=START_NS + 6 * SECOND)
    seen = []
    for second in range(6, 60):
        seen += told(trio.messages([2], ts_ns=START_NS + second * SECOND))
        if second == 20:
            trio.restore()
    assert seen.count(AUCTION_STARTED) == 2, "extended twice"
    assert seen.count(AUCTION_ENDED) == 1
    assert market_state.status == TRADING
    trio.check_state()


def test_incident_4_a_change_of_steps_on_a_live_book_replays() -> None:
    """A change of decimals showed prices of zero, old orders executed: what rests stays, and the new rule holds."""
    trio = market()
    stop = order(ALICE, SELL, 0, 7, 2, kind=STOP_LOSS, extensions=((flows.TRIGGER, 93),))
    trio.rows(order(ALICE, SELL, 107, 7, 1), stop, order(BOB, BUY, 99, 3, 3))
    before = trio.check_state()
    trio.messages(flows.filters(1, price_step=10, quantity_step=5))
    assert trio.check_state() != before
    trio.restore()
    assert flows.refusals(trio.rows(order(BOB, BUY, 107, 5, 4))) == [RejectCode.PRICE_FILTER]
    assert flows.refusals(trio.rows(order(BOB, BUY, 110, 7, 5))) == [RejectCode.LOT_SIZE]
    assert traded(trio.rows(order(BOB, BUY, 110, 5, 6))) == [(107, 5)], "it trades at its own price"
    trio.messages(flows.filters(1))
    trio.rows(order(BOB, BUY, 93, 20, 7))
    events = trio.rows(order(ALICE, SELL, 93, 4, 8))
    assert TRIGGERED in kinds(events), "the stop stood all the while at the price that it named"
    trio.check_state()


def test_incident_14_a_rejected_fill_or_kill_fires_nobodys_stop() -> None:
    trio = market()
    stop = order(ALICE, SELL, 0, 5, 1, kind=STOP_LOSS, extensions=((flows.TRIGGER, 95),))
    trio.rows(order(BOB, BUY, 95, 2, 2), stop)
    before = trio.check_state()
    assert flows.refusals(trio.rows(order(ALICE, SELL, 0, 5, 3, time_in_force=FOK))) == [RejectCode.PRICE_FILTER]
    assert trio.check_state() == before, "a rejection leaves the state as it was"
    assert kinds(trio.rows(order(ALICE, SELL, 95, 3, 4, time_in_force=FOK))) == [ACCEPTED, CANCELED]
    trio.check_state()
    assert TRIGGERED in kinds(trio.rows(order(ALICE, SELL, 95, 1, 5)))


def test_incident_16_a_sweep_of_thousands_is_one_command_and_leaves_no_residue() -> None:
    """Deep sweeps overflowed stacks, residues of IOC orders rested, fills had no quantity, trades the taker's price."""
    trio = market()
    trio.messages(flows.filters(1, max_orders=10_000))
    for start in range(0, 6_000, 500):
        trio.rows(*[order(ALICE, SELL, 100 + number // 2_000, 1, number + 1) for number in range(start, start + 500)])
    sweep = trio.rows(order(BOB, BUY, 500, 5_000, 9_999, time_in_force=IOC))
    fills = traded(sweep)
    assert len(fills) == 5_000
    assert [price for price, _ in fills] == [100] * 2_000 + [101] * 2_000 + [102] * 1_000
    assert {quantity for _, quantity in fills} == {1}
    rest = trio.rows(order(BOB, BUY, 102, 5_000, 10_000, time_in_force=IOC))
    assert kinds(rest)[-1] == CANCELED
    assert RESTED not in kinds(rest)
    market_state = trio.venue.state.markets[0]
    assert not market_state.bids
    assert not market_state.asks
    trio.check_state()


def test_incident_16_a_cancel_in_the_middle_of_a_level_loses_no_sibling_and_cannot_be_done_twice() -> None:
    trio = market()
    trio.rows(*[order(ALICE, SELL, 100, 1, number) for number in (1, 2, 3)], order(ALICE, SELL, 101, 1, 4))
    middle = flows.row(flows.CANCEL, 1, ALICE, 0, order_id=2)
    assert kinds(trio.rows(middle)) == [CANCELED]
    assert flows.refusals(trio.rows(middle)) == [RejectCode.UNKNOWN_ORDER]
    assert traded(trio.rows(order(BOB, BUY, 100, 5, 5))) == [(100, 1), (100, 1)], "no walk through its own limit"
    filled = flows.row(flows.CANCEL, 1, ALICE, 0, order_id=1)
    assert flows.refusals(trio.rows(filled)) == [RejectCode.UNKNOWN_ORDER], "a filled order cannot be cancelled"
    assert traded(trio.rows(order(BOB, BUY, 101, 1, 6))) == [(101, 1)], "no phantom best level"
    trio.check_state()


def test_incident_16_numbers_are_never_used_again_and_ties_are_broken_by_who_came_first() -> None:
    """Ids came back, ties went by the clock: three orders of one instant trade in their order, none under an old id."""
    trio = market()
    trio.rows(order(ALICE, SELL, 100, 1, 1), ts_ns=START_NS + SECOND)
    trio.rows(flows.row(flows.CANCEL, 1, ALICE, 0, order_id=1), ts_ns=START_NS + SECOND)
    later = trio.rows(*[order(ALICE, SELL, 100, 1, number) for number in (1, 2, 3)], ts_ns=START_NS + SECOND)
    ids = [event[4] for event in flows.split(later) if flows.kind_of(event) == ACCEPTED]
    assert ids == [2, 3, 4]
    trio.restore()
    swept = flows.split(trio.rows(order(BOB, BUY, 100, 3, 9), ts_ns=START_NS + SECOND))
    assert [event[16] for event in swept if flows.kind_of(event) == TRADED] == ids
    assert [event[4] for event in swept if flows.kind_of(event) == ACCEPTED] == [5]
    trades = [event[3] for event in swept if flows.kind_of(event) == TRADED]
    assert trades == [1, 2, 3]
    trio.check_state()


def test_incident_16_prices_beyond_32_bits_and_beyond_a_float_trade_to_the_unit() -> None:
    trio = Trio()
    trio.messages(*flows.simple_setup(amount=1 << 61))
    trio.messages(flows.filters(1, max_price=1 << 53, max_quantity=200))
    price = (1 << 53) - 1
    trio.rows(order(ALICE, SELL, price, 3, 1), order(ALICE, SELL, price - 1, 1, 2))
    assert traded(trio.rows(order(BOB, BUY, price, 4, 3))) == [(price - 1, 1), (price, 3)], "at the makers' prices"
    assert trio.venue.state.ledger.available[BOB, 1] == (1 << 61) - (4 * price - 1)
    trio.check_state()


def test_incident_17_no_fee_term_makes_a_balance_negative() -> None:
    """The greatest fees, specials and taxes at once, with the last unit spent, with and without the discount asset."""
    for pays in (0, 1):
        trio = Trio()
        trio.messages(*flows.simple_setup(markets=2, amount=1_000))
        trio.messages([14, 0, 1, 0, 100_000, 100_000], [62, 0, 3, 1_000_000], [63, 0, 1, 1])
        trio.messages(*[[61, 0, kind, 1, 0, *[100_000] * 4] for kind in (1, 2)])
        trio.messages(*[[64, 0, account, pays] for account in (ALICE, BOB)], [65, 0, BOB, ALICE, 1_000_000])
        trio.messages(*[[31, 0, f"but {account}", account, 3, 900] for account in (ALICE, BOB)])
        trio.rows(flows.limit(2, BOB, SELL, 1, 1, 1), flows.limit(2, ALICE, BUY, 1, 1, 2))
        trio.rows(order(ALICE, SELL, 10, 100, 3))
        for name in range(4, 14):
            assert traded(trio.rows(order(BOB, BUY, 10, 10, name))) == [(10, 10)]
            trio.check_state()
        assert trio.venue.state.ledger.available[BOB, 2] > 1_000


def test_incident_17_a_hold_includes_whatever_the_order_can_cost() -> None:
    """Fees made balances negative: they are part of what is received, so the whole balance can be spent and no more."""
    for maker_ppm, taker_ppm in ((0, 0), (1_000, 100_000), (-100_000, 100_000)):
        trio = Trio()
        trio.messages(*flows.simple_setup(amount=1_000))
        trio.messages([14, 0, 1, 0, maker_ppm, taker_ppm])
        trio.rows(order(ALICE, SELL, 10, 100, 1))
        assert flows.refusals(trio.rows(order(BOB, BUY, 10, 101, 2))) == [RejectCode.INSUFFICIENT_FUNDS]
        assert traded(trio.rows(order(BOB, BUY, 10, 100, 3))) == [(10, 100)]
        trio.check_state()
        assert trio.venue.state.ledger.available[BOB, 1] == 0
