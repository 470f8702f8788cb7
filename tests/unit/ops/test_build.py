"""Tests of exchange.ops.build on a small package: one rule, one container in two forms, one list of codes, one plain
module.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.ops import build

SOURCES = {
    "codes.py": "BUY = 1\n",
    "codes.pxd": "cdef enum:\n    BUY = 1\n",
    "wide.py": "def add(words, at, more):\n    words[at] += more\n",
    "wide.pxd": "cdef extern from *:\n    long long labs(long long number) noexcept\n",
    "plain.py": "def f():\n    return 1\n",
    "rules.py": "def doubled(n: int) -> int:\n    return n + n\n",
    "rules.pxd": "cpdef long long doubled(long long n) except? -1\n",
    "words.py": "class Words:\n    def __init__(self):\n        self.words = [1, 2, 3, 4]\n\n"
    "    def at(self, i):\n        return self.words[i]\n",
    "words.pxd": "cdef class Words:\n    cdef long long *words\n    cpdef long long at(self, long long i) except? -1\n",
    "words.pyx": "from cpython.mem cimport PyMem_RawCalloc\n\ncdef class Words:\n    def __init__(self):\n"
    "        self.words = <long long *> PyMem_RawCalloc(4, 8)\n\n"
    "    cpdef long long at(self, long long i) except? -1:\n        return self.words[i]\n",
}
PLAIN = """
import asyncio

BEYOND = 1 << 64

def grown() -> list[int]:
    product = 1
    for factor in range(1, 40):
        product *= factor
    low, by = -7, 2
    return [product, product + BEYOND, low // by, low % by]

def parts(number: int, by: int) -> tuple[int, int]:
    return number // by, number % by

def last(words: list[int], at: int = -1) -> int:
    return list(words)[at] + words[-1]

def shifted(by: int) -> int:
    size = len("abc")
    return size << by

class Waiter:
    def __init__(self, given: int) -> None:
        self.given = given

    async def wait(self) -> int:
        try:
            await asyncio.sleep(0)
        finally:
            self.given += 1
        return self.given
"""
"""What C does otherwise: numbers without bounds, divisions downwards, ends that are seen; and what waits."""
ASKED = """
import asyncio
from tiny.wire import plain
print(plain.BEYOND, plain.grown(), plain.parts(-7, 2), plain.last([1, 2, 3]), plain.last([1 << 70], at=0))
print(plain.shifted(100), asyncio.run(plain.Waiter(3).wait()), plain.Waiter(given=1).given, plain.shifted.__name__)
for ask in (lambda: plain.last([1], 1), lambda: plain.parts(1, 0), lambda: plain.shifted(-1), lambda: plain.missing):
    try:
        ask()
    except Exception as error:
        print(type(error).__name__)
"""
PACKAGE = "tiny.core"
TINY = (build.Group("core", PACKAGE, "slower"), build.Group("wire", "tiny", "slower", ("wire.plain",), "plain__mypyc"))


@pytest.fixture(autouse=True)
def nothing_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("TAPE_REQUIRE_COMPILED", raising=False)


def write_sources(root: Path) -> Path:
    folder = build.find_folder(root, PACKAGE)
    folder.mkdir(parents=True)
    wire = build.find_folder(root, "tiny.wire")
    wire.mkdir()
    for path in (root / "tiny" / "__init__.py", folder / "__init__.py", wire / "__init__.py"):
        path.write_text("")
    (wire / "plain.py").write_text(PLAIN)
    for name, text in SOURCES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_sources(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if build.missing_tools():
        pytest.skip(f"missing: {build.missing_tools()}")
    root = tmp_path_factory.mktemp("compiled")
    write_sources(root)
    assert build.build(root, TINY, say=lambda line: None).extensions
    return root


def run(root: Path, code: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run code where `tiny` is the package below root."""
    env = os.environ | {"PYTHONPATH": str(root)} | (environment or {})
    return subprocess.run([sys.executable, "-c", code], cwd=root, env=env, capture_output=True, text=True, check=False)


def pretend_extensions(root: Path) -> list[Path]:
    paths = build.name_extensions(root, TINY)
    for path in paths:
        path.touch()
    return paths


def test_pyx_and_typed_py_are_compiled_and_lists_of_codes_are_not_and_plain_ones_where_they_are_named(
    root: Path,
) -> None:
    found = [(module.name, module.source.name) for module in build.find_modules(root, TINY)]
    assert found == [
        ("tiny.core.rules", "rules.py"),
        ("tiny.core.words", "words.pyx"),
        ("tiny.wire.plain", "plain.py"),
    ]


def test_every_module_that_is_named_is_there() -> None:
    found = [module.name for module in build.find_modules(groups=(build.WIRE,))]
    assert found == [f"exchange.{name}" for name in sorted(build.WIRE.names)]


def test_a_plain_module_means_compiled_what_it_means_interpreted(compiled: Path, tmp_path: Path) -> None:
    build.copy_sources(tmp_path, compiled, "tiny")
    done, plain = run(compiled, ASKED), run(tmp_path, ASKED)
    assert (done.returncode, done.stdout) == (0, plain.stdout), done.stderr
    assert "ZeroDivisionError" in done.stdout
    where = "from tiny.wire import plain; print(plain.__file__)"
    assert run(compiled, where).stdout.strip().endswith(".so")
    assert run(tmp_path, where).stdout.strip().endswith(".py")


def test_what_is_not_compiled_of_the_core_declares_no_function_and_no_class_of_its_own() -> None:
    folder = build.find_folder(build.ROOT, build.CORE.package)
    for path in sorted(folder / f"{name}.pxd" for name in build.DECLARATIONS):
        heads = re.findall(r"^cp?def (?!enum\b|struct\b|extern from \*:).*", path.read_text(), re.MULTILINE)
        assert not heads, path
    for module in build.find_modules(groups=(build.CORE,)):
        assert re.search(
            r"^cp?def (?!enum\b|struct\b|extern\b)", module.source.with_suffix(".pxd").read_text(), re.MULTILINE
        )


OVERLAID = """
cdef extern from *:
    \"\"\"
    typedef struct { double half; } tape_half;
    static __attribute__((noinline)) long long tape_overlaid(long long *word, tape_half *same) {
        *word = 1;
        same->half = 2.0;
        return *word;
    }
    \"\"\"
    ctypedef struct Half "tape_half":
        double half
    long long overlaid "tape_overlaid"(long long *word, Half *same) noexcept

cpdef long long read_back() except? -1:
    cdef long long word = 0
    return overlaid(&word, <Half *> &word)
"""


def test_a_word_that_is_also_a_record_is_read_as_it_was_last_written(root: Path) -> None:
    if build.missing_tools():
        pytest.skip(f"missing: {build.missing_tools()}")
    folder = build.find_folder(root, PACKAGE)
    (folder / "words.pxd").write_text("cpdef long long read_back() except? -1\n")
    (folder / "words.pyx").write_text(OVERLAID)
    assert build.build(root, TINY, say=lambda line: None).extensions
    assert run(root, "from tiny.core import words; print(words.read_back())").stdout == f"{1 << 62}\n"


def test_nothing_to_compile_is_no_failure(tmp_path: Path) -> None:
    assert build.build(tmp_path, TINY) == build.Outcome()
    assert build.is_fresh(tmp_path, TINY)
    build.find_folder(tmp_path, PACKAGE).mkdir(parents=True)
    assert build.build(tmp_path, TINY) == build.Outcome()


def test_the_compiled_form_wins_over_its_source_and_raises_where_words_end(compiled: Path) -> None:
    assert build.is_fresh(compiled, TINY)
    code = "from tiny.core import rules, words; print(rules.__file__, words.__file__); rules.doubled(1 << 62)"
    done = run(compiled, code)
    assert [name.endswith(".so") for name in done.stdout.split()] == [True, True]
    assert "OverflowError" in done.stderr


def test_what_is_compiled_lies_beside_the_sources_and_all_else_in_the_build_folder(compiled: Path) -> None:
    names = {path.name for path in build.find_folder(compiled, PACKAGE).iterdir() if path.name != "__pycache__"}
    extensions = {module.extension.name for module in build.find_modules(compiled, TINY[:1])}
    assert names == {*SOURCES, "__init__.py"} | extensions


@pytest.mark.parametrize("name", ["rules.py", "rules.pxd", "codes.pxd", "words.pyx"])
def test_a_saved_source_makes_the_core_stale(root: Path, name: str) -> None:
    pretend_extensions(root)
    newest = max(path.stat().st_mtime_ns for path in [*root.rglob("*.so"), build.COMPILER])
    for path in root.rglob("*.so"):
        os.utime(path, ns=(newest, newest))
    assert build.is_fresh(root, TINY)
    source = build.find_folder(root, PACKAGE) / name
    os.utime(source, ns=(newest + 1, newest + 1))
    assert not build.is_fresh(root, TINY)


def test_a_saved_plain_module_makes_all_stale_and_so_does_what_one_that_is_no_longer_named_has_left(root: Path) -> None:
    paths = pretend_extensions(root)
    assert build.is_fresh(root, TINY)
    assert not build.is_fresh(root, (*TINY[:1], TINY[1]._replace(names=("wire.gone",))))
    newest = paths[-1].stat().st_mtime_ns
    os.utime(root / "tiny" / "wire" / "plain.py", ns=(newest + 1, newest + 1))
    assert not build.is_fresh(root, TINY)


def test_a_missing_extension_makes_the_core_stale(root: Path) -> None:
    pretend_extensions(root)[0].unlink()
    assert not build.is_fresh(root, TINY)


def test_a_source_saved_while_the_compiler_runs_is_newer_than_what_was_made_of_it(
    compiled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = build.find_folder(compiled, PACKAGE) / "rules.py"
    compile_all = subprocess.run

    def save_meanwhile(*arguments: object, **options: object) -> object:
        source.write_text(SOURCES["rules.py"] + "# saved again\n")
        return compile_all(*arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", save_meanwhile)
    build.build(compiled, TINY, say=lambda line: None)
    monkeypatch.undo()
    assert not build.is_fresh(compiled, TINY)
    build.build(compiled, TINY, say=lambda line: None)
    assert build.is_fresh(compiled, TINY)


@pytest.mark.parametrize(
    ("path", "source", "group"),
    [
        ("core/rules.py", "def doubled(n):\n    return missing_name.x\n", 0),
        ("wire/plain.py", "def f() -> int:\n    return missing_name\n", 1),
    ],
)
def test_a_build_that_fails_leaves_no_extension_of_its_group_and_says_so(
    root: Path, path: str, source: str, group: int
) -> None:
    if build.missing_tools():
        pytest.skip(f"missing: {build.missing_tools()}")
    pretend_extensions(root)
    (root / "tiny" / path).write_text(source)
    said: list[str] = []
    outcome = build.build(root, TINY, say=said.append)
    failed, others = (build.name_extensions(root, (TINY[number],)) for number in (group, 1 - group))
    assert list(outcome.extensions) == others
    assert "missing_name" in outcome.interpreted_because
    assert f"the {TINY[group].recipe} runs interpreted" in said[-1]
    assert not any(path.exists() for path in failed)
    assert all(path.exists() for path in others)
    assert not build.is_fresh(root, TINY)


def test_a_shift_wider_than_its_type_does_not_compile(root: Path) -> None:
    if build.missing_tools():
        pytest.skip(f"missing: {build.missing_tools()}")
    folder = build.find_folder(root, PACKAGE)
    (folder / "words.pxd").write_text("cpdef long long widened(int side) except? -1\n")
    unchecked = "# cython: overflowcheck=False\ncpdef long long widened(int side) except? -1:\n    return side << 32\n"
    (folder / "words.pyx").write_text(unchecked)
    outcome = build.build(root, TINY, say=lambda line: None)
    assert "shift-count-overflow" in outcome.interpreted_because


@pytest.mark.parametrize("variable", [{"CI": "true"}, {"TAPE_REQUIRE_COMPILED": "1"}])
def test_without_a_compiler_a_required_core_is_a_failure(
    root: Path, monkeypatch: pytest.MonkeyPatch, variable: dict[str, str]
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    for name, value in variable.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(build.BuildError, match="no-such-compiler"):
        build.build(root, TINY)


def test_without_a_compiler_stale_extensions_are_removed_and_fresh_ones_stay(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    extensions = pretend_extensions(root)
    assert build.build(root, TINY, say=lambda line: None).extensions == tuple(extensions)
    os.utime(extensions[0], ns=(0, 0))
    outcome = build.build(root, TINY, say=lambda line: None)
    assert "no-such-compiler" in outcome.interpreted_because
    assert not any(path.exists() for path in extensions)


def test_an_extension_without_a_source_is_removed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    first = pretend_extensions(root)[0]
    orphan = first.with_name("gone" + "".join(first.suffixes))
    orphan.touch()
    unnamed = root / "tiny" / "wire" / orphan.name
    unnamed.touch()
    assert build.build(root, TINY).extensions
    assert not orphan.exists()
    assert not unnamed.exists()


def test_a_copy_has_the_sources_and_runs_interpreted(compiled: Path, tmp_path: Path) -> None:
    build.copy_sources(tmp_path, compiled, "tiny")
    assert not list(tmp_path.rglob("*.so"))
    done = run(tmp_path, "from tiny.core import rules; print(rules.__file__, rules.doubled(1 << 62))")
    assert done.stdout.split() == [str(tmp_path / "tiny" / "core" / "rules.py"), str(1 << 63)]


def test_a_debug_build_stops_at_a_read_beside_its_memory(root: Path, tmp_path: Path) -> None:
    if build.missing_tools():
        pytest.skip(f"missing: {build.missing_tools()}")
    into = tmp_path / "debug"
    build.build(root, TINY, debug=True, into=into, say=lambda line: None)
    environment = build.debug_environment(into)
    inside = run(into, "from tiny.core.words import Words; print(Words().at(3))", environment)
    assert (inside.returncode, inside.stdout) == (0, "0\n"), inside.stderr
    beside = run(into, "from tiny.core.words import Words; print(Words().at(4))", environment)
    assert beside.returncode != 0
    assert "heap-buffer-overflow" in beside.stderr
    assert not list(build.find_folder(root, PACKAGE).glob("*.so"))


def test_a_debug_build_beside_the_sources_is_refused(root: Path) -> None:
    with pytest.raises(ValueError, match="folder of its own"):
        build.build(root, TINY, debug=True)
