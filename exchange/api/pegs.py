"""Pegged orders on the wire: their parameters, and what is shown of them beside other orders."""

from collections.abc import Mapping, Sequence
from typing import Any

from exchange.api import errors, parameters
from exchange.api.context import Context, WireMarket, not_supported
from exchange.api.errors import WireError
from exchange.api.parameters import Parameter
from exchange.core import queries
from exchange.messages.orders import PegOffset, PegPrice, peg
from exchange.messages.words import AnyWords, Pegged

OFFSET_MAX = 100
LETTERS = {"pegPriceType": "gP", "pegOffsetType": "gOT", "pegOffsetValue": "gOV", "peggedPrice": "gp"}
NAMES = ("pegPriceType", "pegOffsetType", "pegOffsetValue")
ROWS = (
    Parameter("pegPriceType", parameters.one_of(PegPrice, WireError(-1210, "Invalid pegPriceType."))),
    Parameter("pegOffsetValue", parameters.between(0, OFFSET_MAX)),
    Parameter("pegOffsetType", parameters.one_of(PegOffset, WireError(-1211, "Invalid pegOffsetType."))),
)


def check(values: Mapping[str, Any]) -> None:
    """WireError where a peg is not said whole: an offset needs its two parameters, and a price to count from."""
    kind, offset_kind, offset = (values[name] for name in NAMES)
    if kind is None and (offset_kind is not None or offset is not None):
        raise errors.missing("pegPriceType")
    if offset_kind is None and offset is not None:
        raise errors.missing("pegOffsetType")
    if offset_kind is not None and offset is None:
        raise errors.missing("pegOffsetValue")


def extension_of(values: Mapping[str, Any], context: Context, market: WireMarket) -> bytes:
    """The extension that an order asks for, or nothing. WireError where its market has no pegged orders."""
    kind, offset_kind, offset = (values[name] for name in NAMES)
    if kind is None:
        return b""
    if not queries.features(context.state, market.market_id)["pegInstructionsAllowed"]:
        raise not_supported("Pegged orders")
    return peg(kind, offset_kind or 0, offset or 0)


def shown(market: WireMarket, kind: int, offset_kind: int, offset: int, price: int) -> dict[str, Any]:
    """The fields of a pegged order; `peggedPrice` is 0 until it has taken one."""
    view: dict[str, Any] = {"pegPriceType": PegPrice(kind).name}
    if offset_kind:
        view |= {"pegOffsetType": PegOffset(offset_kind).name, "pegOffsetValue": offset}
    return view | {"peggedPrice": market.price(price)}


def add(view: dict[str, Any], market: WireMarket, events: Sequence[AnyWords], order_id: int) -> None:
    """Show how an order is pegged as it was told first, and as its price the one that its client sent."""
    for event in events:
        if isinstance(event, Pegged) and event.order_id == order_id:
            view["price"] = market.price(event.sent_price)
            view |= shown(market, event.price_kind, event.offset_kind, event.offset, event.price)
            return
