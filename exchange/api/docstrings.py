"""What functions say of themselves: compiled ones (ops/build.py) keep no docstring, so it is read from their source."""

import ast
import inspect
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent


def docstring(function: Callable[..., Any]) -> str:
    """The docstring of a function or a bound method; empty where it has none."""
    found = inspect.getdoc(function)
    if found:
        return found
    # Which of these tell where it is from depends on whether it is a method, and on whether it waits.
    owner = type(getattr(function, "__self__", None))
    name = function.__name__.rpartition(".")[2]
    if function.__module__:
        return docstrings(function.__module__.replace(".", "/") + ".py").get(name, "")
    if owner is not type(None):
        return docstrings(owner.__module__.replace(".", "/") + ".py").get(f"{owner.__name__}.{name}", "")
    return docstrings(function.__code__.co_filename).get(name, "")


@lru_cache(maxsize=64)
def docstrings(path: str) -> dict[str, str]:
    """By name, those of a file's functions, and with their class's those of its methods."""
    found: dict[str, str] = {}
    source = ROOT / path
    for node in ast.parse(source.read_bytes()).body if source.exists() else []:
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for each in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                found[prefix + each.name] = ast.get_docstring(each) or ""
    return found
