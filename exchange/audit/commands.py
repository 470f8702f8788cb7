"""Every command of a journal by itself: its bytes, where they stand, and the leaf that it is in the tree.

A leaf's content: seq, ts_ns and kind as 8, 8 and 1 bytes, little-endian, then the command as it stands in its frame:
its rows, or its MessagePack.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from exchange.audit.moment import extents
from exchange.core.engine import ROWS
from journal.frame import Frame

LEAF = struct.Struct("<QQB")
RAW = msgspec.msgpack.Decoder(list[msgspec.Raw])


class Standing(NamedTuple):
    """One command: what its leaf says of it, and where in its frame's payload it stands."""

    seq: int
    ts_ns: int
    kind: int
    offset: int
    size: int


def standing(frame: Frame) -> Iterator[Standing]:
    """Yield every command of a frame."""
    header = frame.header
    if header.kind == ROWS:
        ends = extents(frame.payload)
        starts = [0, *ends[:-1]]
    else:
        sizes = [len(bytes(each)) for each in RAW.decode(frame.payload)]
        # The array's own head stands before the first.
        at = frame.payload.nbytes - sum(sizes)
        starts, ends = [], []
        for size in sizes:
            starts.append(at)
            at += size
            ends.append(at)
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        yield Standing(header.first_seq + number, header.ts_ns, header.kind, start, end - start)


def leaf(command: Standing, content: bytes | memoryview) -> bytes:
    """The leaf of a command whose bytes are `content`."""
    return LEAF.pack(command.seq, command.ts_ns, command.kind) + content
