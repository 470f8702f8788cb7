"""The messages' fields: tag to names and types in the order of exchange/messages, and reading them from an array."""

from typing import Any, NamedTuple

INT, TEXT, BYTES, INTS, PAIRS = "int", "text", "bytes", "ints", "pairs"
REQUIRED = None


class Message(NamedTuple):
    """One cold command: its tag, its values by name."""

    tag: int
    values: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.values[name]


Field = tuple[str, str, Any]
"""Name, type, default; REQUIRED where there is none."""


def required(kind: str, *names: str) -> list[Field]:
    return [(name, kind, REQUIRED) for name in names]


def optional(kind: str, default: Any, *names: str) -> list[Field]:
    return [(name, kind, default) for name in names]


GENESIS, TICK, ACTIVATE_RULE, ADOPT_CLOCK, RECORD_HEAD = 1, 2, 3, 5, 6
LIST_ASSET, LIST_MARKET, SET_MARKET_STATUS, SET_FILTERS, SET_FEES = 10, 11, 12, 13, 14
OPEN_ACCOUNT, SET_ACCOUNT, GRANT_API_KEY, REVOKE_API_KEY = 20, 21, 22, 23
CREDIT, DEBIT = 30, 31
SET_PROTECTION, START_AUCTION, KILL_SWITCH, SET_FEATURES = 40, 41, 42, 43
SET_EXCHANGE_LIMITS, SET_ASSET_LIMIT, SET_MIN_NOTIONAL = 16, 17, 18
SET_VOLUME_TIERS, SET_EXTRA_FEES, SET_DISCOUNT, SET_MARKET_DISCOUNT, SET_DISCOUNT_PAYMENT, SET_REFERRAL = range(60, 66)
SET_COUNTDOWN, ARM_SESSION, END_SESSION = 50, 51, 52
OF_TRADERS = (SET_COUNTDOWN, ARM_SESSION, END_SESSION, SET_DISCOUNT_PAYMENT)
"""What needs the right TRADE, and not OPERATE."""
PROTECTION = (
    *(
        "range_bid_up_ppm",
        "range_bid_down_ppm",
        "range_ask_up_ppm",
        "range_ask_down_ppm",
        "breaker_ppm",
        "breaker_seconds",
    ),
    *("notional_per_second", "halt_seconds", "auction_seconds", "collar_ppm", "extensions"),
)
REQUIRED_FILTERS = (
    *("min_price", "max_price", "price_step", "min_quantity", "max_quantity", "quantity_step", "max_orders"),
    *("default_self_trade", "allowed_self_trade"),
)
OTHER_FILTERS = (
    *("market_min_quantity", "market_max_quantity", "market_quantity_step", "min_notional", "max_notional"),
    *("apply_min_to_market", "apply_max_to_market", "bid_up_ppm", "bid_down_ppm", "ask_up_ppm", "ask_down_ppm"),
    "average_minutes",
    *("up_ppm", "down_ppm", "min_trailing_above", "max_trailing_above", "min_trailing_below", "max_trailing_below"),
    *("max_algo_orders", "max_iceberg_orders", "iceberg_parts", "max_lists", "max_amends", "max_position"),
)

FIELDS: dict[int, list[Field]] = {
    GENESIS: [
        *required(INT, "format_version"),
        *required(TEXT, "engine_version"),
        *required(INT, "created_ns"),
        *required(BYTES, "journal_id"),
        *required(INTS, "rules"),
        *required(PAIRS, "limits"),
    ],
    TICK: [],
    ACTIVATE_RULE: required(INT, "key_id", "rule"),
    ADOPT_CLOCK: required(INT, "key_id", "to_ns"),
    RECORD_HEAD: [*required(INT, "key_id"), *required(BYTES, "statement", "signature", "public_key")],
    LIST_ASSET: [*required(INT, "key_id"), *required(TEXT, "name"), *required(INT, "scale")],
    LIST_MARKET: [
        *required(INT, "key_id"),
        *required(TEXT, "symbol"),
        *required(INT, "base", "quote", "tick_size", "lot_size"),
    ],
    SET_MARKET_STATUS: required(INT, "key_id", "market_id", "status"),
    SET_FILTERS: [*required(INT, "key_id", "market_id", *REQUIRED_FILTERS), *optional(INT, 0, *OTHER_FILTERS)],
    SET_FEES: required(INT, "key_id", "market_id", "tier", "maker_ppm", "taker_ppm"),
    OPEN_ACCOUNT: [*required(INT, "key_id", "user_id", "kind"), *optional(INT, 0, "tier", "trade_group", "parent")],
    SET_ACCOUNT: required(INT, "key_id", "account_id", "status", "tier", "trade_group"),
    GRANT_API_KEY: [
        *required(INT, "key_id", "account_id", "rights"),
        *required(TEXT, "api_key"),
        *required(INT, "algorithm"),
        *optional(BYTES, b"", "public_key"),
        *optional(TEXT, "", "vault_reference"),
        *optional(INT, 0, "expires_ns"),
    ],
    REVOKE_API_KEY: required(INT, "key_id", "revoked_key_id"),
    SET_PROTECTION: [*required(INT, "key_id", "market_id"), *optional(INT, 0, *PROTECTION)],
    START_AUCTION: required(INT, "key_id", "market_id", "seconds"),
    KILL_SWITCH: required(INT, "key_id", "market_id"),
    SET_FEATURES: required(INT, "key_id", "market_id", "off"),
    SET_COUNTDOWN: required(INT, "key_id", "account_id", "market_id", "milliseconds"),
    SET_EXCHANGE_LIMITS: [
        *required(INT, "key_id", "max_orders"),
        *optional(INT, 0, "max_algo_orders", "max_iceberg_orders", "max_lists"),
    ],
    SET_ASSET_LIMIT: required(INT, "key_id", "asset_id", "most"),
    SET_MIN_NOTIONAL: [*required(INT, "key_id", "market_id", "least"), *optional(INT, 0, "applies_to_market")],
    SET_VOLUME_TIERS: [*required(INT, "key_id", "asset_id"), *required(INTS, "least")],
    SET_EXTRA_FEES: [
        *required(INT, "key_id", "kind", "market_id", "account_id"),
        *optional(INT, 0, "maker_ppm", "taker_ppm", "buyer_ppm", "seller_ppm", "is_lifted"),
    ],
    SET_DISCOUNT: required(INT, "key_id", "asset_id", "discount_ppm"),
    SET_MARKET_DISCOUNT: required(INT, "key_id", "market_id", "is_on"),
    SET_DISCOUNT_PAYMENT: required(INT, "key_id", "account_id", "is_on"),
    SET_REFERRAL: [*required(INT, "key_id", "account_id", "referrer_id"), *optional(INT, 0, "share_ppm")],
    ARM_SESSION: required(INT, "key_id", "account_id"),
    END_SESSION: required(INT, "key_id", "account_id", "session_id", "is_lost"),
    CREDIT: [
        *required(INT, "key_id"),
        *required(TEXT, "request_id"),
        *required(INT, "account_id", "asset_id", "amount"),
    ],
    DEBIT: [
        *required(INT, "key_id"),
        *required(TEXT, "request_id"),
        *required(INT, "account_id", "asset_id", "amount"),
    ],
}


def is_of(kind: str, value: Any) -> bool:
    if kind == INT:
        return isinstance(value, int)
    if kind == TEXT:
        return isinstance(value, str)
    if kind == BYTES:
        return isinstance(value, bytes)
    if not isinstance(value, list):
        return False
    if kind == INTS:
        return all(isinstance(each, int) for each in value)
    return all(isinstance(each, list) and len(each) == 2 and is_of(INTS, each) for each in value)


def read_message(array: Any) -> Message:
    """A message from its decoded array. ValueError where tag, number or types of fields are wrong.

    Fields behind the known ones are a newer version's, and left out.
    """
    if not isinstance(array, list) or not array or array[0] not in FIELDS:
        raise ValueError("a message is an array that begins with a known tag")
    values: dict[str, Any] = {}
    for position, (name, kind, default) in enumerate(FIELDS[array[0]], 1):
        value = array[position] if position < len(array) else default
        if not is_of(kind, value):
            raise ValueError(f"message {array[0]}: {name} is {value!r}")
        values[name] = value
    return Message(array[0], values)
