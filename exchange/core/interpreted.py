"""The sources of the whole core, run as plain Python beside the compiled form: half of every differential test."""

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import ModuleType

import exchange.core as compiled

NAME = "exchange.core_interpreted"
PACKAGES = (NAME, NAME + ".matching")


class SourceFinder:
    """Finds the modules of the alias package among the sources only, never the extensions."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != NAME and not name.startswith(NAME + "."):
            return None
        place = compiled.__path__[0] + name[len(NAME) :].replace(".", "/")
        if name in PACKAGES:
            return spec_from_file_location(name, f"{place}/__init__.py", submodule_search_locations=[place])
        return spec_from_file_location(name, loader=SourceFileLoader(name, f"{place}.py"))


def load(module: str) -> ModuleType:
    """Import a module of exchange/core, say "engine" or "matching.codes", from its source, whatever was compiled."""
    if SourceFinder not in sys.meta_path:
        sys.meta_path.insert(0, SourceFinder)
    return importlib.import_module(f"{NAME}.{module}")
