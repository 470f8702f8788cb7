"""Records found by their ids, in plain Python: `indexes.pyx` is the compiled twin."""

from .market import Market
from .pool import Pool
from .records import NO_CLIENT_ID, Account, Cell, ClientId, Key, Order, OrderList, Seat

IDS_MAX = 0x8000000


def same_client_id(one: ClientId, other: ClientId) -> bool:
    return one == other


def has_client_id(client_id: ClientId) -> bool:
    return any(client_id)


def no_client_id() -> ClientId:
    return NO_CLIENT_ID


class Table:
    """What the compiled twin's tables have in common."""

    def expect(self, records: int) -> None:
        """A dict grows by itself."""

    def memory(self) -> int:
        """Bytes of its own; plain Python does not know."""
        return 0


class OrderIndex(Table):
    """Open orders by order id."""

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self.sorted: list[Order] = []
        self.moved = 0

    @property
    def count(self) -> int:
        return len(self.orders)

    def find(self, order_id: int) -> Order | None:
        return self.orders.get(order_id)

    def put(self, order: Order) -> None:
        self.orders[order.id] = order

    def remove(self, order: Order) -> None:
        del self.orders[order.id]

    def sort(self) -> int:
        """Line all orders up by id for `ranked`; returns how many there are."""
        self.sorted = [self.orders[order_id] for order_id in sorted(self.orders)]
        return len(self.sorted)

    def ranked(self, rank: int) -> Order:
        return self.sorted[rank]

    def let_ranks_go(self) -> None:
        self.sorted.clear()


class ClientIndex(Table):
    """Open orders by account and client id. `secret` (16 bytes) keys the compiled twin's hash; a dict has its own."""

    def __init__(self, pool: Pool, secret: bytes) -> None:
        if len(secret) != 16:
            raise ValueError(f"the secret of the client id index has 16 bytes, not {len(secret)}")
        self.orders: dict[tuple[int, ClientId], Order] = {}
        self.moved = 0

    @property
    def count(self) -> int:
        return len(self.orders)

    def fullest(self) -> int:
        """How many records stand in the fullest line."""
        return min(len(self.orders), 1)

    def seek(self, account: int, client_id: ClientId) -> None:
        """Say what `find_sought` will be for: the compiled twin asks for the memory meanwhile."""

    def find(self, account: int, client_id: ClientId) -> Order | None:
        return self.orders.get((account, client_id))

    def find_sought(self, account: int, client_id: ClientId) -> Order | None:
        return self.find(account, client_id)

    def put(self, order: Order) -> None:
        self.orders[order.seat.account.id, order.client_id] = order

    def put_sought(self, order: Order) -> None:
        """Put the order whose owner and id the last `find` was for."""
        self.put(order)

    def remove(self, order: Order) -> None:
        del self.orders[order.seat.account.id, order.client_id]


class Cells(Table):
    """Balance cells by account and asset."""

    def __init__(self, pool: Pool, accounts: "Accounts") -> None:
        self.pool = pool
        self.accounts = accounts
        self.cells: dict[tuple[int, int], Cell] = {}
        self.sorted: list[Cell] = []
        self.moved = 0

    @property
    def count(self) -> int:
        return len(self.cells)

    def find(self, account: int, asset: int) -> Cell | None:
        return self.cells.get((account, asset))

    def open(self, account: int, asset: int) -> Cell:
        cell = self.find(account, asset)
        if not cell:
            assert self.accounts.find(account)
            cell = self.pool.take_cell()
            cell.account = account
            cell.asset = asset
            self.cells[account, asset] = cell
        return cell

    def sort(self) -> int:
        """Line all cells up by account and asset for `ranked`; returns how many there are."""
        self.sorted = [self.cells[key] for key in sorted(self.cells)]
        return len(self.sorted)

    def ranked(self, rank: int) -> Cell:
        return self.sorted[rank]


class Seats(Table):
    """Seats by account and market."""

    def __init__(self, pool: Pool, cells: Cells) -> None:
        self.pool = pool
        self.cells = cells
        self.seats: dict[tuple[int, int], Seat] = {}
        self.moved = 0

    @property
    def opened(self) -> int:
        return len(self.seats)

    def find(self, account: Account, market: int) -> Seat | None:
        return self.seats.get((account.id, market))

    def open(self, account: Account, market: int, base: int, quote: int) -> Seat:
        seat = self.find(account, market)
        if not seat:
            seat = self.pool.take_seat()
            seat.account = account
            seat.market = market
            seat.base = self.cells.open(account.id, base)
            seat.quote = self.cells.open(account.id, quote)
            self.seats[account.id, market] = seat
        return seat


class Accounts(Table):
    """Accounts by id."""

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.parents: dict[int, int] = {}

    @property
    def count(self) -> int:
        return len(self.accounts)

    def find(self, account_id: int) -> Account | None:
        return self.accounts.get(account_id)

    def add(self, account_id: int) -> Account:
        if not 0 < account_id < IDS_MAX:
            raise OverflowError(f"account id {account_id} is outside 1 to {IDS_MAX - 1}")
        account = self.accounts[account_id] = Account()
        account.id = account_id
        account.open_orders = account.trading_key = account.has_payer = 0
        return account


class ListHeads:
    """The oldest open list of each account that has any."""

    def __init__(self) -> None:
        self.lists: dict[int, OrderList | None] = {}

    def find(self, account_id: int) -> OrderList | None:
        return self.lists.get(account_id)

    def put(self, account_id: int, order_list: OrderList | None) -> None:
        self.lists[account_id] = order_list


class Keys(Table):
    """API keys by id."""

    def __init__(self) -> None:
        self.keys: dict[int, Key] = {}

    @property
    def count(self) -> int:
        return len(self.keys)

    def find(self, key_id: int) -> Key | None:
        return self.keys.get(key_id)

    def add(self, key_id: int, account: Account) -> Key:
        if not 0 < key_id < IDS_MAX:
            raise OverflowError(f"key id {key_id} is outside 1 to {IDS_MAX - 1}")
        key = self.keys[key_id] = Key()
        key.account = account
        return key


class Markets:
    """Markets by id, in a list that begins with market 1."""

    def __init__(self, markets: list[Market]) -> None:
        self.markets = markets

    def find(self, market_id: int) -> Market | None:
        return self.markets[market_id - 1] if 0 < market_id <= len(self.markets) else None
