cimport cython
from . cimport arithmetic, codes, wide
from .events cimport Events
from .indexes cimport Accounts, Cells
from .market cimport Market
from .pool cimport Pool
from .records cimport word, Account, Cell, Order, Seat

cdef long long bounded(long long volume, long long more) except? -1
cdef object own_rates(dict rates, long long market_id)


@cython.final
cdef class Payer:
    cdef Pool pool
    cdef long long granted
    cdef long long day
    cdef long long total
    cdef long long *days
    cdef long long pays_discount
    cdef long long referrer
    cdef long long share_ppm
    cdef dict special
    cdef dict tax


@cython.final
cdef class Fees:
    cdef Pool pool
    cdef Accounts accounts
    cdef Cells cells
    cdef Events events
    cdef list markets
    cdef list payers
    cdef readonly long long volume_asset
    cdef long long bounds_count
    cdef long long *bounds
    cdef readonly long long discount_asset
    cdef readonly long long discount_ppm
    cdef long long taker_part
    cdef long long maker_part
    cdef long long rate
    cdef long long asset
    cdef long long how
    cdef bint is_apart
    cdef long long taker_share
    cdef long long maker_share
    cdef Payer payer_of(self, Account *account)
    @cython.locals(payer=Payer)
    cdef Payer open_payer(self, Account *account)
    @cython.locals(events=Events, tiers=cython.longlong, taker_buys=cython.bint, taker_gets=cython.longlong,
                   maker_gets=cython.longlong, taker_how=cython.longlong, taker_is_apart=cython.bint,
                   rebate=cython.longlong, volume=cython.longlong)
    cdef int charge(self, Market market, Order *taker, Order *maker, long long base_amount, long long quote_amount,
                    long long takers_role, long long now_ns) except -1
    @cython.locals(payer=Payer, standard=cython.longlong, side=cython.longlong, extra=cython.longlong,
                   fee=cython.longlong, rounds_up=cython.longlong)
    cdef word assess(self, Market market, Account *account, long long role, bint buys, long long received,
                     long long quote_amount) except? -1
    @cython.locals(special=cython.longlong, tax=cython.longlong)
    cdef word own_extra(self, Market market, Payer payer, long long role, long long side) except? -1
    cdef bint has_available(self, Account *account, long long fee) except -1
    @cython.locals(events=Events, due=cython.longlong)
    cdef word rebate(self, Market market, Account *account, long long given, long long quote_amount,
                     bint is_apart) except? -1
    cdef int post(self, long long payer, long long receiver, long long amount) except -1
    @cython.locals(payer=Payer, amount=cython.longlong)
    cdef word share(self, Account *account, long long asset, long long fee) except? -1
    cdef int tell_shares(self, Market market, Order *taker, Order *maker) except -1
    @cython.locals(payer=Payer)
    cdef int tell_share(self, Market market, Account *account, long long asset, long long amount) except -1
    @cython.locals(market=Market, unit=cython.longlong)
    cdef word convert(self, long long amount, long long rate, long long rounds_up) except? -1
    @cython.locals(payer=Payer, number=cython.longlong)
    cdef int roll(self, Account *account, long long day) except -1
    @cython.locals(payer=Payer, at=cython.longlong)
    cdef int note_volume(self, Account *account, long long volume) except -1
    @cython.locals(payer=Payer)
    cdef int settle_tier(self, Account *account) except -1
    @cython.locals(tier=cython.longlong)
    cdef word tier_for(self, long long volume) except? -1
    cdef int grant(self, Account *account, long long tier) except -1
    @cython.locals(is_new=cython.bint, number=cython.longlong, account_id=cython.longlong, payer=Payer)
    cpdef int set_bounds(self, long long asset, list bounds) except -1
    cpdef int set_discount(self, long long asset, long long ppm) except -1
    cpdef int set_payment(self, long long account_id, long long is_on) except -1
    @cython.locals(payer=Payer)
    cpdef int set_referral(self, long long account_id, long long referrer, long long share_ppm) except -1
    @cython.locals(payer=Payer)
    cpdef int set_own_rates(self, long long account_id, dict special, dict tax) except -1
    @cython.locals(payer=Payer)
    cpdef word tier_at(self, long long account_id, long long day) except? -1
    @cython.locals(payer=Payer, total=cython.longlong, past=cython.longlong)
    cpdef word volume_at(self, long long account_id, long long day) except? -1
    @cython.locals(payer=Payer, account_id=cython.longlong, number=cython.longlong, day=cython.longlong,
                   volume=cython.longlong)
    cpdef list volumes(self)
    @cython.locals(payer=Payer, at=cython.longlong, volume=cython.longlong)
    cpdef int restore_volume(self, long long account_id, long long granted, long long day, list days) except -1
