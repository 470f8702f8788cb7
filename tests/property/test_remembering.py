"""At most so many idempotent orders of a day are remembered: at the bound, behind it, and a day later."""

from __future__ import annotations

from exchange.messages.rejects import RejectCode
from tests import flows
from tests.trio import COMPILED, Trio

DAY = 86_400 * flows.SECOND
REPEATED = 53


def idempotent(number: int) -> list[int]:
    """An order that ends at once: it is remembered all the same."""
    return flows.row(
        flows.PLACE,
        *(1, 16, 0),
        flags=(flows.BUY, flows.LIMIT, flows.IOC, 1, 1),
        price=1,
        quantity=1,
        client_id=flows.client(number),
    )


def test_a_thousand_idempotent_orders_of_a_day_are_remembered_and_no_more() -> None:
    trio = Trio(forms=(COMPILED,))
    trio.messages(*flows.simple_setup())
    for start in range(1, 1_001, 250):
        events = trio.rows(*[idempotent(number) for number in range(start, start + 250)])
        assert flows.refusals(events) == []
    before = trio.check_state()
    assert flows.refusals(trio.rows(idempotent(1_001))) == [RejectCode.TOO_MANY_REMEMBERED]
    assert flows.refusals(trio.rows(idempotent(1_000))) == []
    assert trio.check_state() == before, "neither a refusal nor a repetition changes anything"
    trio.restore()
    late = flows.START_NS + DAY
    assert flows.kind_of(flows.split(trio.rows(idempotent(1_000), ts_ns=late - 1))[0]) == 15
    assert flows.refusals(trio.rows(idempotent(1_001), ts_ns=late)) == []
    assert flows.kind_of(flows.split(trio.rows(idempotent(1_000), ts_ns=late))[0]) == 1, "a day later it is a new one"
    trio.check_state()


def test_what_was_refused_is_not_remembered_and_a_name_stays_with_its_row() -> None:
    trio = Trio()
    trio.messages(*flows.simple_setup(amount=100))
    key = [22, flows.OPERATOR, 16, 3, "key", 1, b"", "vault", 0]
    trio.messages(key)
    dear, other, signed = idempotent(1), idempotent(2), idempotent(3)
    dear[7], dear[8] = 100, 2
    before = trio.check_state()
    assert flows.refusals(trio.rows(dear)) == [RejectCode.INSUFFICIENT_FUNDS]
    assert trio.check_state() == before
    trio.messages([30, flows.OPERATOR, "more", 16, 1, 100])
    assert flows.kind_of(flows.split(trio.rows(dear))[0]) == 1, "it was refused before: now it is placed"
    assert flows.message_of(flows.split(trio.rows(dear))[0])[0] == REPEATED
    trio.rows(other)
    other[8] = 2
    assert flows.refusals(trio.rows(other)) == [RejectCode.DUPLICATE_CLIENT_ID]
    signed[5] = 1
    trio.rows(signed)
    trio.messages([23, flows.OPERATOR, 1])
    assert flows.refusals(trio.rows(signed)) == [RejectCode.KEY_REVOKED], "whoever may not trade may not ask again"
    trio.check_state()


def test_a_remembered_order_that_trips_the_breaker_is_told_of_as_any_other() -> None:
    trio = Trio()
    trio.messages(*flows.simple_setup(), [40, flows.OPERATOR, 1, 0, 0, 0, 0, 100_000, 60, 0, 0, 0, 0, 0])
    bids = [flows.limit(1, 17, flows.BUY, price, 1, number) for number, price in ((1, 100), (2, 80))]
    trio.rows(*bids, flows.limit(1, 18, flows.SELL, 100, 1, 1))
    sale = idempotent(9)
    sale[6], sale[7] = sale[6] | flows.SELL, 80
    messages = [flows.message_of(event) for event in flows.split(trio.rows(sale)) if flows.kind_of(event) == 15]
    assert [message[0] for message in messages] == [12], "MarketStatusSet"
    trio.check_state()
