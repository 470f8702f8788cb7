"""The user stream against the core's open orders, and the sequence of reports that the reference tells."""

from typing import Any

import pytest

from exchange.core import queries
from exchange.messages import words
from exchange.messages.orders import (
    Flags,
    OrderType,
    Reason,
    SelfTrade,
    Side,
    TimeInForce,
    cancel_row,
    pack_client_id,
    place_row,
)
from exchange.messages.views import Order, OrderStatus
from exchange.projections.updates import BalanceUpdate, Execution, OrderUpdate, Position
from exchange.projections.user_stream import UserStream
from tests.unit.projections.flow import Flow, prints
from tests.venue import FIRST_ACCOUNT, limit

ACCOUNTS = range(FIRST_ACCOUNT, FIRST_ACCOUNT + 6)


def core_view(flow: Flow, account: int) -> dict[int, dict[str, Any]]:
    """What the core says of open orders, in the words of the projection."""
    found = {int(each["order_id"]): dict(each) for each in queries.open_orders(flow.engine.state, account, 0)}
    for order in found.values():
        moving, extreme = order.pop("trigger_price"), order.pop("extreme")
        start = order.pop("activation_price")
        order["stop_price"] = start if order["trailing_delta"] else moving
        triggered_ns = order.pop("triggered_ns")
        order["working_ns"] = triggered_ns if order["type"] > 3 else order["created_ns"]
        order.pop("shown")
        sent_price = order.pop("sent_price")
        order["price"] = sent_price if order["peg_kind"] else order["price"]
        if order["list_id"]:
            # When a pending leg entered, the core does not remember.
            del order["working_ns"]
        order.pop("amends")
        assert not extreme or order["trailing_delta"]
    return found


def as_core(order: Order) -> dict[str, Any]:
    names = (
        "order_id", "market", "account", "side", "type", "time_in_force", "self_trade", "price", "quantity",
        "filled_quote", "prevented_quantity", "created_ns", "updated_ns", "strategy_id", "strategy_type", "list_id",
        "stop_price", "trailing_delta", "working_ns", "visible", "pegged_price",
    )  # fmt: skip
    known = {name: getattr(order, name) for name in names if name != "working_ns" or not order.list_id}
    return known | {
        "client_id": pack_client_id(order.client_id),
        "remaining": order.quantity - order.filled - order.prevented_quantity,
        "due_ns": order.good_till_ns,
        "peg_kind": order.peg,
        "peg_offset_kind": order.peg_offset_kind,
        "peg_offset": order.peg_offset,
        "pending": int(order.status == OrderStatus.PENDING_NEW),
    }


def test_open_orders_are_the_cores_after_every_batch() -> None:
    flow = Flow(1)
    users = UserStream(flow.balance_of)
    for batch in flow.batches(400):
        users.on_batch(batch.ts_ns, batch.events)
        for account in ACCOUNTS:
            known = core_view(flow, account)
            told = {order.order_id: order for order in users.open_orders(account)}
            assert {number: as_core(order) for number, order in told.items()} == {
                number: {name: value for name, value in order.items() if name != "held"}
                for number, order in known.items()
            }
            for order in told.values():
                assert order.status == (
                    OrderStatus.PARTIALLY_FILLED
                    if order.filled
                    else OrderStatus.PENDING_NEW
                    if known[order.order_id]["pending"]
                    else OrderStatus.NEW
                )
                assert order.is_open
                assert users.order(order.order_id) is order
                assert users.order_by_client_id(account, order.client_id, order.market) is order
                assert users.order_by_client_id(account, order.client_id, 3 - order.market) is None
            assert len(users.open_orders(account, 1)) + len(users.open_orders(account, 2)) == len(told)
    assert sum(len(each) for each in users.accounts.values()) == len(users.orders) > 50


def check_life(updates: list[OrderUpdate]) -> None:
    """One order's updates from NEW on: the cumulative numbers are the sums of the last ones, the end is the end."""
    assert updates[0].execution == Execution.NEW
    assert updates[0].status in (OrderStatus.NEW, OrderStatus.PENDING_NEW)
    assert updates[0].filled == 0
    filled = filled_quote = 0
    for number, each in enumerate(updates):
        filled += each.last_quantity
        filled_quote += each.last_quote
        assert (each.filled, each.filled_quote) == (filled, filled_quote)
        assert (each.execution == Execution.TRADE) == (each.trade_id > 0) == (each.last_quantity > 0)
        is_open = each.status <= OrderStatus.PARTIALLY_FILLED
        assert each.is_working == (is_open and each.working_ns > 0)
        assert is_open or number == len(updates) - 1, "nothing after the end"
        is_filled = filled > 0 and filled == each.quantity - each.prevented_quantity
        assert (each.status == OrderStatus.FILLED) == (is_filled and each.execution == Execution.TRADE)
        assert (each.prevented is not None) == (each.execution == Execution.TRADE_PREVENTION)


def test_every_order_lives_from_new_to_one_end_and_its_sums_add_up() -> None:
    flow = Flow(2)
    users = UserStream(flow.balance_of)
    lives: dict[int, list[OrderUpdate]] = {}
    executions: dict[int, list[int]] = {1: [], 2: []}
    closed: dict[int, Order] = {}
    trades = 0
    for batch in flow.batches(400):
        users.on_batch(batch.ts_ns, batch.events)
        for event in users.events:
            assert event.ts_ns == batch.ts_ns
            assert not users.prevented, "what is of one batch ends with it"
            assert not users.touched, "what is of one batch ends with it"
            if isinstance(event, OrderUpdate):
                lives.setdefault(event.order.order_id, []).append(event)
                executions[event.order.market].append(event.execution_id)
        assert not closed.keys() & {order.order_id for order in users.rows.orders}, "closed once"
        closed |= {order.order_id: order for order in users.rows.orders}
        made = sum(len(prints(batch, market)) for market in (1, 2))
        assert len(users.rows.fills) == 2 * made
        trades += made
    for updates in lives.values():
        check_life(updates)
        number = updates[0].order.order_id
        assert (updates[-1].status < OrderStatus.FILLED) == (number not in closed) == (users.order(number) is not None)
        if number in closed:
            end = closed[number]
            assert (end.status, end.reason, end.filled) == (updates[-1].status, updates[-1].reason, updates[-1].filled)
    for ids in executions.values():
        assert ids == list(range(1, len(ids) + 1)), "every execution of a market is told, in order"
    assert trades > 300
    kinds = {(each[-1].execution, each[-1].status) for each in lives.values()}
    assert {kind for kind, _ in kinds} == set(Execution)
    assert {status for _, status in kinds} == set(OrderStatus)


def test_positions_follow_the_updates_of_their_command_and_name_what_it_may_have_changed() -> None:
    flow = Flow(3)
    users = UserStream(flow.balance_of)
    before: dict[tuple[int, int], tuple[int, int]] = {}
    for batch in flow.batches(300):
        users.on_batch(batch.ts_ns, batch.events)
        told: set[tuple[int, int]] = set()
        open_command: dict[int, set[int]] = {}
        for event in users.events:
            if isinstance(event, Position):
                # (A maker that only lost what was prevented holds less, and nothing else is told of it.)
                lost = {(each.seq, each.maker_account) for each in batch.events if isinstance(each, words.Prevented)}
                assert event.account in open_command[event.seq] or (event.seq, event.account) in lost
                open_command[event.seq].discard(event.account)
                for asset, available, held in event.balances:
                    assert (available, held) == flow.balance_of(event.account, asset)
                    told.add((event.account, asset))
            else:
                assert not any(accounts for seq, accounts in open_command.items() if seq < event.seq)
                open_command.setdefault(event.seq, set()).add(event.account)
        assert not any(open_command.values()), "one position for each account and command"
        for account in ACCOUNTS:
            for asset in (1, 2, 3):
                now = flow.balance_of(account, asset)
                assert now == before.get((account, asset), (0, 0)) or (account, asset) in told
                before[account, asset] = now


def test_money_that_moves_outside_trading_is_told_to_both_sides() -> None:
    flow = Flow(4)
    users = UserStream(flow.balance_of)
    opening = next(flow.batches(0))
    users.on_batch(opening.ts_ns, opening.events)
    moves = [each for each in users.events if isinstance(each, BalanceUpdate)]
    assert sum(each.delta for each in moves) == 0
    mine = [(each.asset, each.delta) for each in moves if each.account == FIRST_ACCOUNT]
    assert mine == [(1, 10_000_000 * 10**8), (2, 100 * 10**8), (3, 1_000 * 10**8)]


@pytest.fixture
def desk() -> Any:
    """A venue just opened, and a function that sends rows to it and returns what its people are told."""
    flow = Flow(5)
    users = UserStream(flow.balance_of)
    opening = next(flow.batches(0))
    users.on_batch(opening.ts_ns, opening.events)

    def send(*rows: bytes) -> list[Any]:
        batch = flow.apply(2 - 1, b"".join(rows))
        users.on_batch(batch.ts_ns, batch.events)
        return users.events

    send.users = users  # type: ignore[attr-defined]
    return send


def told(events: list[Any], account: int) -> list[tuple[str, str]]:
    updates = [each for each in events if isinstance(each, OrderUpdate) and each.account == account]
    return [(each.execution.name, each.status.name) for each in updates]


def test_a_taker_is_told_new_then_trades_then_expired_then_one_position(desk: Any) -> None:
    desk(limit(1, Side.SELL, 1_000, 5, "first"), limit(2, Side.SELL, 1_001, 5, "second"))
    events = desk(limit(3, Side.BUY, 1_001, 12, "taker", time_in_force=TimeInForce.IOC))
    taker = FIRST_ACCOUNT + 3
    assert told(events, taker) == [
        ("NEW", "NEW"),
        ("TRADE", "PARTIALLY_FILLED"),
        ("TRADE", "PARTIALLY_FILLED"),
        ("EXPIRED", "EXPIRED"),
    ]
    assert told(events, FIRST_ACCOUNT + 1) == [("TRADE", "FILLED")]
    assert [type(each) for each in events[-3:]] == [Position] * 3
    assert [asset for asset, _, _ in next(each for each in events[-3:] if each.account == taker).balances] == [1, 2]
    mine = [each for each in events if isinstance(each, OrderUpdate) and each.account == taker]
    assert [each.filled for each in mine] == [0, 5, 10, 10]
    assert [each.last_price for each in mine] == [0, 1_000, 1_001, 0]
    assert [each.is_maker for each in mine] == [False] * 4
    assert mine[-1].reason == Reason.UNFILLED_IOC
    assert (mine[1].fee_asset, mine[1].fee) == (2, 5 * 1_000 * 1_000 // 10**6), "a buyer pays in what it receives"
    maker = next(each for each in events if isinstance(each, OrderUpdate) and each.account == FIRST_ACCOUNT + 1)
    assert (maker.is_maker, maker.fee_asset, maker.last_quote) == (True, 1, 1_000 * 5 * 10)


def test_a_cancel_is_told_with_its_own_id(desk: Any) -> None:
    desk(limit(1, Side.SELL, 1_000, 5, "mine"))
    order = desk.users.order_by_client_id(FIRST_ACCOUNT + 1, "mine")
    row = cancel_row(1, FIRST_ACCOUNT + 1, 2, order_id=order.order_id, cancel_id=pack_client_id("the cancel"))
    update, position = desk(row)
    assert (update.execution, update.status) == (Execution.CANCELED, OrderStatus.CANCELED)
    assert (update.cancel_id, update.order.client_id, update.reason) == ("the cancel", "mine", Reason.BY_REQUEST)
    assert [asset for asset, _, _ in position.balances] == [2], "a sell order holds base only"
    assert desk.users.rows.orders == [update.order]
    assert desk.users.open_orders(FIRST_ACCOUNT + 1) == []


def test_self_trade_prevention_tells_who_expired_and_in_which_match(desk: Any) -> None:
    desk(limit(1, Side.SELL, 1_000, 5, "maker"))
    events = desk(limit(1, Side.BUY, 1_000, 3, "taker", self_trade=SelfTrade.EXPIRE_BOTH))
    assert told(events, FIRST_ACCOUNT + 1) == [
        ("NEW", "NEW"),
        ("TRADE_PREVENTION", "EXPIRED_IN_MATCH"),
        ("TRADE_PREVENTION", "EXPIRED_IN_MATCH"),
    ]
    updates = [each for each in events if isinstance(each, OrderUpdate)][1:]
    assert [each.prevented_quantity for each in updates] == [5, 3]
    assert [each.order.prevented_id for each in updates] == [1, 1]
    meeting = updates[0].prevented
    assert meeting is not None
    assert (meeting.prevented_id, meeting.taker_prevented, meeting.maker_prevented) == (1, 3, 5)
    assert {meeting.taker_order, meeting.maker_order} == {each.order.order_id for each in updates}


def test_a_refused_order_tells_nobody_anything(desk: Any) -> None:
    flags = Flags(Side.SELL, OrderType.LIMIT, TimeInForce.GTC, SelfTrade.NONE)
    row = place_row(1, FIRST_ACCOUNT, 1, flags, pack_client_id("too much"), price=1_000, quantity=10**8)
    assert desk(row) == []


def test_a_trade_of_a_person_with_itself_makes_two_fills(desk: Any) -> None:
    desk(limit(1, Side.SELL, 1_000, 5, "maker"), limit(1, Side.BUY, 1_000, 5, "taker"))
    taker, maker = desk.users.rows.fills
    assert (taker.trade_id, taker.account, taker.is_maker, taker.side) == (1, FIRST_ACCOUNT + 1, 0, Side.BUY)
    assert (maker.trade_id, maker.account, maker.is_maker, maker.side) == (1, FIRST_ACCOUNT + 1, 1, Side.SELL)
    assert taker.order_id != maker.order_id
    assert (taker.fee_asset, maker.fee_asset) == (2, 1)


def test_accounts_nobody_watches_are_told_nothing_but_are_kept() -> None:
    flow = Flow(6)
    all_told, few_told = UserStream(flow.balance_of), UserStream(flow.balance_of)
    few_told.watched = {FIRST_ACCOUNT + 2}
    for batch in flow.batches(200):
        all_told.on_batch(batch.ts_ns, batch.events)
        few_told.on_batch(batch.ts_ns, batch.events)
        assert few_told.events == [each for each in all_told.events if each.account == FIRST_ACCOUNT + 2]
        assert few_told.rows == all_told.rows
        assert few_told.orders == all_told.orders


def test_without_balances_no_position_is_told() -> None:
    flow, users = Flow(7), UserStream()
    accepted = 0
    for batch in flow.batches(50):
        users.on_batch(batch.ts_ns, batch.events)
        accepted += sum(isinstance(each, words.Accepted) for each in batch.events)
        assert not any(isinstance(each, Position) for each in users.events)
    assert accepted > 0
