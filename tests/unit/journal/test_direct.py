"""What is appended past the page cache is what a plain write would have left there."""

import errno
import mmap
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journal.direct import BLOCK_BYTES, WINDOW_BYTES, Direct, NotDirect
from journal.disk import Disk

FILE_BYTES = 24 * BLOCK_BYTES
SIZES = st.one_of(st.integers(1, 300), st.integers(BLOCK_BYTES - 2, BLOCK_BYTES + 2), st.integers(1, 3 * BLOCK_BYTES))


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    """A file of zeros where direct writes can be had."""
    path = tmp_path / "zeros"
    path.write_bytes(bytes(FILE_BYTES))
    fd = os.open(path, os.O_RDWR)
    try:
        Direct(fd).close()
    except NotDirect:
        os.close(fd)
        pytest.skip("this file system takes no direct writes")
    yield fd
    Disk().close(fd)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(SIZES, st.integers(0, 2), st.integers(1, 5)), max_size=25), start=st.integers(0, 5000))
def test_appends_of_any_size_by_three_writers_in_turn(
    tmp_path: Path, steps: list[tuple[int, int, int]], start: int
) -> None:
    path = tmp_path / "appended"
    path.write_bytes(bytes(FILE_BYTES))
    disk = Disk()
    # Two that append, as a writer and its second process do, and one that writes as opening a journal does.
    fds = [disk.open_write(path) for _ in range(3)]
    expected = bytearray(FILE_BYTES)
    offset = start
    for number, (size, who, pieces) in enumerate(steps):
        data = bytes([number % 255 + 1]) * min(size, FILE_BYTES - offset)
        cut = len(data) // pieces
        buffers: list[bytes | memoryview] = [data[:cut], memoryview(data)[cut:]]
        put = disk.write if who == 2 else disk.append
        assert put(fds[who], buffers, offset) == len(data)
        expected[offset : offset + len(data)] = data
        offset += len(data)
    assert path.read_bytes() == expected
    for fd in fds:
        disk.close(fd)


def test_a_write_between_two_appends_of_one_descriptor_is_kept(file: int) -> None:
    disk = Disk()
    disk.append(file, [b"first"], 0)
    disk.write(file, [b"other"], 0)
    disk.append(file, [b"behind"], 5)
    assert os.pread(file, 12, 0) == b"otherbehind\0"


def test_the_disk_takes_the_direct_way_and_leaves_nothing_open(file: int) -> None:
    disk = Disk()
    opened = os.dup(file)
    before = descriptors(file)
    disk.append(opened, [b"x"], 0)
    assert len(direct_ones(file)) == 1
    disk.close(opened)
    assert direct_ones(file) == set()
    assert descriptors(file) == before - {opened}


def descriptors(file: int) -> set[int]:
    """Those that mean this file."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            if os.path.samestat(os.fstat(int(name)), os.fstat(file)):
                found.add(int(name))
    return found


def direct_ones(file: int) -> set[int]:
    flags = {fd: Path(f"/proc/self/fdinfo/{fd}").read_text().split("flags:")[1].split()[0] for fd in descriptors(file)}
    return {fd for fd, told in flags.items() if int(told, 8) & os.O_DIRECT}


def test_a_descriptor_that_means_another_file_by_now_is_not_mistaken(file: int, tmp_path: Path) -> None:
    disk = Disk()
    disk.append(file, [b"here"], 0)
    other = os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT)
    os.ftruncate(other, FILE_BYTES)
    kept = os.dup(file)
    os.dup2(other, file)
    disk.append(file, [b"there"], 0)
    assert os.pread(kept, 6, 0) == b"here\0\0"
    assert os.pread(other, 5, 0) == b"there"
    os.close(other)
    os.close(kept)


def test_nothing_is_written_past_the_end_of_a_file_that_the_append_does_not_reach(file: int) -> None:
    os.ftruncate(file, 5000)
    disk = Disk()
    assert disk.append(file, [b"last"], 4990) == 4
    assert os.fstat(file).st_size == 5000
    assert disk.append(file, [b"grows it"], 4994) == 8
    assert os.fstat(file).st_size == 5002


def test_a_batch_that_the_window_does_not_hold_is_written_all_the_same(file: int) -> None:
    data = os.urandom(WINDOW_BYTES + 1)
    os.ftruncate(file, 2 * WINDOW_BYTES)
    assert Disk().append(file, [data], 10) == len(data)
    assert os.pread(file, len(data), 10) == data


def test_an_append_behind_a_gap_leaves_zeros_in_it(file: int) -> None:
    os.ftruncate(file, 5000)
    assert Disk().append(file, [b"x" * (3 * BLOCK_BYTES - 9000)], 9000) == 3 * BLOCK_BYTES - 9000
    assert os.pread(file, 4001, 5000) == bytes(4000) + b"x"


def test_what_stands_before_is_not_read_where_it_was_just_appended(file: int, monkeypatch: pytest.MonkeyPatch) -> None:
    way = Direct(file)
    way.append([b"one"], 0)
    monkeypatch.delattr(os, "pread")
    assert way.append([b"two"], 3) == 3
    way.close()


def test_nobody_asks_for_the_times_of_what_is_appended_to(file: int, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk()
    asked: list[str] = []
    with monkeypatch.context() as patched:
        for name in ("stat", "lstat", "fstat"):
            patched.setattr(os, name, lambda *_, name=name, **__: asked.append(name))
        assert [disk.append(file, [b"x" * 10], 10 * number) for number in range(3)] == [10] * 3
    assert asked == []
    assert len(direct_ones(file)) == 1


@pytest.mark.parametrize(("start", "pieces"), [(0, 1), (0, 2), (100, 1)])
def test_mapped_memory_goes_to_the_disk_from_where_it_stands(
    file: int, start: int, pieces: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk()
    pages = mmap.mmap(-1, 3 * BLOCK_BYTES)
    pages[:] = os.urandom(len(pages))
    blocks = memoryview(pages)[start : start + 2 * BLOCK_BYTES]
    seen: list[object] = []
    plain = os.pwrite

    def pwrite(fd: int, data: memoryview, offset: int) -> int:
        seen.append(data.obj)
        return plain(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    assert disk.append(file, [b"before", bytes(BLOCK_BYTES - 6)], 0) == BLOCK_BYTES
    size = len(blocks) // pieces
    assert disk.append(file, [blocks[at : at + size] for at in range(0, len(blocks), size)], BLOCK_BYTES) == len(blocks)
    # What does not begin where a sector does is refused then, and goes through the page cache.
    assert (seen[1] is pages) == (pieces == 1)
    assert disk.append(file, [b"behind"], 3 * BLOCK_BYTES) == 6
    assert disk.append(file, [b"it"], 3 * BLOCK_BYTES + 6) == 2
    expected = b"before".ljust(BLOCK_BYTES, b"\0") + bytes(blocks) + b"behindit"
    assert os.pread(file, FILE_BYTES, 0) == expected.ljust(FILE_BYTES, b"\0")


@pytest.mark.parametrize("taken", [0, 7, 4096])
def test_what_a_short_write_took_is_counted_from_the_offset(
    file: int, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = Direct(file)
    way.append([b"0123456789"], 0)
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: taken)
    assert way.append([b"abc" * 2000], 10) == max(0, taken - 10)
    way.close()


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_an_error_of_the_disk_is_told(file: int, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(fd: int, data: object, offset: int) -> int:
        raise OSError(number, os.strerror(number))

    way = Direct(file)
    monkeypatch.setattr(os, "pwrite", fails)
    with pytest.raises(OSError, match=os.strerror(number)):
        way.append([b"x"], 0)
    way.close()
