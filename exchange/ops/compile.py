"""Compiles listed modules with Cython or mypyc and the C compiler: the recipes of what is compiled, and nothing else.

Run as a process of its own (`build.py` starts it), because setuptools and they leave their marks on the process that
imports them. The one argument is a `Job` in JSON; the working directory is the folder that holds the package.
"""

import hashlib
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from Cython.Build import cythonize
from mypyc.build import mypycify
from setuptools import Extension
from setuptools.dist import Distribution

# What Cython may assume of the core (prototype rules 1 to 3): types come from the .pxd and by inference, never from
# hints; indices are never negative; a sum that does not fit 64 bits raises.
TYPED = {
    "language_level": 3,
    "infer_types": True,
    "annotation_typing": False,
    "cdivision": True,
    "boundscheck": False,
    "wraparound": False,
    "initializedcheck": False,
    "overflowcheck": True,
    # Asked behind each sum, not once for all of a line: the processor's own flag is tested where it is set.
    "overflowcheck.fold": False,
    "auto_pickle": False,
    "embedsignature": False,
}
CHECKED = {"boundscheck": True, "initializedcheck": True}

# Warnings that have meant a broken core: a shift or a constant wider than its type, pointers of different records. The
# whole of -Wconversion cannot be asked of generated code; that every C integer is a `long long` is a rule of tidy.
ERRORS = [
    "-Werror=shift-count-overflow",
    "-Werror=overflow",
    "-Werror=int-conversion",
    "-Werror=incompatible-pointer-types",
    "-Werror=implicit-function-declaration",
    "-Werror=return-type",
]
# Rows, events and flags are words and records at once, so two pointers of different types may mean the same memory.
OVERLAID = ["-fno-strict-aliasing"]
# What else an extension carries against attacks on its own process guards no border here, and costs at every call.
FAST = [
    "-O3",
    "-fno-plt",
    "-fno-semantic-interposition",
    "-fno-stack-protector",
    "-fcf-protection=none",
    "-U_FORTIFY_SOURCE",
    # Rules are many small functions that read as sentences; called once each, they belong into their callers.
    "--param=max-inline-insns-auto=100",
    "--param=inline-unit-growth=200",
    "--param=large-function-growth=400",
]
# What every order passes through is made one piece of code each: 6 % of the core's speed for 20 s of compiling.
HOT = frozenset({"checks", "matching", "trading"})
WHOLE = ["--param=max-inline-insns-auto=1500", "--param=inline-unit-growth=2000", "--param=large-function-growth=4000"]
# A traceback is written where a rule was broken, so in every function and once in a venue's life: taken for what it is,
# and kept out of line, it leaves half as much code, compiled in half the time.
SELDOM = "static void __Pyx_AddTraceback(const char *, int, int, const char *) __attribute__((cold, noinline));\n"
SANITIZED = ["-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]


class Job(NamedTuple):
    """What to compile: by which recipe, pairs of module name and source path, where to work, and how."""

    recipe: str
    sources: list[list[str]]
    library: str
    build_dir: str
    debug: bool
    annotate: bool


def signature(job: Job) -> str:
    """Name how modules are compiled; where it differs from the last time, nothing made then may be kept."""
    tools = f"{version('Cython')} {version('mypy')} {sys.version} {job.debug} {job.library}"
    text = Path(__file__).read_bytes() + tools.encode()
    # Layouts of C types: a module that sees one only through others is not known to Cython to depend on it.
    for folder in sorted({Path(path).parent for _, path in job.sources}):
        text += b"".join(path.read_bytes() for path in sorted(folder.glob("*.pxd")))
    return hashlib.sha256(text).hexdigest()


def flags_of(name: str, debug: bool, header: Path) -> list[str]:
    """What the C compiler is told for one module of the core; `header` stands before all of it."""
    if debug:
        return ERRORS + OVERLAID + SANITIZED
    return ERRORS + OVERLAID + ["-include", str(header)] + FAST + (WHOLE if name.rpartition(".")[2] in HOT else [])


def core(job: Job, force: bool) -> list[Extension]:
    """C of sources with C types, by Cython: an extension for each."""
    links = ["-fsanitize=address,undefined"] if job.debug else []
    header = Path(job.build_dir, "seldom.h")
    header.write_text(SELDOM)
    extensions: list[Extension] = cythonize(
        [
            Extension(name, [path], extra_compile_args=flags_of(name, job.debug, header), extra_link_args=links)
            for name, path in job.sources
        ],
        compiler_directives=TYPED | (CHECKED if job.debug else {}),
        build_dir=job.build_dir,
        nthreads=min(CORES, len(job.sources)),
        annotate=job.annotate,
        force=force or job.annotate,
    )
    return extensions


def wire(job: Job, force: bool) -> list[Extension]:
    """C of plain typed sources, by mypyc: one library of all, so that they call each other as C does, and a door to it
    for each. Classes become C's, numbers stay Python's, and whoever gives what a hint does not allow gets a TypeError.
    The time goes into the interpreter's own functions: -O2 takes a third longer and gains nothing.
    """
    return mypycify(
        ["--explicit-package-bases", *(path for _, path in job.sources)],
        opt_level="1",
        debug_level="0",
        target_dir=job.build_dir,
        group_name=job.library.removesuffix("__mypyc"),
    )


CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
RECIPES = {"core": core, "wire": wire}


def compile_all(job: Job) -> None:
    """Compile every module of the job, each extension beside its source; raise if one fails."""
    build_dir = Path(job.build_dir)
    build_dir.mkdir(parents=True, exist_ok=True)
    noted = build_dir / "signature"
    changed = not noted.exists() or noted.read_text() != signature(job)
    noted.unlink(missing_ok=True)
    extensions = RECIPES[job.recipe](job, changed)
    command: Any = Distribution({"ext_modules": extensions}).get_command_obj("build_ext")
    command.inplace = True
    command.parallel = CORES
    command.force = changed
    command.build_temp = str(build_dir / "objects")
    command.build_lib = str(build_dir / "extensions")
    command.ensure_finalized()
    command.run()
    noted.write_text(signature(job))


if __name__ == "__main__":
    compile_all(Job(**json.loads(sys.argv[1])))
