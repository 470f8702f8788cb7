"""Golden scenarios: a trader's words in, events out. The grammar is the docstring of `Scenario.run_line`.

A line is `words -> outcome`; a line of comment starts with #. `run.py golden --update` writes the outcomes anew, to be
read before they are committed.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import msgspec

from exchange.core import encoding, ledger, queries
from exchange.core.engine import MESSAGES, ROWS, Engine
from exchange.messages import accounts, auctions, fees, markets, orders, registry, system, transfers, words
from exchange.messages.limits import LIMITS_AT_GENESIS, RULES_AT_GENESIS
from exchange.messages.orders import Flags, OrderType, SelfTrade, Side, TimeInForce
from exchange.messages.rejects import RejectCode
from tests.golden.units import Market, number

SCALE = 8
BEGIN_NS = 1_700_000_000_000_000_000
WAITING = {
    "stop": (OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT),
    "take-profit": (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT),
}
STATUSES = ("TRADING", "HALT", "BREAK", "CANCEL_ONLY", "POST_ONLY", "AUCTION")
LIST_WORDS = ("begins", "changes", "is done")
ROLES = {
    orders.Contingency.OCO: (orders.Leg.ABOVE, orders.Leg.BELOW),
    orders.Contingency.OTO: (orders.Leg.WORKING, orders.Leg.PENDING),
    orders.Contingency.OTOCO: (orders.Leg.WORKING, orders.Leg.ABOVE, orders.Leg.BELOW),
    orders.Contingency.OPO: (orders.Leg.WORKING, orders.Leg.PENDING),
    orders.Contingency.OPOCO: (orders.Leg.WORKING, orders.Leg.ABOVE, orders.Leg.BELOW),
}
KINDS = {"ioc": TimeInForce.IOC, "fok": TimeInForce.FOK, "until": TimeInForce.GTD}
FILTERS = markets.SetFilters.__struct_fields__[2:]


class Scenario:
    """One exchange, driven by lines. Assets have 8 decimals; every account trades with a key of its own."""

    def __init__(self, engine: Engine | None = None, *, is_empty: bool = False) -> None:
        self.engine = engine or Engine(bytes(16))
        self.now_ns = BEGIN_NS
        self.people: dict[str, int] = {}
        self.requests = 0
        self.orders = 0
        self.lists = 0
        self.kinds: dict[int, int] = {}
        """Of every list that began."""
        self.is_replacing = False
        self.filters: dict[str, dict[str, int]] = {}
        if not is_empty:
            self.begin()

    def begin(self) -> None:
        """Genesis, as every venue begins."""
        rules = [int(rule) for rule in RULES_AT_GENESIS]
        limits = [(int(limit), value) for limit, value in LIMITS_AT_GENESIS]
        self.send(system.Genesis(1, "golden", BEGIN_NS, b"golden scenarios", rules, limits))

    def send(self, command: registry.AnyCommand) -> list[words.AnyWords]:
        return self.apply(MESSAGES, registry.encode_commands([command]))

    def apply(self, kind: int, payload: bytes) -> list[words.AnyWords]:
        """Apply one command a millisecond after the last, then hold the ledger against itself."""
        self.now_ns += 1_000_000
        before = encoding.state_hash(self.engine.state)
        self.is_replacing = kind == ROWS and payload[0] == orders.RowKind.CANCEL_REPLACE
        self.engine.apply(kind, payload, self.engine.seq + 1, self.now_ns)
        events = list(words.read_events(self.engine.take_events()))
        ledger.check_sums(self.engine.state)
        ledger.check_claims(self.engine.state)
        if events and all(isinstance(event, words.Rejected) for event in events):
            assert encoding.state_hash(self.engine.state) == before, "a rejection changed the state"
        return events

    def run_line(self, line: str) -> str:
        """Run one line and return its outcome.

        market BTCUSDT tick 0.01 lot 0.0001 [filter=number ...] · fees BTCUSDT maker 1000 taker 2000 [tier 1] (ppm)
        status BTCUSDT HALT · alice has 1 BTC · alice is disabled · alice joins group 7 · alice has tier 1
        alice buys|sells 1 BTCUSDT at 50000|market|best [ioc|fok|post-only] [expire-maker ...] [as ID]
            [iceberg 0.1] [until 60s (of the scenario)] [pegged primary|market [behind LEVELS]] (best: no price is sent)
            [stop|take-profit PRICE] or [stop|take-profit trailing BPS [from PRICE]]
        alice buys|sells BTCUSDT for 1000 USDT at market [...]
        alice cancels 1|ID [in BTCUSDT] [only-new|only-partly] · alice cancels all in BTCUSDT|everywhere
        alice amends 1|ID to 0.5 [as ID]
        alice replaces 1|ID [or fails|in any case] by 1 BTCUSDT bought|sold at 50000 [...]
        alice lists oco|oto|otoco [as ID]: sells 1 BTCUSDT at 55000 post-only; sells 1 BTCUSDT at market stop 45000
        alice lists opo|opoco [as ID]: buys 1 BTCUSDT at 50000; sells BTCUSDT at market [...]
        alice pays fees with|without discount
        operate SetMinNotional market_id=1 least=100 ... (any operator's command; a list: 1,2)
        filters BTCUSDT filter=number ...
        alice cancels list 1|ID [in BTCUSDT] · alice owns · book BTCUSDT · wait 5s
        an empty venue · entry KIND TIME HEX · state (what the simulator found: one command as a journal has it)
        auction BTCUSDT for 60s · kill BTCUSDT|everything · protect BTCUSDT setting=number ... · switch off 3 in BTCUSDT
        """
        for pattern, handle in GRAMMAR:
            found = re.fullmatch(pattern, line)
            if found:
                return handle(self, *found.groups())
        raise ValueError(f"nobody understands: {line}")

    def symbol(self, name: str) -> Market:
        return Market(queries.market(self.engine.state, name))

    def person(self, name: str) -> int:
        """The account of a name, opened with its key at its first appearance."""
        if name not in self.people:
            self.send(accounts.OpenAccount(0, len(self.people) + 1, 1))
            account = 16 + len(self.people)
            self.people[name] = account
            self.send(accounts.GrantApiKey(0, account, 3, name, 1, vault_reference=name))
        return self.people[name]

    def key(self, name: str) -> int:
        return self.person(name) - 15

    def asset(self, name: str) -> int:
        known = queries.assets(self.engine.state)
        if name not in known:
            self.send(markets.ListAsset(0, name, SCALE))
            known = queries.assets(self.engine.state)
        return known[name]

    def list_market(self, symbol: str, tick: str, lot: str, filters: str) -> str:
        quote = "USDT" if symbol.endswith("USDT") else symbol[-3:]
        base = self.asset(symbol.removesuffix(quote))
        unit = 10**SCALE
        command = markets.ListMarket(
            0, symbol, base, self.asset(quote), int(Decimal(tick) * unit), int(Decimal(lot) * unit)
        )
        outcome = self.tell(self.send(command))
        if outcome == "done":
            outcome = self.set_filters(symbol, filters)
            self.send(markets.SetMarketStatus(0, self.symbol(symbol).market_id, 1))
        return outcome

    def set_filters(self, symbol: str, filters: str) -> str:
        """All filters of a market: wide ones but for those that are named."""
        market = self.symbol(symbol).market_id
        values = {"min_price": 1, "max_price": 10**8, "price_step": 1, "min_quantity": 1, "max_quantity": 10**7}
        values |= {"quantity_step": 1, "max_orders": 200, "default_self_trade": 1, "allowed_self_trade": 60}
        values |= {name: int(value) for name, _, value in (each.partition("=") for each in filters.split())}
        return self.tell(self.send(markets.SetFilters(0, market, **values)))

    def set_fees(self, symbol: str, maker: str, taker: str, tier: str | None) -> str:
        market = self.symbol(symbol).market_id
        return self.tell(self.send(markets.SetFees(0, market, int(tier or 0), int(maker), int(taker))))

    def set_status(self, symbol: str, status: str) -> str:
        number = 1 + STATUSES.index(status)
        return self.tell(self.send(markets.SetMarketStatus(0, self.symbol(symbol).market_id, number)))

    def auction(self, symbol: str, seconds: str) -> str:
        return self.tell(self.send(auctions.StartAuction(0, self.symbol(symbol).market_id, int(seconds))))

    def kill(self, symbol: str) -> str:
        market = 0 if symbol == "everything" else self.symbol(symbol).market_id
        return self.tell(self.send(auctions.KillSwitch(0, market)))

    def protect(self, symbol: str, settings: str) -> str:
        values = {name: int(value) for name, _, value in (each.partition("=") for each in settings.split())}
        return self.tell(self.send(auctions.SetProtection(0, self.symbol(symbol).market_id, **values)))

    def switch_off(self, bits: str, symbol: str) -> str:
        return self.tell(self.send(auctions.SetFeatures(0, self.symbol(symbol).market_id, int(bits))))

    def credit(self, name: str, amount: str, asset: str) -> str:
        self.requests += 1
        units = int(Decimal(amount) * 10**SCALE)
        account, asset_id = self.person(name), self.asset(asset)
        return self.tell(self.send(transfers.Credit(0, f"credit {self.requests}", account, asset_id, units)))

    def set_account(self, name: str, word: str, value: str | None) -> str:
        tier = int(value or 0) if word == "has tier" else 0
        group = int(value or 0) if word == "joins group" else 0
        status = 2 if word == "is disabled" else 1
        return self.tell(self.send(accounts.SetAccount(0, self.person(name), status, tier, group)))

    def place(self, name: str, verb: str, quantity: str, symbol: str, price: str, options: str) -> str:
        market = self.symbol(symbol)
        return self.order(name, verb, market, price, options, quantity=market.lots(quantity))

    def place_for(self, name: str, verb: str, symbol: str, amount: str, options: str) -> str:
        market = self.symbol(symbol)
        return self.order(name, verb, market, "market", options, quote_quantity=int(Decimal(amount) * 10**SCALE))

    def amend(self, name: str, target: str, quantity: str, client_id: str | None) -> str:
        market = self.symbol(self.engine.state.listings[0].symbol)
        named = {"order_id": int(target)} if target.isdigit() else {}
        original = orders.NO_CLIENT_ID if target.isdigit() else orders.pack_client_id(target)
        row = orders.amend_row(
            *(market.market_id, self.person(name), self.key(name), market.lots(quantity)),
            client_id=orders.pack_client_id(client_id or ""),
            original_client_id=original,
            **named,
        )
        return self.tell(self.apply(ROWS, row))

    def replace(
        self, name: str, target: str, mode: str | None, quantity: str, symbol: str, verb: str, price: str, options: str
    ) -> str:
        number = 2 if mode == " in any case" else 1
        named: dict[str, Any] = {"kind": orders.RowKind.CANCEL_REPLACE}
        if target.isdigit():
            named |= {"order_id": int(target), "extensions": orders.reference(orders.NO_CLIENT_ID, number)}
        else:
            named |= {"extensions": orders.reference(orders.pack_client_id(target), number)}
        market = self.symbol(symbol)
        verb = {"bought": "buys", "sold": "sells"}[verb]
        return self.order(name, verb, market, price, options, quantity=market.lots(quantity), **named)

    def order(self, name: str, verb: str, market: Market, price: str, options: str, **numbers: Any) -> str:
        return self.tell(self.apply(ROWS, self.order_row(name, verb, market, price, options, **numbers)))

    def order_row(self, name: str, verb: str, market: Market, price: str, options: str, **numbers: Any) -> bytes:
        self.orders += 1
        numbers.setdefault("extensions", b"")
        given = options.split()
        client_id = f"client-{self.orders}"
        if "as" in given:
            client_id = given[given.index("as") + 1]
        order_type = OrderType.MARKET if price == "market" else OrderType.LIMIT
        if "post-only" in given:
            order_type = OrderType.LIMIT_MAKER
        for word, types in WAITING.items():
            if word in given:
                order_type = types[order_type == OrderType.LIMIT]
                numbers["extensions"] += self.trigger(market, given[given.index(word) + 1 :])
        if "iceberg" in given:
            numbers["extensions"] += orders.iceberg(market.lots(given[given.index("iceberg") + 1]))
        if "pegged" in given:
            at = given.index("pegged")
            behind = (1, int(given[at + 3])) if given[at + 2 : at + 3] == ["behind"] else ()
            numbers["extensions"] += orders.peg(orders.PegPrice[f"{given[at + 1].upper()}_PEG"], *behind)
        if "until" in given:
            seconds = int(given[given.index("until") + 1].rstrip("s"))
            numbers["extensions"] += orders.good_till(BEGIN_NS + seconds * 1_000_000_000)
        time_in_force = next((KINDS[word] for word in given if word in KINDS), TimeInForce.GTC)
        modes = [word.upper().replace("-", "_") for word in given]
        mode = next((SelfTrade[word] for word in modes if word in SelfTrade.__members__), SelfTrade.MARKET_DEFAULT)
        flags = Flags(Side.BUY if verb == "buys" else Side.SELL, order_type, time_in_force, mode)
        if price not in ("market", "best"):
            numbers["price"] = market.ticks(price)
        account, key = self.person(name), self.key(name)
        return orders.place_row(market.market_id, account, key, flags, orders.pack_client_id(client_id), **numbers)

    def operate(self, name: str, fields: str) -> str:
        """Any operator's command by its name, its fields by theirs."""
        kinds = {kind.__name__: kind for kind in get_args(registry.AnyCommand)}
        given = dict(each.split("=") for each in fields.split())
        lists = {field.name for field in msgspec.structs.fields(kinds[name]) if field.type == list[int]}
        values: dict[str, Any] = {
            field: [int(each) for each in value.split(",")] if field in lists else int(value)
            for field, value in given.items()
        }
        return self.tell(self.send(kinds[name](key_id=0, **values)))

    def pay_fees(self, name: str, word: str) -> str:
        key, account = self.key(name), self.person(name)
        return self.tell(self.send(fees.SetDiscountPayment(key, account, int(word == "with"))))

    def place_list(self, name: str, kind: str, list_id: str | None, legs: str) -> str:
        """A list, its orders in the order of the wire's prefixes: working, above, below, or pending."""
        contingency = orders.Contingency[kind.upper()]
        rows = []
        market = None
        for role, text in zip(ROLES[contingency], legs.split(";"), strict=True):
            found = re.fullmatch(r" *(buys|sells)(?: ([\d.]+))? (\w+) at (market|best|[\d.]+)((?: [^;\s]+)*)", text)
            if found is None:
                raise ValueError(f"nobody understands the order: {text}")
            verb, quantity, symbol, price, options = found.groups()
            market = self.symbol(symbol)
            numbers = {"quantity": market.lots(quantity or "0"), "extensions": orders.list_link(contingency, role)}
            rows.append(self.order_row(name, verb, market, price, options, **numbers))
        assert market is not None
        self.lists += 1
        client_id = orders.pack_client_id(list_id or f"list-{self.lists}")
        where = market.market_id, self.person(name), self.key(name)
        return self.tell(self.apply(ROWS, orders.list_rows(*where, contingency, client_id, rows)))

    def cancel_list(self, name: str, target: str, symbol: str | None) -> str:
        market = self.symbol(symbol or self.engine.state.listings[0].symbol).market_id
        named = {"list_id": int(target)} if target.isdigit() else {"list_client_id": orders.pack_client_id(target)}
        row = orders.cancel_list_row(market, self.person(name), self.key(name), **named)
        return self.tell(self.apply(ROWS, row))

    @staticmethod
    def trigger(market: Market, given: list[str]) -> bytes:
        """What an order waits for, from the words behind `stop` or `take-profit`."""
        if given[0] != "trailing":
            return orders.trigger(market.ticks(given[0]))
        start = market.ticks(given[3]) if given[2:3] == ["from"] else 0
        return orders.trigger(0, int(given[1]), start)

    def cancel(self, name: str, target: str, symbol: str | None, restriction: str | None) -> str:
        market = self.symbol(symbol or self.engine.state.listings[0].symbol).market_id
        only = {None: 0, "only-new": 1, "only-partly": 2}[restriction]
        account, key = self.person(name), self.key(name)
        if target.isdigit():
            row = orders.cancel_row(market, account, key, order_id=int(target), restriction=only)
        else:
            named = orders.pack_client_id(target)
            row = orders.cancel_row(market, account, key, original_client_id=named, restriction=only)
        return self.tell(self.apply(ROWS, row))

    def cancel_all(self, name: str, symbol: str | None) -> str:
        market = self.symbol(symbol).market_id if symbol else 0
        return self.tell(self.apply(ROWS, orders.cancel_all_row(market, self.person(name), self.key(name))))

    def owns(self, name: str) -> str:
        parts = []
        for asset, available, held in queries.balances(self.engine.state, self.person(name)):
            unit = Decimal(10) ** SCALE
            parts.append(f"{number(available / unit)} {asset}" + (f" ({number(held / unit)} held)" if held else ""))
        return ", ".join(parts) or "nothing"

    def book(self, symbol: str) -> str:
        market = self.symbol(symbol)
        sides = []
        for side, word in ((Side.BUY, "bids"), (Side.SELL, "asks")):
            levels = queries.depth(self.engine.state, market.market_id, side, 100)
            texts = [f"{number(market.quantity(lots))} at {number(market.price(ticks))}" for ticks, lots in levels]
            sides.append(f"{word} {', '.join(texts) or 'none'}")
        return "; ".join(sides)

    def wait(self, seconds: str) -> str:
        self.now_ns += int(seconds) * 1_000_000_000
        return self.tell(self.send(system.Tick()))

    def empty(self) -> str:
        self.__init__(is_empty=True)  # type: ignore[misc]
        return "done"

    def entry(self, kind: str, ts_ns: str, payload: str) -> str:
        self.engine.apply(int(kind), bytes.fromhex(payload), self.engine.seq + 1, int(ts_ns))
        return self.tell(list(words.read_events(self.engine.take_events())))

    def state(self) -> str:
        return encoding.state_hash(self.engine.state).hex()

    def tell(self, events: list[words.AnyWords]) -> str:
        """Events as words, one part for each."""
        return "; ".join(part for event in events if (part := self.part(event))) or "done"

    def part(self, event: words.AnyWords) -> str:
        if isinstance(event, words.Message):
            message = registry.event_decoder.decode(event.payload)
            if isinstance(message, system.CommandRejected):
                return f"rejected {RejectCode(message.code).name}"
            return self.cold_part(message)
        if isinstance(event, words.ListChanged):
            self.kinds[event.list_id] = event.contingency
            names = (event.working_name, event.first_name, event.second_name) if event.status == 2 else ()
            called = ", ".join(orders.unpack_client_id(name) for name in names if any(name))
            return f"list {event.list_id} {LIST_WORDS[event.status - 1]}{' to ' * bool(called)}{called}"
        people = {account: name for name, account in self.people.items()}
        if isinstance(event, words.Transferred):
            market = Market(queries.market_by_id(self.engine.state, event.market))
            moved = f"{number(market.quantity(event.quantity))} at {number(market.price(event.price))}"
            return f"{people[event.seller]} hands {moved} to {people[event.buyer]}"
        if isinstance(event, words.Referred):
            amount = number(event.amount / Decimal(10) ** SCALE)
            return f"{people[event.referrer]} gets {amount} {queries.asset_name(self.engine.state, event.asset)}"
        if isinstance(event, words.Rejected):
            half = {1: "new order ", 2: "cancel "}.get(event.row_kind, "") if self.is_replacing else ""
            return f"{half}rejected {RejectCode(event.code).name}"
        described = queries.market_by_id(self.engine.state, event.market)
        if isinstance(event, words.ProceedsLocked):
            amounts = [number(amount / Decimal(10) ** SCALE) for amount in (event.amount, event.received)]
            return f"{event.order_id} keeps {amounts[0]} of {amounts[1]} {described.base}"
        return self.order_part(event, Market(described))

    def cold_part(self, message: registry.AnyEvent) -> str:
        if isinstance(message, markets.MarketEmptied):
            return f"market {message.market_id} is empty"
        if isinstance(message, auctions.AuctionIndicated | auctions.AuctionEnded):
            market = Market(queries.market_by_id(self.engine.state, message.market_id))
            word = "ends with" if isinstance(message, auctions.AuctionEnded) else "would trade"
            volume, price = number(market.quantity(message.volume)), number(market.price(message.price))
            return f"auction {word} {volume} at {price}"
        if isinstance(message, auctions.AuctionStarted):
            return f"auction for {(message.ends_ns - self.now_ns) // 10**9}s"
        if isinstance(message, markets.MarketStatusSet):
            return f"market is {STATUSES[message.status - 1]}"
        return ""

    def order_part(self, event: words.OrderEvent, market: Market) -> str:
        if isinstance(event, words.Accepted):
            return f"accepted {event.order_id}"
        if isinstance(event, words.Entered):
            is_sized = self.kinds[event.list_id] < orders.Contingency.OPO
            return f"{event.order_id} enters" + ("" if is_sized else f" with {number(market.quantity(event.quantity))}")
        if isinstance(event, words.Pegged):
            return f"{event.order_id} is pegged at {number(market.price(event.price))}" if event.price else ""
        if isinstance(event, words.Refilled):
            return f"{event.order_id} shows {number(market.quantity(event.shown))}"
        if isinstance(event, words.Amended):
            return f"{event.order_id} has {number(market.quantity(event.remaining))} left"
        if isinstance(event, words.Triggered):
            return f"{event.order_id} triggers at {number(market.price(event.trigger_price))}"
        if isinstance(event, words.Rested):
            return f"{event.order_id} rests {number(market.quantity(event.remaining))}"
        if isinstance(event, words.Traded):
            unit = Decimal(10) ** SCALE
            names = [
                queries.asset_name(self.engine.state, each) for each in (event.taker_fee_asset, event.maker_fee_asset)
            ]
            told = [f" {name}" if event.fee_terms else "" for name in names]
            paid = f"fees {number(event.taker_fee / unit)}{told[0]} and {number(event.maker_fee / unit)}{told[1]}"
            bought = f"{event.taker_order} trades {number(market.quantity(event.quantity))} at"
            return f"{bought} {number(market.price(event.price))} with {event.maker_order} ({paid})"
        if isinstance(event, words.Canceled):
            reason = orders.Reason(event.reason).name
            why = f" {RejectCode(event.code).name}" if event.code else ""
            return f"{event.order_id} ends {number(market.quantity(event.remaining))} {reason}{why}"
        return f"{event.taker_order} meets {event.maker_order}" if isinstance(event, words.Prevented) else ""


Handler = Callable[..., str]
GRAMMAR: list[tuple[str, Handler]] = [
    (r"market (\w+) tick ([\d.]+) lot ([\d.]+)((?: \w+=\d+)*)", Scenario.list_market),
    (r"filters (\w+)((?: \w+=\d+)*)", Scenario.set_filters),
    (r"fees (\w+) maker (-?\d+) taker (\d+)(?: tier (\d+))?", Scenario.set_fees),
    (r"status (\w+) (\w+)", Scenario.set_status),
    (r"operate (\w+)((?: \w+=[-\d,]+)*)", Scenario.operate),
    (r"(\w+) pays fees (with|without) discount", Scenario.pay_fees),
    (r"auction (\w+) for (\d+)s", Scenario.auction),
    (r"kill (\w+)", Scenario.kill),
    (r"protect (\w+)((?: \w+=\d+)*)", Scenario.protect),
    (r"switch off (\d+) in (\w+)", Scenario.switch_off),
    (r"book (\w+)", Scenario.book),
    (r"wait (\d+)s", Scenario.wait),
    (r"an empty venue", Scenario.empty),
    (r"entry (\d) (\d+) ([0-9a-f]+)", Scenario.entry),
    (r"state", Scenario.state),
    (r"(\w+) (is disabled|joins group|has tier)(?: (\d+))?", Scenario.set_account),
    (r"(\w+) has ([\d.]+) (\w+)", Scenario.credit),
    (r"(\w+) owns", Scenario.owns),
    (r"(\w+) amends (\S+) to ([\d.]+)(?: as (\S+))?", Scenario.amend),
    (
        (
            r"(\w+) replaces (\S+)( or fails| in any case)? by ([\d.]+) (\w+) (bought|sold)"
            r" at (market|best|[\d.]+)((?: \S+)*)"
        ),
        Scenario.replace,
    ),
    (r"(\w+) lists (oco|oto|otoco|opo|opoco)(?: as (\S+))?: (.+)", Scenario.place_list),
    (r"(\w+) cancels list (\S+)(?: in (\w+))?", Scenario.cancel_list),
    (r"(\w+) cancels all (?:in (\w+)|everywhere)", Scenario.cancel_all),
    (r"(\w+) cancels (\S+)(?: in (\w+))?(?: (only-new|only-partly))?", Scenario.cancel),
    (r"(\w+) (buys|sells) (\w+) for ([\d.]+) \w+ at market((?: \S+)*)", Scenario.place_for),
    (r"(\w+) (buys|sells) ([\d.]+) (\w+) at (market|best|[\d.]+)((?: \S+)*)", Scenario.place),
]


def run(path: Path) -> str:
    """Run a scenario file and return it with the outcomes that came about."""
    scenario = Scenario()
    out = []
    for line in path.read_text().splitlines():
        request = line.partition("->")[0].strip()
        if not request or request.startswith("#"):
            out.append(line.rstrip())
        else:
            outcome = scenario.run_line(request)
            out.append(f"{request} -> {outcome}" if outcome != "done" else request)
    return "\n".join(out) + "\n"
