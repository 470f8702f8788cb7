"""Signed heads: what the venue says its journal was, in bytes that anybody can check and only the signer can make.

The statement is JSON with sorted keys and no spaces behind the line `tape head 1`; hashes are hex. The signature is
Ed25519 over it.
"""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FIRST_LINE = b"tape head 1\n"
HASH_BYTES = 32


class WrongHead(Exception):
    """A head that is none: not signed by its key, or not of this form."""


class Head(NamedTuple):
    """What is stated. `tree_root` is over the commands 1 to `seq`; the last three are of the newest snapshot then."""

    journal_id: bytes
    seq: int
    chain: bytes
    tree_root: bytes
    quarantined: list[int]
    snapshot_seq: int = 0
    state_hash: bytes = b""
    liabilities_root: bytes = b""


class SignedHead(NamedTuple):
    """A statement, its signature, and whose it is."""

    statement: bytes
    signature: bytes
    public_key: bytes

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(self.statement.removeprefix(FIRST_LINE))
        parts = {name: value.hex() for name, value in self._asdict().items()}
        return shown | parts


def encode(head: Head) -> bytes:
    fields = {name: value.hex() if isinstance(value, bytes) else value for name, value in head._asdict().items()}
    return FIRST_LINE + json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def decode(statement: bytes) -> Head:
    """The head that a statement is. Raises WrongHead."""
    try:
        if not statement.startswith(FIRST_LINE):
            raise ValueError("another first line")
        fields = json.loads(statement.removeprefix(FIRST_LINE))
        for name in ("journal_id", "chain", "tree_root", "state_hash", "liabilities_root"):
            fields[name] = bytes.fromhex(fields[name])
        head = Head(**fields)
        if encode(head) != statement:
            raise ValueError("not in its one form")
    except (ValueError, TypeError, KeyError) as error:
        raise WrongHead(f"this is no head: {error}") from error
    return head


def sign(head: Head, key: Ed25519PrivateKey) -> SignedHead:
    statement = encode(head)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return SignedHead(statement, key.sign(statement), public)


def opened(signed: SignedHead) -> Head:
    """The head, if it is signed by the key that it names. Raises WrongHead."""
    try:
        Ed25519PublicKey.from_public_bytes(signed.public_key).verify(signed.signature, signed.statement)
    except (InvalidSignature, ValueError) as error:
        raise WrongHead("a head whose signature is not of its key") from error
    return decode(signed.statement)


def signed_of(fields: dict[str, Any]) -> SignedHead:
    """A signed head from its JSON. Raises WrongHead."""
    try:
        return SignedHead(*(bytes.fromhex(fields[name]) for name in SignedHead._fields))
    except (KeyError, TypeError, ValueError) as error:
        raise WrongHead(f"a head has statement, signature and public_key: {error}") from error


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The venue's key in a file of mode 600: made at the first call."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(os.urandom(HASH_BYTES).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))
