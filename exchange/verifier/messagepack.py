"""MessagePack as journal and encoding use it: integers, text, bytes and arrays, written in the smallest form."""

import struct
from typing import Any

DEPTH_MAX = 16


def pack(value: Any) -> bytes:
    """Encode an int, a str, bytes, or a list or tuple of them. Integers that are not negative take unsigned forms."""
    if isinstance(value, bool):
        raise TypeError("no message has a truth value")
    if isinstance(value, int):
        return pack_integer(value)
    if isinstance(value, str):
        content = value.encode()
        return pack_length(len(content), 0xA0, 31, 0xD9) + content
    if isinstance(value, bytes):
        return pack_length(len(value), 0, -1, 0xC4) + value
    if isinstance(value, (list, tuple)):
        return pack_array_head(len(value)) + b"".join(pack(each) for each in value)
    raise TypeError(f"no message has a {type(value).__name__}")


def pack_integer(value: int) -> bytes:
    if 0 <= value < 128 or -32 <= value < 0:
        return struct.pack("b" if value < 0 else "B", value)
    forms = (
        [(0xCC, "B", 8), (0xCD, "H", 16), (0xCE, "I", 32), (0xCF, "Q", 64)]
        if value >= 0
        else [(0xD0, "b", 7), (0xD1, "h", 15), (0xD2, "i", 31), (0xD3, "q", 63)]
    )
    for mark, form, bits in forms:
        if -(1 << bits) <= value < 1 << bits:
            return struct.pack(">B" + form, mark, value)
    raise ValueError(f"{value} has no form")


def pack_length(length: int, short_mark: int, short_max: int, mark: int) -> bytes:
    if length <= short_max:
        return bytes([short_mark | length])
    if length < 1 << 8:
        return struct.pack(">BB", mark, length)
    if length < 1 << 16:
        return struct.pack(">BH", mark + 1, length)
    return struct.pack(">BI", mark + 2, length)


def pack_array_head(length: int) -> bytes:
    if length <= 15:
        return bytes([0x90 | length])
    if length < 1 << 16:
        return struct.pack(">BH", 0xDC, length)
    return struct.pack(">BI", 0xDD, length)


def unpack(data: bytes) -> Any:
    """Decode one value that fills `data`. ValueError where it does not, or where it has what no message has."""
    reader = Reader(data)
    value = reader.value(0)
    if reader.at != len(data):
        raise ValueError(f"{len(data) - reader.at} bytes stand behind the value")
    return value


class Reader:
    """Walks over the bytes of one value."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, length: int) -> bytes:
        taken = self.data[self.at : self.at + length]
        if len(taken) != length:
            raise ValueError("the data ends within a value")
        self.at += length
        return taken

    def number(self, form: str) -> int:
        found: int = struct.unpack(">" + form, self.take(struct.calcsize(">" + form)))[0]
        return found

    def value(self, depth: int) -> Any:
        if depth > DEPTH_MAX:
            raise ValueError("arrays lie too deep in each other")
        mark = self.number("B")
        if mark < 0x80:
            return mark
        if mark >= 0xE0:
            return mark - 256
        if mark in INTEGERS:
            return self.number(INTEGERS[mark])
        if 0xA0 <= mark <= 0xBF:
            return self.take(mark & 31).decode()
        if mark in TEXTS:
            return self.take(self.number(TEXTS[mark])).decode()
        if mark in BINARIES:
            return self.take(self.number(BINARIES[mark]))
        if 0x90 <= mark <= 0x9F:
            return self.array(mark & 15, depth)
        if mark in ARRAYS:
            return self.array(self.number(ARRAYS[mark]), depth)
        raise ValueError(f"no message has a value of mark 0x{mark:02x}")

    def array(self, length: int, depth: int) -> list[Any]:
        if length > len(self.data) - self.at:
            raise ValueError("the data ends within an array")
        return [self.value(depth + 1) for _ in range(length)]


INTEGERS = {0xCC: "B", 0xCD: "H", 0xCE: "I", 0xCF: "Q", 0xD0: "b", 0xD1: "h", 0xD2: "i", 0xD3: "q"}
TEXTS = {0xD9: "B", 0xDA: "H", 0xDB: "I"}
BINARIES = {0xC4: "B", 0xC5: "H", 0xC6: "I"}
ARRAYS = {0xDC: "H", 0xDD: "I"}
