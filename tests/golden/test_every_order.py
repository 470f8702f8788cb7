"""Every type × side × time in force × self-trade mode × trigger, in every book that makes a difference: what must come.

The tables below say it in a trader's words, of a purchase; a sale is its mirror image around a last price of 100. Core,
compiled and not, and verifier go through each of them. The offers stand at 120 and 121, an order with a price of its
own reaches 121 (where it shall not reach them: 119), and it is always for 15 lots.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import pytest

from exchange.messages import words
from exchange.messages.orders import OrderType, Reason, SelfTrade, Side, TimeInForce
from exchange.messages.rejects import RejectCode
from tests import flows
from tests.trio import Trio

ANNA, FRIEND, OTHER, SELLER, BUYER = range(flows.FIRST_ACCOUNT, flows.FIRST_ACCOUNT + 5)
GROUP = 7
LAST = 100
LIMIT, MARKET, LIMIT_MAKER, STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT = OrderType
GTC, IOC, FOK, GTD = TimeInForce
BUY, SELL = Side
WITHOUT_PRICE = (MARKET, STOP_LOSS, TAKE_PROFIT)
WAITING = (STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT)
TAKES_ALWAYS_GTC = (*WITHOUT_PRICE, LIMIT_MAKER)

OFFERS = {
    "nothing": [],
    "out of reach": [(OTHER, 120, 10)],
    "another's": [(OTHER, 120, 10), (OTHER, 121, 10)],
    "her own": [(ANNA, 120, 10), (OTHER, 121, 10)],
    "a friend's": [(FRIEND, 120, 10), (OTHER, 121, 10)],
}
"""What stands on the other side: whose, at what price, how much."""

TRIGGERS = {
    "none": (),
    "up": (105,),
    "down": (95,),
    "trailing": (0, 200),
    "trailing from above": (0, 200, 105),
    "trailing from below": (0, 200, 95),
    "both": (105, 200),
    "neither": (0,),
    "at the last price": (LAST,),
}
"""Trigger price, distance in hundredths of a percent, activation price."""

WAITS_FOR = {STOP_LOSS: "up", STOP_LOSS_LIMIT: "up", TAKE_PROFIT: "down", TAKE_PROFIT_LIMIT: "down"}
"""Of a purchase: a stop is set off by a price that rises, a target by one that falls."""

MOVES = {
    ("up", "up"): ([104, 105], 105, 95),
    ("down", "down"): ([96, 95], 95, 105),
    ("trailing", "up"): ([100, 97, 98, 100], 99, 100),
    ("trailing", "down"): ([100, 97, 98, 100], 99, 100),
    ("trailing from above", "up"): ([103, 105, 106, 108], 108, 93),
    ("trailing from above", "down"): ([103, 104, 106], 106, 95),
    ("trailing from below", "up"): ([97, 98, 100], 99, 100),
    ("trailing from below", "down"): ([97, 100, 95, 96, 98], 97, 102),
}
"""By trigger and what the type waits for: the trades of others of which the last sets an order off, its trigger price
then, and that of a sale: 2 % above the lowest price (below the highest) since it began to follow, rounded away from it.
One that begins to follow at a price that its type waits for begins there, if that is reached already at the next trade.
"""

FILLS = ["trades 10 at 120", "trades 5 at 121"]
MEETS_HER_OWN = {
    SelfTrade.NONE: (FILLS, 0),
    SelfTrade.EXPIRE_TAKER: (["meets her own", "ends 15 SELF_TRADE"], 0),
    SelfTrade.EXPIRE_MAKER: (["meets her own", "the other ends 10 SELF_TRADE", "trades 10 at 121"], 5),
    SelfTrade.EXPIRE_BOTH: (["meets her own", "the other ends 10 SELF_TRADE", "ends 15 SELF_TRADE"], 0),
    SelfTrade.DECREMENT: (["meets her own", "the other ends 0 SELF_TRADE", "trades 5 at 121"], 0),
    # Between orders of one account nothing moves.
    SelfTrade.TRANSFER: (["meets her own", "the other ends 0 SELF_TRADE", "trades 5 at 121"], 0),
}
"""What happens, and how much of the order is left to rest or to end."""


class Case(NamedTuple):
    """One order of Anna's, and the book it comes to."""

    type: OrderType
    side: Side
    time_in_force: TimeInForce
    mode: SelfTrade
    trigger: str
    offers: str
    is_late: bool = False
    """Its time comes before its price."""

    @property
    def is_waiting(self) -> bool:
        return self.type in WAITING

    @property
    def has_price(self) -> bool:
        return self.type not in WITHOUT_PRICE


def refusal(case: Case) -> str:
    """Why an order is refused: what makes no sense first, then what is not offered, then what the market says."""
    if case.type in TAKES_ALWAYS_GTC and case.time_in_force != GTC:
        return "MALFORMED_ROW"
    if case.is_waiting == (case.trigger in ("none", "both", "neither")):
        return "MALFORMED_ROW"
    if case.type == LIMIT_MAKER and case.offers not in ("nothing", "out of reach"):
        return "WOULD_TAKE"
    if case.trigger in ("up", "down", "at the last price") and case.trigger != WAITS_FOR.get(case.type):
        return "WOULD_TRIGGER"
    return ""


def what_it_meets(case: Case) -> tuple[list[str], int]:
    """What an order does that begins to work."""
    mode = SelfTrade.EXPIRE_MAKER if case.mode == SelfTrade.MARKET_DEFAULT else case.mode
    if case.offers == "nothing" or (case.offers == "out of reach" and case.has_price):
        return [], 15
    if case.offers == "out of reach":
        return ["trades 10 at 120"], 5
    if case.time_in_force == FOK and case.offers != "another's" and mode != SelfTrade.NONE:
        # Without her own there are 10 for an order for 15: nothing happens at all.
        return [], 15
    return (FILLS, 0) if case.offers == "another's" else MEETS_HER_OWN[mode]


def expected(case: Case) -> list[str]:
    """All that Anna is told of her order, up to the end of its time."""
    if refused := refusal(case):
        return [f"refused {refused}"]
    told = ["accepted"]
    if case.is_late:
        return [*told, "ends 15 GOOD_TILL_ENDED"]
    if case.is_waiting:
        _, bought_at, sold_at = MOVES[case.trigger, WAITS_FOR[case.type]]
        told.append(f"triggers at {bought_at if case.side == BUY else sold_at}")
    happens, left = what_it_meets(case)
    told += happens
    if left:
        told += {
            GTC: [f"rests {left}", f"ends {left} BY_CANCEL_ALL"] if case.has_price else [f"ends {left} NO_LIQUIDITY"],
            IOC: [f"ends {left} UNFILLED_IOC"],
            FOK: [f"ends {left} UNFILLED_FOK"],
            GTD: [f"rests {left}", f"ends {left} GOOD_TILL_ENDED"],
        }[case.time_in_force]
    return told


def cases(order_type: OrderType) -> Iterator[Case]:
    """Every combination of a type; of those that are refused for their form one book is enough."""
    triggers = TRIGGERS if order_type in WAITING else ("none", "up", "trailing")
    for trigger, side, time_in_force, mode in product(triggers, Side, TimeInForce, SelfTrade):
        for offers in OFFERS:
            case = Case(order_type, side, time_in_force, mode, trigger, offers)
            yield case
            if refusal(case) and order_type != LIMIT_MAKER:
                break
            if case.is_waiting and time_in_force == GTD:
                yield case._replace(is_late=True)


class Desk:
    """Puts one case after the other to one venue, which is as it was after each."""

    def __init__(self) -> None:
        self.trio = Trio()
        self.names = self.last = 0
        self.now_ns = flows.START_NS
        setup = flows.simple_setup(accounts=5, amount=10**15)
        setup.append(flows.filters(1, default_self_trade=int(SelfTrade.EXPIRE_MAKER), allowed_self_trade=124))
        setup += [[21, flows.OPERATOR, account, 1, 0, GROUP] for account in (ANNA, FRIEND)]
        self.tell(self.trio.messages(*setup), 0)

    def name(self) -> tuple[int, ...]:
        self.names += 1
        return flows.client(self.names)

    def limit(self, account: int, side: int, price: int, quantity: int) -> list[int]:
        self.names += 1
        return flows.limit(1, account, side, price, quantity, self.names)

    def trade(self, price: int) -> list[list[int]]:
        """Two others trade: nobody is touched, but the price is known."""
        return [self.limit(SELLER, SELL, price, 1), self.limit(BUYER, BUY, price, 1)]

    def order(self, case: Case, due_ns: int) -> list[int]:
        extensions: tuple[tuple[int, ...], ...] = ()
        if case.trigger != "none":
            price, *rest = TRIGGERS[case.trigger]
            distance, start = (*rest, 0, 0)[:2]
            trigger = mirrored(case, price), distance, mirrored(case, start)
            extensions = ((flows.TRIGGER, *trigger),)
        if case.time_in_force == GTD:
            extensions = (*extensions, (flows.GOOD_TILL, due_ns))
        flags = (case.side, case.type, case.time_in_force, case.mode)
        price = (119 if case.offers == "out of reach" else 121) if case.has_price else 0
        numbers = {"price": mirrored(case, price), "quantity": 15}
        return flows.row(flows.PLACE, 1, ANNA, flags=flags, client_id=self.name(), extensions=extensions, **numbers)

    def put(self, case: Case) -> list[str]:
        """What Anna is told of it, as `expected` says it."""
        self.now_ns += flows.SECOND
        due_ns = self.now_ns + flows.SECOND
        rows = self.trade(LAST) if self.last != LAST else []
        for account, price, quantity in OFFERS[case.offers]:
            rows.append(self.limit(account, 1 - case.side, mirrored(case, price), quantity))
        placed_seq = self.trio.seq + len(rows) + 1
        rows.append(self.order(case, due_ns))
        is_good = not refusal(case)
        if case.is_late:
            rows += self.trade(LAST)
        elif case.is_waiting and is_good:
            rows += [
                row
                for price in MOVES[case.trigger, WAITS_FOR[case.type]][0]
                for row in self.trade(mirrored(case, price))
            ]
        ends = [flows.row(flows.CANCEL_ALL, 1, account) for account in (ANNA, FRIEND, OTHER)]
        if is_good and case.time_in_force == GTD:
            events = self.trio.rows(*rows, ts_ns=self.now_ns)
            self.now_ns = due_ns
            events += self.trio.messages([2], ts_ns=due_ns) + self.trio.rows(*ends, ts_ns=due_ns)
        else:
            events = self.trio.rows(*rows, *(ends if is_good or OFFERS[case.offers] else []), ts_ns=self.now_ns)
        self.last = self.trio.venue.state.markets[0].last_price
        return self.tell(events, placed_seq, case)

    def tell(self, events: bytes, placed_seq: int, case: Case | None = None) -> list[str]:
        """The events of one command's order, in words; prices as they are of a purchase."""
        told: list[str] = []
        mine = 0
        for event in words.read_events(events):
            if isinstance(event, words.Accepted) and event.seq == placed_seq:
                mine = event.order_id
                told.append("accepted")
            elif isinstance(event, words.Rejected) and event.seq == placed_seq:
                told.append(f"refused {RejectCode(event.code).name}")
            elif case and mine:
                told += self.part(event, mine, case)
        return told

    @staticmethod
    def part(event: words.AnyWords, mine: int, case: Case) -> list[str]:
        if isinstance(event, words.Triggered):
            return [f"triggers at {event.trigger_price}"]
        if isinstance(event, words.Traded) and event.taker_order == mine:
            return [f"trades {event.quantity} at {mirrored(case, event.price)}"]
        if isinstance(event, words.Prevented):
            return ["meets her own"]
        if isinstance(event, words.Rested) and event.order_id == mine:
            return [f"rests {event.remaining}"]
        if isinstance(event, words.Canceled) and event.order_id == mine:
            return [f"ends {event.remaining} {Reason(event.reason).name}"]
        if isinstance(event, words.Canceled) and event.reason == Reason.SELF_TRADE:
            return [f"the other ends {event.remaining} SELF_TRADE"]
        return []


def mirrored(case: Case, price: int) -> int:
    """A price of a purchase as that of the case's side, or back; 0 is none."""
    return price if case.side == BUY or not price else 2 * LAST - price


@pytest.mark.parametrize("order_type", OrderType, ids=lambda order_type: order_type.name)
def test_every_order_in_every_book_does_what_the_tables_say(order_type: OrderType) -> None:
    desk = Desk()
    for number, case in enumerate(cases(order_type)):
        assert desk.put(case) == expected(case), case
        if number % 50 == 0:
            desk.trio.check_state()
    desk.trio.check_state()


def test_the_tables_know_every_way_in_which_an_order_may_end() -> None:
    endings = Counter(expected(case)[-1] for order_type in OrderType for case in cases(order_type))
    assert endings.total() > 5_000
    assert set(endings) == {
        *("refused MALFORMED_ROW", "refused WOULD_TAKE", "refused WOULD_TRIGGER"),
        *("trades 5 at 121", "ends 15 SELF_TRADE", "ends 5 NO_LIQUIDITY", "ends 15 NO_LIQUIDITY"),
        *(f"ends {left} {why}" for left in (5, 15) for why in ("UNFILLED_IOC", "GOOD_TILL_ENDED", "BY_CANCEL_ALL")),
        "ends 15 UNFILLED_FOK",
    }
