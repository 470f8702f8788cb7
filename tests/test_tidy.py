"""The rules of the tree (tests/tidy.py) hold for every file, and each is shown to fail on a planted violation."""

import os
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from pathlib import Path

import pytest

from exchange.ops import build
from tests import tidy

ROOT = build.ROOT
NOT_SOURCES = {"build", "dist", "var", "node_modules", "__pycache__"}


def walk(folder: Path) -> Iterator[str]:
    """Yield every file below that git would hold, where git does not answer."""
    for path in sorted(folder.iterdir()):
        is_hidden = path.name.startswith(".") and path.name not in (".ci", ".gitignore")
        if is_hidden or path.name in NOT_SOURCES or path.suffix in (".so", ".egg-info"):
            continue
        if path.is_dir():
            yield from walk(path)
        else:
            yield path.relative_to(ROOT).as_posix()


@lru_cache(maxsize=1)
def files() -> dict[str, str]:
    """Return path and text of every file that git holds or would take; binary ones have no text."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        names = [name for name in done.stdout.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = []
    texts = {}
    for name in names or walk(ROOT):
        path = ROOT / name
        if path.is_file():
            texts[name] = path.read_bytes().decode("utf-8", "replace")
    return texts


def test_the_tree_was_found() -> None:
    assert {"run.py", "pyproject.toml", "exchange/__init__.py", "tests/test_tidy.py"} <= files().keys()


def test_walking_finds_what_git_finds() -> None:
    assert {"run.py", ".ci/run", "exchange/__init__.py", "tests/test_tidy.py"} <= set(walk(ROOT))
    assert not [name for name in walk(ROOT) if name.startswith((".venv", "build/")) or name.endswith(".so")]


@pytest.mark.parametrize("rule", tidy.RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule: tidy.Rule) -> None:
    found = [f"{path}:{problem}" for path, source in files().items() for problem in rule(path, source)]
    assert not found, f"{rule.__doc__}\n" + "\n".join(found)


def test_what_is_compiled_is_loaded_and_newer_than_its_sources() -> None:
    modules = build.find_modules()
    if not build.is_required() and build.missing_tools():
        assert not [module.extension for module in modules if module.extension.exists()] or build.is_fresh()
        return
    assert build.is_fresh(), "a source is newer than its extension: any command of run.py builds it"
    for module in modules:
        # (mypyc puts its library's folder before the whole name: only the last part can be relied on.)
        assert Path(import_module(module.name).__file__ or "").name == module.extension.name


LONG_FUNCTION = "def long():\n" + "    pass\n" * 60
LONG_CDEF = (
    "cdef class A:\n    cdef long long f(self, int a) except -1:\n"
    + "        pass\n" * 60
    + "    def g(self):\n        pass\n"
)
CORE = "exchange/core/orders.py"
POOL = "exchange/core/matching/pool.pyx"

BROKEN = [
    (tidy.sizes, CORE, "a = 1\n" * 501, "has 501 lines"),
    (tidy.sizes, CORE, "# " + "x" * 119, "1: 121 characters"),
    (tidy.sizes, CORE, LONG_FUNCTION, "1: long has 61 lines"),
    (tidy.sizes, "tests/unit/test_a.py", LONG_FUNCTION.replace("def", "async def"), "1: long has 61 lines"),
    (tidy.sizes, POOL, LONG_CDEF, "2: f has 61 lines"),
    (
        tidy.imports,
        "journal/frame.py",
        "from exchange.messages import base",
        "1: may not import exchange.messages.base",
    ),
    (tidy.imports, "journal/frame.py", "import msgspec", "1: may not import msgspec"),
    (tidy.imports, "snapshots/store.py", "import journal", "1: may not import journal"),
    (
        tidy.imports,
        "exchange/verifier/books.py",
        "from exchange.core import codes",
        "1: may not import exchange.core.codes",
    ),
    (tidy.imports, "exchange/verifier/books.py", "def f():\n    import orjson", "2: may not import orjson"),
    (tidy.imports, "exchange/messages/orders.py", "from ..core import state", "1: may not import exchange.core.state"),
    (tidy.imports, CORE, "from exchange.runtime import clock", "1: may not import exchange.runtime.clock"),
    (tidy.imports, CORE, "import orjson", "1: may not import orjson"),
    (tidy.imports, POOL, "from exchange.api cimport a", "1: may not import exchange.api"),
    (
        tidy.imports,
        "exchange/api/orders.py",
        "from exchange.core.state import State",
        "1: may not import exchange.core.state",
    ),
    (
        tidy.imports,
        "exchange/api/orders.py",
        "from exchange.core import engine",
        "1: may not import exchange.core.engine",
    ),
    (
        tidy.imports,
        "exchange/projections/depth.py",
        "from exchange import runtime",
        "1: may not import exchange.runtime",
    ),
    (tidy.imports, "exchange/new/thing.py", "import journal", "1: may not import journal"),
    (tidy.imports, "exchange/ops/install.py", "import rich", "1: may not import rich"),
    (tidy.imports, "run.py", "from exchange.core import engine", "1: may not import exchange.core.engine"),
    *((tidy.repeatable, CORE, f"import {name}", f"1: imports {name}") for name in sorted(tidy.UNREPEATABLE)),
    (tidy.repeatable, CORE, "from os import path", "1: imports os.path"),
    (tidy.repeatable, CORE, "a = 0.5", "1: a float literal"),
    (tidy.repeatable, CORE, "a = b / c", "1: a true division"),
    (tidy.repeatable, CORE, "a /= c", "1: a true division"),
    (tidy.repeatable, CORE, "def f():\n    global a", "2: a global statement"),
    (tidy.repeatable, CORE, "hash(a)", "1: calls hash()"),
    (tidy.repeatable, CORE, "id(a)", "1: calls id()"),
    (tidy.repeatable, CORE, "for a in {1, 2}:\n    pass", "1: iterates over a set"),
    (tidy.repeatable, CORE, "b = [a for a in set(c)]", "1: iterates over a set"),
    (tidy.repeatable, CORE, "due: set[int] = f()\nfor a in due:\n    pass", "2: iterates over a set"),
    (tidy.repeatable, CORE, "self.due = set()\nb = list(self.due)", "2: iterates over a set"),
    (tidy.repeatable, POOL, "from random import seed", "1: imports random"),
    (tidy.repeatable, POOL, "cdef long long f(long long a):\n    return a / 2", "2: a true division"),
    (tidy.repeatable, POOL, "cdef double a", "1: double"),
    (tidy.repeatable, POOL, "a = 1.5", "1: a float literal"),
    (tidy.repeatable, POOL, "a = hash(b)", "1: calls hash()"),
    (tidy.repeatable, POOL, "hash(b)", "1: calls hash()"),
    (tidy.repeatable, POOL, "cdef long long a = b * hash(b)", "1: calls hash()"),
    (tidy.plain_sources, CORE, "import cython", "1: imports cython"),
    (tidy.plain_sources, "exchange/core/matching/fees.py", "from cython import ulong", "1: imports cython.ulong"),
    (tidy.wide_integers, "exchange/core/matching/a.pxd", "cdef struct A:\n    int side", "2: int side is narrower"),
    (tidy.wide_integers, "exchange/core/matching/a.pxd", "cdef int f(A *a, long side)", "1: long side is narrower"),
    (tidy.wide_integers, POOL, "    cdef Py_ssize_t i = 0", "1: Py_ssize_t i is narrower"),
    (tidy.wide_integers, POOL, 'cdef extern from "a.h":\n    int f(int a)\n\ncdef long b', "4: long b is narrower"),
    (tidy.wide_integers, POOL, "cdef unsigned int *i", "1: int *i is narrower"),
    (tidy.catching, "exchange/app.py", "try:\n    f()\nexcept:\n    pass", "3: a bare except"),
    (tidy.catching, "exchange/workers/a.py", "try:\n    f()\nexcept:\n    pass", "3: a bare except"),
    (tidy.catching, "exchange/app.py", "try:\n    f()\nexcept Exception:\n    pass", "3: catches Exception"),
    (
        tidy.catching,
        "exchange/app.py",
        "try:\n    f()\nexcept (OSError, BaseException):\n    pass",
        "catches BaseException",
    ),
    (tidy.catching, "exchange/app.py", "with suppress(Exception):\n    f()", "1: catches Exception"),
    (tidy.hosts, "README.md", "see https://" + "pypi" + ".org/", "1: names a registry's host"),
    (tidy.hosts, "package-lock.json", "registry." + "npmjs" + ".org", "1: names a registry's host"),
    *(
        (tidy.finished, CORE, f"a = 1  # {word} b", f"1: '{word}'")
        for word in ("TODO", "fixme", "XXX", "stub", "for now")
    ),
    (tidy.finished, "bench/reference.cpp", "// placeholder", "1: 'placeholder'"),
    (tidy.top_level, "setup.cfg", "", "setup.cfg is not of the top level"),
    (tidy.top_level, "docs/index.md", "", "docs is not of the top level"),
]


@pytest.mark.parametrize(("rule", "path", "source", "problem"), BROKEN)
def test_a_planted_violation_is_found(rule: tidy.Rule, path: str, source: str, problem: str) -> None:
    found = rule(path, source)
    assert len(found) == 1, found
    assert problem in found[0]


WHOLE = [
    (
        CORE,
        "from exchange.messages.orders import Place\nfrom sortedcontainers import SortedDict\nfrom . import ledger\n",
    ),
    (CORE, "due = {1}\nfor a in sorted(due):\n    b = a // 2\n"),
    (CORE, LONG_FUNCTION.replace("    pass\n", "", 1)),
    (
        POOL,
        '"""An int, or a double."""\ncimport cython\ncdef A *open(long long a, unsigned long long b):\n    pass\n',
    ),
    (POOL, "cdef bytes f(const unsigned char[::1] data):\n    return data[:4]  # an int a\n"),
    ("exchange/runtime/sequencer.py", "import journal\ntry:\n    f()\nexcept Exception:\n    raise\n"),
    (
        "exchange/api/orders.py",
        "import asyncio\nfrom exchange.core import queries\nfrom exchange.core.matching import codes\n",
    ),
    ("tests/unit/test_a.py", "from exchange.core import state\na = 0.5  # a stub\n"),
    (".ci/run", "exec python3 run.py test\n"),
]


@pytest.mark.parametrize(("path", "source"), WHOLE)
def test_what_the_rules_allow_passes(path: str, source: str) -> None:
    assert not [problem for rule in tidy.RULES for problem in rule(path, source)]


def test_tests_run_without_optimization() -> None:
    assert __debug__
    assert not os.environ.get("PYTHONOPTIMIZE")
