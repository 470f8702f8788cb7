# Records that the rules read and write; records.py says the same in plain Python. Integers are all long long: narrower
# ones multiply narrow. A method returns a Py_ssize_t: Cython 3.3 writes a `long long` error value's suffix twice.
ctypedef Py_ssize_t word

cdef struct ClientId:
    long long a
    long long b
    long long c
    long long d
    long long e

cdef struct Flags:
    unsigned char side
    unsigned char type
    unsigned char time_in_force
    unsigned char self_trade
    unsigned char options
    unsigned char restriction
    unsigned char spare_1
    unsigned char spare_2

cdef struct Row:
    long long kind
    long long rows
    long long extensions
    long long market
    long long account
    long long key
    Flags flags
    long long price
    long long quantity
    long long quote_quantity
    long long order_id
    ClientId client_id

cdef struct Reference:
    long long kind
    ClientId client_id
    long long spare_1
    long long spare_2

cdef struct Strategy:
    long long kind
    long long strategy_id
    long long strategy_type
    long long spare_1, spare_2, spare_3, spare_4, spare_5

cdef struct Iceberg:
    long long kind
    long long visible
    long long spare_1, spare_2, spare_3, spare_4, spare_5, spare_6

cdef struct Peg:
    long long kind
    long long price_kind
    long long offset_kind
    long long offset
    long long spare_1, spare_2, spare_3, spare_4

cdef struct GoodTill:
    long long kind
    long long due_ns
    long long spare_1, spare_2, spare_3, spare_4, spare_5, spare_6

cdef struct ListLink:
    long long kind
    long long contingency
    long long role
    long long spare_1, spare_2, spare_3, spare_4, spare_5

cdef struct CancelId:
    long long kind
    ClientId client_id
    long long spare_1
    long long spare_2

cdef struct Trigger:
    long long kind
    long long trigger_price
    long long trailing_delta
    long long activation_price
    long long direction
    long long spare_1, spare_2, spare_3

# Four to a cache line. A key without an account is none.
cdef struct Key:
    Account *account
    unsigned char rights
    unsigned char revoked

cdef struct Cell:
    long long account
    long long asset
    long long available
    long long held
    long long borrowed
    Cell *link
    long long spare[2]

cdef struct Seat:
    long long market
    Account *account
    Cell *base
    Cell *quote
    Order *first
    Order *last
    Seat *link
    long long open_orders

# Four cache lines, found by number: what orders ask, and the seat and cells that it had first. `seats` are three more,
# `marks` the lowest byte of each of the four's market, no two alike: indexes.pyx keeps them, all others in buckets.
cdef struct Account:
    long long id
    long long trade_group
    long long open_orders, trading_key
    unsigned char kind
    unsigned char status
    unsigned char tier
    unsigned char has_payer
    unsigned char marks[4]
    Seat *seats[3]
    Seat seat[1]
    Cell cells[2]

cdef struct Level:
    long long key
    long long quantity
    Order *first
    Order *last
    Level *better
    Level *worse
    void *leaf
    long long hidden

# Three cache lines: what matching reads, what settling writes, what names the order.
cdef struct Order:
    long long remaining
    long long price
    Flags flags
    long long held
    Seat *seat
    Level *level
    Order *next
    Order *prev
    long long id
    long long quantity
    long long filled_quote
    long long prevented_quantity
    long long created_ns
    long long updated_ns
    Order *seat_next
    Order *seat_prev
    ClientId client_id
    Order *id_link
    unsigned long long digest
    Details *details

# An order's kinds are its row's with the self-trade mode that counts; written as one word, for they are read as one.
cdef extern from *:
    """
    #define tape_take_flags(order, row, mode) (*(unsigned long long *) &(order)->flags = \\
        (*(const unsigned long long *) &(row)->flags & ~0xFF000000ULL) | (unsigned long long) (mode) << 24)
    """
    void take_flags "tape_take_flags"(Order *order, Row *row, long long self_trade) noexcept

# What few orders have; a pointer in the order that is NULL for most.
cdef struct Details:
    long long strategy_id
    long long strategy_type
    long long list_id
    long long trigger_price
    long long trailing_delta
    long long activation_price
    long long extreme
    long long triggered_ns
    long long visible
    long long shown
    long long amends
    long long pending
    OrderList *order_list
    long long due_ns
    Level *due_level
    Order *due_next
    Order *due_prev
    long long peg_kind
    long long peg_offset_kind
    long long peg_offset
    long long sent_price
    long long pegged_price
    Details *link

# Orders that hang together: what the list must know when one of them moves, and how it is told of.
cdef struct OrderList:
    long long id
    long long contingency
    long long market
    Account *account
    long long created_ns
    ClientId client_id
    Order *working
    Order *first
    Order *second
    Order *started
    long long working_id
    long long first_id
    long long second_id
    ClientId working_name
    ClientId first_name
    ClientId second_name
    long long happened
    long long reason
    ClientId cancel_id
    OrderList *older
    OrderList *younger
    OrderList *next_touched
    OrderList *next_ready

cdef struct Accepted:
    long long head
    long long seq
    long long market
    long long account
    long long order_id
    Flags flags
    long long price
    long long quantity
    long long quote_quantity
    long long held
    long long created_ns
    long long execution_id
    long long list_id
    long long key
    ClientId client_id
    long long spare

cdef struct Rested:
    long long head
    long long seq
    long long market
    long long account
    long long order_id
    long long side
    long long price
    long long remaining
    long long level_quantity
    long long update_id

cdef struct Traded:
    long long head
    long long seq
    long long market
    long long trade_id
    long long taker_side
    long long price
    long long quantity
    long long base_amount
    long long quote_amount
    long long fee_version
    long long taker_order
    long long taker_account
    long long taker_remaining
    long long taker_fee
    long long taker_fee_asset
    long long taker_execution_id
    long long maker_order
    long long maker_account
    long long maker_remaining
    long long maker_fee
    long long maker_fee_asset
    long long maker_execution_id
    Flags maker_flags
    long long maker_price
    long long maker_quantity
    long long maker_filled_quote
    long long maker_prevented_quantity
    long long maker_created_ns
    long long maker_list_id
    long long maker_strategy_id
    long long maker_strategy_type
    ClientId maker_client_id
    long long level_quantity
    long long update_id
    long long cause
    long long fee_terms

cdef struct Canceled:
    long long head
    long long seq
    long long market
    long long account
    long long order_id
    Flags flags
    long long reason
    long long price
    long long quantity
    long long remaining
    long long filled_quote
    long long prevented_quantity
    long long released
    long long created_ns
    long long execution_id
    long long list_id
    long long strategy_id
    long long strategy_type
    long long level_quantity
    long long update_id
    ClientId client_id
    ClientId cancel_id
    long long counter_order
    long long code

cdef struct Rejected:
    long long head
    long long seq
    long long row_kind
    long long market
    long long account
    long long key
    long long code
    long long order_id

cdef struct Prevented:
    long long head
    long long seq
    long long market
    long long prevented_id
    long long mode
    long long price
    long long taker_order
    long long taker_account
    long long taker_prevented
    long long maker_order
    long long maker_account
    long long maker_prevented
    long long trade_group
    long long spare

cdef struct StrategyNoted:
    long long head
    long long seq
    long long market
    long long order_id
    long long strategy_id
    long long strategy_type

cdef struct TermsNoted:
    long long head
    long long seq
    long long market
    long long order_id
    long long trigger_price
    long long trailing_delta
    long long activation_price
    long long visible
    long long due_ns
    long long spare

cdef struct Pegged:
    long long head
    long long seq
    long long market
    long long order_id
    long long price_kind
    long long offset_kind
    long long offset
    long long sent_price
    long long price
    long long spare

cdef struct Triggered:
    long long head
    long long seq
    long long market
    long long account
    long long order_id
    Flags flags
    long long price
    long long trigger_price
    long long last_price
    long long quantity
    long long remaining
    long long held
    long long created_ns
    long long execution_id
    long long list_id
    long long strategy_id
    long long strategy_type
    long long trailing_delta
    ClientId client_id
    long long spare

cdef struct ListChanged:
    long long head
    long long seq
    long long market
    long long account
    long long list_id
    long long contingency
    long long status
    long long created_ns
    long long key
    long long working_id
    long long first_id
    long long second_id
    ClientId client_id
    ClientId working_name
    ClientId first_name
    ClientId second_name

cdef struct Entered:
    long long head
    long long seq
    long long market
    long long account
    long long order_id
    Flags flags
    long long price
    long long quantity
    long long remaining
    long long held
    long long created_ns
    long long execution_id
    long long list_id
    long long strategy_id
    long long strategy_type
    ClientId client_id

cdef struct Referred:
    long long head
    long long seq
    long long market
    long long trade_id
    long long account
    long long referrer
    long long asset
    long long amount
    long long share_ppm
    long long fee_version

cdef struct Transferred:
    long long head
    long long seq
    long long market
    long long prevented_id
    long long buyer
    long long seller
    long long price
    long long quantity
    long long base_amount
    long long quote_amount

cdef struct ProceedsLocked:
    long long head
    long long seq
    long long market
    long long account
    long long list_id
    long long order_id
    long long trade_id
    long long amount
    long long held
    long long received

cdef struct Refilled:
    long long head
    long long seq
    long long market
    long long account
    long long order_id
    long long side
    long long price
    long long shown
    long long level_quantity
    long long update_id

cdef struct Amended:
    long long head
    long long seq
    long long market
    long long account
    long long order_id
    Flags flags
    long long price
    long long quantity
    long long old_quantity
    long long remaining
    long long filled_quote
    long long prevented_quantity
    long long released
    long long created_ns
    long long execution_id
    long long list_id
    long long strategy_id
    long long strategy_type
    long long level_quantity
    long long update_id
    ClientId client_id
    ClientId old_client_id
    long long spare_1
    long long spare_2
