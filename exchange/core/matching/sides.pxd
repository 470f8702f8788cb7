# What depends on an order's side: this over C, sides.py in plain Python. Chosen without a branch, for no processor
# foresees sides; BUY is 0 and SELL is 1, a market's bids stand before its asks, base before quote.
from .ladder cimport Ladder
from .market cimport Market
from .records cimport Cell, Level, Seat

cdef extern from *:
    """
    static inline long long tape_side_of(long long side, long long buy, long long sell) {
        return buy ^ ((buy ^ sell) & -side);
    }
    static inline long long tape_side_key(long long side, long long price) {
        return (price ^ -side) + side;
    }
    #define tape_side_own(market, side) (&(market)->bids)[side]
    #define tape_side_other(market, side) (&(market)->asks)[-(long long) (side)]
    #define tape_side_ladder(market, side) \\
        ((__typeof__((market)->bids)) Py_NewRef((PyObject *) tape_side_own(market, side)))
    #define tape_side_recent(market, side, price) (tape_side_own(market, side)->recent[ \\
        tape_side_key(side, price) & tape_side_own(market, side)->recent_mask])
    #define tape_side_best(market, side) (tape_side_other(market, side)->best)
    #define tape_side_best_key(market, side) (tape_side_other(market, side)->best_key)
    #define tape_side_paying(seat, side) ((&(seat)->quote)[-(long long) (side)])
    #define tape_side_gaining(seat, side) ((&(seat)->base)[side])
    #define tape_side_fees_of_taker(market, side) ((&(market)->base_fees)[side])
    #define tape_side_fees_of_maker(market, side) ((&(market)->quote_fees)[-(long long) (side)])
    """
    long long of "tape_side_of"(long long side, long long buy, long long sell) noexcept
    long long key "tape_side_key"(long long side, long long price) noexcept
    Ladder ladder "tape_side_ladder"(Market market, long long side)
    Level *recent "tape_side_recent"(Market market, long long side, long long price) noexcept
    Level *best_against "tape_side_best"(Market market, long long side) noexcept
    long long best_key_against "tape_side_best_key"(Market market, long long side) noexcept
    Cell *paying "tape_side_paying"(Seat *seat, long long side) noexcept
    Cell *gaining "tape_side_gaining"(Seat *seat, long long side) noexcept
    Cell *fees_of_taker "tape_side_fees_of_taker"(Market market, long long side) noexcept
    Cell *fees_of_maker "tape_side_fees_of_maker"(Market market, long long side) noexcept
