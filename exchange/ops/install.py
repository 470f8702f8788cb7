"""Makes `.venv` beside run.py, installs the locked requirements and the project there, and goes on inside it.

Standard library only: this is what runs before anything is installed. The system's own packages are never touched. An
environment counts as whole when its stamp, written last, names this Python and this lock; any other is made anew, so a
start that was killed half-way costs the next one nothing but time.
"""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exchange.ops import build

ROOT = build.ROOT
VENV = ROOT / ".venv"
STAMP = VENV / "tape-stamp"
LOCK_FILE = ROOT / ".venv.lock"
REQUIREMENTS = ROOT / "requirements.lock"
# Set for the second half of a start, so that an environment that does not hold is not entered for ever.
ENTERED = "TAPE_ENTERED"


class InstallError(Exception):
    """The environment could not be made; the text says what a person can do."""


def main(argv: list[str]) -> int:
    """Make or mend the environment, run the command of these arguments inside it, return its exit code."""
    entered = os.environ.pop(ENTERED, None)
    try:
        if not (is_inside() and is_installed()):
            if entered:
                raise InstallError(f"{VENV} does not hold: remove it and start again")
            install()
            enter(argv)
        refresh_core()
    except (InstallError, build.BuildError) as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"run.py: the environment could not be made here: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("run.py: stopped; the next start makes the environment anew", file=sys.stderr)
        return 130
    from exchange.ops import cli

    return cli.main(argv)


def is_inside() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()


def is_installed() -> bool:
    """Tell whether the environment was finished, for this Python and this lock."""
    return STAMP.is_file() and STAMP.read_text() == make_stamp() and os.access(find_python(), os.X_OK)


def make_stamp() -> str:
    return f"{sys.implementation.cache_tag} {hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()} {ROOT}\n"


def find_python() -> Path:
    return VENV / "bin" / "python"


def enter(argv: list[str]) -> None:
    """Replace this process by the same start inside the environment; the process id stays."""
    os.environ[ENTERED] = "1"
    os.execv(find_python(), [str(find_python()), str(ROOT / "run.py"), *argv])


def install() -> None:
    """Make the environment, unless it is whole already or another start makes it meanwhile."""
    if is_installed():
        return
    with exclusive():
        if is_installed():
            return
        began = time.monotonic()
        provide_tools()
        STAMP.unlink(missing_ok=True)
        say(f"[1/4] making {VENV}")
        if VENV.exists():
            shutil.rmtree(VENV)
        run_quietly([base_python(), "-m", "venv", str(VENV)])
        install_requirements()
        say("[3/4] compiling the core, and an order's way to it")
        run_visibly([str(find_python()), "-m", "exchange.ops.build"])
        say("[4/4] installing the project")
        run_quietly([*pip_install(), "--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
        STAMP.write_text(make_stamp())
        say(f"ready after {time.monotonic() - began:.0f} s")


def base_python() -> str:
    """Return the interpreter that environments are made from: not that of one we may run in."""
    return getattr(sys, "_base_executable", None) or sys.executable


def pip_install() -> list[str]:
    return [str(find_python()), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--no-user"]


def install_requirements() -> None:
    """Install what the lock names, by hash; say how far it is, on a terminal often and in a log seldom."""
    names = re.findall(r"^([A-Za-z0-9_.-]+)==", REQUIREMENTS.read_text(), re.MULTILINE)
    say(f"[2/4] installing {len(names)} locked packages")
    command = [*pip_install(), "--require-hashes", "--requirement", str(REQUIREMENTS)]
    lines: list[str] = []
    found = 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, close_fds=False
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if line.startswith(("Collecting ", "Requirement already satisfied")):
                found += 1
                if sys.stderr.isatty():
                    print(f"\r      {found} of {len(names)} ", end="", file=sys.stderr, flush=True)
                elif found % 20 == 0:
                    say(f"      {found} of {len(names)}")
            elif line.startswith("Installing collected packages"):
                say("\r      unpacking them" if sys.stderr.isatty() else "      unpacking them")
    if process.returncode:
        raise InstallError("pip could not install the locked packages:\n" + "".join(lines[-30:]))


def provide_tools() -> None:
    """See to it that an environment can be made and the core compiled; as root on Debian by installing what lacks.

    Raises: InstallError where no environment can be made at all. Without a compiler we go on, interpreted.
    """
    blocking = missing_for_environment()
    if not blocking and not build.missing_tools():
        return
    line = apt_line(blocking)
    if line and os.geteuid() == 0:
        say(f"this machine lacks {', '.join(blocking + build.missing_tools())}: {' '.join(line)}")
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        if subprocess.run(line, env=environment, stdout=subprocess.DEVNULL, check=False).returncode:
            subprocess.run(["apt-get", "update", "-q"], env=environment, stdout=subprocess.DEVNULL, check=False)
            subprocess.run(line, env=environment, stdout=subprocess.DEVNULL, check=False)
        importlib.invalidate_caches()
        blocking = missing_for_environment()
        line = apt_line(blocking)
    advice = f"; this helps, as root: {' '.join(line)}" if line else ""
    if blocking:
        raise InstallError(f"this machine lacks {', '.join(blocking)}{advice}")
    if build.missing_tools():
        say(f"without {', '.join(build.missing_tools())} all runs interpreted{advice}")


def missing_for_environment() -> list[str]:
    return [f"Python's module {name}" for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]


def apt_line(blocking: list[str]) -> list[str]:
    """Return the one command that provides what is missing; empty where apt-get cannot help."""
    if shutil.which("apt-get") is None:
        return []
    of_debian = sys.base_prefix == "/usr"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = [f"{version}-venv"] if blocking and of_debian else []
    for tool in build.missing_tools():
        if "compiler" in tool:
            packages += ["gcc", "libc6-dev"]
        elif of_debian:
            packages.append(f"{version}-dev")
    return ["apt-get", "install", "-y", *packages] if packages else []


def refresh_core() -> None:
    """Compile again if a source is newer than its extension; where it stays interpreted, say what would help."""
    if build.is_fresh():
        return
    with exclusive():
        if not build.is_fresh() and build.build(say=say).interpreted_because and (advice := apt_line([])):
            say(f"this helps, as root: {' '.join(advice)}")


@contextmanager
def exclusive() -> Iterator[None]:
    """Hold the lock of the environment: one start installs or builds, the others wait for it."""
    with LOCK_FILE.open("a") as file:
        # The installers inherit the lock: if this process is killed, the next start waits until they are gone, too.
        os.set_inheritable(file.fileno(), True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another start is installing or building; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run_quietly(command: list[str]) -> None:
    """Run a step; what it printed is shown only if it fails."""
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, close_fds=False
    )
    if done.returncode:
        raise InstallError(f"{' '.join(command)} failed:\n{done.stdout[-4000:]}")


def run_visibly(command: list[str]) -> None:
    if subprocess.run(command, cwd=ROOT, check=False, close_fds=False).returncode:
        raise InstallError(f"{' '.join(command)} failed")


def say(line: str) -> None:
    """Tell a person how far the start is: on standard error, which belongs to nobody's data."""
    print(line, file=sys.stderr, flush=True)
