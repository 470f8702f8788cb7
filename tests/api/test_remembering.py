"""Idempotent orders on the wire: sent again after a time-out, they are answered and not placed again."""

import asyncio
from pathlib import Path
from typing import Any

from tests.api import wire
from tests.api.wire import ORDER, Wire


def test_an_order_sent_again_is_answered_and_not_placed_again(tmp_path: Path) -> None:
    async def order(venue: Wire, **fields: str) -> Any:
        sent = ORDER | {"idempotent": "true", "newClientOrderId": "once"} | fields
        return (await venue.signed("POST", "/api/v3/order", list(sent.items()))).json()

    async def run() -> None:
        async with wire.open_wire(tmp_path) as venue:
            nameless = [*ORDER.items(), ("idempotent", "true")]
            assert (await venue.signed("POST", "/api/v3/order", nameless)).json()["code"] == -1102
            first = await order(venue)
            before = venue.state_hash
            again = await order(venue)
            assert again == first
            assert venue.state_hash == before
            assert (await order(venue, newOrderRespType="ACK")).keys() < first.keys()
            other = await order(venue, price="59000")
            assert other == {"code": -2010, "msg": "Duplicate order sent."}
            named = [("symbol", "BTCUSDT"), ("orderId", str(first["orderId"]))]
            await venue.signed("DELETE", "/api/v3/order", named)
            after = await order(venue)
            assert (after["orderId"], after["status"]) == (first["orderId"], "CANCELED")
            refused = await order(venue, newClientOrderId="never", quantity="100000")
            assert refused["code"] == -1013
            assert (await order(venue, newClientOrderId="never"))["status"] == "NEW", "a refusal is not remembered"

    asyncio.run(run())
