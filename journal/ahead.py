"""Owns reading ahead: another process reads and verifies, this one takes what is verified.

The other process reads into memory that both see, verifies it there, and says how many frames are good: what is handed
on are the very bytes that were verified. A journal of a few MiB is read by the caller itself, and so are the first MiB
of a longer one while the process starts; where it ends early the caller goes on by itself too.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

from journal.disk import REAL_DISK, Disk, keep_off, processors
from journal.errors import CorruptJournal
from journal.frame import HEADER_BYTES, Frame, padded, unpack_header
from journal.helper import Channel, Helper, HelperGone, Mapping
from journal.scan import READ_BYTES, Place
from journal.segment import read_segment
from journal.walk import Chunks, place_of, walk

# The memory in common: slots of a few chunks, each in the hands of one of the two. It changes hands by the slot,
# what is verified is told chunk by chunk.
SLOTS = 4
CHUNKS_IN_SLOT = 2
SLOT_BYTES = CHUNKS_IN_SLOT * READ_BYTES
# What must be there before a process is started for the rest: for less it would not be worth its start.
ALONE_BYTES = READ_BYTES // 2

FRAMES, CORRUPT, DISK_FAILED, END = range(4)


def walk_ahead(directory: Path, from_seq: int, *, disk: Disk = REAL_DISK) -> Chunks:
    """Yield what `walk` yields and raise what it raises, verified ahead. Any but the real disk is read here."""
    place = place_of(disk, directory, from_seq)
    if disk is not REAL_DISK:
        yield from walk(disk, place)
        return
    helper = yield from walk_until_helped(disk, place)
    if helper is None:
        return
    try:
        ended = yield from take(helper, place)
    finally:
        helper.close()
    if not ended:
        yield from walk(disk, place)


def walk_until_helped(disk: Disk, place: Place) -> Generator[list[Frame], None, Helper | None]:
    """Walk alone until a helper is there; return it, or None where the walk is over."""
    helper: Helper | None = None
    may_start = True
    done_bytes = 0
    chunks = walk(disk, place)
    try:
        for frames in chunks:
            done_bytes += sum(HEADER_BYTES + frame.header.payload_bytes for frame in frames)
            if may_start and done_bytes >= ALONE_BYTES:
                may_start = False
                # Where no further process may be had, the caller reads on.
                with suppress(OSError):
                    helper = Helper(__name__, SLOTS * SLOT_BYTES)
            is_helped = helper is not None and begin(helper, place)
            yield frames
            if is_helped:
                answered, helper = helper, None
                return answered
    finally:
        chunks.close()
        if helper is not None:
            helper.close()
    return None


def begin(helper: Helper, place: Place) -> bool:
    """Have a helper that is there go on from `place`, while what stands before it is looked at; is it there?"""
    if not helper.channel.has_message:
        return False
    with suppress(HelperGone):
        helper.channel.receive()
        helper.channel.send(str(place.segment.path), place.position.dump())
    return True


def take(helper: Helper, place: Place) -> Generator[list[Frame], None, bool]:
    """Yield what the helper verifies from `place` on, and move it. Returns whether it came to the end."""
    slots = Slots(helper)
    try:
        while True:
            kind, *told = helper.channel.receive()
            if kind == FRAMES:
                slot, number, count, path, position = told
                yield slots.frames(slot, number, count)
                if path != str(place.segment.path):
                    place.segment = read_segment(REAL_DISK, Path(path))
                place.position.restore(position)
                slots.give_back()
            elif kind == CORRUPT:
                path, offset, seq, reason = told
                raise CorruptJournal(Path(path), offset, seq, reason)
            elif kind == DISK_FAILED:
                raise OSError(*told)
            else:
                return True
    except HelperGone:
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
        view = self._mappings[slot].view()
        frames = []
        at = number * READ_BYTES
        for _ in range(count):
            header = unpack_header(view, at)
            payload_end = at + HEADER_BYTES + header.payload_bytes
            frames.append(Frame(header, view[at + HEADER_BYTES : payload_end]))
            at = padded(payload_end)
        return frames

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
        self._among = processors()
        self._slot = -1
        self._number = CHUNKS_IN_SLOT

    def read_chunk(self, fd: int, length: int, offset: int) -> memoryview:
        """Read where the next chunk may stand; waits for a slot where none is free."""
        if self._number == CHUNKS_IN_SLOT:
            keep_off(os.getppid(), self._among)
            self._slot = self._free.popleft() if self._free else self._channel.receive()[0]
            self._number = 0
        if self._slot not in self._mappings:
            self._mappings[self._slot] = Mapping(self._memory, self._slot * SLOT_BYTES, SLOT_BYTES, writes=True)
        at = self._number * READ_BYTES
        view = self._mappings[self._slot].view()[at : at + length]
        return view[: os.preadv(fd, [view], offset)]

    def hand_over(self) -> tuple[int, int]:
        """Return slot and chunk that were read last; they are the caller's from now on."""
        self._number += 1
        return self._slot, self._number - 1


def serve(channel: Channel, memory: int) -> None:
    """What the helper does: walk, and tell of it."""
    disk = SlotDisk(channel, memory)
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
