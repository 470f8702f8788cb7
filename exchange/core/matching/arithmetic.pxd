from . cimport codes

cdef long long mul_ppm(long long number, long long ppm) except? -1
cdef long long distance(long long one, long long other) except? -1
cdef long long upper_bound(long long reference, long long up_ppm) except? -1
