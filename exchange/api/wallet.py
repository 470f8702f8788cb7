"""The /sapi reads that need no chain: assets, fees, restrictions, and lists of what does not happen here."""

from decimal import Decimal
from typing import Any

from exchange.api import account_answers, decimals, errors, parameters, valuation
from exchange.api.auth import TRADE
from exchange.api.context import Reply, Request
from exchange.api.endpoints import Endpoint, public, reading
from exchange.api.general import SYMBOL, ppm
from exchange.api.parameters import Parameter
from exchange.core import queries


def nothing(request: Request) -> Reply:
    """An empty list: there is none of it here."""
    return Reply([])


def system_status(request: Request) -> Reply:
    """Whether the venue is open."""
    return Reply({"status": 0, "msg": "normal"})


def held(request: Request) -> dict[str, tuple[int, int]]:
    """What the account has of each asset, available and held."""
    found = queries.balances(request.context.state, request.sender.account)
    return {name: (free, locked) for name, free, locked in found}


def coins(request: Request) -> Reply:
    """Every asset with what the account has of it. No network yet: custody comes with its chains."""
    known = held(request)
    shown = []
    for name, scale in request.context.asset_scales.items():
        free, locked = known.get(name, (0, 0))
        zero = decimals.write(0, scale)
        shown.append(
            {
                "coin": name,
                "depositAllEnable": False,
                "withdrawAllEnable": False,
                "name": name,
                "free": decimals.write(free, scale),
                "locked": decimals.write(locked, scale),
                "freeze": zero,
                "withdrawing": zero,
                "ipoing": zero,
                "ipoable": zero,
                "storage": zero,
                "isLegalMoney": False,
                "trading": True,
                "networkList": [],
            }
        )
    return Reply(shown)


def trade_fee(request: Request) -> Reply:
    """What the account pays in each market: an array even for one symbol."""
    context, symbol = request.context, request.values["symbol"]
    markets = context.markets_by_id if symbol is None else [context.market(symbol)]
    shown = []
    for market in markets:
        maker, taker = queries.fees_ppm(context.state, market.market_id, request.sender.account)
        shown.append({"symbol": market.symbol, "makerCommission": ppm(maker), "takerCommission": ppm(taker)})
    return Reply(shown)


def user_assets(request: Request) -> Reply:
    """What the account has, where it has any; with its worth in BTC where that is asked for."""
    shown = []
    rates = valuation.rates(request.context.state, "BTC") if request.values["needBtcValuation"] else {}
    for name, (free, locked) in held(request).items():
        scale = request.context.asset_scales[name]
        if (free or locked) and request.values["asset"] in (None, name):
            zero = decimals.write(0, scale)
            shown.append(
                {
                    "asset": name,
                    "free": decimals.write(free, scale),
                    "locked": decimals.write(locked, scale),
                    "freeze": zero,
                    "withdrawing": zero,
                    "ipoable": zero,
                    "btcValuation": in_btc(decimals.write(free + locked, scale), rates.get(name)),
                }
            )
    return Reply(shown)


def in_btc(amount: str, rate: Decimal | None) -> str:
    """Its worth; "0" where none was asked for or no market tells."""
    return "0" if rate is None else valuation.write(valuation.worth(amount, rate))


def account_status(request: Request) -> Reply:
    """Whether the account is in order."""
    return Reply(
        {"data": "Normal" if queries.account(request.context.state, request.sender.account)[1] == 1 else "Locked"}
    )


def api_trading_status(request: Request) -> Reply:
    """Whether the account may trade by key."""
    locked = queries.account(request.context.state, request.sender.account)[1] != 1
    condition = {"GCR": 0, "IFER": 0, "UFR": 0}
    data = {"isLocked": locked, "plannedRecoverTime": 0, "triggerCondition": condition, "updateTime": 0}
    return Reply({"data": data})


def api_restrictions(request: Request) -> Reply:
    """What the key that signed may do."""
    may: dict[str, Any] = dict.fromkeys(NEVER, False)
    trades = bool(request.sender.rights & TRADE)
    return Reply(
        {"ipRestrict": False, "createTime": 0, "enableReading": True, "enableSpotAndMarginTrading": trades} | may
    )


NEVER = (
    "enableWithdrawals",
    "enableInternalTransfer",
    "enableMargin",
    "enableFutures",
    "permitsUniversalTransfer",
    "enableVanillaOptions",
    "enableFixApiTrade",
    "enableFixReadOnly",
    "enablePortfolioMarginTrading",
)


def account_info(request: Request) -> Reply:
    """The account's fee tier, and what it does not trade."""
    tier = queries.account(request.context.state, request.sender.account)[2]
    names = ("isMarginEnabled", "isFutureEnabled", "isOptionsEnabled", "isPortfolioMarginRetailEnabled")
    return Reply({"vipLevel": tier, **dict.fromkeys(names, False)})


def asset_detail(request: Request) -> Reply:
    """What may come in and go out of each asset: nothing, without chains."""
    names = request.context.asset_scales
    wanted = request.values["asset"]
    zero = {"minWithdrawAmount": "0", "depositStatus": False, "withdrawFee": 0, "withdrawStatus": False}
    return Reply({name: zero for name in names if wanted in (None, name)})


def dividends(request: Request) -> Reply:
    """Distributions: none."""
    return Reply({"rows": [], "total": 0})


def dribblets(request: Request) -> Reply:
    """Small amounts that were converted: none."""
    return Reply({"total": 0, "userAssetDribblets": []})


def wallets(request: Request) -> Reply:
    """What each wallet is worth in one asset. There is one: the spot wallet; assets without a price count nothing."""
    context, quote = request.context, request.values["quoteAsset"]
    if quote not in context.asset_scales:
        raise errors.bad_data("quoteAsset")
    rates = valuation.rates(context.state, quote)
    total = valuation.ZERO
    for name, (free, locked) in held(request).items():
        if name in rates:
            total += valuation.worth(context.amount(name, free + locked), rates[name])
    return Reply([{"activate": True, "balance": valuation.write(total), "walletName": "Spot"}])


def transfers(request: Request) -> Reply:
    """Transfers between wallets: none, where there is one wallet. WireError -1121 for a market that is none."""
    for name in ("fromSymbol", "toSymbol"):
        if request.values[name] is not None:
            request.context.market(request.values[name])
    return Reply({"total": 0, "rows": []})


def quota(request: Request) -> Reply:
    """How much may be withdrawn a day, and how much was: nothing leaves without chains."""
    return Reply({"wdQuota": "0", "usedWdQuota": "0"})


WALLETS = ("MAIN", "FUNDING", "MARGIN", "ISOLATEDMARGIN", "UMFUTURE", "CMFUTURE", "OPTION", "PORTFOLIO_MARGIN")
WAYS = (*(f"{one}_{other}" for one in WALLETS for other in WALLETS if one != other), "ISOLATEDMARGIN_ISOLATEDMARGIN")
"""From which wallet to which: Binance's names."""
ASSET = Parameter("asset", parameters.text)
VALUED = Parameter("needBtcValuation", parameters.boolean, default=False)
START = Parameter("startTime", parameters.moment_ns)
END = Parameter("endTime", parameters.moment_ns)
LIMIT = Parameter("limit", parameters.at_most(500), default=20)
FUNDED = list[account_answers.UserAsset]
ENDPOINTS: tuple[Endpoint, ...] = (
    public("/sapi/v1/system/status", 1, system_status, response=account_answers.SystemStatus),
    reading("/sapi/v1/capital/config/getall", 10, coins, response=list[account_answers.Coin]),
    reading("/sapi/v1/account/status", 1, account_status, response=account_answers.AccountStatus),
    reading("/sapi/v1/account/apiTradingStatus", 1, api_trading_status, response=account_answers.ApiTradingStatus),
    reading("/sapi/v1/account/apiRestrictions", 1, api_restrictions, response=account_answers.ApiRestrictions),
    reading("/sapi/v1/account/info", 1, account_info, response=account_answers.AccountInfo),
    reading("/sapi/v1/asset/tradeFee", 1, trade_fee, SYMBOL, response=list[account_answers.TradeFee]),
    reading("/sapi/v3/asset/getUserAsset", 5, user_assets, ASSET, VALUED, response=FUNDED, method="POST"),
    reading("/sapi/v1/asset/get-funding-asset", 1, nothing, ASSET, VALUED, response=FUNDED, method="POST"),
    reading("/sapi/v1/asset/assetDetail", 1, asset_detail, ASSET, response=dict[str, account_answers.AssetDetail]),
    reading(
        "/sapi/v1/asset/assetDividend", 10, dividends, ASSET, START, END, LIMIT, response=account_answers.Dividends
    ),
    reading(
        "/sapi/v1/asset/wallet/balance",
        60,
        wallets,
        Parameter("quoteAsset", parameters.text, default="BTC"),
        response=list[account_answers.WalletBalance],
    ),
    reading(
        "/sapi/v1/asset/transfer",
        1,
        transfers,
        Parameter("type", parameters.word(WAYS), mandatory=True),
        START,
        END,
        Parameter("current", parameters.at_most(100), default=1),
        Parameter("size", parameters.at_most(100), default=10),
        Parameter("fromSymbol", parameters.symbol),
        Parameter("toSymbol", parameters.symbol),
        response=account_answers.Transfers,
    ),
    reading("/sapi/v1/capital/withdraw/quota", 10, quota, response=account_answers.WithdrawalQuota),
    reading("/sapi/v1/capital/withdraw/address/list", 10, nothing, response=list[account_answers.WithdrawalAddress]),
    reading("/sapi/v1/asset/dribblet", 1, dribblets, START, END, response=account_answers.Dribblets),
    reading("/sapi/v1/spot/delist-schedule", 100, nothing, response=list[account_answers.DelistSchedule]),
    public("/sapi/v1/spot/open-symbol-list", 100, nothing, response=list[account_answers.OpenSymbols]),
    reading("/sapi/v1/margin/allPairs", 1, nothing, response=list[account_answers.MarginPair]),
    reading("/sapi/v1/margin/isolated/allPairs", 1, nothing, response=list[account_answers.MarginPair]),
)
