"""Every refusal of the core. The order in this file is the order of checks; numbers are given once and kept."""

from enum import IntEnum, unique


@unique
class RejectCode(IntEnum):
    """Why the rules said no. 1 to 39 and 80 to 119 belong to the order path (core/matching/codes.py)."""

    MALFORMED_ROW = 1
    UNSUPPORTED = 2
    UNKNOWN_KEY = 3
    KEY_REVOKED = 4
    KEY_OF_OTHER_ACCOUNT = 5
    RIGHT_MISSING = 6
    UNKNOWN_ACCOUNT = 7
    ACCOUNT_DISABLED = 8
    UNKNOWN_MARKET = 9
    MARKET_CLOSED = 10
    PRICE_FILTER = 11
    LOT_SIZE = 12
    MARKET_LOT_SIZE = 13
    NUMBER_OUT_OF_RANGE = 14
    PERCENT_PRICE_BY_SIDE = 15
    NOTIONAL = 16
    MAX_NUM_ORDERS = 17
    ACCOUNT_MAX_ORDERS = 18
    SELF_TRADE_MODE_NOT_ALLOWED = 19
    DUPLICATE_CLIENT_ID = 20
    WOULD_TAKE = 21
    BOOK_TOO_THIN = 22
    INSUFFICIENT_FUNDS = 23
    UNKNOWN_ORDER = 24
    ORDER_ID_MISMATCH = 25
    CANCEL_RESTRICTED = 26
    NOTHING_TO_CANCEL = 27
    MARKET_BUSY = 28
    """Orders that were set off have not all entered the market yet: nobody overtakes them."""
    WOULD_TRIGGER = 29
    MARKET_MAX_TRAILING = 30
    """Each trailing order may move with each trade, so a market has at most so many."""
    FEATURE_OFF = 31
    """The market's operator has switched this kind of order off."""
    TRAILING_DELTA = 32
    MAX_NUM_ALGO_ORDERS = 33
    ICEBERG_PARTS = 34
    MAX_NUM_ICEBERG_ORDERS = 35
    MAX_POSITION = 36
    PERCENT_PRICE = 37
    NOTHING_TO_CHANGE = 38
    QUANTITY_NOT_LESS = 39
    """An amendment may only make an order smaller."""
    INTERNAL_ERROR = 40
    """The command was quarantined: the engine failed on it (design §3.6)."""
    ALREADY_STARTED = 41
    NOT_STARTED = 42
    UNKNOWN_RULE = 43
    RULE_ALREADY_ACTIVE = 44
    LIMIT_REACHED = 45
    """As many assets, markets, accounts or keys as the limits in force allow."""
    WRONG_NAME = 46
    DUPLICATE_NAME = 47
    WRONG_SCALE = 48
    UNKNOWN_ASSET = 49
    SAME_ASSET = 50
    NOT_EXACT = 51
    """Tick × lot is not a whole number of minor units of the quote asset."""
    WRONG_STATUS = 52
    WRONG_FILTER = 53
    WRONG_TIER = 54
    WRONG_FEE = 55
    WRONG_KIND = 56
    WRONG_USER = 57
    WRONG_GROUP = 58
    WRONG_RIGHTS = 59
    WRONG_KEY_MATERIAL = 60
    DUPLICATE_API_KEY = 61
    ALREADY_EXPIRED = 62
    ALREADY_REVOKED = 63
    WRONG_REQUEST_ID = 64
    DUPLICATE_REQUEST = 65
    WRONG_AMOUNT = 66
    WRONG_ACCOUNT = 67
    """The venue's own accounts are not credited or debited by an operator."""
    BALANCE_TOO_GREAT = 68
    WRONG_PROTECTION = 69
    NEEDS_AUCTION = 70
    """The kill switch was used, or its book is crossed: only an auction resumes it."""
    ALREADY_KILLED = 71
    MAX_NUM_ORDER_AMENDS = 80
    OCO_PRICES = 81
    """The market does not stand between the two legs of a list."""
    MAX_NUM_ORDER_LISTS = 82
    GOOD_TILL_PASSED = 83
    """The moment at which the order would end has come already."""
    UNKNOWN_SESSION = 84
    TOO_MANY_REMEMBERED = 85
    """An account has as many idempotent orders of the last day as may be."""
    MIN_NOTIONAL = 86
    MAX_ASSET = 87
    EXCHANGE_MAX_NUM_ALGO_ORDERS = 88
    EXCHANGE_MAX_NUM_ICEBERG_ORDERS = 89
    EXCHANGE_MAX_NUM_ORDER_LISTS = 90
    PEG_WRONG_TYPE = 91
    """Only an order with a price of its own can be pegged."""
    PEG_WRONG_KIND = 92
    """This peg does not go with this type, or with its time in force."""
    PEG_WITHOUT_LEVEL = 93
    """The book has no price where the peg looks for one."""
    AMENDS_PENDING_OPO = 94
    """What its working order receives will give it its quantity: it has none yet."""
