"""Figure `hostile`: the core beside C++ as in figure `core`, on flows that are not calm; the worst is the headline.

| workload | what comes |
|---|---|
| cancels, swing 25 % and 40 % | 95 of 100 orders are canceled before they trade, while the price swings |
| flash crash | for a tenth of the run only sales that sweep many levels come, then the book fills again |
| deep book | a million orders at rest in one market |
| 1,000 markets | 100,000 orders at rest over them |
| 1 M accounts | in one market, none of them met twice for long |
| bursts | orders, cancels and takers of either side excite one another (Hawkes): two thirds come of another one |
| stop cascades | hundreds of sales wait for a falling price; now and then a sweep sets them off, one by the other |
| one-lot levels | an order of one lot at each price, and takers that sweep hundreds of them |
| cancel storm | whole books are placed, then canceled, the youngest first |
"""

from math import exp, log, pi, sin
from typing import ClassVar

from bench import core, reference, rows, workloads
from bench.core import Size
from bench.measure import Figure, Options
from bench.shape import Shape
from bench.workloads import MIDDLE_TICKS, Flow
from exchange.core.matching import codes

GATE = 0.45


class Swinging(Flow):
    """Orders come and are canceled; the price they stand around swings and comes back."""

    share: ClassVar[float] = 0.25
    periods: ClassVar[int] = 4

    def step(self) -> None:
        market = self.a_market()
        turn = 2 * pi * self.periods * self.number / max(1, self.commands)
        self.fair[market] = MIDDLE_TICKS * (1 + self.share * sin(turn) / 2)
        draw = self.rnd.random()
        if draw < 0.4875:
            self.cancel(market)
        elif draw < 0.5125:
            self.crossing(market)
        else:
            self.passive(market)


class Plunging(Swinging):
    share = 0.40


class Crashing(Flow):
    """Calm, but for a tenth of the run in which everybody sells."""

    def step(self) -> None:
        market = self.a_market()
        at = self.number / max(1, self.commands)
        best = self.known.sides[market][codes.BUY].best()
        if 0.45 < at < 0.55 and best and self.rnd.random() < 0.3:
            self.fair[market] = max(self.fair[market] * 0.9995, MIDDLE_TICKS * 0.5)
            account = self.rnd.choice(self.members[market])
            name = rows.client_id(self.rnd, market, self.number)
            quantity = 1 + self.exponential(4_000)
            self.send(rows.place(market, account, codes.SELL, codes.MARKET, codes.GTC, 0, quantity, name))
        else:
            super().step()


class OneLot(Flow):
    """A lot at a price, far and wide; takers sweep."""

    def passive(self, market: int) -> None:
        rnd, side = self.rnd, self.rnd.getrandbits(1)
        sign = 1 if side == codes.BUY else -1
        price = MIDDLE_TICKS - sign * (1 + rnd.randrange(20_000))
        best = self.known.sides[market][1 - side].best()
        if best and (best - price) * sign <= 0:
            price = best - sign
        self.place(market, side, codes.LIMIT, codes.GTC, price, 1)

    def crossing(self, market: int) -> None:
        side = self.rnd.getrandbits(1)
        if self.rnd.random() < 0.97 or not self.known.sides[market][1 - side].best():
            self.passive(market)
        else:
            self.place(market, side, codes.MARKET, codes.GTC, 0, 1 + self.exponential(300))


class Storming(Flow):
    """Thousands of orders, then their cancels, the youngest first."""

    wave: ClassVar[int] = 5_000

    def step(self) -> None:
        market = self.a_market()
        rested = self.rested[market]
        if self.number // self.wave % 2 and rested:
            order_id, account = rested.pop()
            if order_id in self.known.open:
                self.send(rows.cancel(market, account, order_id, rows.packed_id(rows.drawn_id(self.rnd, self.number))))
                return
        self.passive(market)


class Bursting(Flow):
    """A Hawkes process of four kinds of command, drawn by thinning; each excites others, and that fades away.

    `excites[i][j]` is how many of kind j one of kind i brings about in the mean: takers bring takers of their own side
    and cancels, orders that wait bring cancels, cancels bring orders. Of its eigenvalues none is above 0.75, so bursts
    end. What the time of the process is does not matter to the core: the order of the commands is the workload.
    """

    # Orders that wait, cancels, purchases and sales that take.
    base: ClassVar[tuple[float, ...]] = (0.25, 0.07, 0.010, 0.010)
    excites: ClassVar[tuple[tuple[float, ...], ...]] = (
        (0.30, 0.30, 0.02, 0.02),
        (0.40, 0.15, 0.01, 0.01),
        (0.45, 0.30, 0.50, 0.02),
        (0.45, 0.30, 0.02, 0.50),
    )
    decay: ClassVar[float] = 0.5

    def __init__(self, wanted: Shape) -> None:
        super().__init__(wanted)
        self.excited = [0.0] * len(self.base)

    def step(self) -> None:
        market = self.a_market()
        self.fair[market] += self.rnd.gauss(0, 1.0) - 0.002 * (self.fair[market] - MIDDLE_TICKS)
        kind = self.next_kind()
        if kind == 0:
            self.passive(market)
        elif kind == 1:
            self.cancel(market)
        else:
            self.taking(market, codes.BUY if kind == 2 else codes.SELL)

    def next_kind(self) -> int:
        """Let time pass until something comes: candidates at the rate of now, kept as often as it still holds."""
        while True:
            most = sum(self.base) + sum(self.excited)
            faded = exp(self.decay * log(1.0 - self.rnd.random()) / most)
            self.excited = [each * faded for each in self.excited]
            draw = self.rnd.random() * most
            for kind, (base, excited) in enumerate(zip(self.base, self.excited, strict=True)):
                draw -= base + excited
                if draw < 0:
                    brought = self.excites[kind]
                    self.excited = [a + self.decay * b for a, b in zip(self.excited, brought, strict=True)]
                    return kind


class Cascading(Flow):
    """Sales that wait close below the market, and sweeps that set them off; each pushes the price to the next ones."""

    most: ClassVar[int] = 800
    """So many wait at most: all of them enter with one command, CASCADE_MAX is never reached."""

    def step(self) -> None:
        market = self.a_market()
        best = self.known.sides[market][codes.BUY].best()
        waiting = self.engine.state.matching.markets[market - 1].waiting
        draw = self.rnd.random()
        name = rows.packed_id(rows.drawn_id(self.rnd, self.number))
        account = self.rnd.choice(self.members[market])
        if draw < 0.2 and waiting < self.most and best > 1_000:
            price = best - 10 - self.exponential(120)
            self.send(rows.stop(market, account, price, 1 + self.exponential(workloads.LOTS), name))
        elif draw > 0.998 and waiting > self.most // 2:
            quantity = 10_000 + self.exponential(10_000)
            self.send(rows.place(market, account, codes.SELL, codes.MARKET, codes.GTC, 0, quantity, name))
        else:
            super().step()


class Plain(Flow):
    """What any order book can do: LIMIT orders until filled or canceled, and cancels; nobody meets himself.

    Bids that wait, asks that wait, and takers of either side are of different accounts each.
    """

    groups: ClassVar[int] = 4

    def crossing(self, market: int) -> None:
        side = self.rnd.getrandbits(1)
        best = self.known.sides[market][1 - side].best()
        if not best:
            self.passive(market)
            return
        through = workloads.THROUGH_TICKS if side == codes.BUY else -workloads.THROUGH_TICKS
        quantity = 1 + self.exponential(workloads.CROSSING_LOTS * (self.known.resting[market] / self.aim) ** 3)
        self.placed_by(market, 2 + side, side, best + through, quantity)

    def place(self, market: int, side: int, order_type: int, time_in_force: int, price: int, quantity: int) -> None:
        """What waits, never LIMIT_MAKER; priced so that it does not cross."""
        best = self.known.sides[market][1 - side].best()
        if best:
            price = min(price, best - 1) if side == codes.BUY else max(price, best + 1)
        self.placed_by(market, side, side, price, quantity)

    def placed_by(self, market: int, group: int, side: int, price: int, quantity: int) -> None:
        account = self.rnd.choice(self.members[market][group :: self.groups])
        name = rows.client_id(self.rnd, market, self.number)
        order_id = self.send(rows.place(market, account, side, codes.LIMIT, codes.GTC, price, quantity, name))
        if order_id:
            self.rested[market].append((order_id, account))


workloads.KINDS.update(
    swing_25=Swinging, swing_40=Plunging, crash=Crashing, one_lot=OneLot, storm=Storming,
    bursts=Bursting, cascade=Cascading, plain=Plain,
)  # fmt: skip

PLAIN = Shape(1, 4_400, 50_000, kind="plain")
"""What every order book can do; it is no promise, but figure `peers` is made with it."""
SIZES = (
    Size("cancels, swing 25 %", Shape(1, 4_400, 300_000, kind="swing_25"), GATE),
    Size("cancels, swing 40 %", Shape(1, 4_400, 300_000, kind="swing_40"), GATE),
    Size("flash crash", Shape(1, 4_400, 300_000, kind="crash"), GATE),
    Size("deep book", Shape(1, 1_000_000, 300_000, accounts=20_000), GATE),
    Size("1,000 markets", Shape(1_000, 100_000, 300_000), GATE),
    Size("1 M accounts", Shape(1, 4_400, 300_000, accounts=1_000_000), GATE),
    Size("one-lot levels", Shape(1, 10_000, 300_000, kind="one_lot"), GATE),
    Size("cancel storm", Shape(1, 4_400, 300_000, kind="storm"), GATE),
    Size("bursts", Shape(1, 4_400, 300_000, kind="bursts"), GATE),
    Size("stop cascades", Shape(1, 4_400, 300_000, kind="cascade"), GATE),
)


def run(options: Options) -> list[Figure]:
    """Measure all of them, the worst first. Raises NoCompiler, WrongState."""
    program = reference.build(workloads.FOLDER)
    found = [core.figure_of(size, program, options) for size in SIZES]
    return sorted(found, key=lambda figure: figure.ratio)
