"""Who is banned, and until when: operational data in a file of its own, so that a restart lets nobody back in."""

import sqlite3
from pathlib import Path

SCHEMA = """
create table if not exists bans (
    address text primary key,
    until_ns integer not null,
    times integer not null
) without rowid
"""


class Bans:
    """The table of bans. Deleting the file lets everybody in again and loses nothing else."""

    def __init__(self, file: Path) -> None:
        self.database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self.database.execute("pragma journal_mode = wal")
        self.database.execute("pragma synchronous = normal")
        self.database.execute(SCHEMA)

    def load(self) -> dict[str, tuple[int, int]]:
        """Every address that was banned: until when, and how many times in a row."""
        rows = self.database.execute("select address, until_ns, times from bans")
        return {address: (until_ns, times) for address, until_ns, times in rows}

    def keep(self, address: str, until_ns: int, times: int) -> None:
        """Keep one ban."""
        self.database.execute("insert or replace into bans values (?, ?, ?)", (address, until_ns, times))

    def forget(self, ended_before_ns: int) -> None:
        """Drop bans that ended before a time."""
        self.database.execute("delete from bans where until_ns < ?", (ended_before_ns,))

    def close(self) -> None:
        self.database.close()
