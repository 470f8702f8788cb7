"""The tables of the history, and opening them: emptied where they are of another journal or another version."""

import sqlite3
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
from sqlite_utils import Database

from exchange.messages.views import Fill, Order, OrderList
from exchange.store.errors import StoreError

SCHEMA_VERSION = 5
TABLES: dict[str, type[msgspec.Struct]] = {"orders": Order, "fills": Fill, "lists": OrderList}
KEYS = {"orders": "order_id", "fills": ("market", "trade_id", "is_maker"), "lists": "list_id"}
# Ids and times rise together, so an index by time serves both: what begins at an id begins at that id's time.
INDEXES = {
    "orders": [("account", "market", "created_ns", "order_id"), ("account", "client_id")],
    "fills": [("account", "market", "ts_ns", "trade_id"), ("order_id",)],
    "lists": [("account", "created_ns", "list_id"), ("account", "client_id")],
}
BUSY_SECONDS = 30
ROWS_AT_ONCE = (256, 64, 16, 4, 1)
"""How many rows a statement may write, where SQLite takes as many values: few are prepared, and few are needed."""


def insert_statement(table: str, rows: int = 1) -> str:
    """Rows are the same whoever writes them, so writing one again changes nothing."""
    columns = ", ".join("?" for _ in TABLES[table].__struct_fields__)
    return f"insert or replace into {table} values {', '.join([f'({columns})'] * rows)}"


def insert(connection: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    """Write rows, many with one statement: each takes a turn from whoever works meanwhile."""
    values_max = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    most = values_max // len(TABLES[table].__struct_fields__)
    at = 0
    for count in ROWS_AT_ONCE:
        while count <= most and len(rows) - at >= count:
            values = list(chain.from_iterable(rows[at : at + count]))
            connection.execute(insert_statement(table, count), values)
            at += count


def connect(path: Path) -> sqlite3.Connection:
    """A connection whose commits are fsynced. It may be closed by another thread than the one that uses it."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
    connection.execute("pragma synchronous = full")
    return connection


def prepare(path: Path, journal_id: bytes) -> int:
    """Make the tables where they are missing; returns the seq up to which they are complete. StoreError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = connect(path)
        try:
            return prepare_tables(Database(connection), journal_id)
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path}: {error}; it is rebuilt from the journal where it is deleted") from error


def prepare_tables(database: Database, journal_id: bytes) -> int:
    database.enable_wal()
    known = database.table_names()
    if known and not is_ours(database, known, journal_id):
        for table in known:
            database.table(table).drop()
    with database.conn:
        for table, kind in TABLES.items():
            columns = {field.name: field.type for field in msgspec.structs.fields(kind)}
            database.table(table).create(columns, pk=KEYS[table], if_not_exists=True)
            for index in INDEXES[table]:
                database.table(table).create_index(index, if_not_exists=True)
        progress = database.table("progress")
        if not progress.exists():
            progress.create({"id": int, "seq": int, "journal_id": bytes}, pk="id")
            progress.insert({"id": 1, "seq": 0, "journal_id": journal_id})
        database.execute(f"pragma user_version = {SCHEMA_VERSION}")
    seq: int = database.execute("select seq from progress").fetchone()[0]
    return seq


def is_ours(database: Database, known: list[str], journal_id: bytes) -> bool:
    """Whether tables are of this version and this journal."""
    if database.execute("pragma user_version").fetchone()[0] != SCHEMA_VERSION or "progress" not in known:
        return False
    row = database.execute("select journal_id from progress").fetchone()
    return row is not None and row[0] == journal_id
