"""The compiled package's sources, run as plain Python beside the compiled form: half of every differential test."""

from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import ModuleType
import importlib
import sys

from . import matching as compiled

NAME = "exchange.core.matching_interpreted"


class SourceFinder:
    """Finds the modules of the alias package among the sources only, never the extensions."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != NAME and not name.startswith(NAME + "."):
            return None
        folder = compiled.__path__[0]
        if name == NAME:
            return spec_from_file_location(name, f"{folder}/__init__.py", submodule_search_locations=[folder])
        source = f"{folder}/{name.rsplit('.', 1)[1]}.py"
        return spec_from_file_location(name, loader=SourceFileLoader(name, source))


def load(module: str) -> ModuleType:
    """Import a module of exchange/core/matching from its source, whatever was compiled."""
    if SourceFinder not in sys.meta_path:
        sys.meta_path.insert(0, SourceFinder)
    return importlib.import_module(f"{NAME}.{module}")
