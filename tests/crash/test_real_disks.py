"""The real server and real clients on disks that fail for real: one that loses power, one that fills up, one that goes
read-only. What was acknowledged is there, once, after every start.
"""

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.test_kill import Acknowledged, Http, check, trade_until_dead
from tests.server import ROOT, Server

pytestmark = [pytest.mark.long, pytest.mark.timeout(3_000)]
CLIENTS = 4
DISK_MIB = 64


class PowerFs:
    """A mounted file system that loses power when it is told to."""

    def __init__(self, mount_point: Path, seed: int) -> None:
        mount_point.mkdir(parents=True)
        self.mount_point = mount_point
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.power_fs", str(mount_point), str(seed)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        until = time.monotonic() + 20
        while not mount_point.is_mount():
            assert self.process.poll() is None
            assert time.monotonic() < until, "the file system was not mounted"
            time.sleep(0.02)

    def tell(self, command: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def close(self) -> None:
        self.process.communicate(timeout=20)


@pytest.fixture
def power(tmp_path: Path) -> Iterator[PowerFs]:
    """A venue's journal on such a file system, the rest of its data on an ordinary one."""
    if not Path("/dev/fuse").exists() or shutil.which("fusermount3") is None:
        pytest.skip("there is no FUSE here: apt-get install fuse3")
    mounted = PowerFs(tmp_path / "data/journal", 7)
    yield mounted
    mounted.close()


async def trade_for(server: Server, name: str, seconds: float, known: Acknowledged) -> None:
    """Clients trade for a while; they notice themselves when the venue dies."""
    trading = [
        asyncio.create_task(trade_until_dead(Http(server), f"{name}-{number}", f"{name} {number}", known))
        for number in range(CLIENTS)
    ]
    await asyncio.wait(trading, timeout=seconds)


async def until_dead(server: Server, name: str, known: Acknowledged, seconds: float = 60) -> None:
    await trade_for(server, name, seconds, known)
    assert server.process is not None
    assert server.process.wait(20) != 0, "the venue went on"


def start(data: Path) -> Server:
    """A venue whose segments are small: each new one asks the disk for room."""
    settings = data.parent / "settings.toml"
    settings.write_text("segment_bytes = 262_144\n")
    return Server(data, "--no-flow", "--snapshot-every", "500", "--config", str(settings)).start()


def test_power_that_fails_loses_nothing_that_was_acknowledged(power: PowerFs, tmp_path: Path) -> None:
    known, rounds = Acknowledged(), 40
    for number in range(rounds):
        server = start(tmp_path / "data")
        try:
            asyncio.run(check(server, known))

            async def work(server: Server = server, number: int = number) -> None:
                going = asyncio.create_task(trade_for(server, f"p{number}", 60, known))
                await asyncio.sleep(0.1 + number % 7 * 0.05)
                power.tell("cut")
                server.kill()
                await going

            asyncio.run(work())
        finally:
            server.kill()
    server = start(tmp_path / "data")
    asyncio.run(check(server, known))
    server.stop()
    print(f"{rounds} power cuts, {len(known.orders)} orders, {len(known.canceled)} cancels")
    assert len(known.orders) > 10 * rounds


def test_a_disk_that_lies_about_its_syncs_is_found_out(power: PowerFs, tmp_path: Path) -> None:
    """What a lie loses is in the clients' list, or the venue sees by its snapshots and history that it is missing."""
    found = 0
    for number in range(6):
        known = Acknowledged()
        server = start(tmp_path / "data")
        power.tell("lie")
        asyncio.run(trade_for(server, f"l{number}", 1.0, known))
        power.tell("cut")
        power.tell("truth")
        server.kill()
        try:
            server = start(tmp_path / "data")
        except AssertionError as refused:
            found += "run.py demo: " in str(refused)
            break
        try:
            asyncio.run(check(server, known))
        except AssertionError:
            found += 1
        server.kill()
    assert found


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The journal on a small ext4 of its own."""
    image, mounted = tmp_path / "image", tmp_path / "data/journal"
    mounted.mkdir(parents=True)
    with image.open("wb") as file:
        file.truncate(DISK_MIB << 20)
    made = subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=False, capture_output=True)
    mount = ["mount", "-o", "loop", str(image), str(mounted)]
    if made.returncode or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no loop device can be mounted here: it takes root")
    (mounted / "lost+found").rmdir()
    yield mounted
    subprocess.run(["umount", "-l", str(mounted)], check=True)


def last_line(server: Server) -> str:
    return server.errors.read_text().strip().splitlines()[-1]


def test_a_disk_that_fills_up_stops_the_venue_and_loses_nothing(small_disk: Path, tmp_path: Path) -> None:
    known = Acknowledged()
    filler = small_disk / "filler"
    for number in range(3):
        server = start(tmp_path / "data")
        asyncio.run(check(server, known))
        asyncio.run(trade_for(server, f"f{number}", 0.5, known))
        with filler.open("wb") as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
                    file.flush()
            except OSError:
                pass
        asyncio.run(until_dead(server, f"g{number}", known))
        assert "the venue stops" in last_line(server)
        filler.unlink()
    server = start(tmp_path / "data")
    asyncio.run(check(server, known))
    server.stop()


def test_a_disk_that_turns_read_only_stops_the_venue_and_loses_nothing(small_disk: Path, tmp_path: Path) -> None:
    known = Acknowledged()
    image = tmp_path / "image"
    for number in range(3):
        server = start(tmp_path / "data")
        asyncio.run(check(server, known))
        asyncio.run(trade_for(server, f"r{number}", 0.5, known))
        # What ext4 does itself when it meets an error: from here on nothing can be written.
        subprocess.run(["mount", "-o", "remount,abort", str(small_disk)], check=False)
        asyncio.run(until_dead(server, f"s{number}", known))
        assert "the venue stops" in last_line(server)
        until = time.monotonic() + 10
        # The venue's second process ends right behind it.
        while subprocess.run(["umount", str(small_disk)], check=False, capture_output=True).returncode:
            assert time.monotonic() < until, "somebody still has a file of the journal open"
            time.sleep(0.05)
        subprocess.run(["e2fsck", "-p", str(image)], check=False, capture_output=True)
        subprocess.run(["mount", "-o", "loop", str(image), str(small_disk)], check=True)
    server = start(tmp_path / "data")
    asyncio.run(check(server, known))
    server.stop()
