"""Reads a journal directory by its own lights (journal/README.md): segments, frames, notes, checksums, chain."""

import json
import re
import struct
from collections.abc import Iterator
from hashlib import blake2b, sha256
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from .words import MESSAGES, NOTE, ROWS, Broken

SEGMENT = struct.Struct("<4sHH16sQQQQQ32s32s")
FRAME = struct.Struct("<4sHHIIIIQQQQQ32s32s")
SEGMENT_MAGIC, FRAME_MAGIC = b"TAPS", b"TAPF"
FORMAT_VERSION = 1
HEAD_BYTES = 4_096
HEADER_BYTES = 128
CHECKED_BYTES = 96
CHAINED_BYTES = 56
PAYLOAD_MAX = 65_408
SEAL, QUARANTINE = 1, 2
SEGMENT_NAME = re.compile(r"[0-9]{20}\.tape")


class Header(NamedTuple):
    """A frame's header, field by field."""

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
    header_checksum: bytes


class Frame(NamedTuple):
    """One verified frame."""

    header: Header
    payload: bytes


class Journal:
    """One pass over a journal: `frames()` yields what verifies; what it learned on the way stays here."""

    def __init__(self, directory: Path) -> None:
        self.paths = sorted(path for path in directory.iterdir() if SEGMENT_NAME.fullmatch(path.name))
        if not self.paths:
            raise Broken(f"{directory}: no segment")
        self.journal_id = b""
        self.created_ns = 0
        self.next_seq = 1
        self.chain = b""
        self.epoch = 0
        self.applied_seq = 0
        self.batch: Header | None = None
        """The header of the last frame of commands, until a note stands behind it."""
        self.quarantined: dict[int, str] = {}
        self.is_sealed = False
        self.torn = ""
        """What of a torn tail was left out, as a sentence."""

    def frames(self) -> Iterator[Frame]:
        """Yield every frame of commands. Raises Broken at the first byte that does not verify, but for a torn tail."""
        for path in self.paths:
            data = path.read_bytes()
            self.open_segment(path, data)
            at = HEAD_BYTES
            while at < len(data):
                frame, problem = self.frame_at(data, at)
                if frame is None:
                    self.end_segment(path, data, at, problem)
                    break
                at += padded(frame.header.payload_bytes)
                if frame.header.kind != NOTE:
                    yield frame

    def open_segment(self, path: Path, data: bytes) -> None:
        if len(data) < HEAD_BYTES:
            raise Broken(f"{path}: shorter than a segment's head")
        head = SEGMENT.unpack_from(data)
        magic, version, zero, journal_id, created_ns, first_seq, _, _, epoch, chain, checksum = head
        if not self.journal_id:
            self.journal_id = journal_id
            self.created_ns = created_ns
            self.chain = sha256(b"tape journal" + journal_id + struct.pack("<Q", created_ns)).digest()
        problems = [
            (magic != SEGMENT_MAGIC or version != FORMAT_VERSION or zero, "is no head of this format"),
            (checksum != keyed(self.journal_id, data[:CHECKED_BYTES]), "has a wrong checksum"),
            (any(data[HEADER_BYTES:HEAD_BYTES]), "has bytes where zeros belong"),
            ((journal_id, created_ns) != (self.journal_id, self.created_ns), "is another journal's"),
            (first_seq != self.next_seq or int(path.name[:20]) != first_seq, f"does not begin at {self.next_seq}"),
            (chain != self.chain, "does not continue the chain"),
            (epoch < self.epoch, "has an epoch that falls"),
        ]
        for is_wrong, problem in problems:
            if is_wrong:
                raise Broken(f"{path}: its head {problem}")
        self.epoch = epoch
        self.batch = None

    def frame_at(self, data: bytes, at: int) -> tuple[Frame | None, str]:
        """Return the frame at an offset and count it in, or None and what is wrong."""
        if at + HEADER_BYTES > len(data):
            return None, "no room for a header"
        header = Header._make(FRAME.unpack_from(data, at))
        raw = data[at : at + HEADER_BYTES]
        if not self.is_header(raw):
            return None, "no header"
        start = at + HEADER_BYTES
        payload = data[start : start + header.payload_bytes]
        padding = data[start + header.payload_bytes : at + padded(header.payload_bytes)]
        problem = self.wrong_header(header) or self.wrong_payload(header, payload, padding)
        if problem:
            return None, problem
        chain = self.chain if header.kind == NOTE else sha256(self.chain + raw[:CHAINED_BYTES] + payload).digest()
        if header.chain != chain:
            return None, "does not continue the chain"
        self.chain = chain
        self.count_in(header, payload)
        return Frame(header, payload), ""

    def is_header(self, raw: bytes) -> bool:
        return raw[:4] == FRAME_MAGIC and raw[CHECKED_BYTES:] == keyed(self.journal_id, raw[:CHECKED_BYTES])

    def wrong_header(self, header: Header) -> str:
        """What does not belong here, of a header whose own checksum is right."""
        is_note = header.kind == NOTE
        begins = header.batch_first_seq == header.first_seq
        continues = self.batch is not None and (header.batch_first_seq, header.ts_ns) == (
            self.batch.batch_first_seq,
            self.batch.ts_ns,
        )
        problems = [
            (header.format_version != FORMAT_VERSION, "another format version"),
            (header.kind not in (ROWS, MESSAGES, NOTE), "an unknown kind"),
            (header.payload_bytes > PAYLOAD_MAX, "too long"),
            (is_note != (header.commands == 0), "a wrong number of commands"),
            (is_note and header.schema not in (SEAL, QUARANTINE), "an unknown note"),
            (header.first_seq != self.next_seq, f"first_seq {header.first_seq} where {self.next_seq} belongs"),
            (not begins and (is_note or not continues), "a batch_first_seq of no batch here"),
            (header.applied_seq >= header.first_seq, "an applied_seq ahead of itself"),
            (header.epoch < self.epoch, "an epoch that falls"),
        ]
        return next((problem for is_wrong, problem in problems if is_wrong), "")

    @staticmethod
    def wrong_payload(header: Header, payload: bytes, padding: bytes) -> str:
        if len(payload) != header.payload_bytes or crc32(payload) != header.payload_checksum:
            return "a wrong payload checksum"
        if len(padding) != -header.payload_bytes % 8 or any(padding):
            return "bytes where zeros belong as padding"
        return ""

    def count_in(self, header: Header, payload: bytes) -> None:
        self.epoch = header.epoch
        self.next_seq += header.commands
        self.applied_seq = max(self.applied_seq, header.applied_seq)
        self.is_sealed = header.kind == NOTE and header.schema == SEAL
        self.batch = None if header.kind == NOTE else header
        if header.kind == NOTE and header.schema == QUARANTINE:
            self.count_quarantine(payload)

    def count_quarantine(self, payload: bytes) -> None:
        """A command is set aside only while nothing shows that it was applied."""
        note = json.loads(payload.decode())
        seq = note["seq"]
        if not 0 < seq < self.next_seq or (self.applied_seq >= seq and seq not in self.quarantined):
            raise Broken(f"command {seq} was quarantined, but was applied or did not exist")
        self.quarantined[seq] = note["reason"]

    def end_segment(self, path: Path, data: bytes, at: int, problem: str) -> None:
        """Tell the end, or a torn tail of the last segment, from corruption."""
        if not any(data[at:]):
            return
        found = f"{path} at {at}, seq {self.next_seq}: {problem}"
        if path != self.paths[-1]:
            raise Broken(f"corrupt: {found}")
        own = Header._make(FRAME.unpack_from(data, at)) if at + HEADER_BYTES <= len(data) else None
        if own is not None and self.is_header(data[at : at + HEADER_BYTES]):
            if self.wrong_header(own) or problem == "does not continue the chain":
                raise Broken(f"corrupt: {found}")
            batches = set() if own.kind == NOTE else {own.batch_first_seq}
            behind = at + padded(own.payload_bytes)
        else:
            batches = {self.next_seq} | ({self.batch.batch_first_seq} if self.batch else set())
            behind = at + 8
        later = set()
        for offset in range(behind, len(data) - HEADER_BYTES + 1, 8):
            if data[offset : offset + 4] == FRAME_MAGIC and self.is_header(data[offset : offset + HEADER_BYTES]):
                header = Header._make(FRAME.unpack_from(data, offset))
                later.add(-1 if header.kind == NOTE else header.batch_first_seq)
        if len(later) > 1 or not later <= batches:
            raise Broken(f"corrupt: {found}")
        self.torn = f"torn: {found}; the rest was never acknowledged"


def keyed(journal_id: bytes, data: bytes) -> bytes:
    return blake2b(data, key=journal_id, digest_size=32).digest()


def padded(payload_bytes: int) -> int:
    """How far one frame reaches."""
    return HEADER_BYTES + payload_bytes + -payload_bytes % 8
