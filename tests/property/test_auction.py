"""The price of an auction against every price there is, one after another; and what each status of a market takes."""

from random import Random

import pytest

from exchange.messages.rejects import RejectCode
from tests import flows
from tests.flows import BUY, EXPIRE_TAKER, FIRST_ACCOUNT, OPERATOR, SECOND, SELL, START_NS
from tests.trio import Trio

ALICE, BOB = FIRST_ACCOUNT, FIRST_ACCOUNT + 1
TRADING, HALT, BREAK, CANCEL_ONLY, POST_ONLY, AUCTION = range(1, 7)


def brute_force(bids: list[tuple[int, int]], asks: list[tuple[int, int]], last: int, step: int) -> list[int]:
    """Price, volume, imbalance by every price from the best ask to the best bid; whole steps where there are any."""
    if not bids or not asks or max(bids)[0] < min(asks)[0]:
        return [0, 0, 0]
    low, high = min(asks)[0], max(bids)[0]
    ranked = []
    prices = [price for price in range(low, high + 1) if price % step == 0]
    for price in prices or range(low, high + 1):
        demand = sum(lots for level, lots in bids if level >= price)
        supply = sum(lots for level, lots in asks if level <= price)
        rank = (-min(demand, supply), abs(demand - supply), abs(price - (last or low)), price)
        ranked.append((rank, [price, min(demand, supply), demand - supply]))
    return min(ranked)[1]


@pytest.mark.parametrize("has_rule", [True, False], ids=["on steps", "before the rule"])
def test_the_price_is_the_best_of_all_prices_and_all_of_its_volume_trades(has_rule: bool) -> None:
    on_steps = 0
    for seed in range(150):
        random = Random(seed)
        trio = Trio()
        setup = flows.simple_setup()
        if not has_rule:
            setup[0] = [*setup[0][:5], [1, 2, 4, 5, 6], *setup[0][6:]]
        trio.messages(*setup)
        last, spread = random.choice([0, 0, 60, 95, 100, 140]), random.choice([3, 10, 40])
        if last:
            trio.rows(flows.limit(1, BOB, BUY, last, 1, 1), flows.limit(1, ALICE, SELL, last, 1, 2))
        trio.messages([41, OPERATOR, 1, 60])
        step = random.choice([1, 1, 2, 5, 7])
        comes_first = random.random() < 0.5
        sides: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
        rows = []
        for number in range(random.randrange(40)):
            side, price, lots = random.randrange(2), 100 + random.randint(-spread, spread), random.randint(1, 9)
            # Where the step comes behind them, orders stand between steps.
            price = price // step * step if comes_first else price
            sides[side].append((price, lots))
            rows.append(flows.limit(1, (BOB, ALICE)[side], side, price, lots, 10 + number))
        if comes_first:
            assert not flows.refusals(trio.messages(flows.filters(1, price_step=step)))
        if rows:
            assert not flows.refusals(trio.rows(*rows))
        if not comes_first:
            assert not flows.refusals(trio.messages(flows.filters(1, price_step=step)))
        expected = brute_force(*sides, last, step if has_rule else 1)
        on_steps += brute_force(*sides, last, 1) != expected
        (told,) = flows.split(trio.messages([2], ts_ns=START_NS + SECOND))
        assert flows.message_of(told)[2:] == expected
        ended = flows.split(trio.messages([12, OPERATOR, 1, TRADING], ts_ns=START_NS + SECOND))
        trades = [event for event in ended if flows.kind_of(event) == 3]
        assert sum(trade[6] for trade in trades) == expected[1]
        assert {trade[5] for trade in trades} <= {expected[0]}
        trio.check_state()
    assert (on_steps > 5) is has_rule


ROWS = {
    "limit": flows.limit(1, BOB, BUY, 90, 1, 5),
    "limit that takes": flows.limit(1, BOB, BUY, 110, 1, 5),
    "limit ioc": flows.limit(1, BOB, BUY, 110, 1, 5, time_in_force=flows.IOC),
    "limit fok": flows.limit(1, BOB, BUY, 110, 1, 5, time_in_force=flows.FOK),
    "post only": flows.limit(1, BOB, BUY, 90, 1, 5, type=flows.LIMIT_MAKER),
    "market": flows.market_order(1, BOB, BUY, 5, quantity=1),
    "stop": flows.row(
        1, 1, BOB, flags=(BUY, 4, 1, EXPIRE_TAKER), quantity=1, client_id=flows.client(5), extensions=((1, 120),)
    ),
    "cancel": flows.row(2, 1, ALICE, extensions=((flows.REFERENCE, *flows.client(2)),)),
    "cancel all": flows.row(3, 1, ALICE),
    "cancel all everywhere": flows.row(3, 0, ALICE),
}
CLOSED, TAKES = RejectCode.MARKET_CLOSED, RejectCode.WOULD_TAKE
PLACES = ("limit", "limit that takes", "limit ioc", "limit fok", "post only", "market", "stop")
TABLE: dict[int, dict[str, RejectCode]] = {
    TRADING: {},
    HALT: dict.fromkeys(PLACES, CLOSED),
    BREAK: dict.fromkeys((*PLACES, "cancel", "cancel all"), CLOSED),
    CANCEL_ONLY: dict.fromkeys(PLACES, CLOSED),
    POST_ONLY: {"limit that takes": TAKES, **dict.fromkeys(("limit ioc", "limit fok", "market"), CLOSED)},
    AUCTION: dict.fromkeys(("limit ioc", "limit fok", "market", "post only"), CLOSED),
}


@pytest.mark.parametrize("status", TABLE)
@pytest.mark.parametrize("name", ROWS)
def test_each_status_takes_what_the_table_says(status: int, name: str) -> None:
    trio = Trio()
    trio.messages(*flows.simple_setup())
    trio.rows(flows.limit(1, ALICE, SELL, 100, 1, 1), flows.limit(1, ALICE, SELL, 100, 5, 2))
    trio.rows(flows.limit(1, BOB, BUY, 100, 1, 1))
    trio.messages([41, OPERATOR, 1, 60] if status == AUCTION else [12, OPERATOR, 1, status])
    expected = TABLE[status].get(name)
    assert flows.refusals(trio.rows(ROWS[name])) == ([] if expected is None else [expected])
    trio.check_state()
