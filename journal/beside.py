"""Owns putting batches on disk by a second process, while this one goes on with other work.

Hashing and writing on a thread takes turns with the core on Python's one lock, dozens of them for a large batch; here
the bytes are copied once into memory that both see, and the rest happens elsewhere. Where a segment begins, what is in
it and when it is full stay with the writer: the second process is told a file, an offset and the frames, and answers
with the chain value or with what failed. It also fills the next segment with zeros, and opens it where a batch is the
first in it: syncs the one before, writes the head, gives the name.

A few batches may be under way, in a slot of the memory each: the next one is hashed while the disk has the one before,
but is written only after that one's fdatasync, one write and one fdatasync for each. After a failure the second process
ends, so nothing that was handed over behind it is written.

The second process keeps off the processor on which its caller runs: else the scheduler puts it there whenever it is
woken from there, and the caller waits for it. And it moves the caller off the one that takes the disk's interrupts.

A process does not end in the middle of a write because its caller was killed. So the second one holds a lock of its
own, and who opens the journal next waits for it.
"""

from __future__ import annotations

import os
from _thread import start_new_thread
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple, NoReturn

from journal.disk import BUFFERS_MAX, REAL_DISK, Disk
from journal.frame import FrameContent, encode_header, padded
from journal.helper import Channel, Helper, HelperGone, Mapping
from journal.processors import Interrupts, allowed, interrupt_counts, keep_off, move_off
from journal.segment import Preparing, Segment, fill, give_name

SLOTS = 3
SLOT_BYTES = 2 * 1024 * 1024
# A batch of this size is worth starting the second process for.
BATCH_BYTES_MIN = 128 * 1024
PUT, PREPARE = range(2)
WRITTEN, FAILED, PREPARED = range(3)
OPENING = "opening the next segment"
# How many batches may pass before the second process asks again where its caller runs.
BATCHES_BETWEEN_LOOKS = 16


class Batch(NamedTuple):
    """Frames to be written one after another, their payloads as views of bytes, and what stands before them."""

    frames: Sequence[FrameContent]
    payloads: Sequence[memoryview]
    epoch: int
    ts_ns: int
    applied_seq: int
    chain: bytes
    journal_id: bytes


class PutFailed(Exception):
    """What the disk said, and at which step. What is on disk is not known."""

    def __init__(self, step: str, error: OSError) -> None:
        super().__init__(f"{step}: {error}")
        self.step = step
        self.error = error


def encode_batch(batch: Batch) -> tuple[list[bytes | memoryview], bytes]:
    """Return what to write, and the chain value after it."""
    chain = batch.chain
    buffers: list[bytes | memoryview] = []
    for frame, payload in zip(batch.frames, batch.payloads, strict=True):
        header, chain = encode_header(
            frame,
            payload,
            epoch=batch.epoch,
            batch_first_seq=batch.frames[0][2],
            ts_ns=batch.ts_ns,
            applied_seq=batch.applied_seq,
            previous_chain=chain,
            journal_id=batch.journal_id,
        )
        buffers += [header, payload]
        if payload.nbytes % 8:
            buffers.append(bytes(-payload.nbytes % 8))
    return buffers, chain


def put(disk: Disk, fd: int, batch: Batch, size: int, offset: int) -> bytes:
    """Write a batch of `size` bytes and make it durable; return the chain value after it. Raises PutFailed."""
    buffers, chain = encode_batch(batch)
    put_encoded(disk, fd, buffers, size, offset)
    return chain


def put_encoded(disk: Disk, fd: int, buffers: Sequence[bytes | memoryview], size: int, offset: int) -> None:
    """Write what `encode_batch` gave and make it durable. Raises PutFailed."""
    try:
        written = disk.append(fd, buffers, offset)
    except OSError as error:
        raise PutFailed("write", error) from error
    if written != size:
        raise PutFailed("write", OSError(0, f"only {written} of {size} bytes were taken"))
    try:
        disk.fdatasync(fd)
    except OSError as error:
        raise PutFailed("fdatasync", error) from error


class Beside:
    """The writer's side. What is begun is answered in its order, one `end` for each."""

    def __init__(self, disk: Disk, lock_path: Path) -> None:
        self._may_start = disk is REAL_DISK
        self._lock_path = lock_path
        self._helper: Helper | None = None
        self._memory: Mapping | None = None
        self._begun = self._ended = 0
        self._is_prepared: bool | None = None

    def begin(
        self,
        path: Path,
        batch: Batch,
        size: int,
        offset: int,
        prepared: Path | None = None,
        opens: Segment | None = None,
    ) -> bool:
        """Hand a batch over, if the second process is there and has room for it; returns whether it was.

        It goes into the segment at `path`, or, once that is synced, into the one that it `opens`, made of the file that
        is `prepared`. Behind another one under way its `chain` is empty, and that of `opens`: the second process knows
        it.
        """
        if self.is_full or size > SLOT_BYTES or 3 * len(batch.frames) > BUFFERS_MAX:
            return False
        if not self._is_there(may_start=size >= BATCH_BYTES_MIN):
            return False
        assert self._helper is not None
        assert self._memory is not None
        view = self._memory.view()
        heads = []
        at = start = self._begun % SLOTS * SLOT_BYTES
        for (kind, schema, first_seq, commands, _), payload in zip(batch.frames, batch.payloads, strict=True):
            view[at : at + payload.nbytes] = payload
            at += padded(payload.nbytes)
            heads.append((kind, schema, first_seq, commands, payload.nbytes))
        numbers = (size, offset, batch.epoch, batch.ts_ns, batch.applied_seq)
        opening = opens and (str(prepared), str(opens.path), *opens[1:])
        try:
            self._helper.channel.send(PUT, str(path), start, numbers, batch.chain, batch.journal_id, heads, opening)
        except HelperGone:
            # It did not get the whole message, so it has done nothing of it.
            if self._begun == self._ended:
                self.close()
            return False
        self._begun += 1
        return True

    @property
    def has_prepared(self) -> bool:
        """Whether it has said that the file which it was to make is whole."""
        return bool(self._is_prepared)

    @property
    def is_full(self) -> bool:
        """Whether as many are under way as may be."""
        return self._begun - self._ended == SLOTS

    def end(self) -> bytes:
        """Wait until the oldest batch under way is durable; return the chain value after it. Raises PutFailed."""
        self._ended += 1
        try:
            kind, *told = self._answer()
            while kind == PREPARED:
                kind, *told = self._answer()
        except HelperGone as error:
            raise PutFailed("write", OSError(0, "the process that wrote it has ended")) from error
        if kind == WRITTEN:
            chain: bytes = told[0]
            return chain
        step, number, text = told
        raise PutFailed(step, OSError(number, text))

    def prepare(self, path: Path, size: int) -> Preparing | None:
        """Have a file of zeros made by the second process; None where there is none.

        What is returned may be called while nothing is under way; it waits, and tells whether the file is whole.
        """
        self._is_prepared = None
        if not self._is_there(may_start=False):
            return None
        assert self._helper is not None
        try:
            self._helper.channel.send(PREPARE, str(path), size)
        except HelperGone:
            return None

        def preparing() -> bool:
            try:
                while self._is_prepared is None and self._helper is not None:
                    self._answer()
            except HelperGone:
                return False
            return bool(self._is_prepared)

        return preparing

    def _answer(self) -> tuple[Any, ...]:
        """The next message; what it tells of a file being prepared is noted. Raises HelperGone."""
        assert self._helper is not None
        answer = self._helper.channel.receive()
        if answer[0] == PREPARED:
            self._is_prepared = answer[1]
        return answer

    @property
    def answers(self) -> int:
        """The descriptor that becomes readable with each answer; -1 where there is no second process."""
        return -1 if self._helper is None else self._helper.channel.reads

    def close(self) -> None:
        """End the second process."""
        self._may_start = False
        self._memory = None
        if self._helper is not None:
            self._helper.close()
            self._helper = None

    def start(self) -> None:
        """Start the second process, where one may be started, and wait for it."""
        while not self._is_there(may_start=True) and self._helper is not None:
            self._helper.channel.wait()

    def _is_there(self, *, may_start: bool) -> bool:
        if self._helper is None and self._may_start and may_start:
            self._may_start = False
            try:
                self._helper = Helper(__name__, SLOTS * SLOT_BYTES)
                self._helper.channel.send(str(self._lock_path))
            except (OSError, HelperGone):
                self.close()
        if self._memory is None and self._helper is not None and self._helper.channel.has_message:
            try:
                self._helper.channel.receive()
                self._memory = Mapping(self._helper.memory, 0, SLOTS * SLOT_BYTES, writes=True)
            except (OSError, HelperGone):
                self.close()
        return self._memory is not None


class Opening(NamedTuple):
    """In the second process: the segment in which a batch is the first, and the file that is to become it."""

    fd: int
    prepared: Path
    segment: Segment


class Encoded(NamedTuple):
    """In the second process: a batch that is hashed and waits for the disk. `fd` is the segment before it."""

    fd: int
    opening: Opening | None
    buffers: list[bytes | memoryview]
    size: int
    offset: int
    chain: bytes


def serve(channel: Channel, memory: int) -> None:
    """What the second process does: hash on this thread, write on another, so that neither waits for the other."""
    view = Mapping(memory, 0, SLOTS * SLOT_BYTES, writes=True).view()
    # Held until this process ends.
    lock = REAL_DISK.lock_beside(Path(channel.receive()[0]))
    interrupts = Interrupts(interrupt_counts(lock))
    channel.send("ready")
    encoded: SimpleQueue[Encoded] = SimpleQueue()
    among = allowed()
    start_new_thread(write_all, (channel, encoded, among))
    path, fd, last_chain = "", -1, b""
    for number in count():
        kind, wanted, *told = channel.receive()
        if number % BATCHES_BETWEEN_LOOKS == 0:
            move_off(os.getppid(), interrupts.taken_by())
            keep_off(os.getppid(), among)
        if kind == PREPARE:
            start_new_thread(prepare, (channel, Path(wanted), told[0], among))
            continue
        start, numbers, chain, journal_id, heads, opens = told
        chain = chain or last_chain
        opening = None
        try:
            if wanted != path:
                fd, path = REAL_DISK.open_write(Path(wanted)), wanted
            before = fd
            if opens:
                prepared, path, *fields = opens
                fd = REAL_DISK.open_write(Path(prepared))
                opening = Opening(fd, Path(prepared), Segment(Path(path), *fields)._replace(chain=chain))
        except OSError as error:
            fail(channel, "open", error)
        size, offset, epoch, ts_ns, applied_seq = numbers
        batch = Batch(*taken(view, start, heads), epoch, ts_ns, applied_seq, chain, journal_id)
        buffers, last_chain = encode_batch(batch)
        encoded.put(Encoded(before, opening, buffers, size, offset, last_chain))


def write_all(channel: Channel, encoded: SimpleQueue[Encoded], among: set[int]) -> None:
    """Write batch after batch, each once the one before is durable, and say so."""
    fd = -1
    for number in count():
        batch = encoded.get()
        if number % BATCHES_BETWEEN_LOOKS == 0:
            keep_off(os.getppid(), among)
        if batch.fd != fd >= 0:
            REAL_DISK.close(fd)
        fd = batch.fd
        try:
            if batch.opening is not None:
                open_next(fd, batch.opening)
                fd = batch.opening.fd
            put_encoded(REAL_DISK, fd, batch.buffers, batch.size, batch.offset)
            channel.send(WRITTEN, batch.chain)
        except PutFailed as failure:
            fail(channel, failure.step, failure.error)
        except HelperGone:
            os._exit(0)


def open_next(fd: int, opening: Opening) -> None:
    """Sync the segment that is full, then open the next. Raises PutFailed."""
    try:
        REAL_DISK.fsync(fd)
        give_name(REAL_DISK, opening.fd, opening.prepared, opening.segment)
        REAL_DISK.close(fd)
    except OSError as error:
        raise PutFailed(OPENING, error) from error


def prepare(channel: Channel, path: Path, size: int, among: set[int]) -> None:
    """Make a file of zeros, and say whether it is whole."""

    def goes_on() -> bool:
        keep_off(os.getppid(), among)
        return True

    with suppress(HelperGone):
        try:
            REAL_DISK.close(fill(REAL_DISK, path, size, goes_on))
        except OSError:
            channel.send(PREPARED, False)
        else:
            channel.send(PREPARED, True)


def fail(channel: Channel, step: str, error: OSError) -> NoReturn:
    """Say what failed, and end at once: nothing more may be written."""
    try:
        channel.send(FAILED, step, error.errno, error.strerror)
    finally:
        os._exit(1)


def taken(view: memoryview, start: int, heads: list[Any]) -> tuple[list[FrameContent], list[memoryview]]:
    """Return the frames and payloads that were handed over."""
    frames: list[FrameContent] = []
    payloads = []
    at = start
    for kind, schema, first_seq, commands, length in heads:
        payload = view[at : at + length]
        at += padded(length)
        frames.append((kind, schema, first_seq, commands, payload))
        payloads.append(payload)
    return frames, payloads
