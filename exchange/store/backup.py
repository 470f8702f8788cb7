"""A backup: journal, newest snapshot and vault of one data directory in one encrypted file, taken while a venue runs.

The journal is read as any reader reads it, to its last good frame; then the vault is copied by SQLite itself. In this
order, because a secret is in the vault before its key is in the journal: whatever the journal speaks of is there.

The file: 4 bytes `TAPB`, version 1 as two bytes, two zeros, a salt of 16 bytes; then pieces of up to 1 MiB of one
stream, each under AES-256-GCM with the tag behind it. The key is HKDF-SHA-256 of master key and salt; a nonce is the
piece's number; what is authenticated with it says whether it is the last. So a piece that is changed, moved or
missing does not open. The stream: file after file, each as the length of its name (2 bytes), its name, its size (8
bytes), its content. Numbers are little-endian.
"""

import os
import re
import secrets
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from exchange.store.errors import StoreError

MAGIC, VERSION = b"TAPB", 1
SALT_BYTES = 16
HEAD_BYTES = 24
PIECE_BYTES = 1 << 20
TAG_BYTES = 16
KEY_BYTES = 32
NONCE_BYTES = 12
MORE, LAST = b"more", b"last"
VAULT = "vault.sqlite"
# Whatever a backup says, nothing is written elsewhere.
NAME = re.compile(r"(journal|snapshots)/[0-9a-z]+\.[a-z]+|vault\.sqlite")


def cipher(master_key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt, b"tape backup").derive(master_key))


class Sealed:
    """Takes a stream and writes it piece by piece, encrypted; `finish` writes the last piece."""

    def __init__(self, target: BinaryIO, master_key: bytes) -> None:
        salt = secrets.token_bytes(SALT_BYTES)
        self.target = target
        self.cipher = cipher(master_key, salt)
        self.waiting = bytearray()
        self.number = 0
        target.write(MAGIC + VERSION.to_bytes(2, "little") + bytes(2) + salt)

    def add(self, name: str, content: bytes) -> None:
        """Add a file."""
        encoded = name.encode()
        self.waiting += len(encoded).to_bytes(2, "little") + encoded + len(content).to_bytes(8, "little")
        for at in range(0, len(content), PIECE_BYTES):
            self.waiting += content[at : at + PIECE_BYTES]
            while len(self.waiting) > PIECE_BYTES:
                self.seal(bytes(self.waiting[:PIECE_BYTES]), MORE)
                del self.waiting[:PIECE_BYTES]

    def seal(self, piece: bytes, which: bytes) -> None:
        self.target.write(self.cipher.encrypt(self.number.to_bytes(NONCE_BYTES, "little"), piece, which))
        self.number += 1

    def finish(self) -> None:
        self.seal(bytes(self.waiting), LAST)


class Opened:
    """Reads a backup's stream. StoreError for a piece that does not open."""

    def __init__(self, source: BinaryIO, size: int, master_key: bytes) -> None:
        head = source.read(HEAD_BYTES)
        if len(head) < HEAD_BYTES or head[:4] != MAGIC or int.from_bytes(head[4:6], "little") != VERSION:
            raise StoreError("this is no backup of this version")
        self.source = source
        self.left = size - HEAD_BYTES
        self.cipher = cipher(master_key, head[8:])
        self.number = 0
        self.plain = b""

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield names and contents, to the last piece."""
        while self.left > 0 or self.plain:
            name = self.take(int.from_bytes(self.take(2), "little")).decode("utf-8", "replace")
            if not NAME.fullmatch(name):
                raise StoreError(f"a backup holds no file named {name!r}")
            yield name, self.take(int.from_bytes(self.take(8), "little"))

    def take(self, size: int) -> bytes:
        parts = []
        while size:
            if not self.plain:
                self.plain = self.piece()
            parts.append(self.plain[:size])
            self.plain = self.plain[size:]
            size -= len(parts[-1])
        return b"".join(parts)

    def piece(self) -> bytes:
        sealed = self.source.read(min(self.left, PIECE_BYTES + TAG_BYTES))
        self.left -= len(sealed)
        nonce = self.number.to_bytes(NONCE_BYTES, "little")
        self.number += 1
        try:
            return self.cipher.decrypt(nonce, sealed, MORE if self.left else LAST)
        except (InvalidTag, ValueError) as error:
            raise StoreError("the backup does not open: another master key, or it was changed or cut") from error


def write_backup(target: Path, master_key: bytes, files: Iterator[tuple[str, bytes]], vault: Path) -> None:
    """Write a backup, whole or not at all. `files` yields names and contents; the vault is copied when it has ended."""
    part = target.with_name(target.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            sealed = Sealed(file, master_key)
            for name, content in files:
                sealed.add(name, content)
            if vault.exists():
                sealed.add(VAULT, copied(vault))
            sealed.finish()
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def copied(source: Path) -> bytes:
    """A SQLite file that others may be writing, as of one moment."""
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        copy = Path(folder, source.name)
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as database,
            closing(sqlite3.connect(copy)) as target,
        ):
            database.backup(target)
        return copy.read_bytes()


def read_backup(source: Path, master_key: bytes, directory: Path) -> list[str]:
    """Unpack a backup into a directory that is empty or not there; returns the names. Raises StoreError.

    Nothing is left behind where the backup does not open to its end.
    """
    if directory.exists() and any(directory.iterdir()):
        raise StoreError(f"{directory} is not empty: a backup is restored into a new directory")
    directory.parent.mkdir(parents=True, exist_ok=True)
    names = []
    with tempfile.TemporaryDirectory(prefix="restore-", dir=directory.parent) as folder:
        unpacked = Path(folder, "data")
        unpacked.mkdir()
        with source.open("rb") as file:
            for name, content in Opened(file, source.stat().st_size, master_key).files():
                write_private(unpacked / name, content)
                names.append(name)
        if directory.exists():
            directory.rmdir()
        unpacked.rename(directory)
    return sorted(names)


def write_private(path: Path, content: bytes) -> None:
    """A durable file of mode 600."""
    path.parent.mkdir(exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
