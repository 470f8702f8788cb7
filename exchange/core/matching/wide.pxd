# Sums and products two words wide: this over C, wide.py in plain Python. No rule of the exchange is in here.
cdef extern from *:
    """
    static void tape_wide_carry(long long *sums, long long at, __int128 more) {
        __int128 sum = ((__int128) sums[2 * at] << 62) + sums[2 * at + 1] + more;
        sums[2 * at] = (long long) (sum >> 62);
        sums[2 * at + 1] = (long long) (sum & 0x3FFFFFFFFFFFFFFF);
    }
    /* What is added is at least 0, and most sums stay below the 62 bits of their lower word. */
    static inline void tape_wide_add(long long *sums, long long at, long long more) {
        if (more < 0x4000000000000000 - sums[2 * at + 1]) sums[2 * at + 1] += more;
        else tape_wide_carry(sums, at, more);
    }
    static void tape_wide_gather(long long *sums, long long at, long long other) {
        tape_wide_carry(sums, at, ((__int128) sums[2 * other] << 62) + sums[2 * other + 1]);
    }
    static void tape_wide_subtract(long long *sums, long long at, long long other) {
        tape_wide_carry(sums, at, -(((__int128) sums[2 * other] << 62) + sums[2 * other + 1]));
    }
    static __int128 tape_wide_total(long long *sums, long long at) {
        return ((__int128) sums[2 * at] << 62) + sums[2 * at + 1];
    }
    static long long tape_wide_scaled(long long amount, long long by, long long over, long long rounds_up) {
        __int128 quotient = ((__int128) amount * by + (rounds_up ? over - 1 : 0)) / over;
        return quotient > 0x4000000000000000 ? -1 : (long long) quotient;
    }
    static int tape_wide_is_positive(long long *sums, long long at) {
        return (sums[2 * at] | sums[2 * at + 1]) != 0;
    }
    static long long tape_wide_ratio(long long *sums, long long *others, long long at) {
        if (sums[2 * at] == 0) return others[2 * at] ? 0 : sums[2 * at + 1] / others[2 * at + 1];
        return (long long) (tape_wide_total(sums, at) / tape_wide_total(others, at));
    }
    """
    void add "tape_wide_add"(long long *sums, long long at, long long more) noexcept
    void gather "tape_wide_gather"(long long *sums, long long at, long long other) noexcept
    void subtract "tape_wide_subtract"(long long *sums, long long at, long long other) noexcept
    long long scaled "tape_wide_scaled"(long long amount, long long by, long long over, long long rounds_up) noexcept
    bint is_positive "tape_wide_is_positive"(long long *sums, long long at) noexcept
    long long ratio "tape_wide_ratio"(long long *sums, long long *others, long long at) noexcept
