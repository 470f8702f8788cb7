cimport cython
from . cimport codes
from .matching cimport Matching

@cython.locals(at=cython.longlong)
cpdef tuple apply_runs(Matching matching, list runs, long long number, long long seq)
