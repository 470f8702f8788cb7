"""A small venue for tests: its first commands, its rows, its loop on a real directory."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from exchange.core import encoding
from exchange.messages import accounts, markets, orders, registry, transfers
from exchange.messages.orders import Flags, OrderType, SelfTrade, Side, TimeInForce
from exchange.runtime import recovery
from exchange.runtime.batches import Answer
from exchange.runtime.clock import Clock
from exchange.runtime.sequencer import Applied, Sequencer
from journal.writer import Journal

SEGMENT_BYTES = 1 << 20
FIRST_ACCOUNT = 16
UNIT = 10**8


def listing(people: int = 4) -> list[registry.AnyCommand]:
    """One market, BTCUSDT (tick 0.01, lot 0.00001), and people with 100 BTC and 10,000,000 USDT each."""
    commands: list[registry.AnyCommand] = [
        markets.ListAsset(0, "USDT", 8),
        markets.ListAsset(0, "BTC", 8),
        markets.ListMarket(0, "BTCUSDT", 2, 1, UNIT // 100, UNIT // 100_000),
        markets.SetFilters(0, 1, 1, 10**8, 1, 1, 10**8, 1, 200, 1, 28),
        markets.SetFees(0, 1, 0, 1_000, 1_000),
        markets.SetMarketStatus(0, 1, 1),
    ]
    for number in range(people):
        account = FIRST_ACCOUNT + number
        commands += [
            accounts.OpenAccount(0, number + 1, 1),
            accounts.GrantApiKey(0, account, 3, f"key {number}", 1, vault_reference="none"),
            transfers.Credit(0, f"usdt {number}", account, 1, 10_000_000 * UNIT),
            transfers.Credit(0, f"btc {number}", account, 2, 100 * UNIT),
        ]
    return commands


def limit(person: int, side: Side, price: int, quantity: int, client_id: str, **flags: int) -> bytes:
    """A LIMIT order of person 0, 1 ...; price in ticks, quantity in lots."""
    kinds = {"type": OrderType.LIMIT, "time_in_force": TimeInForce.GTC, "self_trade": SelfTrade.NONE} | flags
    account = FIRST_ACCOUNT + person
    packed = orders.pack_client_id(client_id)
    return orders.place_row(1, account, person + 1, Flags(side, **kinds), packed, price=price, quantity=quantity)


def ignore(applied: Applied, events: list[Any]) -> None:
    """Publish to nobody."""


class Venue:
    """A sequencer on a journal in a directory, recovered from what is there."""

    def __init__(self, data: Path, publish: Callable[[Applied, list[Any]], None] = ignore) -> None:
        self.data = data
        journal = data / "journal"
        (data / "snapshots").mkdir(parents=True, exist_ok=True)
        if any(journal.glob("*.tape")):
            self.journal = Journal.open_for_append(journal)
        else:
            self.journal = recovery.create_journal(journal, time.time_ns(), SEGMENT_BYTES)
        recovered = recovery.recover(journal, data / "snapshots", self.journal.journal_id)
        self.engine = recovered.engine
        self.snapshot_seq = recovered.snapshot_seq
        self.sequencer = Sequencer(self.engine, self.journal, Clock(recovered.last_ns), publish)

    @property
    def state_hash(self) -> str:
        return encoding.state_hash(self.engine.state).hex()

    async def __aenter__(self) -> "Venue":
        self.running = asyncio.create_task(self.sequencer.run())
        return self

    async def __aexit__(self, *error: object) -> None:
        self.sequencer.stop()
        try:
            await self.running
        finally:
            self.journal.close()

    async def send(self, commands: list[registry.AnyCommand]) -> list[Answer]:
        return await asyncio.gather(*[self.sequencer.submit(command) for command in commands])

    async def place(self, *rows: bytes) -> list[Answer]:
        return await asyncio.gather(*[self.sequencer.submit_row(row) for row in rows])
