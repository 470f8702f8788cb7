"""Owns the bytes of one frame: a header of 128 bytes, a payload, zeros up to a multiple of 8.

The header, little-endian:

    offset  size  field
         0     4  magic             b"TAPF"
         4     2  format_version    1
         6     2  kind              1 rows, 2 messages, 3 note
         8     4  schema            rows, messages: version of the payload's schema; note: 1 seal, 2 quarantine
        12     4  commands          how many commands are in the frame; 0 for a note
        16     4  payload_bytes     without padding
        20     4  payload_checksum  zlib.crc32 of the payload
        24     8  epoch             which leader wrote it (for a replicated log); never falls
        32     8  batch_first_seq   first seq of the batch; for a note the seq of the next command
        40     8  first_seq         first seq of the frame; for a note the seq of the next command
        48     8  ts_ns             time stamp of the whole batch
        56     8  applied_seq       highest seq that was applied when the frame was written; below first_seq
        64    32  chain             hash chain after this frame; for a note the value in force, unchanged
        96    32  header_checksum   blake2b of bytes 0..95, 32 bytes long, keyed with the journal id

The key is random and in no answer to a client, so no client's bytes inside a payload can imitate a header.

    chain = SHA-256(previous chain + header bytes 0..55 + payload)

`applied_seq` is left out of the chain: it tells of timing, not of content, and replicas may differ in it.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import NamedTuple
from zlib import crc32

MAGIC = b"TAPF"
FORMAT_VERSION = 1

ROWS = 1
MESSAGES = 2
NOTE = 3

# Types of note: they stand in the header's `schema`.
SEAL = 1
QUARANTINE = 2

HEADER_BYTES = 128
FRAME_BYTES_MAX = 65_536
PAYLOAD_BYTES_MAX = FRAME_BYTES_MAX - HEADER_BYTES
SEQ_MAX = 2**63 - 1

_CHECKED_BYTES = 96
_CHAINED_BYTES = 56
_FIELDS = struct.Struct("<4sHHIIIIQQQQQ32s")
assert _FIELDS.size == _CHECKED_BYTES

_PAYLOAD_BYTES = 5
_new = tuple.__new__

Payload = bytes | bytearray | memoryview

# kind, schema, first_seq, commands, payload: what a caller hands over to be framed.
FrameContent = tuple[int, int, int, int, Payload]


class FrameHeader(NamedTuple):
    """One header as read; the module's first lines say what each field is."""

    magic: bytes
    format_version: int
    kind: int
    schema: int
    commands: int
    payload_bytes: int
    payload_checksum: int
    epoch: int
    batch_first_seq: int
    first_seq: int
    ts_ns: int
    applied_seq: int
    chain: bytes

    @property
    def last_seq(self) -> int:
        return self.first_seq + self.commands - 1


class Frame(NamedTuple):
    """A verified header and its payload. The payload is word-aligned and read-only."""

    header: FrameHeader
    payload: memoryview


def padded(size: int) -> int:
    """Return `size` rounded up to a multiple of 8."""
    return (size + 7) & ~7


def genesis_chain(journal_id: bytes, created_ns: int) -> bytes:
    """Return the chain value before the first command."""
    return sha256(b"tape journal" + journal_id + created_ns.to_bytes(8, "little")).digest()


def next_chain(previous: bytes, header: Payload, payload: Payload) -> bytes:
    """Return the chain value after a frame. `header` may be longer than what is hashed of it."""
    digest = sha256(previous + header[:_CHAINED_BYTES])
    digest.update(payload)
    return digest.digest()


def encode_header(
    content: FrameContent,
    payload: memoryview,
    *,
    epoch: int,
    batch_first_seq: int,
    ts_ns: int,
    applied_seq: int,
    previous_chain: bytes,
    journal_id: bytes,
) -> tuple[bytes, bytes]:
    """Return the 128 header bytes and the chain value after the frame.

    `payload` is the content's payload as a memoryview of bytes. The caller has checked sizes and numbers.
    """
    kind, schema, first_seq, commands, _ = content
    fields = (
        MAGIC, FORMAT_VERSION, kind, schema, commands, payload.nbytes, crc32(payload),
        epoch, batch_first_seq, first_seq, ts_ns, applied_seq,
    )  # fmt: skip
    if kind == NOTE:
        chain = previous_chain
    else:
        chain = next_chain(previous_chain, _FIELDS.pack(*fields, previous_chain), payload)
    checked = _FIELDS.pack(*fields, chain)
    return checked + blake2b(checked, key=journal_id, digest_size=32).digest(), chain


def decode_header(data: memoryview, at: int, journal_id: bytes) -> FrameHeader | None:
    """Return the header at `at`, or None where no header with the right magic and checksum stands.

    A header that is returned was written whole by a writer of this journal; whether it belongs here, and whether
    this code knows its version, is for the caller to check.
    """
    header = bytes(data[at : at + HEADER_BYTES])
    if header[:4] != MAGIC:
        return None
    checked = header[:_CHECKED_BYTES]
    hasher = _keyed(journal_id).copy()
    hasher.update(checked)
    if hasher.digest() != header[_CHECKED_BYTES:]:
        return None
    return _new(FrameHeader, _FIELDS.unpack(checked))


@lru_cache
def _keyed(journal_id: bytes) -> blake2b:
    return blake2b(key=journal_id, digest_size=32)


def unpack_frames(data: memoryview, at: int, count: int) -> list[Frame]:
    """Return so many frames, one behind the other from `at` on, which somebody has verified.

    Tuples are made at once here: a replay does it four thousand times for a million commands, and little else.
    """
    frames = []
    for _ in range(count):
        fields = _FIELDS.unpack_from(data, at)
        payload_end = at + HEADER_BYTES + fields[_PAYLOAD_BYTES]
        frames.append(_new(Frame, (_new(FrameHeader, fields), data[at + HEADER_BYTES : payload_end])))
        at = padded(payload_end)
    return frames
