"""The vault: nothing in the clear on disk, nothing without the key, erasing is destroying a key."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.store.errors import StoreError
from exchange.store.vault import Vault, make_master_key, read_master_key


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    opened = Vault(tmp_path / "vault.sqlite", make_master_key(tmp_path / "master.key"))
    yield opened
    opened.close()


def test_a_secret_comes_back_and_is_not_on_disk_in_the_clear(vault: Vault, tmp_path: Path) -> None:
    reference = vault.keep(7, b"a secret that must not be seen")
    assert vault.reveal(reference) == b"a secret that must not be seen"
    assert all(b"must not be seen" not in path.read_bytes() for path in tmp_path.iterdir())
    assert (tmp_path / "vault.sqlite").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600


def test_another_master_key_opens_nothing(vault: Vault, tmp_path: Path) -> None:
    reference = vault.keep(7, b"secret")
    other = Vault(tmp_path / "vault.sqlite", bytes(32))
    with pytest.raises(StoreError, match="does not open"):
        other.reveal(reference)
    other.close()


def test_rows_cannot_be_swapped(vault: Vault, tmp_path: Path) -> None:
    mine, yours = vault.keep(7, b"mine"), vault.keep(7, b"yours")
    with sqlite3.connect(tmp_path / "vault.sqlite") as database:
        sealed = database.execute("select sealed from secrets where reference = ?", [mine]).fetchone()[0]
        database.execute("update secrets set sealed = ? where reference = ?", [sealed, yours])
    database.close()
    with pytest.raises(StoreError, match="does not open"):
        vault.reveal(yours)


def test_erasing_a_person_destroys_what_is_theirs_and_nothing_else(vault: Vault) -> None:
    mine, yours = vault.keep(7, b"mine"), vault.keep(8, b"yours")
    vault.erase(7)
    with pytest.raises(KeyError):
        vault.reveal(mine)
    assert vault.reveal(yours) == b"yours"


def test_orphans_are_swept(vault: Vault) -> None:
    kept, orphan = vault.keep(7, b"kept"), vault.keep(7, b"orphan")
    assert vault.sweep([kept]) == 1
    assert vault.reveal(kept) == b"kept"
    with pytest.raises(KeyError):
        vault.reveal(orphan)


def test_the_master_key_is_made_once_and_a_file_without_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "below" / "master.key"
    assert make_master_key(path) == make_master_key(path) == read_master_key(path)
    path.write_text("abcd")
    with pytest.raises(StoreError, match="2 bytes, a master key has 32"):
        read_master_key(path)
    path.write_text("no hex")
    with pytest.raises(StoreError, match="holds no master key"):
        read_master_key(path)
