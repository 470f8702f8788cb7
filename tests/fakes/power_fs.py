"""A file system that loses power, mounted by FUSE: tests/fakes/disk.py for programs that know nothing of it.

    python -m tests.fakes.power_fs MOUNT_POINT SEED

serves one flat directory, reads commands from standard input and answers each with a line: `cut` stops everything as a
power failure does (what was not synced is kept, dropped or torn, by the seed), `lie` and `truth` say whether a sync
does anything from now on. It ends when its input does.
"""

import errno
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mfusepy import FUSE, FuseOSError, Operations

from tests.fakes.disk import LyingDisk

ROOT = Path("/")
MOUNTED = {"foreground": True, "nothreads": True, "direct_io": True, "attr_timeout": 0, "entry_timeout": 0}


def asked(call: Callable[..., Any]) -> Callable[..., Any]:
    """One call at a time; what the disk refuses becomes the error number that FUSE hands on."""

    def guarded(self: "PowerFs", *given: Any) -> Any:
        with self.guard:
            try:
                return call(self, *given)
            except KeyError as error:
                # Its descriptor or its name went with the power.
                raise FuseOSError(errno.EIO) from error
            except OSError as error:
                raise FuseOSError(error.errno or errno.EIO) from error

    return guarded


class PowerFs(Operations):  # type: ignore[misc]
    """The calls that FUSE makes, on that disk."""

    use_ns = True

    def __init__(self, disk: LyingDisk, guard: threading.Lock) -> None:
        self.disk = disk
        self.guard = guard

    @asked
    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}
        file = self.disk.names.get(Path(path))
        if file is None:
            raise FuseOSError(errno.ENOENT)
        return {"st_mode": stat.S_IFREG | 0o644, "st_nlink": 1, "st_size": len(file.live)}

    @asked
    def readdir(self, path: str, fh: int) -> Iterator[str]:
        return iter([".", "..", *self.disk.list(ROOT)])

    @asked
    def create(self, path: str, mode: int, fi: Any = None) -> int:
        return self.disk.open_new(Path(path))

    @asked
    def open(self, path: str, flags: int) -> int:
        return self.disk.open_write(Path(path))

    @asked
    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return self.disk.read(fh, size, offset)

    @asked
    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        return self.disk.write(fh, [data], offset)

    @asked
    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        del self.disk.names[Path(path)].live[length:]
        return 0

    @asked
    def fsync(self, path: str, datasync: int, fh: int) -> int:
        self.disk.fdatasync(fh)
        return 0

    @asked
    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        self.disk.sync_directory(ROOT)
        return 0

    @asked
    def rename(self, old: str, new: str, flags: int = 0) -> int:
        self.disk.rename(Path(old), Path(new))
        return 0

    @asked
    def unlink(self, path: str) -> int:
        self.disk.remove(Path(path))
        return 0

    @asked
    def release(self, path: str, fh: int) -> int:
        self.disk.close(fh)
        return 0


def listen(disk: LyingDisk, guard: threading.Lock, mount_point: str) -> None:
    """Do what standard input says until it ends; then unmount."""
    for line in sys.stdin:
        with guard:
            if line.strip() == "cut":
                disk.crash()
            else:
                disk.lies = line.strip() == "lie"
        print("done", flush=True)
    subprocess.run(["fusermount3", "-uz", mount_point], check=False)


def main(mount_point: str, seed: str) -> None:
    disk, guard = LyingDisk(int(seed)), threading.Lock()
    threading.Thread(target=listen, args=(disk, guard, mount_point), daemon=True).start()
    FUSE(PowerFs(disk, guard), mount_point, **MOUNTED)


if __name__ == "__main__":
    main(*sys.argv[1:])
