"""Hatchling's hook: whatever installs or packs the project compiles by the same function."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuildHook(BuildHookInterface[Any]):
    """Build before a wheel is made, an editable one included; a source archive needs nothing built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        # The hook is loaded from its path, before the project is installed.
        sys.path.insert(0, self.root)
        from exchange.ops.build import build

        root = Path(self.root)
        outcome = build(root)
        if outcome.extensions:
            build_data["artifacts"] += [str(path.relative_to(root)) for path in outcome.extensions]
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
