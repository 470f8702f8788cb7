"""Snapshot files: what is written is read back, anything else is not taken for one."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import pytest

from snapshots import store
from snapshots.store import (
    Header,
    InvalidSnapshot,
    Section,
    list_snapshots,
    load,
    newest_valid,
    publish,
    read_header,
    retain,
    snapshot_path,
    sweep,
    write,
)

JOURNAL_ID = b"sixteen bytes id"
CHAIN = bytes(range(32))
SECTIONS: list[Section] = [(b"orders ", True), (b"balances ", True), (b"candles", False)]


def save(directory: Path, seq: int, sections: Iterable[Section] = SECTIONS, journal_id: bytes = JOURNAL_ID) -> Header:
    directory.mkdir(exist_ok=True)
    part = directory / "made.part"
    fd = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    try:
        header = write(fd, sections, seq=seq, created_ns=99, journal_id=journal_id, chain=CHAIN)
    finally:
        os.close(fd)
    publish(part, snapshot_path(directory, seq))
    return header


def test_a_snapshot_is_read_back_with_the_hash_of_its_state(tmp_path: Path) -> None:
    header = save(tmp_path, 7)
    snapshot = load(snapshot_path(tmp_path, 7))
    assert snapshot.header == header
    assert header == Header(7, 99, 23, 16, JOURNAL_ID, CHAIN, sha256(b"orders balances ").digest())
    assert (bytes(snapshot.state), bytes(snapshot.rest)) == (b"orders balances ", b"candles")
    assert read_header(snapshot.path) == header


@pytest.mark.parametrize(
    "sections",
    [
        [],
        [(b"", True)],
        [(b"only projections", False)],
        [(b"a" * 3_000_000, True), (b"b", True), (b"c" * 5_000_001, True), (b"d" * 9_000_000, False)],
        [(bytes([n % 256]) * 1000, n < 9000) for n in range(12_000)],
    ],
)
def test_bodies_of_any_size_in_pieces_of_any_size(tmp_path: Path, sections: list[Section]) -> None:
    save(tmp_path, 1, iter(sections))
    snapshot = load(snapshot_path(tmp_path, 1))
    state = b"".join(bytes(piece) for piece, is_state in sections if is_state)
    assert snapshot.state == state
    assert snapshot.rest == b"".join(bytes(piece) for piece, is_state in sections if not is_state)
    assert snapshot.header.state_hash == sha256(state).digest()


def test_state_after_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a piece of the state after"):
        save(tmp_path, 1, [(b"a", True), (b"b", False), (b"c", True)])
    assert list_snapshots(tmp_path) == []


def test_the_format_is_what_the_readme_says(tmp_path: Path) -> None:
    """Nothing of the package is used to read here: offsets are copied from the README's table."""
    save(tmp_path, 7)
    data = (tmp_path / "00000000000000000007.snapshot").read_bytes()
    assert struct.unpack_from("<4sHHQQQQQ", data) == (b"TAPN", 1, 0, 7, 99, 23, 16, 0)
    assert data[48:64] == JOURNAL_ID
    assert data[64:96] == CHAIN
    assert data[96:128] == sha256(data[128 : 128 + 16]).digest()
    assert data[128:151] == b"orders balances candles"
    assert data[151:] == sha256(data[128:151] + data[:128]).digest()


def test_every_flipped_bit_and_every_cut_is_seen(tmp_path: Path) -> None:
    save(tmp_path, 7)
    path = snapshot_path(tmp_path, 7)
    data = path.read_bytes()
    for at in range(len(data)):
        for bit in range(8):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
            with pytest.raises(InvalidSnapshot):
                load(path)
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(InvalidSnapshot):
            load(path)
    path.write_bytes(data + b"\0")
    with pytest.raises(InvalidSnapshot):
        load(path)
    path.write_bytes(data)
    load(path)


def test_a_state_hash_that_lies_is_seen_although_the_checksum_fits(tmp_path: Path) -> None:
    save(tmp_path, 7)
    path = snapshot_path(tmp_path, 7)
    data = path.read_bytes()
    header = data[:96] + bytes(32)
    path.write_bytes(header + data[128:151] + sha256(data[128:151] + header).digest())
    with pytest.raises(InvalidSnapshot, match="state hash"):
        load(path)


def test_the_newest_that_verifies_is_taken_and_bad_ones_are_reported_and_left(tmp_path: Path) -> None:
    for seq in (5, 10, 20, 30):
        save(tmp_path, seq)
    snapshot_path(tmp_path, 30).write_bytes(b"")
    data = snapshot_path(tmp_path, 20).read_bytes()
    snapshot_path(tmp_path, 20).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    (tmp_path / "00000000000000000040.snapshot.part").write_bytes(data)
    (tmp_path / "notes.txt").write_bytes(b"")
    seen: list[InvalidSnapshot] = []
    found = newest_valid(tmp_path, JOURNAL_ID, on_invalid=seen.append)
    assert found is not None
    assert found.header.seq == 10
    assert [int(error.path.stem) for error in seen] == [30, 20]
    assert len(list_snapshots(tmp_path)) == 4
    earlier = newest_valid(tmp_path, JOURNAL_ID, max_seq=9)
    assert earlier is not None
    assert earlier.header.seq == 5


def test_a_snapshot_of_another_journal_is_not_taken(tmp_path: Path) -> None:
    save(tmp_path, 5, journal_id=b"another journal!")
    seen: list[InvalidSnapshot] = []
    assert newest_valid(tmp_path, JOURNAL_ID, on_invalid=seen.append) is None
    assert [error.reason for error in seen] == ["it belongs to another journal"]


def test_a_snapshot_under_another_name_is_not_taken(tmp_path: Path) -> None:
    save(tmp_path, 5)
    snapshot_path(tmp_path, 5).rename(snapshot_path(tmp_path, 6))
    assert newest_valid(tmp_path, JOURNAL_ID) is None


def test_where_there_is_none_none_is_found(tmp_path: Path) -> None:
    assert newest_valid(tmp_path, JOURNAL_ID) is None
    assert newest_valid(tmp_path / "missing", JOURNAL_ID) is None
    assert sweep(tmp_path / "missing") == []


def test_retention_keeps_the_newest_sound_ones_and_touches_nothing_else(tmp_path: Path) -> None:
    for seq in range(1, 7):
        save(tmp_path, seq)
    snapshot_path(tmp_path, 6).write_bytes(b"broken")
    snapshot_path(tmp_path, 2).write_bytes(b"broken")
    removed = retain(tmp_path, 2)
    assert [int(path.stem) for path in removed] == [1, 3]
    assert [int(path.stem) for path in list_snapshots(tmp_path)] == [2, 4, 5, 6]
    assert retain(tmp_path, 2) == []
    with pytest.raises(ValueError):
        retain(tmp_path, 0)


def test_sweeping_removes_unfinished_files_only(tmp_path: Path) -> None:
    save(tmp_path, 5)
    part = tmp_path / "00000000000000000009.snapshot.part"
    part.write_bytes(b"half")
    assert sweep(tmp_path) == [part]
    assert [path.name for path in tmp_path.iterdir()] == ["00000000000000000005.snapshot"]


def test_publishing_syncs_the_directory_behind_the_new_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(store, "sync_directory", lambda folder: seen.append(os.listdir(folder)))
    part = tmp_path / "1.part"
    part.write_bytes(b"whole")
    store.publish(part, tmp_path / "1.snapshot")
    assert seen == [["1.snapshot"]]
