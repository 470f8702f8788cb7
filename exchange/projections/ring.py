"""A bounded row store: the last so many rows of 64-bit words in one block of bytes, sorted by their first word.

Words instead of objects: a thousand candles of every market and interval are a few megabytes, and a snapshot carries
the block as it is.
"""

from collections.abc import Iterator
from struct import Struct

WORD = Struct("<q")


class Ring:
    """The last `kept` rows of `words` words each; first words never fall."""

    __slots__ = ("bytes_max", "data", "layout", "size")

    def __init__(self, words: int, kept: int) -> None:
        self.layout = Struct(f"<{words}q")
        self.size = self.layout.size
        self.bytes_max = self.size * kept
        self.data = bytearray()

    def __len__(self) -> int:
        return len(self.data) // self.size

    def append(self, *words: int) -> None:
        self.data += self.layout.pack(*words)
        if len(self.data) > self.bytes_max:
            del self.data[: self.size]

    def row(self, number: int) -> tuple[int, ...]:
        """One row, the oldest being 0."""
        return self.layout.unpack_from(self.data, number * self.size)

    def rows(self, begin: int, end: int) -> Iterator[tuple[int, ...]]:
        """Rows begin to end - 1; both may lie outside."""
        begin = max(0, begin)
        return self.layout.iter_unpack(bytes(self.data[begin * self.size : max(begin, end) * self.size]))

    def find(self, first_word: int) -> int:
        """The number of the first row whose first word is at least this."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if WORD.unpack_from(self.data, middle * self.size)[0] < first_word:
                low = middle + 1
            else:
                high = middle
        return low

    def restore(self, data: bytes) -> None:
        """Take back what `data` was; rows above the bound fall out."""
        self.data = bytearray(data[-self.bytes_max :])
