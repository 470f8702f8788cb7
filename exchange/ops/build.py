"""Builds what is compiled: which modules, whether they are fresh, all of a group or none. Standard library only.

The core: the sources of `exchange.core.matching` are plain Python with C types in a `.pxd` beside them, or a container
in Cython (`.pyx`) with its Python twin; a mix of compiled and plain modules cannot share C types. The wire: what every
order passes through between socket and core, plain typed Python that mypyc compiles as it is. Compiled extensions lie
beside the sources, are git-ignored, and win over them on import; a build that fails leaves none of its group.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
# Modules whose .pxd holds only enums, structs and lines of C: the compiler reads them, nothing of them is compiled.
DECLARATIONS = frozenset({"codes", "records", "sides", "wide"})
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
SOURCES = (".py", ".pyx", ".pxd")
COMPILER = Path(__file__).with_name("compile.py")


class BuildError(Exception):
    """The compiled core was asked for and could not be built."""


class Group(NamedTuple):
    """Modules of a package that are compiled by one recipe of compile.py: those named, or else those with C types."""

    recipe: str
    package: str
    loss: str
    """What it costs where they run interpreted."""
    names: tuple[str, ...] = ()
    library: str = ""
    """A further extension, in which all of them are."""


CORE = Group("core", "exchange.core.matching", "some thirty times slower, and no speed figure applies")
WIRE = Group(
    "wire",
    "exchange",
    "an order over the wire takes a third longer",
    (
        "api.auth",
        "api.context",
        "api.decimals",
        "api.endpoints",
        "api.frames",
        "api.order_views",
        "api.orders",
        "api.parameters",
        "api.rate_limits",
        "api.rest",
        "api.sessions",
        "api.sockets",
        "api.websocket",
        "api.websocket_api",
        "messages.orders",
        "runtime.batches",
        "runtime.guard",
    ),
    "wire__mypyc",
)
"""Chosen by what they give for their seconds of compiling: bench/README.md."""
GROUPS = (CORE, WIRE)


class Module(NamedTuple):
    """One module to compile: its full name, its source, the extension that this interpreter would load."""

    name: str
    source: Path
    extension: Path


class Outcome(NamedTuple):
    """What a build left behind: the extensions, and why sources run interpreted.

    Both are empty where there is nothing to compile.
    """

    extensions: tuple[Path, ...] = ()
    interpreted_because: str = ""


def is_required() -> bool:
    """Tell whether an interpreted core is a failure here: on CI, and where TAPE_REQUIRE_COMPILED says so."""
    return os.environ.get("TAPE_REQUIRE_COMPILED") == "1" or os.environ.get("CI") == "true"


def find_folder(root: Path, package: str) -> Path:
    return root.joinpath(*package.split("."))


def find_modules(root: Path = ROOT, groups: tuple[Group, ...] = GROUPS) -> list[Module]:
    """List what to compile, group by group, by name."""
    return [
        Module(name, source, source.with_name(source.stem + SUFFIX))
        for group in groups
        for name, source in sorted(find_sources(root, group).items())
    ]


def find_sources(root: Path, group: Group) -> dict[str, Path]:
    """A group's sources by module; C types have every `.pyx`, and every `.py` with a `.pxd` of more than records."""
    folder = find_folder(root, group.package)
    if group.names:
        named = {f"{group.package}.{name}": find_folder(folder, name).with_suffix(".py") for name in group.names}
        return {name: path for name, path in named.items() if path.exists()}
    sources = {path.stem: path for path in folder.glob("*.py") if path.with_suffix(".pxd").exists()}
    sources |= {path.stem: path for path in folder.glob("*.pyx")}
    return {f"{group.package}.{stem}": path for stem, path in sources.items() if stem not in DECLARATIONS}


def find_extensions(root: Path, groups: tuple[Group, ...]) -> set[Path]:
    """This interpreter's extensions beside the sources, those included that a module no longer named has left."""
    return {path for group in groups for path in find_folder(root, group.package).rglob(f"*{SUFFIX}")}


def name_extensions(root: Path, groups: tuple[Group, ...]) -> list[Path]:
    """The extensions that there should be."""
    named = [module.extension for module in find_modules(root, groups)]
    libraries = [group for group in groups if group.library and find_sources(root, group)]
    return named + [find_folder(root, group.package) / (group.library + SUFFIX) for group in libraries]


def is_fresh(root: Path = ROOT, groups: tuple[Group, ...] = GROUPS) -> bool:
    """Tell whether every extension is there, no other, and none older than its source, a declaration or the recipes."""
    extensions = name_extensions(root, groups)
    if find_extensions(root, groups) != set(extensions):
        return False
    declarations = [path for group in groups for path in find_folder(root, group.package).glob("*.pxd")]
    newest = max(path.stat().st_mtime_ns for path in [COMPILER, *declarations])
    modules = find_modules(root, groups)
    return min((path.stat().st_mtime_ns for path in extensions), default=newest) >= newest and all(
        module.extension.stat().st_mtime_ns >= module.source.stat().st_mtime_ns for module in modules
    )


def missing_tools() -> list[str]:
    """Name what the compiler needs and this machine lacks, in words for a person."""
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    header = Path(sysconfig.get_path("include"), "Python.h")
    missing = [] if shutil.which(compiler) else [f"a C compiler ({compiler})"]
    return missing if header.exists() else [*missing, f"Python's headers ({header})"]


def build(
    root: Path = ROOT,
    groups: tuple[Group, ...] = GROUPS,
    *,
    debug: bool = False,
    into: Path | None = None,
    annotate: bool = False,
    say: Callable[[str], None] = print,
) -> Outcome:
    """Compile all modules of each group or none; what has not changed is not compiled again.

    into:     a folder to copy the sources to and to build in; without it the extensions lie beside the sources.
    debug:    with bounds checks and the address and undefined-behaviour sanitizers, for the core alone; only together
              with `into`, and what runs it needs `debug_environment(into)`.
    annotate: write Cython's HTML of which lines call into Python below the build folder, too.
    Raises:   BuildError where `is_required()` or `into` was given and the build failed.
    """
    if debug and into is None:
        raise ValueError("a debug build needs a folder of its own: its extensions load only beside a sanitizer")
    if into is not None:
        copy_sources(into, root, groups[0].package.split(".")[0])
        root = into
    wanted = name_extensions(root, groups)
    for path in find_extensions(root, groups).difference(wanted):
        path.unlink()
    if not wanted:
        return Outcome()
    missing = missing_tools()
    if missing and into is None and not is_required() and is_fresh(root, groups):
        return Outcome(tuple(wanted))
    say(f"compiling {len(find_modules(root, groups))} modules …")
    with ThreadPoolExecutor() as pool:
        # Side by side: one of them may use one processor for long.
        asked = [pool.submit(compile_group, root, group, debug, annotate) for group in groups]
        failures = ["missing: " + ", ".join(missing)] * len(groups) if missing else [each.result() for each in asked]
    for group, failure in zip(groups, failures, strict=True):
        if failure:
            for path in name_extensions(root, (group,)):
                path.unlink(missing_ok=True)
            if is_required() or into is not None:
                raise BuildError(f"the {group.recipe} could not be compiled: {failure}")
            say(f"warning: the {group.recipe} runs interpreted, {group.loss}: {failure}")
    return Outcome(tuple(path for path in wanted if path.exists()), "\n".join(filter(None, failures)))


def compile_group(root: Path, group: Group, debug: bool, annotate: bool) -> str:
    """Compile in a process of its own; return what went wrong, or an empty text."""
    build_dir = root / "build" / f"{group.recipe}-{sys.implementation.cache_tag}"
    job = {
        "recipe": group.recipe,
        "sources": [
            [name, str(source.relative_to(root))] for name, source in sorted(find_sources(root, group).items())
        ],
        "library": f"{group.package}.{group.library}",
        "build_dir": str(build_dir.relative_to(root)),
        "debug": debug,
        "annotate": annotate,
    }
    extensions = name_extensions(root, (group,))
    started_ns = time.time_ns()
    # -P: the folder of the script is not searched for modules, it holds names that others use too.
    command = [sys.executable, "-P", str(COMPILER), json.dumps(job)]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    absent = [str(path.relative_to(root)) for path in extensions if not path.exists()]
    if done.returncode or absent:
        return "\n".join(done.stdout.splitlines()[-60:]) or f"what was not made: {', '.join(absent)}"
    # A source saved while the compiler ran is newer than what was made of it: everything bears the time of the start.
    for path in [*extensions, *build_dir.rglob("*.c"), *build_dir.rglob("*.so")]:
        os.utime(path, ns=(started_ns, started_ns))
    return ""


def copy_sources(into: Path, root: Path = ROOT, package: str = "exchange") -> None:
    """Copy the sources of a package below `into`, without extensions: the interpreted form, or what to build there.

    A process that is to import the copy runs with `into` as its working directory and its PYTHONPATH.
    """
    for path in sorted((root / package).rglob("*")):
        if path.suffix in SOURCES and "node_modules" not in path.parts:
            target = into / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)


def debug_environment(into: Path) -> dict[str, str]:
    """Return what a process needs in its environment to load a debug build: add it to os.environ, and run in `into`.

    Raises: BuildError where the compiler has no address sanitizer.
    """
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    command = [compiler, "-print-file-name=libasan.so"]
    library = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    if not Path(library).is_absolute():
        raise BuildError(f"{compiler} has no address sanitizer (libasan)")
    return {
        "LD_PRELOAD": str(Path(library).resolve()),
        "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter keeps much until its end
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "PYTHONMALLOC": "malloc",  # so that the sanitizer sees every block, Python's too
        "PYTHONPATH": str(into),
    }


if __name__ == "__main__":
    build(annotate="--annotate" in sys.argv[1:])
