# cython: overflowcheck=False
"""Runs of words: rows that come in, events that go out, the state's encoding. `buffers.py` is the plain Python twin."""
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_RawFree, PyMem_RawRealloc
from libc.string cimport memcpy

from .codes cimport (CANCEL_ID, EXTENSION_WORDS, EXTENSIONS_MAX, GOOD_TILL, ICEBERG, LIST_LINK, MESSAGE, PEG,
                     REFERENCE, ROW_WORDS, STRATEGY, TRIGGER)
from .pool cimport zeroed

cdef enum:
    LEAST = 8192
    MOST = 1 << 18

cdef extern from *:
    """
    /* Bytes that nobody else has seen end where they are filled. */
    static inline PyObject *tape_cut(PyObject *bytes, Py_ssize_t size) {
        Py_SET_SIZE(bytes, size);
        PyBytes_AS_STRING(bytes)[size] = 0;
        Py_INCREF(bytes);
        return bytes;
    }
    """
    bytes cut "tape_cut"(bytes filling, Py_ssize_t size)


cdef class Rows:
    """A run of rows in memory that another object owns."""

    def __dealloc__(self):
        PyBuffer_Release(&self.view)

    cpdef int open(self, object data) except -1:
        PyBuffer_Release(&self.view)
        self.count = 0
        PyObject_GetBuffer(data, &self.view, PyBUF_SIMPLE)
        if self.view.len % 8:
            raise ValueError(f"rows are words of 8 bytes, but there are {self.view.len} bytes")
        self.count = self.view.len // 8
        self.words = <const long long *> self.view.buf
        return 0

    cdef word long_extent(self, long long at) except -1:
        """Words of the command that starts at word `at`. ValueError where it does not fit the run."""
        cdef long long end = at, left = 1, extensions
        cdef Row *row
        if at < 0 or at + ROW_WORDS > self.count:
            raise ValueError(f"a row at word {at} does not fit {self.count} words")
        row = self.at(at)
        if not 1 <= row.rows <= 4:
            raise ValueError(f"the command at word {at} has {row.rows} rows; 1 to 4 are possible")
        for left in range(row.rows):
            if end + ROW_WORDS > self.count:
                raise ValueError(f"a row at word {end} does not fit {self.count} words")
            extensions = self.at(end).extensions
            if not 0 <= extensions <= EXTENSIONS_MAX:
                raise ValueError(f"the row at word {end} has {extensions} extensions; 0 to 7 are possible")
            end += ROW_WORDS + EXTENSION_WORDS * extensions
        if end > self.count:
            raise ValueError(f"the command at word {at} needs {end} words; there are {self.count}")
        return end - at

    cdef word extension_kind(self, long long at, long long number) noexcept:
        return self.words[at + ROW_WORDS + EXTENSION_WORDS * number]

    cdef const long long *extension(self, long long at, long long kind) noexcept:
        cdef long long number
        for number in range(self.at(at).extensions):
            if self.extension_kind(at, number) == kind:
                return self.words + at + ROW_WORDS + EXTENSION_WORDS * number
        return NULL

    cdef Reference *reference(self, long long at) noexcept:
        return <Reference *> self.extension(at, REFERENCE)

    cdef Strategy *strategy(self, long long at) noexcept:
        return <Strategy *> self.extension(at, STRATEGY)

    cdef Iceberg *iceberg(self, long long at) noexcept:
        return <Iceberg *> self.extension(at, ICEBERG)

    cdef CancelId *cancel_id(self, long long at) noexcept:
        return <CancelId *> self.extension(at, CANCEL_ID)

    cdef GoodTill *good_till(self, long long at) noexcept:
        return <GoodTill *> self.extension(at, GOOD_TILL)

    cdef Peg *peg(self, long long at) noexcept:
        return <Peg *> self.extension(at, PEG)

    cdef ListLink *list_link(self, long long at) noexcept:
        return <ListLink *> self.extension(at, LIST_LINK)

    cdef Trigger *trigger(self, long long at) noexcept:
        return <Trigger *> self.extension(at, TRIGGER)


cdef class Buffer:
    """Events as words until they are taken, written into the very bytes that `take` hands out: where there are many, to
    copy them would cost as much as to write them.
    """

    def __cinit__(self):
        self.full = []
        self.likely = LEAST

    cdef int begin(self, long long capacity) except -1:
        self.filling = PyBytes_FromStringAndSize(NULL, capacity * 8)
        self.words = <long long *> PyBytes_AS_STRING(self.filling)
        self.capacity = capacity
        self.used = 0
        return 0

    cdef int more(self, long long count) except -1:
        """Go on in other memory, where so many words have room."""
        if self.filling is None:
            self.begin(max(count, self.likely))
        else:
            self.full.append(cut(self.filling, self.used * 8))
            self.begin(max(count, min(2 * self.capacity, MOST)))
        return 0

    def take(self):
        """All events since the last take, as bytes."""
        cdef bytes taken
        if not self.full and 2 * self.used < self.capacity:
            taken = PyBytes_FromStringAndSize(<char *> self.words, self.used * 8)
            if 8 * self.used >= self.capacity or self.capacity <= LEAST:
                self.used = 0
                return taken
        elif self.filling is None:
            taken = b""
        else:
            taken = cut(self.filling, self.used * 8)
            if self.full:
                taken = b"".join([*self.full, taken])
                self.full = []
        # The next take will be much like this one. Its memory is found when it is needed: most often that of this one,
        # which will have been given back by then, and is near.
        self.likely = max(LEAST, min(len(taken) // 8 * 5 // 4, MOST))
        self.filling = None
        self.capacity = 0
        self.used = 0
        return taken

    cpdef int drop(self) except -1:
        """Forget all events since the last take; their memory is for those to come."""
        self.full.clear()
        self.used = 0
        return 0

    cpdef int message(self, long long seq, bytes payload) except -1:
        """A cold event: head, seq, length in bytes, then its MessagePack padded to whole words with zeros."""
        cdef long long size = len(payload), count = 3 + (size + 7) // 8
        cdef long long *start = self.add(count)
        start[0] = MESSAGE | count << 8
        start[1] = seq
        start[2] = size
        start[count - 1] = 0
        start[2] = size
        memcpy(&start[3], <const char *> payload, size)
        return 0


cdef class Writer:
    """Words written one after another: the canonical encoding of the state."""

    def __dealloc__(self):
        PyMem_RawFree(self.words)

    cpdef int add(self, long long word) except -1:
        if self.used == self.capacity:
            self.capacity = 2 * self.capacity if self.capacity else 4096
            self.words = <long long *> PyMem_RawRealloc(self.words, self.capacity * sizeof(long long))
            if not self.words:
                raise MemoryError()
        self.words[self.used] = word
        self.used += 1
        return 0

    cdef int add_flags(self, Flags flags) except -1:
        return self.add((<long long *> &flags)[0])

    cdef int add_client_id(self, ClientId client_id) except -1:
        for at in range(5):
            self.add((<long long *> &client_id)[at])
        return 0

    def take(self):
        """What was written since the last take, as bytes."""
        taken = PyBytes_FromStringAndSize(<char *> self.words, self.used * 8)
        self.used = 0
        return taken


cdef class Reader:
    """Words read one after another."""

    def __init__(self, const unsigned char[::1] data):
        if data.shape[0] % 8:
            raise ValueError(f"a section is words of 8 bytes, but there are {data.shape[0]} bytes")
        self.owner = data
        self.count = data.shape[0] // 8
        self.words = <const long long *> &data[0] if self.count else NULL

    cpdef word take(self) except? -1:
        if self.at >= self.count:
            raise ValueError(f"a section ends after {self.count} words, where more were expected")
        self.at += 1
        return self.words[self.at - 1]

    cdef Flags take_flags(self) except *:
        cdef long long word = self.take()
        return (<Flags *> &word)[0]

    cdef ClientId take_client_id(self) except *:
        cdef ClientId client_id
        for at in range(5):
            (<long long *> &client_id)[at] = self.take()
        return client_id
