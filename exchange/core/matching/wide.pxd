# Sums two words wide: wide.pyx over C, wide.py in plain Python. No rule of the exchange is in here.
cdef extern from *:
    """
    static void tape_wide_add(long long *sums, long long at, __int128 more) {
        __int128 sum = ((__int128) sums[2 * at] << 62) + sums[2 * at + 1] + more;
        sums[2 * at] = (long long) (sum >> 62);
        sums[2 * at + 1] = (long long) (sum & 0x3FFFFFFFFFFFFFFF);
    }
    static void tape_wide_gather(long long *sums, long long at, long long other) {
        tape_wide_add(sums, at, ((__int128) sums[2 * other] << 62) + sums[2 * other + 1]);
    }
    static void tape_wide_subtract(long long *sums, long long at, long long other) {
        tape_wide_add(sums, at, -(((__int128) sums[2 * other] << 62) + sums[2 * other + 1]));
    }
    static long long tape_wide_quotient(long long *sums, long long at, long long divisor) {
        if (sums[2 * at] == 0) return sums[2 * at + 1] / divisor;
        return (long long) ((((__int128) sums[2 * at] << 62) + sums[2 * at + 1]) / divisor);
    }
    """
    void add "tape_wide_add"(long long *sums, long long at, long long more) noexcept
    void gather "tape_wide_gather"(long long *sums, long long at, long long other) noexcept
    void subtract "tape_wide_subtract"(long long *sums, long long at, long long other) noexcept
    long long quotient "tape_wide_quotient"(long long *sums, long long at, long long divisor) noexcept
