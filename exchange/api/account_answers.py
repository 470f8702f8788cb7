"""What an account's own endpoints answer, as types (answers.py says what they are for)."""

from typing import Any, Literal

from msgspec import UNSET

from exchange.api.answers import Answer, Discount, Filter, ListedOrder, MakerTaker, Mode, Number, Text


class Balance(Answer):
    asset: str
    free: str
    locked: str


class Account(Answer):
    """An account: commissions in whole basis points, then exact."""

    maker_commission: int
    taker_commission: int
    buyer_commission: int
    seller_commission: int
    commission_rates: MakerTaker
    can_trade: bool
    can_withdraw: bool
    can_deposit: bool
    brokered: bool
    require_self_trade_prevention: bool
    prevent_sor: bool
    update_time: int
    account_type: Literal["SPOT"]
    balances: list[Balance]
    permissions: list[str]
    uid: int
    trade_group_id: Number = UNSET


class OrderList(Answer):
    """A list of orders."""

    order_list_id: int
    contingency_type: Literal["OCO", "OTO"]
    list_status_type: Literal["RESPONSE", "EXEC_STARTED", "UPDATED", "ALL_DONE"]
    list_order_status: Literal["EXECUTING", "ALL_DONE", "REJECT"]
    list_client_order_id: str
    transaction_time: int
    symbol: str
    orders: list[ListedOrder]
    order_reports: list[Any] = UNSET  # type: ignore[assignment]


class OwnTrade(Answer):
    symbol: str
    id: int
    order_id: int
    order_list_id: int
    price: str
    qty: str
    quote_qty: str
    commission: str
    commission_asset: str
    time: int
    is_buyer: bool
    is_maker: bool
    is_best_match: bool


class PreventedMatch(Answer, kw_only=True):
    symbol: str
    prevented_match_id: int
    taker_order_id: int
    maker_symbol: str
    maker_order_id: int
    trade_group_id: int
    self_trade_prevention_mode: Mode
    price: str
    taker_prevented_quantity: Text = UNSET
    maker_prevented_quantity: Text = UNSET
    transact_time: int


class Allocation(Answer):
    symbol: str
    allocation_id: int
    allocation_type: Literal["SOR"]
    order_id: int
    order_list_id: int
    price: str
    qty: str
    quote_qty: str
    commission: str
    commission_asset: str
    time: int
    is_buyer: bool
    is_maker: bool
    is_allocator: bool


class Commission(Answer):
    symbol: str
    standard_commission: MakerTaker
    special_commission: MakerTaker
    tax_commission: MakerTaker
    discount: Discount


class Amendment(Answer):
    symbol: str
    order_id: int
    execution_id: int
    orig_client_order_id: str
    new_client_order_id: str
    orig_qty: str
    new_qty: str
    time: int


class OwnFilters(Answer):
    exchange_filters: list[Filter]
    symbol_filters: list[Filter]
    asset_filters: list[Filter]


class SystemStatus(Answer):
    """0 is normal, 1 is maintenance."""

    status: int
    msg: str


class Coin(Answer):
    coin: str
    deposit_all_enable: bool
    withdraw_all_enable: bool
    name: str
    free: str
    locked: str
    freeze: str
    withdrawing: str
    ipoing: str
    ipoable: str
    storage: str
    is_legal_money: bool
    trading: bool
    network_list: list[Any]


class AccountStatus(Answer):
    data: str


class TriggerCondition(Answer, rename="upper"):
    gcr: int
    ifer: int
    ufr: int


class TradingStatus(Answer):
    is_locked: bool
    planned_recover_time: int
    trigger_condition: TriggerCondition
    update_time: int


class ApiTradingStatus(Answer):
    data: TradingStatus


class ApiRestrictions(Answer):
    ip_restrict: bool
    create_time: int
    enable_reading: bool
    enable_withdrawals: bool
    enable_internal_transfer: bool
    enable_margin: bool
    enable_futures: bool
    permits_universal_transfer: bool
    enable_vanilla_options: bool
    enable_fix_api_trade: bool
    enable_fix_read_only: bool
    enable_spot_and_margin_trading: bool
    enable_portfolio_margin_trading: bool


class AccountInfo(Answer):
    vip_level: int
    is_margin_enabled: bool
    is_future_enabled: bool
    is_options_enabled: bool
    is_portfolio_margin_retail_enabled: bool


class TradeFee(Answer):
    symbol: str
    maker_commission: str
    taker_commission: str


class UserAsset(Answer):
    """What is held of an asset; a valuation only where it was asked for."""

    asset: str
    free: str
    locked: str
    freeze: str
    withdrawing: str
    btc_valuation: str
    ipoable: Text = UNSET


class AssetDetail(Answer):
    min_withdraw_amount: str
    deposit_status: bool
    withdraw_fee: float
    withdraw_status: bool


class Dividends(Answer):
    rows: list[Any]
    total: int


class WalletBalance(Answer):
    activate: bool
    balance: str
    wallet_name: str


class Transfers(Answer):
    total: int
    rows: list[Any]


class WithdrawalQuota(Answer):
    wd_quota: str
    used_wd_quota: str


class WithdrawalAddress(Answer):
    address: str
    address_tag: str
    coin: str
    name: str
    network: str
    origin: str
    origin_type: str
    white_status: bool


class Dribblets(Answer):
    total: int
    user_asset_dribblets: list[Any]


class DayBalance(Answer):
    asset: str
    free: str
    locked: str


class DayHoldings(Answer):
    balances: list[DayBalance]
    total_asset_of_btc: str


class AccountDay(Answer):
    data: DayHoldings
    type: str
    update_time: int


class AccountSnapshots(Answer):
    code: int
    msg: str
    snapshot_vos: list[AccountDay]


class DelistSchedule(Answer):
    delist_time: int
    symbols: list[str]


class OpenSymbols(Answer):
    open_time: int
    symbols: list[str]


class MarginPair(Answer):
    symbol: str
