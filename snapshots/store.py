"""Owns the files of snapshots: their bytes, their names, which of them is good, how long they are kept.

`%020d.snapshot` is named by the seq after which the state stood so. Header (128 bytes, little-endian), body, checksum:

    offset  size  field
         0     4  magic         b"TAPN"
         4     2  version       1
         6     2  zero
         8     8  seq           the last command that the state contains
        16     8  created_ns    time stamp in force
        24     8  body_bytes    length of the body
        32     8  state_bytes   how much of the body, from its beginning, is the canonical encoding of the state
        40     8  zero
        48    16  journal_id    the journal that it belongs to
        64    32  chain         that journal's chain value after seq
        96    32  state_hash    SHA-256 of the body's first state_bytes
       128        body          the state, then whatever is carried with it
       ...    32  checksum      SHA-256 of the body, then the header

The header is hashed after the body because its fields are known last: one pass over the body gives state hash and
checksum both. It is also written last, so a file cut short by a crash begins with zeros.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

MAGIC = b"TAPN"
VERSION = 1
HEADER_BYTES = 128
CHECKSUM_BYTES = 32
PART_SUFFIX = ".part"

_FIELDS = struct.Struct("<4sHHQQQQQ16s32s32s")
assert _FIELDS.size == HEADER_BYTES
_NAME = re.compile(r"[0-9]{20}\.snapshot")
# What the disk is given at once: the journal's own fdatasync on the same disk waits for no more than that.
_WRITE_BYTES = 256 * 1024
_READ_BYTES = 4 * 1024 * 1024

# A piece of the body, and whether it belongs to the state. All pieces of the state come first.
Section = tuple[bytes | bytearray | memoryview, bool]


class InvalidSnapshot(Exception):
    """A file that does not verify, or belongs to another journal. Nothing on disk was changed."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"invalid snapshot {path}: {reason}")


class Header(NamedTuple):
    """What a snapshot says about itself; the module's first lines say what each field is."""

    seq: int
    created_ns: int
    body_bytes: int
    state_bytes: int
    journal_id: bytes
    chain: bytes
    state_hash: bytes


class Snapshot(NamedTuple):
    """A verified snapshot. `state` and `rest` are views into one buffer."""

    path: Path
    header: Header
    state: memoryview
    rest: memoryview


def snapshot_path(directory: Path, seq: int) -> Path:
    return directory / f"{seq:020d}.snapshot"


def list_snapshots(directory: Path) -> list[Path]:
    """Return all published snapshots, oldest first; none where the directory is missing."""
    if not directory.is_dir():
        return []
    return [directory / name for name in sorted(os.listdir(directory)) if _NAME.fullmatch(name)]


def encode_header(header: Header) -> bytes:
    return _FIELDS.pack(
        MAGIC, VERSION, 0, header.seq, header.created_ns, header.body_bytes, header.state_bytes, 0,
        header.journal_id, header.chain, header.state_hash,
    )  # fmt: skip


def write(
    fd: int, sections: Iterable[Section], *, seq: int, created_ns: int, journal_id: bytes, chain: bytes
) -> Header:
    """Write a whole snapshot to an empty file and return when it is durable (its name is not: see `publish`).

    Raises OSError, and ValueError for a piece of the state after one that is not.
    """
    if len(journal_id) != 16 or len(chain) != 32:
        raise ValueError(f"a journal id of {len(journal_id)} bytes and a chain value of {len(chain)}")
    digest = sha256()
    state_hash = b""
    state_bytes = 0
    body = _Body(fd)
    in_state = True
    for piece, is_state in sections:
        if is_state and not in_state:
            raise ValueError("a piece of the state after one that is not")
        if in_state and not is_state:
            in_state = False
            state_hash = digest.digest()
            state_bytes = body.size
        view = memoryview(piece).cast("B")
        digest.update(view)
        body.add(view)
    if in_state:
        state_hash = digest.digest()
        state_bytes = body.size
    header = Header(seq, created_ns, body.size, state_bytes, journal_id, chain, state_hash)
    encoded = encode_header(header)
    digest.update(encoded)
    body.flush()
    _write_all(fd, digest.digest(), HEADER_BYTES + body.size)
    _write_all(fd, encoded, 0)
    os.fsync(fd)
    return header


class _Body:
    """Gathers small pieces into large writes, and has the disk take them a part at a time."""

    def __init__(self, fd: int) -> None:
        self.size = 0
        self._fd = fd
        self._waiting = bytearray()
        self._written = 0

    def add(self, view: memoryview) -> None:
        self.size += view.nbytes
        for start in range(0, view.nbytes, _WRITE_BYTES):
            self._waiting += view[start : start + _WRITE_BYTES]
            if len(self._waiting) >= _WRITE_BYTES:
                self.flush()

    def flush(self) -> None:
        _write_all(self._fd, self._waiting, HEADER_BYTES + self._written)
        self._written += len(self._waiting)
        self._waiting = bytearray()
        os.fdatasync(self._fd)


def _write_all(fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
    view = memoryview(data)
    while view:
        taken = os.pwrite(fd, view, offset)
        view = view[taken:]
        offset += taken


def publish(part: Path, path: Path) -> None:
    """Give a finished, durable file its name, durably."""
    os.rename(part, path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def load(path: Path) -> Snapshot:
    """Read a snapshot and verify every byte of it; raise InvalidSnapshot, FileNotFoundError."""
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        encoded = file.read(HEADER_BYTES)
        header = _checked_header(path, encoded, size)
        body = bytearray(header.body_bytes)
        view = memoryview(body)
        digest = sha256()
        state_hash = digest.digest()
        at = 0
        while at < len(body):
            # One read ends where the state ends, so that its hash can be taken from the running one.
            stop = min(at + _READ_BYTES, len(body) if at >= header.state_bytes else header.state_bytes)
            taken = file.readinto(view[at:stop])
            if not taken:
                raise InvalidSnapshot(path, "the file became shorter while it was read")
            digest.update(view[at : at + taken])
            at += taken
            if at == header.state_bytes:
                state_hash = digest.digest()
        digest.update(encoded)
        if file.read(CHECKSUM_BYTES) != digest.digest():
            raise InvalidSnapshot(path, "the checksum is wrong")
    if state_hash != header.state_hash:
        raise InvalidSnapshot(path, "the state hash is not that of the state")
    view = view.toreadonly()
    return Snapshot(path, header, view[: header.state_bytes], view[header.state_bytes :])


def _checked_header(path: Path, encoded: bytes, size: int) -> Header:
    """Return the header where name, magic, version and lengths fit; raise InvalidSnapshot."""
    if len(encoded) < HEADER_BYTES or encoded[:4] != MAGIC:
        raise InvalidSnapshot(path, "there is no header")
    _, version, _, seq, created_ns, body_bytes, state_bytes, _, journal_id, chain, state_hash = _FIELDS.unpack(encoded)
    if version != VERSION:
        raise InvalidSnapshot(path, f"version {version}, this code reads {VERSION}")
    if size != HEADER_BYTES + body_bytes + CHECKSUM_BYTES or state_bytes > body_bytes:
        raise InvalidSnapshot(path, f"{size} bytes, its header speaks of {body_bytes} with {state_bytes} of state")
    if _NAME.fullmatch(path.name) and seq != int(path.name[:20]):
        raise InvalidSnapshot(path, f"its header says seq {seq}")
    return Header(seq, created_ns, body_bytes, state_bytes, journal_id, chain, state_hash)


def read_header(path: Path) -> Header:
    """Return the header without reading the body; raise InvalidSnapshot, FileNotFoundError."""
    with open(path, "rb", buffering=0) as file:
        return _checked_header(path, file.read(HEADER_BYTES), os.fstat(file.fileno()).st_size)


def newest_valid(
    directory: Path,
    journal_id: bytes,
    *,
    max_seq: int | None = None,
    on_invalid: Callable[[InvalidSnapshot], None] | None = None,
) -> Snapshot | None:
    """Return the newest snapshot of this journal that verifies, None where there is none.

    Those that do not verify are handed to `on_invalid`, newest first, and left where they are. Those above `max_seq`
    are passed over in silence.
    """
    for path in reversed(list_snapshots(directory)):
        if max_seq is not None and int(path.name[:20]) > max_seq:
            continue
        try:
            snapshot = load(path)
            if snapshot.header.journal_id != journal_id:
                raise InvalidSnapshot(path, "it belongs to another journal")
            return snapshot
        except InvalidSnapshot as error:
            if on_invalid is not None:
                on_invalid(error)
    return None


def retain(directory: Path, keep: int) -> list[Path]:
    """Remove all but the newest `keep` snapshots; return what was removed.

    A file whose header or length is wrong counts for nothing: it is neither kept for a good one nor removed.
    """
    if keep < 1:
        raise ValueError(f"keep is at least 1, not {keep}")
    sound = []
    for path in list_snapshots(directory):
        try:
            read_header(path)
        except InvalidSnapshot:
            continue
        sound.append(path)
    removed = sound[:-keep]
    for path in removed:
        os.unlink(path)
    if removed:
        sync_directory(directory)
    return removed


def sweep(directory: Path) -> list[Path]:
    """Remove what writers that died left behind; return it. For the start, before any writer runs."""
    leftovers = list(directory.glob(f"*.snapshot{PART_SUFFIX}")) if directory.is_dir() else []
    for path in leftovers:
        os.unlink(path)
    return leftovers
