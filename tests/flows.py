"""Rows, setups and random flows for whoever drives the core: differential tests, crash tests, benches.

A flow is made step by step from small seeds, so that a failing one can be cut down to the steps that matter. It looks
at the verifier's state to ask for things that mean something: open orders, prices that cross, keys that exist.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from exchange.verifier.state import Market, Order, State
from exchange.verifier.venue import Venue
from tests import flow_crowds, flow_fees, flow_filters, flow_lists, flow_pegs
from tests.commands import (
    client,
    kind_of,
    limit,
    market_order,
    message_of,
    payload_of_messages,
    payload_of_rows,
    refusals,
    row,
    split,
)
from tests.flow_filters import filters

__all__ = [
    "client",
    "filters",
    "kind_of",
    "limit",
    "market_order",
    "message_of",
    "payload_of_messages",
    "payload_of_rows",
    "refusals",
    "row",
    "split",
]

ROWS, MESSAGES = 1, 2
PLACE, CANCEL, CANCEL_ALL, AMEND, CANCEL_REPLACE, LIST, CANCEL_LIST = 1, 2, 3, 4, 5, 6, 7
BUY, SELL = 0, 1
LIMIT, MARKET, LIMIT_MAKER, STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT = 1, 2, 3, 4, 5, 6, 7
GTC, IOC, FOK, GTD = 1, 2, 3, 4
DEFAULT, NONE, EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH = 0, 1, 2, 3, 4
TRIGGER, ICEBERG, STRATEGY, GOOD_TILL, REFERENCE, CANCEL_ID, LIST_LINK = 1, 2, 5, 6, 7, 8, 9
OCO, OTO, OTOCO, OPO, OPOCO = 1, 2, 3, 4, 5
SECOND = 10**9
START_NS = 1_700_000_000 * SECOND
FIRST_ACCOUNT, OPERATOR = 16, 0
GENESIS = [1, 1, "test", START_NS, b"journal of tests", [1, 2, 4, 5, 6, 7], [[1, 50], [2, 50], [3, 1000], [4, 1000]]]
SOME_RULES = [1], [1, 5], [1, 6], [1, 2, 4], [1, 2, 4, 6], [1, 2, 4, 5, 6], [1, 2, 4, 5, 6, 7], [1, 2, 4, 5, 6, 7]
SOME_OFF = (0, 0, 0, 1, 2, 4, 7, 128, 256, 512, 1024, 2048, 4096)
SMALL_LIMITS = [[1, 4], [2, 4], [3, 7], [4, 9]]
TAGS = (1, 2, 3, 10, 11, 12, 13, 14, 16, 17, 18, 20, 21, 22, 23, 30, 31, 40, 41, 42, 43, 50, 51, 52, *flow_fees.TAGS)
ODD_WORDS = (0, 1, -1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 255, 256, 1 << 31, 1 << 32, 1 << 53, (1 << 53) + 1)
GREAT_WORDS = ((1 << 62) - 1, 1 << 62, (1 << 62) + 1, (1 << 63) - 1, -(1 << 63), -(1 << 62), -(1 << 31))
GREAT_NUMBERS = (*GREAT_WORDS, 1 << 63, (1 << 64) - 1)


class Entry(NamedTuple):
    """One frame of a journal, before it has a seq."""

    kind: int
    payload: bytes
    ts_ns: int


def simple_setup(markets: int = 1, accounts: int = 3, amount: int = 10**12) -> list[list[Any]]:
    """Genesis, asset 1 as quote, one base asset for each market, open filters, accounts 16 … with `amount` of each."""
    messages: list[list[Any]] = [GENESIS, [10, OPERATOR, "QUOTE", 0]]
    messages += [[10, OPERATOR, f"BASE{number}", 0] for number in range(markets)]
    for number in range(1, markets + 1):
        messages += [[11, OPERATOR, f"BASE{number}QUOTE", number + 1, 1, 1, 1], filters(number)]
        messages += [[12, OPERATOR, number, 1]]
    for number in range(accounts):
        messages.append([20, OPERATOR, number + 1, 1])
        for asset in range(1, markets + 2):
            messages.append([30, OPERATOR, f"setup {number} {asset}", FIRST_ACCOUNT + number, asset, amount])
    return messages


class Knobs(NamedTuple):
    """What one flow is like; small numbers are plain flows, so that a failing one shrinks to them."""

    markets: int = 1
    accounts: int = 2
    seed: int = 0
    """For the listing: scales, ticks, lots, filters, fees, funds."""
    wild_percent: int = 0
    """How many rows and messages have something wrong with their fields."""
    spread: int = 3
    """Prices lie within so many steps of the middle."""
    fee_ppm: int = 0
    poverty: int = 0
    """Funds are divided by 2 to the power of it."""
    waiting: float = 0.0
    """How many of the orders wait for a price."""
    lists: float = 0.0
    """How many of the commands place or cancel lists."""
    terms: int = 0
    """Whether fee terms are set from the beginning."""
    pegs: float = 0.0
    """How many of the commands have orders that are pegged."""
    crowds: float = 0.0
    """How many of the steps begin a crowd: a thousand orders of one account."""


class Flow:
    """Makes the entries of one flow. `venue` is the verifier that follows it."""

    def __init__(self, knobs: Knobs, venue: Venue) -> None:
        self.knobs = knobs
        self.venue = venue
        self.random = Random(knobs.seed)
        self.ts_ns = START_NS
        self.requests = 0
        self.names = 0
        self.kept: list[list[int]] = []
        """Rows of idempotent orders, to be sent again."""
        self.coming: list[tuple[int, bytes]] = []
        """What is left of a crowd: kinds and payloads."""

    @property
    def state(self) -> State:
        return self.venue.state

    # The setup.

    def setup(self) -> list[Entry]:
        """Everything up to open markets and funded accounts."""
        knobs, random = self.knobs, self.random
        too_early = [Entry(ROWS, payload_of_rows([limit(1, 1, BUY, 1, 1, 1)]), self.ts_ns)]
        messages: list[list[Any]] = [[2], [*GENESIS[:5], random.choice(SOME_RULES), SMALL_LIMITS]]
        scales = [random.randrange(7) for _ in range(3)]
        messages += [[10, OPERATOR, f"A{number}", scale] for number, scale in enumerate(scales)]
        bases = [(2, 1), (3, 1), (2, 3)]
        for number in range(1, knobs.markets + 1):
            base, quote = bases[number - 1]
            part = random.randrange(scales[base - 1] + 1)
            lot = 10**part * random.choice([1, 1, 3, 25])
            tick = 10 ** (scales[base - 1] - part) * random.choice([1, 1, 7, 50])
            messages.append([11, OPERATOR, f"M{number}", base, quote, tick, lot])
            messages.append(flow_filters.some_filters(self, number, is_wide=random.random() < 0.5))
            messages += [[14, OPERATOR, number, tier, *self.some_fees()] for tier in range(2)]
            messages.append([12, OPERATOR, number, 1])
        for number in range(knobs.accounts):
            messages.append([20, OPERATOR, number // 2 + 1, 1, number % 2, random.choice([0, 0, 1, 2])])
            messages.append([22, OPERATOR, FIRST_ACCOUNT + number, 3, f"key {number}", 1, b"", "vault", 0])
            for asset in range(1, 4):
                messages.append(self.some_credit(FIRST_ACCOUNT + number, asset))
        messages.append([22, OPERATOR, FIRST_ACCOUNT, 1, "reads", 3, b"e" * 32])
        messages.append([22, OPERATOR, FIRST_ACCOUNT, 6, "operates", 2, b"rsa", "", START_NS + 600 * SECOND])
        messages += flow_fees.some_beginning(self) if knobs.terms else []
        return [*too_early, Entry(MESSAGES, payload_of_messages(messages), self.ts_ns)]

    def some_credit(self, account: int, asset: int) -> list[Any]:
        self.requests += 1
        most = max((1 << self.random.randrange(20, 44)) >> self.knobs.poverty, 2)
        return [30, OPERATOR, f"request {self.requests}", account, asset, self.random.randint(1, most)]

    def some_fees(self) -> list[int]:
        maker_ppm, taker_ppm = (self.random.randint(0, self.knobs.fee_ppm) for _ in range(2))
        return [maker_ppm if self.random.random() < 0.7 else -maker_ppm, taker_ppm]

    @staticmethod
    def middle(market_id: int) -> int:
        return (10, 100, 7)[(market_id - 1) % 3]

    # Steps.

    def step(self, seed: int) -> Entry:
        """The next entry: mostly a run of rows, now and then messages; time goes on a little or far."""
        self.random = random = Random(seed)
        if not self.coming and self.knobs.crowds and random.random() < self.knobs.crowds:
            self.coming = flow_crowds.some_crowd(self)
        if self.coming:
            return Entry(*self.coming.pop(0), self.ts_ns)
        passed = [0, 0, 1, SECOND, 7 * SECOND, 60 * SECOND, 299 * SECOND]
        self.ts_ns += random.choice(passed) + flow_fees.some_days(self)
        closed = [market.market_id for market in self.state.markets if market.status != 1]
        if closed and random.random() < 0.5:
            opened = [random.choice([[12, OPERATOR, number, 1], [41, OPERATOR, number, 1]]) for number in closed]
            return Entry(MESSAGES, payload_of_messages(opened), self.ts_ns)
        if random.random() < 0.75:
            rows = [self.some_row() for _ in range(random.choice([1, 3, 10, 25]))]
            return Entry(ROWS, payload_of_rows(rows), self.ts_ns)
        messages = [self.some_message() for _ in range(random.choice([1, 1, 3]))]
        return Entry(MESSAGES, payload_of_messages(messages), self.ts_ns)

    def is_wild(self) -> bool:
        return self.random.random() * 100 < self.knobs.wild_percent

    def some_row(self) -> list[int]:
        if self.is_wild():
            return self.some_wild_row()
        if self.kept and self.random.random() < 0.03:
            return list(self.random.choice(self.kept))
        words = self.some_whole_row()
        if self.knobs.pegs and self.random.random() < self.knobs.pegs:
            words = flow_pegs.pegged(self, words)
        if words[0] == PLACE and self.random.random() < 0.08:
            words[6] |= 1 << 32
            self.kept = [*self.kept[-5:], words]
        return words

    def some_whole_row(self) -> list[int]:
        random = self.random
        if self.knobs.lists and random.random() < self.knobs.lists:
            return flow_lists.some_list(self) if random.random() < 0.85 else flow_lists.some_list_cancel(self)
        choice = random.random()
        if choice < 0.7:
            return self.some_place()
        if choice < 0.76:
            return self.some_amend()
        if choice < 0.82:
            return self.some_replace()
        if choice < 0.95:
            return self.some_cancel() if self.some_order() or random.random() < 0.1 else self.some_place()
        return row(CANCEL_ALL, *self.some_target(random.choice([0, 1, 1, 1])), client_id=self.some_name())

    def some_target(self, has_market: int = 1) -> tuple[int, int, int]:
        """Market, account and a key of that account (or the venue's own)."""
        account = FIRST_ACCOUNT + self.random.randrange(self.knobs.accounts)
        market = self.random.randint(1, self.knobs.markets) * has_market
        return market, account, self.random.choice([0, account - FIRST_ACCOUNT + 1])

    def some_name(self) -> tuple[int, ...]:
        if self.random.random() < 0.2:
            return (*(self.random.randrange(3) for _ in range(4)), 1)
        return client(self.random.randint(1, self.random.choice([8, 200, 200])))

    def some_place(self) -> list[int]:
        random = self.random
        market, account, key = self.some_target()
        side = random.randrange(2)
        strategy = (STRATEGY, random.randrange(1 << 40), random.randrange(2_000_000))
        extensions = (strategy,) if random.random() < 0.1 else ()
        target: dict[str, Any] = {"client_id": self.some_name(), "extensions": extensions}
        mode = random.choice([0, 1, 2, 3, 4, 5, 6, 6])
        quantity = random.choice([random.randint(1, 60), random.randint(1, 10) * 6])
        choice = random.random()
        if random.random() < self.knobs.waiting:
            return self.some_stop(market, account, key, side, mode, quantity, target)
        if choice < 0.1:
            flags = (side, MARKET, GTC, mode)
            return row(PLACE, market, account, key, flags=flags, quantity=quantity, **target)
        if choice < 0.2:
            flags = (side, MARKET, GTC, mode)
            quote = self.middle(market) * random.randint(1, 100) * self.unit(market) + random.randrange(3)
            quote = quote if random.random() < 0.95 else (1 << 62) + random.randrange(2)
            return row(PLACE, market, account, key, flags=flags, quote_quantity=quote, **target)
        order_type = LIMIT_MAKER if choice < 0.3 else LIMIT
        time_in_force = GTC if order_type == LIMIT_MAKER else random.choice([GTC, GTC, GTC, IOC, FOK])
        price = max(self.middle(market) + random.randint(-self.knobs.spread, self.knobs.spread), 1)
        if time_in_force == GTC and random.random() < 0.25:
            target["extensions"] = (*extensions, (ICEBERG, random.randint(1, 20)))
        if order_type == LIMIT and random.random() < 0.12:
            time_in_force = GTD
            due_ns = self.ts_ns + random.choice([0, 1, 1, 5, 30, 400]) * SECOND
            target["extensions"] = (*extensions, (GOOD_TILL, due_ns))
        flags = (side, order_type, time_in_force, mode)
        return row(PLACE, market, account, key, flags=flags, price=price, quantity=quantity, **target)

    def some_stop(
        self, market: int, account: int, key: int, side: int, mode: int, quantity: int, target: dict[str, Any]
    ) -> list[int]:
        """An order that waits for a price near the market, or follows it."""
        random = self.random
        spread = self.knobs.spread
        near, price = (max(self.middle(market) + random.randint(-spread, spread), 1) for _ in range(2))
        trigger: tuple[int, ...] = (TRIGGER, near)
        if random.random() < 0.4:
            trigger = (TRIGGER, 0, random.choice([100, 500, 1_000, 2_000, 9_999]), random.choice([0, 0, near]))
        order_type = random.choice([STOP_LOSS, STOP_LOSS_LIMIT, TAKE_PROFIT, TAKE_PROFIT_LIMIT])
        is_limit = order_type in (STOP_LOSS_LIMIT, TAKE_PROFIT_LIMIT)
        time_in_force = random.choice([GTC, GTC, GTD, IOC, FOK]) if is_limit else GTC
        flags = (side, order_type, time_in_force, mode)
        target["extensions"] = (*target["extensions"], trigger)
        if time_in_force == GTD:
            target["extensions"] += ((GOOD_TILL, self.ts_ns + random.choice([1, 5, 30, 400]) * SECOND),)
        return row(PLACE, market, account, key, flags=flags, price=price * is_limit, quantity=quantity, **target)

    def unit(self, market_id: int) -> int:
        market: Market | None = self.state.market(market_id)
        return market.quote_per_tick_lot if market else 1

    def some_order(self) -> Order | None:
        orders = self.some_orders()
        return self.random.choice(orders) if orders else None

    def some_orders(self) -> list[Order]:
        return [order for account in self.state.accounts.values() for order in account.orders]

    def some_cancel(self) -> list[int]:
        random = self.random
        market, account, key = self.some_target()
        order = self.some_order()
        order_id, name = random.randint(1, 50), self.some_name()
        if order is not None and random.random() < 0.9:
            market, account = order.market.market_id, order.account.account_id
            order_id, name = order.order_id, order.client_id
            if random.random() < 0.1:
                name = self.some_name()
            key = random.choice([0, account - FIRST_ACCOUNT + 1])
        by = random.randrange(3)
        extensions = () if by == 0 else ((REFERENCE, *name),)
        restriction = random.choice([0, 0, 0, 1, 2])
        return row(
            CANCEL,
            *(market, account, key),
            flags=(0, 0, 0, 0, 0, restriction),
            order_id=0 if by == 1 else order_id,
            client_id=random.choice([client(0), self.some_name()]),
            extensions=extensions,
        )

    def some_amend(self) -> list[int]:
        """A smaller quantity for an order, or one that cannot be."""
        random = self.random
        words = self.some_cancel()
        order = self.some_order()
        quantity = random.randint(1, 60) if order is None else max(order.quantity - random.randint(-1, 20), 1)
        words[0], words[6], words[8] = AMEND, 0, quantity
        return words

    def some_replace(self) -> list[int]:
        """Another order for one that is there, or not."""
        random = self.random
        words = self.some_place()
        account, market = words[4], words[3]
        mine = [each for each in self.some_orders() if each.account.account_id == account]
        order = random.choice(mine) if mine and random.random() < 0.9 else None
        order_id = order.order_id if order else random.randint(1, 50)
        name = order.client_id if order else self.some_name()
        words[3] = order.market.market_id if order and random.random() < 0.9 else market
        by = random.randrange(3)
        words[10] = 0 if by == 1 else order_id
        words[6] |= random.choice([0, 0, 0, 1, 2]) << 40
        words[0] = CANCEL_REPLACE
        reference = [REFERENCE, *((0,) * 5 if by == 0 else name), random.choice([1, 2]), 0]
        cancel_id = [CANCEL_ID, *self.some_name(), 0, 0]
        words[2] += 2
        return [*words, *reference, *cancel_id]

    def some_wild_row(self) -> list[int]:
        """A row with anything in its fields that still can be cut out of a run."""
        random = self.random
        words = random.choice([self.some_place, self.some_cancel])()[:16]
        words[0] = random.choice([words[0]] * 6 + [CANCEL_ALL, 0, 4, 5, 6, 7, 8, -1, 1 << 62])
        words[2] = 0
        for _ in range(random.choice([0, 1, 1, 2])):
            at = random.choice([3, 4, 5, 6, 7, 8, 9, 10, 11, 15])
            words[at] = random.choice([*ODD_WORDS, *GREAT_WORDS]) if at != 6 else self.some_wild_flags(words[6])
        kinds = [
            random.choice([0, 1, 2, 3, 4, 5, 5, 6, 7, 7, 8, 9, 10, -1]) for _ in range(random.choice([0, 0, 1, 2, 7]))
        ]
        words[2] = len(kinds)
        for kind in kinds:
            words += [kind, *(random.choice([*ODD_WORDS, *GREAT_WORDS]) for _ in range(7))]
        words[1] = random.choice([1] * 10 + [2, 3, 4])
        for _ in range(words[1] - 1):
            words += self.some_place()
        return words

    def some_wild_flags(self, flags: int) -> int:
        eight = bytearray(struct.pack("<q", flags))
        eight[self.random.randrange(8)] = self.random.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 127, 128, 255])
        wild: int = struct.unpack("<q", eight)[0]
        return wild

    def some_message(self) -> list[Any]:
        message = self.some_whole_message()
        if self.is_wild() and len(message) > 1:
            at = self.random.randrange(1, len(message))
            message = [*message[:at], self.some_wild_field(message[at]), *message[at + 1 :]]
        return message

    def some_wild_field(self, field: Any) -> Any:
        """Another value of the same type."""
        random = self.random
        if isinstance(field, int):
            return random.choice([*ODD_WORDS, *GREAT_NUMBERS, field + 1, field - 1])
        if isinstance(field, str):
            return random.choice(
                ["", "A0", "M1", "key 0", "request 1", "two words", "x" * 21, "y" * 129, "\n", "é", "人生"]
            )
        if isinstance(field, bytes):
            return random.choice([b"", b"x", b"e" * 31, b"e" * 32, b"e" * 33, b"r" * 2_048, b"r" * 2_049])
        return random.choice([[], field + field[:1], field[:1]])

    def some_whole_message(self) -> list[Any]:
        random = self.random
        market, account, _ = self.some_target()
        key = random.choice([0, 0, 0, 1, self.knobs.accounts + 2])
        self.names += 1
        tag = random.choice(
            (*TAGS, 2, 2, 10, 11, 12, 12, 13, 13, 13, 14, 14, 20, 21, 21, 22, 22, 30, 30, 31, 31, 41, 42, 42, 51, 52)
        )
        if tag in (1, 2):
            return GENESIS if tag == 1 else [2]
        if tag == 13:
            return [13, key, *flow_filters.some_filters(self, market, is_wide=random.random() < 0.6)[2:]]
        expires_ns = random.choice([0, self.ts_ns, self.ts_ns + 1, self.ts_ns + random.randint(1, 400) * SECOND])
        self.requests += tag in (30, 31) and random.random() < 0.9
        fields: dict[int, list[Any]] = {
            3: [random.choice([2, 3, 4, 5, 5, 6, 7, 8])],
            10: [f"N{self.names % 9}", random.randrange(20)],
            11: [f"S{self.names % 9}", random.randint(1, 3), random.randint(1, 3), 10 ** random.randrange(7), 10**3],
            12: [market, random.choice([1, 1, 1, 1, 2, 3, 4, 5, 6])],
            14: [market, random.randrange(3), *self.some_fees()],
            20: [random.randint(0, 5), random.choice([1, 2, 6]), random.randrange(3), random.randrange(3)],
            21: [account, random.choice([1, 1, 1, 2]), random.randrange(3), random.choice([0, 0, 1, 2])],
            22: [account, random.choice([1, 2, 3, 7]), f"api {self.names % 3}", 1, b"", "vault", expires_ns],
            23: [random.randint(1, 2 + self.knobs.accounts + self.names // 8)],
            30: [f"request {self.requests}", account, random.randint(1, 3), self.some_amount()],
            31: [f"request {self.requests}", account, random.randint(1, 3), random.randrange(1 << 24)],
        }
        fields |= {
            40: [market, *self.some_protection()],
            41: [market, random.choice([1, 5, 60])],
            42: [random.choice([market, market, 0])],
            43: [market, random.choice(SOME_OFF)],
            16: [random.choice([0, 0, most]) for most in (5, 2, 1, 1)],
            17: [random.randint(1, 3), random.choice([0, 0, 0, 100, 5_000, 10**9])],
            18: [market, random.choice([0, 0, 10 * self.unit(market) * self.middle(market)]), random.randrange(2)],
            **flow_fees.some_terms(self, market, account),
            50: [account, market, random.choice([0, 1, 2_000, 60_000])],
            51: [account],
            52: flow_lists.some_session(self, account),
        }
        return [tag, key, *fields[tag]]

    def some_amount(self) -> int:
        return self.random.randrange(1 << 40) if self.random.random() < 0.8 else 1 << 62

    def some_protection(self) -> list[int]:
        random = self.random
        narrow = random.choice([0, 20_000, 200_000])
        ranges = [10**6 + narrow, 10**6 - narrow, 10**6 + narrow, 10**6 - narrow] if narrow else [0, 0, 0, 0]
        breaker = random.choice([[0, 0], [100_000, 60], [300_000, 5]])
        goes_on = random.choice([[0, 0, 0, 0], [1, 5, 0, 0], [60, 60, 50_000, 2]])
        return [*ranges, *breaker, random.choice([0, 0, 0, 20_000]), *goes_on]


def entries(knobs: Knobs, venue: Venue, seeds: list[int]) -> Iterator[Entry]:
    """The entries of one flow, setup first. Whoever takes them applies each to `venue` before it takes the next."""
    flow = Flow(knobs, venue)
    yield from flow.setup()
    for seed in seeds:
        yield flow.step(seed)
