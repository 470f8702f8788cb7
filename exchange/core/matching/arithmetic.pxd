from . cimport codes
cdef long long mul_ppm(long long number, long long ppm) except? -1
cdef long long mul_ppm_up(long long number, long long ppm) except? -1
cdef long long quote_units(long long quote_per_tick_lot, long long price, long long quantity) except? -1
