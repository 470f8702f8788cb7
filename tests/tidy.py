"""The rules of the tree: each a function of a file's path and text, returning what breaks it; run by test_tidy.py."""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Callable, Iterator
from functools import lru_cache

FILE_LINES = 500
FUNCTION_LINES = 60
LINE_LENGTH = 120

TOP_LEVEL = frozenset(
    [
        *("exchange", "journal", "snapshots", "tests", "bench"),
        *("run.py", "pyproject.toml", "requirements.lock", "README.md", "CHANGELOG.md", "LICENSE"),
    ]
)
PRODUCT = ("exchange/", "journal/", "snapshots/", "bench/", "run.py")
SOURCES = (".py", ".pyx", ".pxd", ".cpp", ".ts", ".tsx")

# Who may import what of ours (design §2.1); the longest prefix of a path counts. The codes are numbers with names:
# vocabulary, like the messages.
VOCABULARY = ("exchange.messages", "exchange.core.matching.codes")
ANYTHING = ("exchange", "journal", "snapshots", "bench", "tests")
IMPORTS: dict[str, tuple[str, ...]] = {
    "journal/": ("journal",),
    "snapshots/": ("snapshots", "journal.processors"),
    "exchange/verifier/": ("exchange.verifier",),
    "exchange/__init__.py": (),
    "exchange/config.py": ("exchange.messages",),
    "exchange/messages/": ("exchange.messages",),
    "exchange/core/": ("exchange.messages", "exchange.core"),
    "exchange/store/": (*VOCABULARY, "exchange.store", "exchange.config"),
    "exchange/projections/": (*VOCABULARY, "exchange.projections"),
    "exchange/runtime/": (
        "exchange.messages", "exchange.core", "exchange.store", "exchange.projections", "exchange.runtime",
        "exchange.config", "journal", "snapshots",
    ),
    "exchange/api/": (
        *VOCABULARY, "exchange.core.queries", "exchange.projections", "exchange.runtime", "exchange.api",
        "exchange.config",
    ),
    "exchange/workers/": (
        *VOCABULARY, "exchange.core.queries", "exchange.projections", "exchange.runtime", "exchange.adapters",
        "exchange.workers", "exchange.config",
    ),
    "exchange/adapters/": ("exchange.messages", "exchange.adapters", "exchange.config"),
    "exchange/audit/": (
        "exchange.messages", "exchange.core", "exchange.runtime", "exchange.store", "exchange.audit", "exchange.config",
        "journal", "snapshots",
    ),
    "exchange/app.py": ("exchange", "journal", "snapshots"),
    "exchange/ops/": ANYTHING,
    "exchange/": ("exchange.messages", "exchange.config"),
    "bench/": ANYTHING,
    "tests/": ANYTHING,
    "run.py": ("exchange.ops",),
}  # fmt: skip
# What these import of others; a place that is not here may import what the lock holds.
OTHERS = {
    "journal/": (),
    "snapshots/": (),
    "exchange/verifier/": (),
    "exchange/ops/install.py": (),
    "exchange/ops/build.py": (),
    "exchange/ops/cli.py": (),
    "exchange/messages/": ("msgspec",),
    "exchange/core/": ("msgspec", "sortedcontainers"),
    "run.py": (),
}
# What makes code unrepeatable, or does what only the outside does.
UNREPEATABLE = frozenset(
    [
        "asyncio",
        "datetime",
        "decimal",
        "io",
        "logging",
        "os",
        "random",
        "secrets",
        "sqlite3",
        "threading",
        "time",
        "uuid",
    ]
)
UNREPEATABLE_CALLS = frozenset(["eval", "exec", "float", "hash", "id", "input", "open", "print"])

CATCH_ALL_PLACES = ("exchange/runtime/", "exchange/workers/", "tests/compat/drive_")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError|placeholder|for now|stub(bed)?)\b", re.IGNORECASE)
# Written in pieces, so that this file does not name them.
HOSTS = re.compile(
    "|".join([r"pypi\." + "org", "python" + "hosted", r"npmjs\." + "(org|com)", r"deb\.debian\." + "org"])
)
NARROW = re.compile(
    r"\b(?:unsigned(?! char)|short|int|long|s?size_t|Py_ssize_t|u?int(?:8|16|32)_t)\s+\**\w+\s*(?=[,)=\[]|$)"
)
# What stands before the name of a method: a dot, or the beginning of a head.
METHOD = re.compile(r"\.$|^\s*c?p?def\b[^=]*$")

Rule = Callable[[str, str], list[str]]


@lru_cache(maxsize=1024)
def parse(source: str) -> ast.Module:
    return ast.parse(source)


@lru_cache(maxsize=1024)
def nodes(source: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(parse(source)))


def longest_prefix(path: str, table: dict[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    prefixes = [prefix for prefix in table if path.startswith(prefix)]
    return table[max(prefixes, key=len)] if prefixes else None


def is_below(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def sizes(path: str, source: str) -> list[str]:
    """No file above 500 lines, no function above 60, no line above 120 characters."""
    if not path.endswith(SOURCES):
        return []
    lines = source.splitlines()
    found = [f"has {len(lines)} lines"] if len(lines) > FILE_LINES else []
    found += [f"{n}: {len(line)} characters" for n, line in enumerate(lines, 1) if len(line) > LINE_LENGTH]
    found += [f"{n}: {name} has {size} lines" for n, name, size in functions(path, source) if size > FUNCTION_LINES]
    return found


def functions(path: str, source: str) -> Iterator[tuple[int, str, int]]:
    """Yield first line, name and length of every function; in Cython's own files they are told by indentation."""
    if path.endswith(".py"):
        for node in nodes(source):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.lineno, node.name, (node.end_lineno or node.lineno) - node.lineno + 1
    elif path.endswith(".pyx"):
        lines = source.splitlines()
        for at, line in enumerate(lines):
            head = re.match(r"( *)(?:def|cdef|cpdef)\b[^=]*?(\w+)\(", line)
            if head:
                inside = [n for n in range(at + 1, len(lines)) if lines[n].strip()]
                end = next((n for n in inside if len(lines[n]) - len(lines[n].lstrip()) <= len(head[1])), len(lines))
                yield at + 1, head[2], end - at


def imported(path: str, source: str) -> Iterator[tuple[int, str]]:
    """Yield line and full name of every module imported, relative ones resolved, inside functions too."""
    package = path.rpartition("/")[0].replace("/", ".").split(".")
    if not path.endswith(".py"):
        pattern = re.compile(r"\s*(?:from\s+([\w.]+)\s+c?import|c?import\s+([\w.]+))")
        for n, line in enumerate(source.splitlines(), 1):
            match = pattern.match(line)
            if match:
                name = match[1] or match[2]
                level = len(name) - len(name.lstrip("."))
                base = package[: len(package) - level + 1] if level else []
                yield n, ".".join([*base, *filter(None, [name.lstrip(".")])])
        return
    for node in nodes(source):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            # What is imported from a package may be a module of it or a thing in it: both are told by the longest form.
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def imports(path: str, source: str) -> list[str]:
    """Stages import only what design §2.1 lets them see; the parts that stand alone import the standard library."""
    if not path.endswith((".py", ".pyx", ".pxd")):
        return []
    ours = longest_prefix(path, IMPORTS)
    others = longest_prefix(path, OTHERS)
    found = []
    for line, module in imported(path, source):
        top = module.partition(".")[0]
        if module == "exchange.__version__":
            continue
        if top in ANYTHING:
            if ours is None or not is_below(module, ours):
                found.append(f"{line}: may not import {module}")
        elif path.endswith(".py") and others is not None and top not in (*others, *sys.stdlib_module_names):
            found.append(f"{line}: may not import {module}")
    return found


def repeatable(path: str, source: str) -> list[str]:
    """In the core: no clock, randomness, IO or threads, no float, no hash or id, no global, no set's order."""
    if not path.startswith("exchange/core/") or not path.endswith((".py", ".pyx")):
        return []
    found = [
        f"{line}: imports {module}"
        for line, module in imported(path, source)
        if module.partition(".")[0] in UNREPEATABLE
    ]
    return found + (tree_bans(source) if path.endswith(".py") else token_bans(source))


def tree_bans(source: str) -> list[str]:
    sets = names_of_sets(source)
    found = []
    for node in nodes(source):
        match node:
            case ast.Constant(value=float() | complex()):
                found.append(f"{node.lineno}: a float literal")
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                found.append(f"{node.lineno}: a true division")
            case ast.Global():
                found.append(f"{node.lineno}: a global statement")
            case ast.Call(func=ast.Name(id=name)) if name in UNREPEATABLE_CALLS:
                found.append(f"{node.lineno}: calls {name}()")
            case ast.For(iter=each) | ast.comprehension(iter=each) | ast.Starred(value=each) if is_set(each, sets):
                found.append(f"{each.lineno}: iterates over a set")
            case ast.Call(func=ast.Name(id="list" | "tuple" | "iter" | "enumerate"), args=[each, *_]) if is_set(
                each, sets
            ):
                found.append(f"{node.lineno}: iterates over a set")
    return found


def names_of_sets(source: str) -> frozenset[str]:
    """Return the names that a file gives to sets: assigned one, or annotated as one."""
    names: set[str] = set()
    for node in nodes(source):
        if isinstance(node, ast.Assign) and is_set(node.value, frozenset()):
            names.update(name_of(target) for target in node.targets)
        elif isinstance(node, ast.AnnAssign):
            kind = node.annotation.value if isinstance(node.annotation, ast.Subscript) else node.annotation
            if name_of(kind) in ("set", "frozenset"):
                names.add(name_of(node.target))
    return frozenset(names - {""})


def name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def is_set(node: ast.expr, names: frozenset[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call):
        return name_of(node.func) in ("set", "frozenset")
    return name_of(node) in names


def token_bans(source: str) -> list[str]:
    """Find in Cython's own files what their tokens tell: the grammar is not Python's."""
    found = []
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.string.strip()]
    for token, after in zip(tokens, [*tokens[1:], tokens[-1]], strict=True):
        line, text = token.start[0], token.string
        if token.type == tokenize.NUMBER and not isinstance(ast.literal_eval(text), int):
            found.append(f"{line}: a float literal")
        elif token.type == tokenize.OP and text in ("/", "/="):
            found.append(f"{line}: a true division")
        elif token.type == tokenize.NAME and text in ("global", "double", "float"):
            found.append(f"{line}: {text}")
        elif text in UNREPEATABLE_CALLS and after.string == "(" and not METHOD.search(token.line[: token.start[1]]):
            found.append(f"{line}: calls {text}()")
    return found


def plain_sources(path: str, source: str) -> list[str]:
    """No `import cython` in a .py: C types stand in the .pxd, and the source runs without a compiler."""
    if not path.endswith(".py") or path == "exchange/ops/compile.py":
        return []
    return [
        f"{line}: imports {name}" for line, name in imported(path, source) if name.split(".")[0].lower() == "cython"
    ]


def wide_integers(path: str, source: str) -> list[str]:
    """Every C integer that is kept or passed is a `long long`: a narrower one shifts and multiplies narrow."""
    if not path.startswith("exchange/core/") or not path.endswith((".pyx", ".pxd")):
        return []
    # Neither a text nor what a system header declares is ours to widen.
    not_ours = re.compile(r'"""(?:.|\n)*?"""|^cdef extern .*\n(?:(?: .*)?\n)*', re.MULTILINE)
    bare = not_ours.sub(lambda text: "\n" * text[0].count("\n"), source)
    found = []
    for n, line in enumerate(bare.splitlines(), 1):
        # A name for what methods return, which may be any integer type of that width (records.pxd tells why).
        code = re.sub(r"\b(?:unsigned )?long long\b|ctypedef Py_ssize_t word", "word", line.partition("#")[0])
        found += [f"{n}: {match[0].strip()} is narrower than long long" for match in NARROW.finditer(code)]
    return found


def catching(path: str, source: str) -> list[str]:
    """No bare except; everything may be caught only where a loop must go on, or where errors are foreign."""
    if not path.endswith(".py"):
        return []
    found = []
    for node in nodes(source):
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                found.append(f"{node.lineno}: a bare except")
                continue
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        elif isinstance(node, ast.Call) and name_of(node.func) == "suppress":
            kinds = node.args
        else:
            continue
        if not path.startswith(CATCH_ALL_PLACES):
            found += [
                f"{node.lineno}: catches {name_of(k)}" for k in kinds if name_of(k) in ("Exception", "BaseException")
            ]
    return found


def hosts(path: str, source: str) -> list[str]:
    """No host name of a package registry: where packages come from is the machine's matter."""
    return [f"{n}: names a registry's host" for n, line in enumerate(source.splitlines(), 1) if HOSTS.search(line)]


def finished(path: str, source: str) -> list[str]:
    """No word in product code that promises a later one."""
    if not path.startswith(PRODUCT) or not path.endswith(SOURCES):
        return []
    return [f"{n}: {found[0]!r}" for n, line in enumerate(source.splitlines(), 1) if (found := UNFINISHED.search(line))]


def top_level(path: str, source: str) -> list[str]:
    """The top level holds what design §2 lists, and dot files."""
    top = path.partition("/")[0]
    return [] if top in TOP_LEVEL or top.startswith(".") else [f"{top} is not of the top level"]


RULES: tuple[Rule, ...] = (
    sizes, imports, repeatable, plain_sources, wide_integers, catching, hosts, finished, top_level,
)  # fmt: skip
