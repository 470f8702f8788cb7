from . cimport codes, indexes
from .buffers cimport Rows
from .records cimport Account, Key, Row

cdef long long malformed(Rows rows, long long at, Row *row) except? -1
cdef long long unsupported(Rows rows, long long at, Row *row) except? -1
cdef long long malformed_place(Row *row) except? -1
cdef long long malformed_cancel(Rows rows, long long at, Row *row) except? -1
cdef long long malformed_cancel_all(Row *row) except? -1
cdef long long allowed_extensions(long long row_kind) noexcept
cdef long long refused_sender(Row *row, Key *key, Account *account) except? -1
cdef bint has_order_flags(Row *row) noexcept
