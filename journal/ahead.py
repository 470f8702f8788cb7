"""Owns reading ahead: another process reads and verifies, this one takes what is verified.

The other process reads into memory that both see, verifies it there, and says how many frames are good: what is handed
on are the very bytes that were verified. A short journal is read by the caller itself, and so is the beginning of a
longer one as long as the process has not started; where it ends early the caller goes on by itself, too.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator
from contextlib import closing, suppress
from itertools import cycle
from pathlib import Path
from typing import Any

from journal.disk import REAL_DISK, Disk
from journal.errors import CorruptJournal
from journal.frame import FRAME_BYTES_MAX, Frame, unpack_frames
from journal.helper import Channel, Helper, HelperGone, Mapping
from journal.processors import allowed, keep_off
from journal.scan import READ_BYTES, Place
from journal.segment import SEGMENT_HEADER_BYTES, list_segments, read_segment
from journal.walk import Chunks, place_of, segment_with, walk

# The memory in common: slots of a few chunks, each in the hands of one of the two. It changes hands by the slot,
# what is verified is told chunk by chunk.
SLOTS = 4
CHUNKS_IN_SLOT = 2
SLOT_BYTES = CHUNKS_IN_SLOT * READ_BYTES
# What must be there before a process is started for the rest: for less it would not be worth its start.
ALONE_BYTES = READ_BYTES // 2

FRAMES, CORRUPT, DISK_FAILED, END = range(4)


class ReadAhead:
    """The process that reads a journal ahead from the segment that holds `from_seq`, where that is worth its start.

    It starts when this is made: who has other work first does not wait for it. Use as a context manager, whose end is
    the process's. Where no process may be had, the caller reads by itself.
    """

    def __init__(self, directory: Path, from_seq: int = 1) -> None:
        self.helper: Helper | None = None
        if is_long(directory, from_seq):
            with suppress(OSError):
                self.helper = Helper(__name__, SLOTS * SLOT_BYTES)

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(self, *_: object) -> None:
        if self.helper is not None:
            self.helper.close()


def is_long(directory: Path, from_seq: int) -> bool:
    """Whether there is more to read than the caller reads sooner than a process has started."""
    paths = list_segments(REAL_DISK, directory)
    first = segment_with(paths, from_seq)
    if first != paths[-1]:
        return True
    fd = REAL_DISK.open_read(first)
    try:
        # Some part of a frame stands here if as much is written: a header is never all zeros.
        return any(REAL_DISK.read(fd, FRAME_BYTES_MAX, SEGMENT_HEADER_BYTES + ALONE_BYTES))
    finally:
        REAL_DISK.close(fd)


def walk_ahead(directory: Path, from_seq: int, *, ahead: ReadAhead | None = None, disk: Disk = REAL_DISK) -> Chunks:
    """Yield what `walk` yields and raise what it raises, verified ahead. Any but the real disk is read here."""
    if disk is not REAL_DISK:
        yield from walk(disk, place_of(disk, directory, from_seq))
    elif ahead is not None:
        yield from walk_with(ahead.helper, place_of(disk, directory, from_seq))
    else:
        with ReadAhead(directory, from_seq) as own:
            yield from walk_with(own.helper, place_of(disk, directory, from_seq))


def walk_with(helper: Helper | None, place: Place) -> Chunks:
    """Walk alone until the helper is there, then take what it verifies; alone again where it ends early."""
    is_helped = False
    with closing(walk(REAL_DISK, place)) as chunks:
        for frames in chunks:
            is_helped = helper is not None and begin(helper, place)
            yield frames
            if is_helped:
                break
    if helper is not None and is_helped and not (yield from take(helper, place)):
        yield from walk(REAL_DISK, place)


def begin(helper: Helper, place: Place) -> bool:
    """Have a helper that is there go on from `place`, while what stands before it is looked at; is it there?"""
    if not helper.channel.has_message:
        return False
    with suppress(HelperGone):
        helper.channel.receive()
        helper.channel.send(str(place.segment.path), place.position.dump())
    return True


def take(helper: Helper, place: Place) -> Generator[list[Frame], None, bool]:
    """Yield what the helper verifies from `place` on; where it ends early, move it there and return False."""
    slots = Slots(helper)
    reached: list[Any] = []
    try:
        while True:
            kind, *told = helper.channel.receive()
            if kind == FRAMES:
                slot, number, count, *reached = told
                yield slots.frames(slot, number, count)
                slots.give_back()
            elif kind == CORRUPT:
                path, offset, seq, reason = told
                raise CorruptJournal(Path(path), offset, seq, reason)
            elif kind == DISK_FAILED:
                raise OSError(*told)
            else:
                return True
    except HelperGone:
        if reached:
            path, position = reached
            if path != str(place.segment.path):
                place.segment = read_segment(REAL_DISK, Path(path))
            place.position.restore(position)
        return False


class Slots:
    """The caller's side of the memory in common: a slot is given back when nobody looks at it any more."""

    def __init__(self, helper: Helper) -> None:
        self._helper = helper
        self._taken: deque[int] = deque()
        self._mappings: dict[int, Mapping] = {}
        self._count = SLOTS

    def frames(self, slot: int, number: int, count: int) -> list[Frame]:
        """Return the frames of a slot's chunk: verified, so only unpacked."""
        if not self._taken or self._taken[-1] != slot:
            self._taken.append(slot)
        if slot not in self._mappings:
            self._mappings[slot] = Mapping(self._helper.memory, slot * SLOT_BYTES, SLOT_BYTES, writes=False)
        return unpack_frames(self._mappings[slot].view(), number * READ_BYTES, count)

    def give_back(self) -> None:
        """Give the slot before the last one back, of which the caller may still hold a frame.

        Where the caller keeps frames it keeps the memory, and another slot is made instead.
        """
        if len(self._taken) < 2:
            return
        slot = self._taken.popleft()
        if self._mappings[slot].is_seen:
            del self._mappings[slot]
            slot = self._count
            self._count += 1
            os.ftruncate(self._helper.memory, self._count * SLOT_BYTES)
        self._helper.channel.send(slot)


class SlotDisk(Disk):
    """In the helper: the real disk, read into the memory in common."""

    def __init__(self, channel: Channel, memory: int) -> None:
        self._channel = channel
        self._memory = memory
        self._mappings: dict[int, Mapping] = {}
        self._free = deque(range(SLOTS))
        self._among = allowed()
        self._slot = -1
        self._number = CHUNKS_IN_SLOT
        self._looks = cycle([True] + [False] * (SLOTS - 1))

    def read_chunk(self, fd: int, length: int, offset: int) -> memoryview:
        """Read where the next chunk may stand; waits for a slot where none is free."""
        if self._number == CHUNKS_IN_SLOT:
            if next(self._looks):
                # Not for each slot: to see where the caller runs takes as long as to hash two frames.
                keep_off(os.getppid(), self._among)
            self._slot = self._free.popleft() if self._free else self._channel.receive()[0]
            self._number = 0
        at = self._number * READ_BYTES
        view = self._mapping(self._slot).view()[at : at + length]
        return view[: os.preadv(fd, [view], offset)]

    def touch(self) -> None:
        """Have the slots' memory at hand before there is anything to read."""
        for slot in self._free:
            self._mapping(slot)

    def _mapping(self, slot: int) -> Mapping:
        if slot not in self._mappings:
            self._mappings[slot] = Mapping(self._memory, slot * SLOT_BYTES, SLOT_BYTES, writes=True)
        return self._mappings[slot]

    def hand_over(self) -> tuple[int, int]:
        """Return slot and chunk that were read last; they are the caller's from now on."""
        self._number += 1
        return self._slot, self._number - 1


def serve(channel: Channel, memory: int) -> None:
    """What the helper does: walk, and tell of it."""
    disk = SlotDisk(channel, memory)
    disk.touch()
    channel.send("ready")
    path, position = channel.receive()
    try:
        place = Place(read_segment(disk, Path(path)))
        place.position.restore(position)
        for frames in walk(disk, place):
            channel.send(FRAMES, *disk.hand_over(), len(frames), str(place.segment.path), place.position.dump())
        channel.send(END)
    except CorruptJournal as error:
        channel.send(CORRUPT, str(error.path), error.offset, error.seq, error.reason)
    except OSError as error:
        channel.send(DISK_FAILED, error.errno, error.strerror, error.filename)
    # Until the caller has seen it all: it ends the process.
    while True:
        channel.receive()
