"""Every setting, read once, in one frozen struct: from a TOML file, then from the command line."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator can set. Sizes in bytes, counts in commands; see the README for the table."""

    data: str = "./var"
    """Directory of journal, snapshots, history and vault."""
    host: str = "127.0.0.1"
    port: int = 8000
    """0 picks a free one."""
    profile: str = "reference"
    """Named limits of the wire: `reference` is Binance's, `demo` and `bench` are raised."""
    segment_bytes: int = 64 << 20
    snapshot_every: int = 100_000
    """Commands between snapshots: what a restart replays at most."""
    snapshot_keep: int = 3
    queue_capacity: int = 20_000
    """Commands that may wait; the next is answered -1008."""
    batch_commands: int = 4_096
    master_key_file: str = ""
    """Holds the 32 bytes (as hex) under which the vault's keys are wrapped."""
    head_seconds: float = 60
    """Time between signed heads, in which commands came; 0 signs none."""
    auto_quarantine: bool = False
    """Set aside a command on which the engine fails, at most once in 10,000 entries."""
    log: str = "readable"
    """`readable` or `json`."""

    @property
    def journal(self) -> Path:
        return Path(self.data) / "journal"

    @property
    def snapshots(self) -> Path:
        return Path(self.data) / "snapshots"

    @property
    def history(self) -> Path:
        return Path(self.data) / "history.sqlite"

    @property
    def bans(self) -> Path:
        return Path(self.data) / "bans.sqlite"

    @property
    def vault(self) -> Path:
        return Path(self.data) / "vault.sqlite"


def read_settings(file: str | None, overrides: dict[str, Any]) -> Settings:
    """Settings from a TOML file, where one is named, with the given ones on top; None there means "not given".

    Raises:  ValueError with what was found and what was allowed.
    """
    values = tomllib.loads(Path(file).read_text()) if file else {}
    values |= {name: value for name, value in overrides.items() if value is not None}
    return msgspec.convert(values, Settings)
