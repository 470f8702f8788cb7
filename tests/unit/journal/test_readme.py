"""The worked example in journal/README.md is a real file, and its words are enough to write a reader from."""

from __future__ import annotations

import re
import struct
from hashlib import blake2b, sha256
from pathlib import Path
from zlib import crc32

from journal.frame import MESSAGES, ROWS
from journal.writer import Journal

README = Path(__file__).parents[3] / "journal" / "README.md"
JOURNAL_ID = bytes(range(16))


def write_example(directory: Path) -> bytes:
    """Make the journal that the README shows; return the one segment's bytes."""
    with Journal.create(
        directory, created_ns=1_700_000_000_000_000_000, segment_bytes=8192, journal_id=JOURNAL_ID
    ) as journal:
        journal.append(
            [(MESSAGES, 1, 1, 2, b"hello, tape"), (ROWS, 1, 3, 1, bytes(range(16)))], 1_700_000_000_000_000_001, 0
        )
        journal.seal(applied_seq=3)
    return (directory / "00000000000000000001.tape").read_bytes()


def dump(data: bytes) -> list[str]:
    """Return the bytes as lines of 16, lines of zeros left out."""
    return [f"{at:04x}  {data[at : at + 16].hex(' ')}" for at in range(0, len(data), 16) if any(data[at : at + 16])]


def test_the_worked_example_is_a_real_file(tmp_path: Path) -> None:
    shown = re.findall(r"^    ([0-9a-f]{4}  (?:[0-9a-f]{2} ?){16})", README.read_text(), re.MULTILINE)
    assert [line.strip() for line in shown] == dump(write_example(tmp_path))


def test_a_reader_written_from_the_readme_reads_it(tmp_path: Path) -> None:
    """Nothing of the package is used here: offsets and formulas are copied from the README's tables."""
    data = write_example(tmp_path)
    journal_id = data[8:24]
    (created_ns,) = struct.unpack_from("<Q", data, 24)
    chain = sha256(b"tape journal" + journal_id + struct.pack("<Q", created_ns)).digest()
    assert data[64:96] == chain
    assert data[96:128] == blake2b(data[:96], key=journal_id, digest_size=32).digest()
    at = 4096
    came = []
    while data[at : at + 4] == b"TAPF":
        kind, schema, commands, size, checksum = struct.unpack_from("<HIIII", data, at + 6)
        header, payload = data[at : at + 128], data[at + 128 : at + 128 + size]
        assert header[96:] == blake2b(header[:96], key=journal_id, digest_size=32).digest()
        assert crc32(payload) == checksum
        if kind != 3:
            chain = sha256(chain + header[:56] + payload).digest()
        assert header[64:96] == chain
        came.append((kind, schema, commands, payload, *struct.unpack_from("<QQQQ", data, at + 32)))
        at += (128 + size + 7) // 8 * 8
    stamp = 1_700_000_000_000_000_001
    assert came == [
        (2, 1, 2, b"hello, tape", 1, 1, stamp, 0),
        (1, 1, 1, bytes(range(16)), 1, 3, stamp, 0),
        (3, 1, 0, b"", 4, 4, stamp, 3),
    ]
    assert not any(data[at:])
