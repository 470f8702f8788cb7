cimport cython
from . cimport codes
from .ladder cimport Ladder
from .pool cimport Pool
from .records cimport word, Cell, Level, Order, OrderList


@cython.final
cdef class Market:
    # What every order asks comes first and stands together, then what every trade does: books share the caches.
    cdef readonly long long id
    cdef public long long status
    cdef public long long features_off
    cdef readonly long long busy
    cdef readonly Ladder bids
    cdef readonly Ladder asks
    cdef public long long rare
    cdef public long long default_self_trade
    cdef public long long allowed_self_trade
    cdef readonly long long base_per_lot
    cdef readonly long long quote_per_tick_lot
    cdef public long long min_price
    cdef public long long max_price
    cdef public long long price_step
    cdef public long long min_quantity
    cdef public long long max_quantity
    cdef public long long quantity_step
    cdef public long long min_notional
    cdef public long long max_notional
    cdef long long bounds_until_ns
    cdef long long bid_top
    cdef long long bid_bottom
    cdef long long ask_top
    cdef long long ask_bottom
    cdef public long long up_ppm
    cdef public long long down_ppm
    cdef public long long max_orders
    cdef readonly long long resting
    cdef public long long updates
    cdef public long long executions
    cdef readonly long long waiting
    cdef public long long trades
    cdef public long long tripped
    cdef readonly long long base
    cdef readonly long long quote
    # Of a trade.
    cdef public long long range_bid_up_ppm
    cdef public long long range_bid_down_ppm
    cdef public long long range_ask_up_ppm
    cdef public long long range_ask_down_ppm
    cdef public long long last_price
    cdef public long long has_fee_terms
    cdef public long long fee_version
    cdef public long long fee_rounding
    cdef long long *maker_ppm
    cdef long long *taker_ppm
    cdef Cell *base_fees
    cdef Cell *quote_fees
    cdef readonly long long average_minutes
    cdef public long long average_bucket
    cdef long long *average_sums
    cdef long long *average_lots
    cdef long long bucket_until_ns
    cdef long long average_low
    cdef long long average_high
    cdef public long long breaker_ppm
    cdef public long long notional_per_second
    # Of few.
    cdef Pool pool
    cdef public long long min_trailing_above
    cdef public long long max_trailing_above
    cdef public long long min_trailing_below
    cdef public long long max_trailing_below
    cdef public long long max_algo_orders
    cdef public long long max_iceberg_orders
    cdef public long long iceberg_parts
    cdef public long long max_lists
    cdef public long long max_amends
    cdef public long long max_position
    cdef public long long least_notional
    cdef public long long least_applies
    cdef public long long max_base
    cdef public long long max_quote
    cdef public long long breaker_seconds
    cdef public long long breaker_price
    cdef public long long breaker_since_ns
    cdef public long long notional_second
    cdef public long long notional_sum
    cdef readonly Ladder falling
    cdef readonly Ladder rising
    cdef Order *first_trailing
    cdef Order *last_trailing
    cdef OrderList *first_ready
    cdef OrderList *last_ready
    cdef readonly long long trailing
    cdef public long long reach_down
    cdef public long long reach_up
    cdef long long next_up
    cdef long long next_down
    cdef public long long prevented
    cdef public long long market_min_quantity
    cdef public long long market_max_quantity
    cdef public long long market_quantity_step
    cdef public long long apply_min_to_market
    cdef public long long apply_max_to_market
    cdef public long long bid_up_ppm
    cdef public long long bid_down_ppm
    cdef public long long ask_up_ppm
    cdef public long long ask_down_ppm
    cdef public bint hidden_behind_own
    cdef public bint auctions_on_steps
    cdef public long long has_discount
    cdef public long long discount_rate
    cdef public long long volume_rate
    cdef long long *special
    cdef long long *tax
    cpdef int set_fees(self, long long tier, long long maker_ppm, long long taker_ppm) except -1
    @cython.locals(number=cython.longlong)
    cpdef int set_rates(self, long long kind, list rates) except -1
    cpdef bint crosses(self) except? -1
    cpdef int forget_bounds(self) except -1
    cpdef int set_average_minutes(self, long long minutes) except -1
    cpdef word maker_fee_ppm(self, long long tier) except? -1
    cpdef word taker_fee_ppm(self, long long tier) except? -1
