"""A desk for tables of cases: it puts one after the other to a venue in all three forms, and tells what came in words.

Prices are those of a purchase; a sale is its mirror image around a price of 100.
"""

from __future__ import annotations

from typing import Any

from exchange.messages import words
from exchange.messages.orders import Reason, RowKind, SelfTrade, Side
from exchange.messages.rejects import RejectCode
from tests import flows
from tests.trio import Trio

ANNA, FRIEND, OTHER, STRANGER = range(flows.FIRST_ACCOUNT, flows.FIRST_ACCOUNT + 4)
"""The first two are one owner's: they share a trade group."""
GROUP = 7
MIDDLE = 100
MARKET = 1
QUOTE, BASE = 1, 2
RICH = 10**15

Named = tuple[str, list[int]]
"""A command, and how the order that it places is called in what is told; of a list, all its orders: "target+stop"."""


def mirrored(side: int, price: int) -> int:
    """A price of a purchase as that of a side, or back; 0 is none."""
    return price if side == Side.BUY or not price else 2 * MIDDLE - price


class Desk:
    """One market, to which nothing has happened before each case but what `clear` cannot undo: trades and numbers."""

    def __init__(self, rules: list[int] | None = None, **filters: int) -> None:
        self.trio = Trio()
        self.side = Side.BUY
        self.cases = self.names = self.requests = 0
        self.called: dict[int, str] = {}
        """Order to its name."""
        self.kinds: dict[int, int] = {}
        """List to what kind of list it is."""
        setup = flows.simple_setup(accounts=4, amount=RICH)
        if rules:
            setup[0] = [*setup[0][:5], rules, *setup[0][6:]]
        setup += [[21, flows.OPERATOR, account, 1, 0, GROUP] for account in (ANNA, FRIEND)]
        assert not flows.refusals(self.trio.messages(*setup))
        self.set_filters(**filters)

    def set_filters(self, **filters: int) -> None:
        """Open filters but what is said."""
        values = {"default_self_trade": int(SelfTrade.EXPIRE_MAKER)} | filters
        assert not flows.refusals(self.trio.messages(flows.filters(MARKET, **values)))

    def begin(self, side: Side) -> None:
        """The next case: prices are of this side from now on."""
        self.side = side
        self.called.clear()

    def order(self, account: int, side: int, price: int, quantity: int, **rest: Any) -> list[int]:
        """A limit order, good till it is cancelled, where `rest` says nothing else."""
        self.names += 1
        flags = (side, rest.pop("type", flows.LIMIT), rest.pop("in_force", flows.GTC), rest.pop("mode", flows.NONE))
        numbers = {"client_id": flows.client(self.names)} | rest
        price = mirrored(self.side, price)
        return flows.row(flows.PLACE, MARKET, account, flags=flags, price=price, quantity=quantity, **numbers)

    def order_list(self, account: int, contingency: int, *legs: tuple[int, list[int]]) -> list[int]:
        """A list of orders, each with its role in it."""
        self.names += 1
        head = flows.row(
            flows.LIST,
            MARKET,
            account,
            client_id=flows.client(self.names),
            extensions=((flows.LIST_LINK, contingency),),
        )
        head[1] = 1 + len(legs)
        for role, order in legs:
            order[2] += 1
            head += [*order, flows.LIST_LINK, contingency, role, *[0] * 5]
        return head

    def before(self, *commands: Named) -> None:
        """What has happened before the case; none of it is refused."""
        assert "refused" not in " ".join(self.put(*commands))

    def put(self, *commands: Named) -> list[str]:
        """What comes of commands."""
        first_seq = self.trio.seq + 1
        told: list[str] = []
        names = [name.split("+") for name, _ in commands]
        for event in words.read_events(self.trio.rows(*(row for _, row in commands))):
            if isinstance(event, words.Accepted):
                left = names[event.seq - first_seq]
                self.called[event.order_id] = left.pop(0) if len(left) > 1 else left[0]
            told += self.part(event)
        return told

    def part(self, event: words.AnyWords) -> list[str]:
        """One event in words."""
        called = self.called
        if isinstance(event, words.Accepted):
            return [f"{called[event.order_id]} accepted {event.quantity}"]
        if isinstance(event, words.Rejected):
            return [f"{RowKind(event.row_kind).name} refused {RejectCode(event.code).name}"]
        if isinstance(event, words.Traded):
            price = mirrored(self.side, event.price)
            return [f"{called[event.taker_order]} takes {event.quantity} of {called[event.maker_order]} at {price}"]
        if isinstance(event, words.Prevented):
            return [f"{called[event.taker_order]} meets {called[event.maker_order]}"]
        if isinstance(event, words.Transferred):
            return [f"hands over {event.quantity} at {mirrored(self.side, event.price)}"]
        if isinstance(event, words.Rested):
            shows = "" if event.level_quantity == event.remaining else f", {event.level_quantity} show"
            return [f"{called[event.order_id]} rests {event.remaining}{shows}"]
        if isinstance(event, words.Triggered):
            return [f"{called[event.order_id]} is set off at {mirrored(self.side, event.trigger_price)}"]
        if isinstance(event, words.Pegged):
            found = f"is pegged at {mirrored(self.side, event.price)}" if event.price else "has no price"
            return [f"{called[event.order_id]} {found}"]
        if isinstance(event, words.Refilled):
            return [f"{called[event.order_id]} shows {event.shown}"]
        if isinstance(event, words.Amended):
            return [f"{called[event.order_id]} has {event.remaining} left of {event.quantity}"]
        if isinstance(event, words.ProceedsLocked):
            return [f"{called[event.order_id]} keeps {event.amount} of {event.received}"]
        if isinstance(event, words.Entered):
            is_sized = self.kinds[event.list_id] < flows.OPO
            return [f"{called[event.order_id]} enters" + ("" if is_sized else f" with {event.quantity}")]
        if isinstance(event, words.ListChanged):
            self.kinds[event.list_id] = event.contingency
            return [f"list {('begins', 'changes', 'is done')[event.status - 1]}"]
        if isinstance(event, words.Canceled):
            number = int.from_bytes(event.cancel_id[:8], "little")
            by = f" by cancel {number}" if number else f" {RejectCode(event.code).name}" if event.code else ""
            return [f"{called[event.order_id]} ends {event.remaining} {Reason(event.reason).name}{by}"]
        return []

    def shown(self, side: int) -> int:
        """How much a side of the book shows."""
        market = self.trio.venue.state.markets[0]
        return sum(order.shown for order in market.side(side))

    def clear(self) -> None:
        """Cancel all; now and then look whether the states of the three are one."""
        self.trio.rows(*(flows.row(flows.CANCEL_ALL, MARKET, account) for account in (ANNA, FRIEND, OTHER, STRANGER)))
        self.cases += 1
        if self.cases % 50 == 0:
            self.trio.check_state()

    def held(self, account: int, asset: int) -> int:
        return self.trio.venue.state.ledger.held.get((account, asset), 0)

    def owns(self, account: int, asset: int) -> int:
        """What is available and held."""
        return self.trio.venue.state.ledger.available.get((account, asset), 0) + self.held(account, asset)

    def give(self, account: int, asset: int, amount: int) -> None:
        """Credit or debit an account that has nothing held, until it has this amount."""
        assert not self.held(account, asset)
        missing = amount - self.owns(account, asset)
        if missing:
            self.requests += 1
            tag = 30 if missing > 0 else 31
            message = [tag, flows.OPERATOR, f"given {self.requests}", account, asset, abs(missing)]
            assert not flows.refusals(self.trio.messages(message))
