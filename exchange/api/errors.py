"""What the wire says when it says no: codes, texts and HTTP statuses, and the one table from the core's refusals."""

from typing import Any

import orjson

from exchange.messages.rejects import RejectCode


class WireError(Exception):
    """An answer in Binance's error form; `retry_after` is in seconds, where the client must wait.

    `headers` are of ours, beside what Binance says; `data` is what some refusals tell beside code and message.
    """

    def __init__(
        self,
        code: int,
        message: str,
        status: int = 400,
        retry_after: int = 0,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        data: Any = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after
        self.headers = headers
        self.data = data

    @property
    def body(self) -> dict[str, Any]:
        # One error may stand for many requests, and `raise` adds to its traceback: it keeps the frames of them all.
        self.__traceback__ = None
        body: dict[str, Any] = {"code": self.code, "msg": self.message}
        return body if self.data is None else {**body, "data": self.data}

    @property
    def content(self) -> bytes:
        """The body as bytes."""
        return orjson.dumps(self.body)


def missing(name: str) -> WireError:
    return WireError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def empty(name: str) -> WireError:
    return WireError(-1105, f"Parameter '{name}' was empty.")


def illegal(name: str, legal: str) -> WireError:
    return WireError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def unexpected(read: int, sent: int) -> WireError:
    return WireError(-1104, f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.")


def duplicate() -> WireError:
    return WireError(-1101, "Duplicate values for a parameter detected.")


def not_required(name: str) -> WireError:
    return WireError(-1106, f"Parameter '{name}' sent when not required.")


def too_precise(name: str) -> WireError:
    return WireError(-1111, f"Parameter '{name}' has too much precision.")


def too_large(name: str, most: int) -> WireError:
    return WireError(-1102, f"'{name}' contains unexpected value. Cannot be greater than {most}.")


def bad_data(name: str) -> WireError:
    return WireError(-1130, f"Data sent for parameter '{name}' is not valid.")


def filter_failure(name: str) -> WireError:
    return WireError(-1013, f"Filter failure: {name}")


BAD_SYMBOL = WireError(-1121, "Invalid symbol.")
BAD_SIGNATURE = WireError(-1022, "Signature for this request is not valid.")
BAD_KEY_FORMAT = WireError(-2014, "API-key format invalid.", 401)
BAD_KEY = WireError(-2015, "Invalid API-key, IP, or permissions for action.", 401)
OUTSIDE_WINDOW = "Timestamp for this request is outside of the recvWindow."
AHEAD = "Timestamp for this request was 1000ms ahead of the server's time."
OVERLOADED = WireError(
    -1008, "Server is currently overloaded with other requests. Please try again in a few minutes.", 503
)
STOPPING = WireError(-1016, "This service is no longer available.", 503)
UNKNOWN_OUTCOME = WireError(
    -1006, "An unexpected response was received from the message bus. Execution status unknown.", 500
)
UNKNOWN = WireError(-1000, "An unknown error occurred while processing the request.", 500)
TIMED_OUT = WireError(
    -1007,
    "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    504,
)
BAD_COMBINATION = WireError(-1128, "Combination of optional parameters invalid.")
BAD_TIME_UNIT = WireError(-1194, "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.")
NO_SUCH_ORDER = WireError(-2013, "Order does not exist.")

FUNDS = "Account has insufficient balance for requested action."
MATCH = "Order would immediately match and take."
SELF_TRADE = "This symbol does not allow the specified self-trade prevention mode."
CANCEL_MISMATCH = "Cancel order is invalid. Check origClOrdId and orderId."
RESTRICTIONS = "Order was not canceled due to cancel restrictions."
THIN = "Order book liquidity is less than `LOT_SIZE` filter minimum quantity."

NEW, CANCEL, AMEND = -2010, -2011, -2038

# Every refusal that a row can meet, as the wire puts it. `api` turns most of them away before they cost a write.
REJECTS: dict[RejectCode, tuple[int, str]] = {
    RejectCode.MALFORMED_ROW: (-1014, "Unsupported order combination."),
    RejectCode.UNSUPPORTED: (-1020, "This operation is not supported."),
    RejectCode.UNKNOWN_KEY: (-2015, "Invalid API-key, IP, or permissions for action."),
    RejectCode.KEY_REVOKED: (-2015, "Invalid API-key, IP, or permissions for action."),
    RejectCode.KEY_OF_OTHER_ACCOUNT: (-2015, "Invalid API-key, IP, or permissions for action."),
    RejectCode.RIGHT_MISSING: (-2015, "Invalid API-key, IP, or permissions for action."),
    RejectCode.UNKNOWN_ACCOUNT: (NEW, "This account may not place or cancel orders."),
    RejectCode.ACCOUNT_DISABLED: (NEW, "This action is disabled on this account."),
    RejectCode.UNKNOWN_MARKET: (-1121, "Invalid symbol."),
    RejectCode.MARKET_CLOSED: (NEW, "Market is closed."),
    RejectCode.PRICE_FILTER: (-1013, "Filter failure: PRICE_FILTER"),
    RejectCode.LOT_SIZE: (-1013, "Filter failure: LOT_SIZE"),
    RejectCode.MARKET_LOT_SIZE: (-1013, "Filter failure: MARKET_LOT_SIZE"),
    RejectCode.NUMBER_OUT_OF_RANGE: (-1013, "Price * QTY is zero or less."),
    RejectCode.PERCENT_PRICE_BY_SIDE: (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    RejectCode.NOTIONAL: (-1013, "Filter failure: NOTIONAL"),
    RejectCode.MAX_NUM_ORDERS: (-1013, "Filter failure: MAX_NUM_ORDERS"),
    RejectCode.ACCOUNT_MAX_ORDERS: (-1013, "Filter failure: EXCHANGE_MAX_NUM_ORDERS"),
    RejectCode.SELF_TRADE_MODE_NOT_ALLOWED: (-1013, SELF_TRADE),
    RejectCode.DUPLICATE_CLIENT_ID: (NEW, "Duplicate order sent."),
    RejectCode.WOULD_TAKE: (NEW, MATCH),
    RejectCode.BOOK_TOO_THIN: (NEW, THIN),
    RejectCode.INSUFFICIENT_FUNDS: (NEW, FUNDS),
    RejectCode.UNKNOWN_ORDER: (CANCEL, "Unknown order sent."),
    RejectCode.ORDER_ID_MISMATCH: (CANCEL, CANCEL_MISMATCH),
    RejectCode.CANCEL_RESTRICTED: (CANCEL, RESTRICTIONS),
    RejectCode.NOTHING_TO_CANCEL: (CANCEL, "Unknown order sent."),
    RejectCode.MARKET_BUSY: (-1008, OVERLOADED.message),
    RejectCode.WOULD_TRIGGER: (NEW, "Order would trigger immediately."),
    RejectCode.MARKET_MAX_TRAILING: (NEW, "Too many trailing stop orders are open in this market."),
    RejectCode.FEATURE_OFF: (NEW, "This order type is switched off for this symbol."),
    RejectCode.TRAILING_DELTA: (-1013, "Filter failure: TRAILING_DELTA"),
    RejectCode.MAX_NUM_ALGO_ORDERS: (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS"),
    RejectCode.ICEBERG_PARTS: (-1013, "Filter failure: ICEBERG_PARTS"),
    RejectCode.MAX_NUM_ICEBERG_ORDERS: (-1013, "Filter failure: MAX_NUM_ICEBERG_ORDERS"),
    RejectCode.MAX_POSITION: (-1013, "Filter failure: MAX_POSITION"),
    RejectCode.PERCENT_PRICE: (-1013, "Filter failure: PERCENT_PRICE"),
    RejectCode.NOTHING_TO_CHANGE: (AMEND, "The requested action would change no state; rejecting"),
    RejectCode.QUANTITY_NOT_LESS: (AMEND, "Order amend (quantity increase) is not supported."),
    RejectCode.AMENDS_PENDING_OPO: (AMEND, "Order amend (pending OPO order) is not supported."),
    RejectCode.MAX_NUM_ORDER_AMENDS: (AMEND, "Filter failure: MAX_NUM_ORDER_AMENDS"),
    RejectCode.OCO_PRICES: (NEW, "The relationship of the prices for the orders is not correct."),
    RejectCode.MAX_NUM_ORDER_LISTS: (-1013, "Filter failure: MAX_NUM_ORDER_LISTS"),
    RejectCode.GOOD_TILL_PASSED: (NEW, "goodTillDate has passed already."),
    RejectCode.TOO_MANY_REMEMBERED: (NEW, "Too many idempotent orders of this account within 24 hours."),
    RejectCode.UNKNOWN_SESSION: (NEW, "This session asked for nothing at its loss."),
    RejectCode.LIMIT_REACHED: (NEW, "Too many sessions of this account cancel on disconnect."),
    RejectCode.MIN_NOTIONAL: (-1013, "Filter failure: MIN_NOTIONAL"),
    RejectCode.MAX_ASSET: (-1013, "Filter failure: MAX_ASSET"),
    RejectCode.EXCHANGE_MAX_NUM_ALGO_ORDERS: (-1013, "Filter failure: EXCHANGE_MAX_NUM_ALGO_ORDERS"),
    RejectCode.EXCHANGE_MAX_NUM_ICEBERG_ORDERS: (-1013, "Filter failure: EXCHANGE_MAX_NUM_ICEBERG_ORDERS"),
    RejectCode.EXCHANGE_MAX_NUM_ORDER_LISTS: (-1013, "Filter failure: EXCHANGE_MAX_NUM_ORDER_LISTS"),
    RejectCode.PEG_WRONG_TYPE: (NEW, "This order type may not use pegged price."),
    RejectCode.PEG_WRONG_KIND: (NEW, "This price peg cannot be used with this order type."),
    RejectCode.PEG_WITHOUT_LEVEL: (NEW, "Order book liquidity is too low for this pegged order."),
    RejectCode.INTERNAL_ERROR: (-1001, "Internal error; unable to process your request. Please try again."),
}


STATUSES = {BAD_KEY.code: BAD_KEY.status, OVERLOADED.code: OVERLOADED.status}


OF_A_CANCEL = (
    RejectCode.UNKNOWN_ORDER,
    RejectCode.ORDER_ID_MISMATCH,
    RejectCode.CANCEL_RESTRICTED,
)


def rejected(code: int, *, canceling: bool = False, amending: bool = False) -> WireError:
    """The wire's answer to a refusal of the core."""
    wire_code, message = REJECTS[RejectCode(code)]
    if canceling and wire_code == NEW:
        wire_code = CANCEL
    if amending and wire_code == CANCEL:
        wire_code = AMEND
    return WireError(wire_code, message, STATUSES.get(wire_code, 400))
