"""Backups: taken while the venue runs, closed to whoever has no key, restored and audited, refused when touched."""

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.ops import audit, backup, replay
from exchange.store.backup import HEAD_BYTES, PIECE_BYTES, TAG_BYTES, read_backup, write_backup
from exchange.store.errors import StoreError
from tests.server import Server

KEY = bytes(range(32))
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001"}


def files() -> Iterator[tuple[str, bytes]]:
    chance = random.Random(1)
    yield "journal/1.tape", chance.randbytes(3 * PIECE_BYTES // 2)
    yield "journal/2.tape", b""
    yield "snapshots/3.snapshot", chance.randbytes(PIECE_BYTES)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    target = tmp_path / "backup"
    write_backup(target, KEY, files(), tmp_path / "no vault")
    assert [path.name for path in tmp_path.iterdir()] == ["backup"]
    assert target.stat().st_mode & 0o777 == 0o600
    return target


def test_what_went_in_comes_out(written: Path, tmp_path: Path) -> None:
    assert read_backup(written, KEY, tmp_path / "new") == ["journal/1.tape", "journal/2.tape", "snapshots/3.snapshot"]
    for name, content in files():
        assert (tmp_path / "new" / name).read_bytes() == content


def test_it_does_not_open_without_the_key_nor_when_touched_cut_or_rearranged(written: Path, tmp_path: Path) -> None:
    whole = written.read_bytes()
    sealed = PIECE_BYTES + TAG_BYTES
    first, second = whole[HEAD_BYTES : HEAD_BYTES + sealed], whole[HEAD_BYTES + sealed : HEAD_BYTES + 2 * sealed]
    behind = whole[HEAD_BYTES + 2 * sealed :]
    assert behind
    harms = {
        "bit": whole[: HEAD_BYTES + 5] + bytes([whole[HEAD_BYTES + 5] ^ 1]) + whole[HEAD_BYTES + 6 :],
        "salt": whole[:10] + bytes([whole[10] ^ 1]) + whole[11:],
        "cut at a piece": whole[: HEAD_BYTES + 2 * sealed],
        "cut within one": whole[:-1],
        "longer": whole + b"\0",
        "swapped": whole[:HEAD_BYTES] + second + first + behind,
        "one missing": whole[:HEAD_BYTES] + second + behind,
        "empty": b"",
        "another file": b"PK" + whole[2:],
    }
    for name, content in harms.items():
        written.write_bytes(content)
        with pytest.raises(StoreError):
            read_backup(written, KEY, tmp_path / "new")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["backup"], name
    written.write_bytes(whole)
    with pytest.raises(StoreError, match="another master key"):
        read_backup(written, bytes(32), tmp_path / "new")


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "journal/../../escaped", "else/1.tape", ""])
def test_a_backup_writes_nothing_but_what_a_backup_has(tmp_path: Path, name: str) -> None:
    write_backup(tmp_path / "backup", KEY, iter([(name, b"content")]), tmp_path / "no vault")
    with pytest.raises(StoreError, match="holds no file named"):
        read_backup(tmp_path / "backup", KEY, tmp_path / "new")
    assert os.listdir(tmp_path) == ["backup"]


def test_a_directory_with_something_in_it_is_left_alone(written: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "mine").write_text("mine")
    with pytest.raises(StoreError, match="not empty"):
        read_backup(written, KEY, tmp_path / "new")
    assert os.listdir(tmp_path / "new") == ["mine"]


def test_a_backup_that_fails_leaves_the_last_one_and_nothing_beside(written: Path, tmp_path: Path) -> None:
    def breaking() -> Iterator[tuple[str, bytes]]:
        yield "journal/1.tape", b"one"
        raise OSError("the disk has gone")

    before = written.read_bytes()
    with pytest.raises(OSError, match="the disk has gone"):
        write_backup(written, KEY, breaking(), tmp_path / "no vault")
    assert written.read_bytes() == before
    assert os.listdir(tmp_path) == ["backup"]


def test_a_running_venue_is_backed_up_restored_audited_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, copy, target = tmp_path / "data", tmp_path / "copy", tmp_path / "backup"
    key_file = tmp_path / "kept.key"
    with Server(data, "--no-flow", "--snapshot-every", "20") as server:
        for number in range(15):
            placed = server.signed(
                "POST", "/api/v3/order", **ORDER, price="60000.00", newClientOrderId=f"kept-{number}"
            )
            assert placed.status == 200
        shutil.copy(data / "master.key", key_file)
        assert backup.main([str(data), str(target)]) == 0
        assert server.signed("POST", "/api/v3/order", **ORDER, price="60000.00").status == 200
        secret = server.credentials()["secret_key"].encode()
        assert secret not in target.read_bytes()
        known = (data / "credentials.json").read_bytes()
    assert backup.restore([str(target), str(copy), "--master-key-file", str(key_file)]) == 0
    assert audit.main([str(copy), "--quiet"]) == 0
    assert replay.main([str(copy), "--quiet"]) == 0
    capsys.readouterr()
    shutil.copy(key_file, copy / "master.key")
    (copy / "credentials.json").write_bytes(known)
    with Server(copy, "--no-flow") as server:
        # The vault came along: the old key signs, and the orders of before the backup are there.
        listed = server.signed("GET", "/api/v3/openOrders", symbol="BTCUSDT").body
        assert [each["clientOrderId"] for each in listed] == [f"kept-{number}" for number in range(15)]
        assert server.signed("POST", "/api/v3/order", **ORDER, price="60000.00").status == 200
