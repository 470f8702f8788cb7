"""Every number of the order path that has a name: row kinds, flags, statuses, events, refusals.

`codes.pxd` says the same to the compiler, so that compiled code has them as constants; a test compares the two. Rules
write `codes.BUY`. Numbers are given once and kept: they are on disk.
"""

# Limits that no setting can lift. A notional is bounded so that 64-bit words suffice everywhere (design §5).
AMOUNT_MAX = 1 << 62
# The best key of a ladder without levels: below every key, and every key that an order reaches for.
NO_KEY = -AMOUNT_MAX - 1
PPM = 1_000_000
TIERS = 16
CASCADE_MAX = 1_000
# Each may move with each trade, so a market has no more.
TRAILING_MAX = 1_000
BPS = 10_000
# From so many records on they are not in the nearest cache, and are fetched ahead.
WARM_FROM = 20_000
# Above so many markets, markets and their ladders too.
WARM_MARKETS_FROM = 100
ORDERS_MAX = 10_000
LISTS_MAX = 1_000
AVERAGE_BUCKETS = 60
# Behind the buckets stand their totals, then room to reckon.
AVERAGE_TOTAL, AVERAGE_SCRATCH = 60, 61
PRICE_MAX = 1 << 53
QUANTITY_MAX = 1 << 53
MULTIPLIER_MAX = 1_000_000_000
AVERAGE_MINUTES_MAX = 1_440
NS_PER_SECOND = 1_000_000_000
CLIENT_ID_WORDS = 5
FEE_PPM_MAX = 100_000
NS_PER_DAY = 86_400_000_000_000
# The window of the volume that tiers follow, and the most that is counted of it.
VOLUME_DAYS = 30
VOLUME_MAX = (1 << 62) - 1

# The base of a row, and one typed extension, in words.
ROW_WORDS = 16
EXTENSION_WORDS = 8
ROWS_MAX = 4
EXTENSIONS_MAX = 7

# The encoding of an order that has nothing rare, in words.
ORDER_WORDS = 17

# Row kinds.
PLACE, CANCEL, CANCEL_ALL, AMEND, CANCEL_REPLACE, LIST, CANCEL_LIST = 1, 2, 3, 4, 5, 6, 7

# Extension kinds.
TRIGGER, ICEBERG, PEG, CONDITION, STRATEGY, GOOD_TILL, REFERENCE, CANCEL_ID, LIST_LINK = 1, 2, 3, 4, 5, 6, 7, 8, 9
EXTENSION_KINDS = 9

# Pegs: which side's best price, how an offset counts, and the most levels that it goes deeper.
PRIMARY_PEG, MARKET_PEG = 1, 2
PRICE_LEVEL = 1
PEG_OFFSET_MAX = 100

# Lists: of what kind, what part a leg has, what is told of them.
OCO, OTO, OTOCO, OPO, OPOCO = 1, 2, 3, 4, 5
WORKING_LEG, ABOVE_LEG, BELOW_LEG, PENDING_LEG = 1, 2, 3, 4
LIST_STARTED, LIST_UPDATED, LIST_DONE = 1, 2, 3
# What has happened to orders of a list, as bits: a leg has begun to trade, the working order is filled, one has ended
# unfilled.
LEG_STARTED, LEG_WORKED, LEG_ENDED = 1, 2, 4

# The values of the flags word's bytes: side, type, time in force, self-trade mode, restriction, options.
BUY, SELL = 0, 1
LIMIT, MARKET, LIMIT_MAKER, STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT = 1, 2, 3, 4, 5, 6, 7
GTC, IOC, FOK, GTD = 1, 2, 3, 4
MARKET_DEFAULT, NONE, EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH, DECREMENT, TRANSFER = 0, 1, 2, 3, 4, 5, 6
ANY_STATE, ONLY_NEW, ONLY_PARTIALLY_FILLED = 0, 1, 2
# What a cancel-replace does where the order it names cannot be cancelled.
STOP_ON_FAILURE, ALLOW_FAILURE = 1, 2
IDEMPOTENT = 1

# What a market lets through (order: see markets.py), and what an account is.
TRADING, HALT, BREAK, CANCEL_ONLY, POST_ONLY, AUCTION = 1, 2, 3, 4, 5, 6
ACTIVE, DISABLED = 1, 2
SPOT, FUNDING, MARGIN, ISOLATED, FUTURES, SYSTEM = 1, 2, 3, 4, 5, 6
EXTERNAL_ACCOUNT, FEES_ACCOUNT, INSURANCE_ACCOUNT, CLEARING_ACCOUNT, DUST_ACCOUNT = 1, 2, 3, 4, 5
FIRST_ACCOUNT = 16
RIGHT_READ, RIGHT_TRADE, RIGHT_OPERATE = 1, 2, 4

# Why apply_rows came back before the end of its rows.
DONE, COLD_ROW, OWES = 0, 1, 2
# What a row can owe to cold code.
MARKET_EMPTIED, MARKET_TRIPPED = 1, 2
# No refusal and no debt: the row was not applied, cold code has to look at it first.
ROW_IS_COLD = 255

# What a market can be told not to offer, as bits of `features_off`.
STOPS_OFF, TRAILING_OFF, QUOTE_ORDERS_OFF, ICEBERGS_OFF, GOOD_TILL_OFF, AMENDS_OFF = 1, 2, 4, 8, 16, 32
REPLACES_OFF, OCO_OFF, OTO_OFF, OTOCO_OFF, PEGS_OFF, OPO_OFF, FEATURES_ALL = 64, 128, 256, 512, 1024, 2048, 4095

# Event kinds: kind | words << 8, the first word of each event.
ACCEPTED = 1 | 20 << 8
RESTED = 2 | 10 << 8
TRADED = 3 | 40 << 8
CANCELED = 4 | 32 << 8
REJECTED = 5 | 8 << 8
PREVENTED = 6 | 14 << 8
STRATEGY_NOTED = 7 | 6 << 8
TRIGGERED = 8 | 24 << 8
REFILLED = 9 | 10 << 8
AMENDED = 10 | 32 << 8
LIST_CHANGED = 11 | 32 << 8
TERMS_NOTED = 14 | 10 << 8
ENTERED = 16 | 20 << 8
REFERRED = 17 | 10 << 8
TRANSFERRED = 13 | 10 << 8
PEGGED = 18 | 10 << 8
PROCEEDS_LOCKED = 19 | 10 << 8
MESSAGE = 15

# Why an order ended without being filled (word `reason` of CANCELED).
BY_REQUEST, UNFILLED_IOC, UNFILLED_FOK, NO_LIQUIDITY, SELF_TRADE, BY_CANCEL_ALL, BY_OPERATOR = 1, 2, 3, 4, 5, 6, 7
EXCHANGE_CANCELED, OUT_OF_RANGE, HALTED, AMENDED_AWAY, COUNTED_DOWN = 8, 9, 10, 11, 12
# Of an order of a list: another leg works or has ended; the working order ended unfilled; it was refused when placed.
OCO_TRIGGER, OTO_PHASE_ONE_EXPIRED, LEG_REFUSED = 13, 14, 15
GOOD_TILL_ENDED, DISCONNECTED = 16, 17
# Of a pegged order that waited for its price: it could not take one when that came.
PEG_REFUSED = 18
# The rates of a special or a tax in their order, of which two are added: by role and by side.
MAKER_RATE, TAKER_RATE, BUYER_RATE, SELLER_RATE, RATES = 0, 1, 2, 3, 4
SPECIAL, TAX = 1, 2
# How one side's fee came about, as bits (word `fee_terms` of TRADED): rates of its own, or in the discount asset.
OWN_SPECIAL, OWN_TAX, DISCOUNTED, TERMS_TOLD = 1, 2, 4, 1 << 32
# Instead of the market that gives the rate: none is needed. Instead of an amount: there is no rate.
SAME_ASSET = 1 << 62
NOT_CONVERTIBLE = -1
# Why a trade took place that no taker asked for (word `cause` of TRADED).
AUCTION_CAUSE = 1
# The level quantity told of an order that did not rest.
NOT_RESTING = -1

# Refusals in order of precedence: exchange/messages/rejects.py has their sentences.
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
WOULD_TRIGGER = 29
MARKET_MAX_TRAILING = 30
FEATURE_OFF = 31
TRAILING_DELTA = 32
MAX_NUM_ALGO_ORDERS = 33
ICEBERG_PARTS = 34
MAX_NUM_ICEBERG_ORDERS = 35
MAX_POSITION = 36
PERCENT_PRICE = 37
NOTHING_TO_CHANGE = 38
QUANTITY_NOT_LESS = 39
MAX_NUM_ORDER_AMENDS = 80
OCO_PRICES = 81
MAX_NUM_ORDER_LISTS = 82
GOOD_TILL_PASSED = 83
UNKNOWN_SESSION = 84
TOO_MANY_REMEMBERED = 85
MIN_NOTIONAL = 86
MAX_ASSET = 87
EXCHANGE_MAX_NUM_ALGO_ORDERS = 88
EXCHANGE_MAX_NUM_ICEBERG_ORDERS = 89
EXCHANGE_MAX_NUM_ORDER_LISTS = 90
PEG_WRONG_TYPE = 91
PEG_WRONG_KIND = 92
PEG_WITHOUT_LEVEL = 93
AMENDS_PENDING_OPO = 94
