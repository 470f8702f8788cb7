"""A working history in memory: what exchange/store/history.py answers, of one process's life and without a disk."""

from __future__ import annotations

from typing import Any

from exchange.messages.views import Fill, Order, OrderList, Rows


class MemoryHistory:
    """Rows that were handed over, by their ids."""

    def __init__(self) -> None:
        self.kept_orders: dict[tuple[int, int], Order] = {}
        self.kept_fills: list[Fill] = []
        self.kept_lists: dict[int, OrderList] = {}

    def on_batch(self, rows: Rows) -> None:
        for order in rows.orders:
            self.kept_orders[order.market, order.order_id] = order
        self.kept_fills += rows.fills
        self.kept_lists |= {each.list_id: each for each in rows.lists}

    async def orders(self, account: int, market: int, **bounds: Any) -> list[Order]:
        found = [each for each in self.kept_orders.values() if (each.account, each.market) == (account, market)]
        return sorted(found, key=lambda order: order.order_id)

    async def order(self, account: int, market: int, order_id: int) -> Order | None:
        found = self.kept_orders.get((market, order_id))
        return found if found is not None and found.account == account else None

    async def order_by_client_id(self, account: int, market: int, client_id: str) -> Order | None:
        named = [each for each in await self.orders(account, market) if each.client_id == client_id]
        return named[-1] if named else None

    async def fills(self, account: int, market: int, **bounds: Any) -> list[Fill]:
        return [each for each in self.kept_fills if (each.account, each.market) == (account, market)]

    async def lists(self, account: int, **bounds: Any) -> list[OrderList]:
        return [each for each in self.kept_lists.values() if each.account == account]

    async def list_by_client_id(self, account: int, client_id: str) -> OrderList | None:
        named = [each for each in await self.lists(account) if each.client_id == client_id]
        return named[-1] if named else None

    async def market_trades(self, market: int, from_id: int = 0, limit: int = 500) -> list[Any]:
        return []
