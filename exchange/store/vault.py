"""The vault: secrets and personal data, encrypted under a key per person that the master key wraps.

AES-256-GCM throughout; what a ciphertext belongs to is authenticated with it, so rows cannot be swapped. Destroying a
person's key erases everything of that person, in backups too, while every hash in the journal still verifies. A secret
is durable here before its GrantApiKey is journaled; references that no journaled key has are swept at start.
"""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlite_utils import Database

from exchange.store.errors import StoreError

KEY_BYTES = 32
NONCE_BYTES = 12
REFERENCE_BYTES = 16


def make_master_key(path: Path) -> bytes:
    """The master key in a file of mode 600: made at the first call, read at later ones."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
    return read_master_key(path)


def read_master_key(path: Path) -> bytes:
    """The 32 bytes that a master key file holds as hex. StoreError where it does not."""
    try:
        key = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} holds no master key: {error}") from error
    if len(key) != KEY_BYTES:
        raise StoreError(f"{path} holds {len(key)} bytes, a master key has {KEY_BYTES}")
    return key


def seal(key: bytes, plain: bytes, belongs_to: str) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, belongs_to.encode())


def unseal(key: bytes, sealed: bytes, belongs_to: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], belongs_to.encode())
    except InvalidTag as error:
        raise StoreError(f"{belongs_to} does not open: another master key, or a changed row") from error


class Vault:
    """One SQLite file, every write of which is fsynced before it returns. For one thread."""

    def __init__(self, path: Path, master_key: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.master_key = master_key
        self.database = Database(str(path))
        path.chmod(0o600)
        self.database.execute("pragma journal_mode = delete")
        self.database.execute("pragma synchronous = full")
        self.people = self.database.table("people")
        self.secrets = self.database.table("secrets")
        self.people.create({"user_id": int, "wrapped_key": bytes}, pk="user_id", if_not_exists=True)
        self.secrets.create({"reference": str, "user_id": int, "sealed": bytes}, pk="reference", if_not_exists=True)

    def person_key(self, user_id: int) -> bytes:
        """A person's key, made when first asked for."""
        rows = list(self.people.rows_where("user_id = ?", [user_id]))
        if rows:
            return unseal(self.master_key, rows[0]["wrapped_key"], f"person {user_id}")
        key = secrets.token_bytes(KEY_BYTES)
        with self.database.conn:
            self.people.insert({"user_id": user_id, "wrapped_key": seal(self.master_key, key, f"person {user_id}")})
        return key

    def keep(self, user_id: int, secret: bytes) -> str:
        """Store a secret of a person durably; returns the reference that the journal will have."""
        reference = secrets.token_hex(REFERENCE_BYTES)
        sealed = seal(self.person_key(user_id), secret, f"secret {reference} of {user_id}")
        with self.database.conn:
            self.secrets.insert({"reference": reference, "user_id": user_id, "sealed": sealed})
        return reference

    def reveal(self, reference: str) -> bytes:
        """The secret behind a reference. KeyError where there is none, or its person was erased."""
        rows = list(self.secrets.rows_where("reference = ?", [reference]))
        if not rows or not self.people.count_where("user_id = ?", [rows[0]["user_id"]]):
            raise KeyError(reference)
        user_id = rows[0]["user_id"]
        return unseal(self.person_key(user_id), rows[0]["sealed"], f"secret {reference} of {user_id}")

    def erase(self, user_id: int) -> None:
        """Destroy a person's key: nothing of that person opens any more."""
        with self.database.conn:
            self.people.delete_where("user_id = ?", [user_id])

    def sweep(self, journaled: Iterable[str]) -> int:
        """Drop the secrets that no journaled key refers to; returns how many there were."""
        kept = set(journaled)
        orphans = [row["reference"] for row in self.secrets.rows if row["reference"] not in kept]
        with self.database.conn:
            for reference in orphans:
                self.secrets.delete(reference)
        return len(orphans)

    def close(self) -> None:
        self.database.close()
