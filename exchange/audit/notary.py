"""The notary: follows a journal, keeps the tree over its commands, signs heads; in a process that is not the venue's.

It works in steps, each from what is on disk: read what is new, extend the tree, and where commands came since the
last head, print a signed one. The venue journals it as a RecordHead; the notary learns from the journal that it was.
Files in `DIR/audit`, all of which can be deleted but the signing key (`DIR/signing.key`):

    tree/           the hashes (tree.py)
    commands        32 bytes a command: segment, offset in it, size, kind, ts_ns: where a receipt finds its bytes
    heads           a line of JSON for each head that is in the journal
    liabilities     customers' balances as of the newest snapshot, for proofs; mode 600
"""

import argparse
import json
import os
import struct
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from exchange.audit.commands import leaf, standing
from exchange.audit.head import Head, SignedHead, decode, sign, signing_key
from exchange.audit.liabilities import Liabilities, cells_of
from exchange.audit.tree import Tree, leaf_hash
from exchange.messages import registry
from exchange.messages.system import RecordHead
from journal.disk import REAL_DISK
from journal.frame import HEADER_BYTES, MESSAGES, NOTE, Frame, padded
from journal.quarantine import quarantined
from journal.scan import Place
from journal.segment import list_segments, read_segment
from journal.walk import place_of, walk
from snapshots.store import newest_valid

PLACE = struct.Struct("<QQIIQ")


class Notary:
    """One data directory's notary."""

    def __init__(self, data: Path, key: Ed25519PrivateKey) -> None:
        self.journal = data / "journal"
        self.snapshots = data / "snapshots"
        self.folder = data / "audit"
        self.key = key
        self.tree = Tree(self.folder / "tree")
        self.chain = b""
        self.heads = read_heads(self.folder / "heads")
        self.other_seq = 0
        """The last command that is no head itself."""

    def close(self) -> None:
        self.tree.close()

    def catch_up(self) -> int:
        """Take in what the journal has; returns the last seq. Raises CorruptJournal."""
        size = self.tree.size
        place = place_of(REAL_DISK, self.journal, max(1, min(size, self.head_seq + 1)))
        for frames in walk(REAL_DISK, place):
            for frame, offset in placed(frames, place):
                if frame.header.kind == NOTE:
                    continue
                self.chain = frame.header.chain
                if frame.header.first_seq > size:
                    self.take(frame, place.segment.first_seq, offset)
                if frame.header.kind != MESSAGES:
                    self.other_seq = frame.header.last_seq
                for number, message in enumerate(messages(frame)):
                    if not isinstance(message, RecordHead):
                        self.other_seq = frame.header.first_seq + number
        return self.tree.size

    @property
    def head_seq(self) -> int:
        """How far the last head reaches that is in the journal."""
        return decode(self.heads[-1].statement).seq if self.heads else 0

    @property
    def is_due(self) -> bool:
        """Whether commands came since the last head that are no heads themselves."""
        return self.other_seq > self.head_seq

    def take(self, frame: Frame, segment_seq: int, offset: int) -> None:
        """Take in one frame: where its commands stand, heads that it records, their leaves at last."""
        hashes = []
        places = []
        for command in standing(frame):
            content = frame.payload[command.offset : command.offset + command.size]
            hashes.append(leaf_hash(leaf(command, content)))
            at = offset + HEADER_BYTES + command.offset
            places.append(PLACE.pack(segment_seq, at, command.size, command.kind, command.ts_ns))
        with open(self.folder / "commands", "r+b" if (self.folder / "commands").exists() else "w+b") as file:
            file.seek((frame.header.first_seq - 1) * PLACE.size)
            file.write(b"".join(places))
        for number, message in enumerate(messages(frame)):
            if isinstance(message, RecordHead):
                self.note_head(frame.header.first_seq + number, message)
        self.tree.extend(hashes)

    def note_head(self, seq: int, command: RecordHead) -> None:
        signed = SignedHead(command.statement, command.signature, command.public_key)
        if signed in self.heads:
            return
        self.heads.append(signed)
        with (self.folder / "heads").open("a") as file:
            file.write(json.dumps({"entry": seq, **signed.as_json()}) + "\n")

    def head(self) -> SignedHead:
        """Sign what the journal is now."""
        journal_id = read_segment(REAL_DISK, list_segments(REAL_DISK, self.journal)[0]).journal_id
        seq = self.tree.size
        snapshot_seq, state_hash, root = self.liabilities(journal_id, seq)
        notes = sorted(quarantined(self.journal))
        head = Head(journal_id, seq, self.chain, self.tree.root(seq), notes, snapshot_seq, state_hash, root)
        return sign(head, self.key)

    def liabilities(self, journal_id: bytes, max_seq: int) -> tuple[int, bytes, bytes]:
        """Seq and state hash of the newest snapshot, and the root over what it owes; makes what proofs are made of."""
        if not self.snapshots.is_dir():
            return 0, b"", b""
        snapshot = newest_valid(self.snapshots, journal_id, max_seq=max_seq)
        if snapshot is None:
            return 0, b"", b""
        seq = snapshot.header.seq
        secret = sha256(b"tape salt" + self.key.private_bytes_raw()).digest()
        cells = cells_of(snapshot.state)
        root = Liabilities(secret, seq, cells).root
        content = json.dumps({"seq": seq, "secret": secret.hex(), "root": root.hex(), "cells": cells}).encode()
        part = self.folder / "liabilities.part"
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        part.rename(self.folder / "liabilities")
        return seq, snapshot.header.state_hash, root


def messages(frame: Frame) -> list[registry.AnyCommand]:
    return registry.decode_commands(frame.payload) if frame.header.kind == MESSAGES else []


def placed(frames: list[Frame], place: Place) -> Iterator[tuple[Frame, int]]:
    """Yield each frame of a chunk with its offset in its segment: the chunk ends where the place stands now."""
    sizes = [padded(HEADER_BYTES + frame.header.payload_bytes) for frame in frames]
    at = place.position.offset - sum(sizes)
    for frame, size in zip(frames, sizes, strict=True):
        yield frame, at
        at += size


def read_heads(path: Path) -> list[SignedHead]:
    """The heads that are in the journal, oldest first."""
    return [signed(fields) for fields in read_lines(path)]


def signed(fields: dict[str, Any]) -> SignedHead:
    return SignedHead(*(bytes.fromhex(fields[name]) for name in SignedHead._fields))


def read_lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def main(argv: list[str] | None = None) -> int:
    """One step: print a signed head as JSON where one is due."""
    parser = argparse.ArgumentParser(prog="notary", description=__doc__)
    parser.add_argument("data", type=Path, help="data directory")
    options = parser.parse_args(argv)
    os.nice(10)
    notary = Notary(options.data, signing_key(options.data / "signing.key"))
    try:
        notary.catch_up()
        if notary.is_due:
            print(json.dumps(notary.head().as_json()), flush=True)
    finally:
        notary.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
