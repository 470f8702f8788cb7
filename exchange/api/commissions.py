"""What an account pays: its rates as the wire shows them, and its wish to pay in the discount asset (`bnbBurn`)."""

from typing import Any

from msgspec import field

from exchange.api import decimals, errors, parameters
from exchange.api.account_answers import Commission
from exchange.api.answers import Answer
from exchange.api.auth import READ, TRADE
from exchange.api.context import Reply, Request, WireMarket
from exchange.api.endpoints import SIGNED, SIGNING, Endpoint, reading
from exchange.api.parameters import Parameter, table
from exchange.core import queries
from exchange.messages.fees import SetDiscountPayment
from exchange.messages.orders import Side
from exchange.messages.registry import event_decoder
from exchange.messages.system import CommandRejected
from exchange.messages.words import Message

RATES = ("maker", "taker", "buyer", "seller")
KINDS = ("standard", "special", "tax")
# Where there is none the wire still names one.
NO_DISCOUNT_ASSET = "BNB"


class BurnSwitch(Answer):
    """Whether fees are paid in the discount asset; interest is not charged here."""

    spot_burn: bool = field(name="spotBNBBurn")
    interest_burn: bool = field(name="interestBNBBurn")


def rate(ppm: int) -> str:
    return decimals.write(ppm * 100, 8)


def discount_shown(found: queries.Commission) -> dict[str, Any]:
    return {
        "enabledForAccount": found.is_wanted,
        "enabledForSymbol": found.is_offered,
        "discountAsset": found.discount_asset or NO_DISCOUNT_ASSET,
        "discount": rate(found.discount_ppm),
    }


def commission(request: Request) -> Reply:
    """GET /api/v3/account/commission: what the account pays in a market."""
    market = request.context.market(request.values["symbol"])
    found = queries.commission(request.context.state, market.market_id, request.sender.account)
    shown = {
        f"{kind}Commission": dict(zip(RATES, map(rate, rates), strict=True))
        for kind, rates in zip(KINDS, found[:3], strict=True)
    }
    return Reply({"symbol": market.symbol, **shown, "discount": discount_shown(found)})


def of_tested_order(request: Request, market: WireMarket) -> dict[str, Any]:
    """The rates that a tested order would meet: as maker and as taker, that of its side added."""
    found = queries.commission(request.context.state, market.market_id, request.sender.account)
    side = 2 if request.values["side"] == Side.BUY else 3
    shown = {
        f"{kind}CommissionForOrder": {"maker": rate(rates[0] + rates[side]), "taker": rate(rates[1] + rates[side])}
        for kind, rates in zip(KINDS, found[:3], strict=True)
    }
    return {**shown, "discount": discount_shown(found)}


def switches(is_on: bool) -> dict[str, bool]:
    return {"spotBNBBurn": is_on, "interestBNBBurn": False}


def burn(request: Request) -> Reply:
    """GET /sapi/v1/bnbBurn."""
    return Reply(switches(queries.pays_discount(request.context.state, request.sender.account)))


async def set_burn(request: Request) -> Reply:
    """POST /sapi/v1/bnbBurn: `interestBNBBurn` is taken and changes nothing."""
    key, is_on = request.sender, request.values["spotBNBBurn"]
    if is_on is None:
        return burn(request)
    answer = await request.context.command(SetDiscountPayment(key.key_id, key.account, int(is_on)))
    first = answer.events[0]
    assert isinstance(first, Message)
    told = event_decoder.decode(first.payload)
    if isinstance(told, CommandRejected):
        raise errors.rejected(told.code)
    return Reply(switches(is_on), answer.seq)


BURN = "/sapi/v1/bnbBurn"
ENDPOINTS: tuple[Endpoint, ...] = (
    reading(
        "/api/v3/account/commission",
        20,
        commission,
        Parameter("symbol", parameters.symbol, mandatory=True),
        socket_method="account.commission",
        response=Commission,
    ),
    Endpoint("GET", BURN, SIGNED, 1, SIGNING, burn, READ, response=BurnSwitch),
    Endpoint(
        "POST",
        BURN,
        SIGNED,
        1,
        SIGNING | table(Parameter("spotBNBBurn", parameters.boolean), Parameter("interestBNBBurn", parameters.boolean)),
        set_burn,
        TRADE,
        response=BurnSwitch,
    ),
)
