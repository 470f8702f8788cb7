"""Good-till-date orders on the wire, which are ours: `timeInForce` GTD with `goodTillDate`."""

import asyncio
from pathlib import Path
from typing import Any

from tests.api import wire
from tests.api.wire import Wire

BASE = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.001", "price": "60000", "type": "LIMIT"}


def test_an_order_good_till_a_date_ends_by_itself_and_says_so(tmp_path: Path) -> None:
    async def order(venue: Wire, **fields: str) -> Any:
        return (await venue.signed("POST", "/api/v3/order", list((BASE | fields).items()))).json()

    async def run() -> None:
        async with wire.open_wire(tmp_path) as venue:
            assert (await order(venue, timeInForce="GTD"))["code"] == -1102
            assert (await order(venue, timeInForce="GTC", goodTillDate="1"))["code"] == -1106
            passed = await order(venue, timeInForce="GTD", goodTillDate="1")
            assert passed == {"code": -2010, "msg": "goodTillDate has passed already."}
            soon = str(venue.now_ms() + 300)
            placed = await order(venue, timeInForce="GTD", goodTillDate=soon)
            assert (placed["timeInForce"], placed["goodTillDate"], placed["status"]) == ("GTD", int(soon), "NEW")
            named = [("symbol", "BTCUSDT"), ("orderId", str(placed["orderId"]))]
            found: dict[str, Any] = {}
            for _ in range(100):
                found = (await venue.signed("GET", "/api/v3/order", named)).json()
                if found["status"] != "NEW":
                    break
                await asyncio.sleep(0.05)
            assert (found["status"], found["expiryReason"]) == ("EXPIRED", "GOOD_TILL_DATE_REACHED")
            assert found["updateTime"] >= int(soon) == found["goodTillDate"]

    asyncio.run(run())
