"""Owns putting a large batch on disk by a second process, while this one goes on with other work.

Hashing and writing on a thread takes turns with the core on Python's one lock, dozens of them for a large batch; here
the bytes are copied once into memory that both see, and the rest happens elsewhere. Where a segment begins, what is in
it and when it is full stay with the writer: the second process is told a file, an offset and the frames, does one write
and one fdatasync, and answers with the chain value or with what failed.

A process does not end in the middle of a write because its caller was killed. So the second one holds a lock of its
own, and who opens the journal next waits for it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from journal.disk import BUFFERS_MAX, REAL_DISK, Disk
from journal.frame import FrameContent, encode_header, padded
from journal.helper import Channel, Helper, HelperGone, Mapping

MEMORY_BYTES = 4 * 1024 * 1024
# From here on the copy and the two messages cost less than the turns.
BATCH_BYTES_MIN = 128 * 1024
WRITTEN, FAILED = range(2)


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
    try:
        written = disk.write(fd, buffers, offset)
    except OSError as error:
        raise PutFailed("write", error) from error
    if written != size:
        raise PutFailed("write", OSError(0, f"only {written} of {size} bytes were taken"))
    try:
        disk.fdatasync(fd)
    except OSError as error:
        raise PutFailed("fdatasync", error) from error
    return chain


class Beside:
    """The writer's side. Started by the first large batch, which is not kept waiting for it."""

    def __init__(self, disk: Disk, lock_path: Path) -> None:
        self._may_start = disk is REAL_DISK
        self._lock_path = lock_path
        self._helper: Helper | None = None
        self._memory: Mapping | None = None

    def begin(self, path: Path, batch: Batch, size: int, offset: int) -> bool:
        """Hand a batch over, if it is one for the second process and that one is there; returns whether it was.

        Then `end` must be called before anything else is written to the journal.
        """
        if not BATCH_BYTES_MIN <= size <= MEMORY_BYTES or 3 * len(batch.frames) > BUFFERS_MAX or not self._is_there():
            return False
        assert self._helper is not None
        assert self._memory is not None
        view = self._memory.view()
        heads = []
        at = 0
        for (kind, schema, first_seq, commands, _), payload in zip(batch.frames, batch.payloads, strict=True):
            view[at : at + payload.nbytes] = payload
            at += padded(payload.nbytes)
            heads.append((kind, schema, first_seq, commands, payload.nbytes))
        numbers = (size, offset, batch.epoch, batch.ts_ns, batch.applied_seq)
        try:
            self._helper.channel.send(str(path), numbers, batch.chain, batch.journal_id, heads)
        except HelperGone:
            # It did not get the whole message, so it has done nothing.
            self.close()
            return False
        return True

    def end(self) -> bytes:
        """Wait until the batch is durable; return the chain value after it. Raises PutFailed."""
        assert self._helper is not None
        try:
            kind, *told = self._helper.channel.receive()
        except HelperGone as error:
            raise PutFailed("write", OSError(0, "the process that wrote it has ended")) from error
        if kind == WRITTEN:
            chain: bytes = told[0]
            return chain
        step, number, text = told
        raise PutFailed(step, OSError(number, text))

    def close(self) -> None:
        """End the second process."""
        self._may_start = False
        self._memory = None
        if self._helper is not None:
            self._helper.close()
            self._helper = None

    def start(self) -> None:
        """Start the second process, where one may be started, and wait for it."""
        while not self._is_there() and self._helper is not None:
            self._helper.channel.wait()

    def _is_there(self) -> bool:
        if self._helper is None and self._may_start:
            self._may_start = False
            try:
                self._helper = Helper(__name__, MEMORY_BYTES)
                self._helper.channel.send(str(self._lock_path))
            except (OSError, HelperGone):
                self.close()
        if self._memory is None and self._helper is not None and self._helper.channel.has_message:
            try:
                self._helper.channel.receive()
                self._memory = Mapping(self._helper.memory, 0, MEMORY_BYTES, writes=True)
            except (OSError, HelperGone):
                self.close()
        return self._memory is not None


def serve(channel: Channel, memory: int) -> None:
    """What the second process does."""
    view = Mapping(memory, 0, MEMORY_BYTES, writes=True).view()
    # Held until this process ends.
    REAL_DISK.lock_beside(Path(channel.receive()[0]))
    channel.send("ready")
    path, fd = "", -1
    while True:
        wanted, numbers, chain, journal_id, heads = channel.receive()
        try:
            if wanted != path:
                if fd >= 0:
                    os.close(fd)
                fd = REAL_DISK.open_write(Path(wanted))
                path = wanted
            size, offset, epoch, ts_ns, applied_seq = numbers
            batch = Batch(*taken(view, heads), epoch, ts_ns, applied_seq, chain, journal_id)
            channel.send(WRITTEN, put(REAL_DISK, fd, batch, size, offset))
        except PutFailed as failure:
            channel.send(FAILED, failure.step, failure.error.errno, failure.error.strerror)
        except OSError as error:
            channel.send(FAILED, "open", error.errno, error.strerror)


def taken(view: memoryview, heads: list[Any]) -> tuple[list[FrameContent], list[memoryview]]:
    """Return the frames and payloads that were handed over."""
    frames: list[FrameContent] = []
    payloads = []
    at = 0
    for kind, schema, first_seq, commands, length in heads:
        payload = view[at : at + length]
        at += padded(length)
        frames.append((kind, schema, first_seq, commands, payload))
        payloads.append(payload)
    return frames, payloads
