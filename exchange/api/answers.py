"""What endpoints answer, as types: /openapi.json and /asyncapi.json show them, tests hold every answer against them.

Amounts, prices and quantities are decimals in text; ids and times are numbers. What is UNSET by default is not there.
"""

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

Text = str | UnsetType
Number = int | UnsetType
Side = Literal["BUY", "SELL"]
OrderKind = Literal[
    "LIMIT", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT", "LIMIT_MAKER"
]
InForce = Literal["GTC", "IOC", "FOK", "GTD"]
Mode = Literal["NONE", "EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER"]
Status = Literal[
    "NEW", "PENDING_NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED", "EXPIRED_IN_MATCH"
]


class Answer(Struct, rename="camel", forbid_unknown_fields=True):
    """Fields are named as on the wire, but for the case."""


class Refusal(Answer, rename=None):
    """Every refusal, with an HTTP status of 400 or above."""

    code: int
    msg: str
    data: Any = UNSET


class Empty(Answer):
    """An object with nothing in it."""


class ServerTime(Answer):
    server_time: int


class RateLimit(Answer):
    rate_limit_type: str
    interval: Literal["SECOND", "MINUTE", "HOUR", "DAY"]
    interval_num: int
    limit: int
    count: Number = UNSET


class Filter(Answer):
    """A filter; which fields it has goes by its type (reference §11)."""

    filter_type: str
    min_price: Text = UNSET
    max_price: Text = UNSET
    tick_size: Text = UNSET
    min_qty: Text = UNSET
    max_qty: Text = UNSET
    step_size: Text = UNSET
    bid_multiplier_up: Text = UNSET
    bid_multiplier_down: Text = UNSET
    ask_multiplier_up: Text = UNSET
    ask_multiplier_down: Text = UNSET
    multiplier_up: Text = UNSET
    multiplier_down: Text = UNSET
    avg_price_mins: Number = UNSET
    min_notional: Text = UNSET
    max_notional: Text = UNSET
    apply_to_market: bool | UnsetType = UNSET
    apply_min_to_market: bool | UnsetType = UNSET
    apply_max_to_market: bool | UnsetType = UNSET
    limit: int | str | UnsetType = UNSET
    asset: Text = UNSET
    max_position: Text = UNSET
    max_num_orders: Number = UNSET
    max_num_algo_orders: Number = UNSET
    max_num_iceberg_orders: Number = UNSET
    max_num_order_lists: Number = UNSET
    max_num_order_amends: Number = UNSET
    min_trailing_above_delta: Number = UNSET
    max_trailing_above_delta: Number = UNSET
    min_trailing_below_delta: Number = UNSET
    max_trailing_below_delta: Number = UNSET


class Symbol(Answer):
    symbol: str
    status: Literal["TRADING", "END_OF_DAY", "HALT", "BREAK", "CANCEL_ONLY"]
    base_asset: str
    base_asset_precision: int
    quote_asset: str
    quote_precision: int
    quote_asset_precision: int
    base_commission_precision: int
    quote_commission_precision: int
    order_types: list[OrderKind]
    iceberg_allowed: bool
    oco_allowed: bool
    oto_allowed: bool
    opo_allowed: bool
    quote_order_qty_market_allowed: bool
    allow_trailing_stop: bool
    cancel_replace_allowed: bool
    amend_allowed: bool
    peg_instructions_allowed: bool
    is_spot_trading_allowed: bool
    is_margin_trading_allowed: bool
    filters: list[Filter]
    permissions: list[str]
    permission_sets: list[list[str]]
    default_self_trade_prevention_mode: Mode
    allowed_self_trade_prevention_modes: list[Mode]


class SmartRoute(Answer):
    base_asset: str
    symbols: list[str]


class ExchangeInfo(Answer):
    timezone: str
    server_time: int
    rate_limits: list[RateLimit]
    exchange_filters: list[Filter]
    symbols: list[Symbol]
    sors: list[SmartRoute] | UnsetType = UNSET


class ExecutionRule(Answer):
    rule_type: Literal["PRICE_RANGE"]
    bid_limit_mult_up: Text = UNSET
    bid_limit_mult_down: Text = UNSET
    ask_limit_mult_up: Text = UNSET
    ask_limit_mult_down: Text = UNSET


class SymbolRules(Answer):
    symbol: str
    rules: list[ExecutionRule]


class ExecutionRules(Answer):
    symbol_rules: list[SymbolRules]


class Book(Answer):
    last_update_id: int
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


class PublicTrade(Answer):
    id: int
    price: str
    qty: str
    quote_qty: str
    time: int
    is_buyer_maker: bool
    is_best_match: bool


class BlockTrade(Answer):
    id: int
    price: str
    qty: str
    quote_qty: str
    time: int
    is_buyer_maker: bool


class AggregateTrade(Struct, forbid_unknown_fields=True):
    """Id, price, quantity, first and last trade, time, whether the buyer was the maker, always true."""

    a: int
    p: str
    q: str
    f: int
    l: int
    T: int
    m: bool
    M: bool


Candle = tuple[int, str, str, str, str, str, int, str, int, str, str, str]
"""Open time, open, high, low, close, volume, close time, quote volume, trades, taker base, taker quote, "0"."""


class AveragePrice(Answer):
    mins: int
    price: str
    close_time: int


class Statistics(Answer):
    """A window's statistics: MINI has what is always there, FULL the rest, bids and asks for 24 hours only."""

    symbol: str
    open_price: str
    high_price: str
    low_price: str
    last_price: str
    volume: str
    quote_volume: str
    open_time: int
    close_time: int
    first_id: int
    last_id: int
    count: int
    price_change: Text = UNSET
    price_change_percent: Text = UNSET
    weighted_avg_price: Text = UNSET
    prev_close_price: Text = UNSET
    last_qty: Text = UNSET
    bid_price: Text = UNSET
    bid_qty: Text = UNSET
    ask_price: Text = UNSET
    ask_qty: Text = UNSET


class Price(Answer):
    symbol: str
    price: str


class BestPrices(Answer):
    symbol: str
    bid_price: str
    bid_qty: str
    ask_price: str
    ask_qty: str


class ReferencePrice(Answer):
    symbol: str
    reference_price: str | None
    timestamp: int


class ReferenceCalculation(Answer):
    symbol: str
    calculation_type: Literal["ARITHMETIC_MEAN", "EXTERNAL"]
    bucket_count: Number = UNSET
    bucket_width_ms: Number = UNSET
    external_calculation_id: Number = UNSET


class Fill(Answer):
    price: str
    qty: str
    commission: str
    commission_asset: str
    trade_id: int
    match_type: Text = UNSET
    alloc_id: Number = UNSET


class PlacedPrevention(Answer, kw_only=True):
    prevented_match_id: int
    maker_order_id: int
    maker_symbol: Text = UNSET
    price: str
    taker_prevented_quantity: Text = UNSET
    maker_prevented_quantity: Text = UNSET


class OrderExtras(Answer):
    """What only some orders show (reference §6)."""

    iceberg_qty: Text = UNSET
    prevented_match_id: Number = UNSET
    prevented_quantity: Text = UNSET
    stop_price: Text = UNSET
    strategy_id: Number = UNSET
    strategy_type: Number = UNSET
    trailing_delta: Number = UNSET
    trailing_time: Number = UNSET
    good_till_date: Number = UNSET
    used_sor: bool | UnsetType = UNSET
    working_floor: Text = UNSET
    peg_price_type: Text = UNSET
    peg_offset_type: Text = UNSET
    peg_offset_value: Number = UNSET
    pegged_price: Text = UNSET
    expiry_reason: Text = UNSET
    trade_group_id: Number = UNSET


class PlacedOrder(OrderExtras, kw_only=True):
    """The answer to a placed order: ACK has the first five fields, RESULT all but `fills`, FULL all."""

    symbol: str
    order_id: int
    order_list_id: int
    client_order_id: str
    transact_time: int
    price: Text = UNSET
    orig_qty: Text = UNSET
    executed_qty: Text = UNSET
    orig_quote_order_qty: Text = UNSET
    cummulative_quote_qty: Text = UNSET
    status: Status | UnsetType = UNSET
    time_in_force: InForce | UnsetType = UNSET
    type: OrderKind | UnsetType = UNSET
    side: Side | UnsetType = UNSET
    working_time: Number = UNSET
    self_trade_prevention_mode: Mode | UnsetType = UNSET
    fills: list[Fill] | UnsetType = UNSET
    prevented_matches: list[PlacedPrevention] | UnsetType = UNSET


class AmendedOrder(Answer, kw_only=True):
    symbol: str
    order_id: int
    order_list_id: int
    orig_client_order_id: str
    client_order_id: str
    price: str
    qty: str
    executed_qty: str
    prevented_qty: str
    quote_order_qty: str
    cumulative_quote_qty: str
    status: Status
    time_in_force: InForce
    type: OrderKind
    side: Side
    working_time: Number = UNSET
    self_trade_prevention_mode: Mode
    peg_price_type: Text = UNSET
    peg_offset_type: Text = UNSET
    peg_offset_value: Number = UNSET
    pegged_price: Text = UNSET


class ListedOrder(Answer):
    symbol: str
    order_id: int
    client_order_id: str


class AmendedList(Answer):
    """The list of an amended order."""

    order_list_id: int
    contingency_type: Literal["OCO", "OTO"]
    list_order_status: Literal["EXECUTING", "ALL_DONE"]
    list_client_order_id: str
    symbol: str
    orders: list[ListedOrder]


class Amendment(Answer):
    """The answer to an amendment."""

    transact_time: int
    execution_id: int
    amended_order: AmendedOrder
    list_status: AmendedList | UnsetType = UNSET


class CanceledOrder(OrderExtras, kw_only=True):
    """The answer to a cancel: `client_order_id` is the cancel's own."""

    symbol: str
    orig_client_order_id: str
    order_id: int
    order_list_id: int
    client_order_id: str
    transact_time: int
    price: str
    orig_qty: str
    executed_qty: str
    orig_quote_order_qty: str
    cummulative_quote_qty: str
    status: Status
    time_in_force: InForce
    type: OrderKind
    side: Side
    self_trade_prevention_mode: Mode


class Replacement(Answer):
    """The answer to a cancel-replace of which both halves succeeded."""

    cancel_result: str
    new_order_result: str
    cancel_response: CanceledOrder
    new_order_response: PlacedOrder


class QueriedOrder(OrderExtras, kw_only=True):
    """An order as queries show it."""

    symbol: str
    order_id: int
    order_list_id: int
    client_order_id: str
    price: str
    orig_qty: str
    executed_qty: str
    cummulative_quote_qty: str
    status: Status
    time_in_force: InForce
    type: OrderKind
    side: Side
    stop_price: str
    iceberg_qty: str
    time: int
    update_time: int
    is_working: bool
    working_time: int
    orig_quote_order_qty: str
    self_trade_prevention_mode: Mode


class MakerTaker(Answer):
    maker: str
    taker: str
    buyer: Text = UNSET
    seller: Text = UNSET


class Discount(Answer):
    enabled_for_account: bool
    enabled_for_symbol: bool
    discount_asset: str
    discount: str


class TestedOrder(Answer):
    """Empty, but where rates were asked for."""

    standard_commission_for_order: MakerTaker | UnsetType = UNSET
    special_commission_for_order: MakerTaker | UnsetType = UNSET
    tax_commission_for_order: MakerTaker | UnsetType = UNSET
    discount: Discount | UnsetType = UNSET


class ListKey(Answer):
    listen_key: str
