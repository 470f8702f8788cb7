"""Owns writing: a batch is one write and one fdatasync; after a failure nothing more is written.

A failed write or fsync leaves the disk in a state that nobody knows: pages may be dropped while later reads still show
them. So the writer refuses everything after, and the process is expected to stop; the next start finds out what is
there.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, NoReturn, Self

from journal.beside import OPENING, Batch, Beside, PutFailed, put
from journal.disk import REAL_DISK, Disk
from journal.errors import BatchRefused, CorruptJournal, JournalError, JournalUnusable
from journal.frame import (
    HEADER_BYTES,
    MESSAGES,
    NOTE,
    PAYLOAD_BYTES_MAX,
    ROWS,
    SEAL,
    SEQ_MAX,
    FrameContent,
    Payload,
    encode_header,
    genesis_chain,
    padded,
)
from journal.repair import Torn, cut, write_again
from journal.scan import Position, judge, read_frames
from journal.segment import (
    JOURNAL_ID_BYTES,
    SEGMENT_BYTES_DEFAULT,
    SEGMENT_BYTES_MIN,
    SEGMENT_HEADER_BYTES,
    Segment,
    Spare,
    give_name,
    read_segments,
    segment_path,
)

LOCK_NAME = "LOCK"


class Appended(NamedTuple):
    """A durable batch: the seq of its last command and the chain value after it."""

    last_seq: int
    chain: bytes


class Ahead(NamedTuple):
    """A batch under way in the second process, and where the journal stands when it is durable; for the first batch of
    a segment, which that is.
    """

    first_seq: int
    next_seq: int
    end_offset: int
    ts_ns: int
    applied_seq: int
    opens: Segment | None = None


class Journal:
    """A journal opened for writing, by one process at a time.

    Calls may come from any thread and wait for each other. `append` and `note` block until the disk has answered.
    What is begun instead is written by a second process (journal/beside.py), a few batches at a time; `end` takes its
    answers in the same order, and nothing else may be written before the last of them.
    """

    def __init__(self, disk: Disk, lock: int, segment: Segment, fd: int, position: Position) -> None:
        """For `create` and `open_for_append` only."""
        self.directory = segment.path.parent
        self.torn: Torn | None = None
        self._disk = disk
        self._lock = lock
        self._segment = segment
        self._segment_bytes = segment.segment_bytes
        self._fd = fd
        self._position = position
        self._spare = Spare(disk, self.directory, self._segment_bytes)
        self._beside = Beside(disk, self.directory / LOCK_NAME)
        self._begun: deque[Ahead] = deque()
        # Where the next batch that is begun goes: not `_segment` while one is under way that opens the next.
        self._ahead = segment
        self._unsynced = False
        self._unusable: str | None = None
        self._closed = False
        self._mutex = threading.Lock()

    @classmethod
    def create(
        cls,
        directory: Path,
        *,
        created_ns: int,
        segment_bytes: int = SEGMENT_BYTES_DEFAULT,
        epoch: int = 0,
        journal_id: bytes | None = None,
        disk: Disk = REAL_DISK,
    ) -> Self:
        """Make a new journal and open it. Its first command has seq 1.

        `journal_id` is drawn at random unless given (a simulator gives it). Raises FileExistsError where a journal is
        already; JournalLocked; JournalError.
        """
        journal_id = os.urandom(JOURNAL_ID_BYTES) if journal_id is None else journal_id
        if len(journal_id) != JOURNAL_ID_BYTES:
            raise ValueError(f"a journal id has {JOURNAL_ID_BYTES} bytes, not {len(journal_id)}")
        _check_segment_bytes(segment_bytes)
        chain = genesis_chain(journal_id, created_ns)
        path = segment_path(directory, 1)
        segment = Segment(path, journal_id, created_ns, 1, created_ns, segment_bytes, epoch, chain)
        try:
            with ExitStack() as undo:
                disk.make_directory(directory)
                lock = disk.lock(directory / LOCK_NAME)
                undo.callback(disk.unlock, lock)
                if any(name.endswith(".tape") for name in disk.list(directory)):
                    raise FileExistsError(f"there is a journal in {directory} already")
                spare = Spare(disk, directory, segment_bytes)
                fd = spare.take()
                give_name(disk, fd, spare.path, segment)
                undo.pop_all()
        except FileExistsError:
            raise
        except OSError as error:
            raise JournalError("create", path, 0, error) from error
        return cls(disk, lock, segment, fd, Position(segment))

    @classmethod
    def open_for_append(
        cls, directory: Path, *, segment_bytes: int | None = None, epoch: int | None = None, disk: Disk = REAL_DISK
    ) -> Self:
        """Open an existing journal where it ends; cut a torn tail and keep it beside (`torn` says so).

        `segment_bytes` is the size of further segments (default: that of the last one). The last segment is verified
        whole; those before it when they are read. Raises CorruptJournal (nothing changed), JournalLocked,
        JournalError, FileNotFoundError.
        """
        if segment_bytes is not None:
            _check_segment_bytes(segment_bytes)
        if not any(name.endswith(".tape") for name in disk.list(directory)):
            raise FileNotFoundError(f"there is no journal in {directory}")
        with ExitStack() as undo:
            lock = disk.lock(directory / LOCK_NAME)
            undo.callback(disk.unlock, lock)
            try:
                journal = cls._open_last(disk, lock, directory)
            except OSError as error:
                raise JournalError("open", directory, 0, error) from error
            undo.pop_all()
        if segment_bytes is not None:
            journal._segment_bytes = segment_bytes
            journal._spare = Spare(disk, directory, segment_bytes)
        if epoch is not None:
            if epoch < journal.epoch:
                journal.close()
                raise ValueError(f"epoch {epoch} is below the journal's {journal.epoch}")
            journal._position.epoch = epoch
        return journal

    @classmethod
    def _open_last(cls, disk: Disk, lock: int, directory: Path) -> Self:
        segment = read_segments(disk, directory)[-1]
        with ExitStack() as undo:
            fd = disk.open_write(segment.path)
            undo.callback(disk.close, fd)
            position = Position(segment)
            for _ in read_frames(disk, fd, segment, position):
                pass
            verdict = judge(disk, fd, segment, position, is_last=True)
            if verdict.corruption is not None:
                raise CorruptJournal(segment.path, position.offset, position.next_seq, verdict.corruption)
            journal = cls(disk, lock, segment, fd, position)
            if verdict.torn_bytes:
                journal.torn = cut(disk, fd, segment.path, position.offset, verdict.torn_bytes)
            write_again(disk, fd, position)
            disk.sync_directory(directory)
            undo.pop_all()
        return journal

    @property
    def journal_id(self) -> bytes:
        return self._segment.journal_id

    @property
    def created_ns(self) -> int:
        """Creation time of the journal."""
        return self._segment.journal_created_ns

    @property
    def next_seq(self) -> int:
        """The seq of the first command of the next batch."""
        return self._begun[-1].next_seq if self._begun else self._position.next_seq

    @property
    def chain(self) -> bytes:
        """The chain value after the last command."""
        return self._position.chain

    @property
    def epoch(self) -> int:
        return self._position.epoch

    @property
    def ts_ns(self) -> int:
        """The stamp of the last frame, or of the creation of the segment where it has none."""
        return self._position.ts_ns

    def begin(self, frames: Sequence[FrameContent], ts_ns: int, applied_seq: int) -> bool:
        """Begin to append a batch behind those begun before, if the second process can take it; `end` must follow.

        Returns: whether it did. Where it did not, end what is under way, then try again or `append`: as many are under
                 way as may be, or there is no second process (a large batch starts it), or the segment is full and
                 the next one not ready.
        Raises:  BatchRefused, JournalUnusable.
        """
        with self._mutex:
            self._check_usable()
            if self._beside.is_full:
                return False
            position = self._position
            offset, next_seq, chain = position.offset, position.next_seq, position.chain
            if self._begun:
                offset, next_seq, chain = self._begun[-1].end_offset, self._begun[-1].next_seq, b""
            payloads, size = self._check_batch(frames, ts_ns, applied_seq, next_seq)
            segment, opens = self._ahead, None
            if offset + size > segment.segment_bytes and next_seq > segment.first_seq:
                if self._unsynced or segment is not self._segment or not self._beside.has_prepared:
                    return False
                opens = self._following(next_seq, ts_ns, chain)
                offset = SEGMENT_HEADER_BYTES
            elif segment is self._segment:
                self._spare.start(self._beside.prepare)
            batch = Batch(frames, payloads, position.epoch, ts_ns, applied_seq, chain, self.journal_id)
            if not self._beside.begin(segment.path, batch, size, offset, self._spare.path, opens):
                return False
            if opens is not None:
                self._ahead = opens
                self._spare.give_away()
            self._begun.append(
                Ahead(frames[0][2], frames[-1][2] + frames[-1][3], offset + size, batch.ts_ns, applied_seq, opens)
            )
            return True

    def end(self) -> Appended:
        """Wait until the oldest batch that was begun is durable. JournalError after which the journal is unusable."""
        with self._mutex:
            self._check_usable()
            try:
                chain = self._beside.end()
            except PutFailed as failure:
                self._fail(failure.step, self._position.offset, failure.error)
            batch = self._begun.popleft()
            if batch.opens is not None:
                try:
                    fd = self._disk.open_write(batch.opens.path)
                except OSError as error:
                    self._fail(OPENING, self._position.offset, error)
                self._go_on_in(batch.opens._replace(chain=self._position.chain), fd)
                self._spare.start(self._beside.prepare)
            return self._advance(batch, chain)

    @property
    def answers(self) -> int:
        """A descriptor that is readable while `end` would not wait; -1 where there is no second process."""
        return self._beside.answers

    def start_beside(self) -> None:
        """Start the second process now and wait for it; else the first large batch starts it, and does not wait."""
        with self._mutex:
            self._beside.start()

    def append(self, frames: Sequence[FrameContent], ts_ns: int, applied_seq: int) -> Appended:
        """Write one batch of frames (kind, schema, first_seq, commands, payload) and return when it is durable.

        A payload has at most PAYLOAD_BYTES_MAX bytes. A batch is never split over segments.
        Raises BatchRefused or JournalUnusable before anything is written; JournalError after which the journal is
        unusable.
        """
        with self._mutex:
            self._check_free()
            position = self._position
            payloads, size = self._check_batch(frames, ts_ns, applied_seq, position.next_seq)
            if position.offset + size > self._segment.segment_bytes and position.next_seq > self._segment.first_seq:
                self._roll(ts_ns)
                position = self._position
            self._spare.start(self._beside.prepare)
            batch = Batch(frames, payloads, position.epoch, ts_ns, applied_seq, position.chain, self.journal_id)
            try:
                chain = put(self._disk, self._fd, batch, size, position.offset)
            except PutFailed as failure:
                self._fail(failure.step, position.offset, failure.error)
            next_seq = frames[-1][2] + frames[-1][3]
            return self._advance(Ahead(frames[0][2], next_seq, position.offset + size, ts_ns, applied_seq), chain)

    def _advance(self, batch: Ahead, chain: bytes) -> Appended:
        """A batch is durable."""
        position = self._position
        position.batch_first_seq, position.next_seq, position.offset, position.ts_ns, position.applied_seq, _ = batch
        position.chain = chain
        position.sealed = False
        self._unsynced = False
        return Appended(batch.next_seq - 1, chain)

    def seal(self, *, ts_ns: int | None = None, applied_seq: int | None = None) -> bool:
        """Say on disk that all before was durable, without an fsync; return whether there was anything to seal.

        For after 100 ms idle, and before closing. Stamp and applied_seq default to those of the last batch.
        """
        with self._mutex:
            self._check_free()
            if self._position.sealed:
                return False
            self._write_note(SEAL, b"", ts_ns, applied_seq)
            return True

    def note(self, note_type: int, payload: bytes, *, ts_ns: int | None = None, applied_seq: int | None = None) -> None:
        """Write a note and return when it is durable. It takes no seq and does not change the chain."""
        with self._mutex:
            self._check_free()
            if len(payload) > PAYLOAD_BYTES_MAX:
                raise BatchRefused(f"a note of {len(payload)} bytes, allowed are {PAYLOAD_BYTES_MAX}")
            if self._unsynced:
                # Else a crash could lose the seal before this note and keep the note: that would look like corruption.
                self._sync()
            self._write_note(note_type, payload, ts_ns, applied_seq)
            self._sync()

    def close(self) -> None:
        """Seal, close the file, give the lock back. Closing twice, or after a failure, is harmless."""
        with self._mutex:
            if self._closed:
                return
            try:
                with suppress(PutFailed):
                    for _ in self._begun:
                        self._unusable = self._unusable or "it was closed with a batch begun"
                        self._beside.end()
                if self._unusable is None and not self._position.sealed:
                    self._write_note(SEAL, b"", None, None)
            finally:
                self._closed = True
                self._unusable = self._unusable or "it was closed"
                try:
                    self._beside.close()
                    self._spare.close()
                    self._disk.close(self._fd)
                finally:
                    self._disk.unlock(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_usable(self) -> None:
        if self._unusable is not None:
            raise JournalUnusable(f"the journal in {self.directory} takes nothing more: {self._unusable}")

    def _check_free(self) -> None:
        self._check_usable()
        if self._begun:
            raise JournalUnusable(f"the journal in {self.directory} takes nothing else: a batch has begun")

    def _check_batch(
        self, frames: Sequence[FrameContent], ts_ns: int, applied_seq: int, next_seq: int
    ) -> tuple[list[memoryview], int]:
        """Return the payloads and the size of the batch on disk; raise BatchRefused."""
        payloads = [memoryview(frame[4]).cast("B") for frame in frames]
        if not frames:
            raise BatchRefused("a batch without frames")
        if not 0 <= applied_seq < next_seq:
            raise BatchRefused(f"applied_seq {applied_seq} in a batch that begins at {next_seq}")
        if not 0 <= ts_ns <= SEQ_MAX:
            raise BatchRefused(f"ts_ns {ts_ns} is outside 0 .. 2^63 - 1")
        size = 0
        for (kind, schema, first_seq, commands, _), payload in zip(frames, payloads, strict=True):
            if kind not in (ROWS, MESSAGES) or not 0 <= schema < 2**32:
                raise BatchRefused(f"kind {kind}, schema {schema}")
            if first_seq != next_seq or not 1 <= commands < 2**32 or first_seq + commands > SEQ_MAX:
                raise BatchRefused(f"a frame of {commands} commands from seq {first_seq}, expected from {next_seq}")
            if payload.nbytes > PAYLOAD_BYTES_MAX:
                raise BatchRefused(f"a payload of {payload.nbytes} bytes, allowed are {PAYLOAD_BYTES_MAX}")
            next_seq += commands
            size += HEADER_BYTES + padded(payload.nbytes)
        room = min(self._segment.segment_bytes, self._segment_bytes) - SEGMENT_HEADER_BYTES
        if size > room:
            raise BatchRefused(f"a batch of {size} bytes does not fit into a segment, which has {room}")
        return payloads, size

    def _write_note(self, note_type: int, payload: Payload, ts_ns: int | None, applied_seq: int | None) -> None:
        position = self._position
        seq = position.next_seq
        ts_ns = position.ts_ns if ts_ns is None else ts_ns
        applied_seq = position.applied_seq if applied_seq is None else applied_seq
        if not 0 <= applied_seq < seq or not 0 <= ts_ns <= SEQ_MAX:
            raise BatchRefused(f"a note with ts_ns {ts_ns} and applied_seq {applied_seq} before seq {seq}")
        view = memoryview(payload)
        header, _ = encode_header(
            (NOTE, note_type, seq, 0, payload),
            view,
            epoch=position.epoch,
            batch_first_seq=seq,
            ts_ns=ts_ns,
            applied_seq=applied_seq,
            previous_chain=position.chain,
            journal_id=self._segment.journal_id,
        )
        size = HEADER_BYTES + padded(len(payload))
        # A note never opens a segment, which would have no command to be named by: it may grow the file instead.
        self._write([header, view, bytes(-len(payload) % 8)], size)
        position.offset += size
        position.ts_ns = ts_ns
        position.applied_seq = applied_seq
        position.sealed = True

    def _write(self, buffers: list[bytes | memoryview], size: int) -> None:
        offset = self._position.offset
        try:
            written = self._disk.append(self._fd, buffers, offset)
        except OSError as error:
            self._fail("write", offset, error)
        if written != size:
            self._fail("write", offset, OSError(0, f"only {written} of {size} bytes were taken"))
        self._unsynced = True

    def _sync(self) -> None:
        try:
            self._disk.fdatasync(self._fd)
        except OSError as error:
            self._fail("fdatasync", self._position.offset, error)
        self._unsynced = False

    def _fail(self, step: str, offset: int, error: OSError) -> NoReturn:
        failure = JournalError(step, self._segment.path, offset, error)
        self._unusable = str(failure)
        raise failure from error

    def _roll(self, ts_ns: int) -> None:
        """Sync this segment, then open the next."""
        position = self._position
        try:
            self._disk.fsync(self._fd)
        except OSError as error:
            self._fail("fsync", position.offset, error)
        segment = self._following(position.next_seq, ts_ns, position.chain)
        try:
            fd = self._spare.take()
            give_name(self._disk, fd, self._spare.path, segment)
        except OSError as error:
            self._fail(OPENING, position.offset, error)
        self._go_on_in(segment, fd)

    def _following(self, first_seq: int, ts_ns: int, chain: bytes) -> Segment:
        """The segment behind the present one."""
        return self._segment._replace(
            path=segment_path(self.directory, first_seq),
            first_seq=first_seq,
            created_ns=ts_ns,
            segment_bytes=self._segment_bytes,
            epoch=self._position.epoch,
            chain=chain,
        )

    def _go_on_in(self, segment: Segment, fd: int) -> None:
        """Write to the next segment from now on."""
        position = self._position
        try:
            self._disk.close(self._fd)
        except OSError as error:
            self._fail(OPENING, position.offset, error)
        self._fd = fd
        self._segment = self._ahead = segment
        self._position = Position(segment)
        self._position.applied_seq = position.applied_seq
        self._unsynced = False


def _check_segment_bytes(segment_bytes: int) -> None:
    if segment_bytes < SEGMENT_BYTES_MIN or segment_bytes % 8:
        raise ValueError(f"segment_bytes is a multiple of 8 from {SEGMENT_BYTES_MIN}, not {segment_bytes}")
