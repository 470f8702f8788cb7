"""Conservation: every balance folded from fills and postings alone, compared with the state; no money from nowhere."""

from exchange.audit.findings import Findings
from exchange.audit.proceeds import Proceeds
from exchange.audit.schedule import Schedule, Side
from exchange.audit.source import MESSAGE, Step, Words, message_at, places
from exchange.audit.venue import Market, Register, posted
from exchange.core.engine import Engine
from exchange.core.matching import codes, cold
from exchange.messages import registry
from exchange.messages.orders import EventKind, ListStatus, Reason

Cell = tuple[int, int]
CAUSE_AT, TERMS_AT = 38, 39
BETWEEN = EventKind.REFERRED, EventKind.RESTED, EventKind.PROCEEDS_LOCKED
"""What may stand between a trade and the proceeds of it."""


class Hold:
    """What an order holds, and how it counts."""

    __slots__ = (
        "account",
        "asset",
        "held",
        "is_buy",
        "is_pegged",
        "is_stop",
        "is_unpriced",
        "market",
        "price",
        "remaining",
    )

    def __init__(self, market: Market, account: int, price: int, remaining: int, *, is_buy: bool) -> None:
        self.price = price
        self.remaining = remaining
        self.market = market
        self.account = account
        self.held = 0
        self.is_buy = is_buy
        self.is_pegged = self.is_stop = False
        """Of a pair of legs the one that holds what the other does not."""
        self.is_unpriced = False
        """Whether it trades at any price."""
        self.asset = market.quote if is_buy else market.base


class Money:
    """Folds the events of a whole journal into balances; `compare` holds them against the core's."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.register = Register()
        self.available: dict[Cell, int] = {}
        self.held: dict[Cell, int] = {}
        self.holds: dict[int, Hold] = {}
        self.pending: dict[int, None] = {}
        """Orders of lists that wait for another, and hold nothing."""
        self.siblings: dict[int, int] = {}
        """Of a pair of legs, which have one claim, the other."""
        self.fees: dict[int, int] = {}
        """Asset to what the schedule says was charged of it."""
        self.schedule = Schedule(self.register, lambda account, asset: self.available.get((account, asset), 0))
        self.shares: list[tuple[int, ...]] = []
        """Of the fees told last, those that must be told next."""
        self.proceeds = Proceeds()
        self.ts_ns = 0
        self.met = 0, 0
        """Taker and maker of the last meeting."""
        self.folds = {
            int(EventKind.ACCEPTED): self.accepted,
            int(EventKind.RESTED): self.rested,
            int(EventKind.TRADED): self.traded,
            int(EventKind.CANCELED): self.canceled,
            int(EventKind.TRIGGERED): self.triggered,
            int(EventKind.PREVENTED): self.prevented,
            int(EventKind.AMENDED): self.amended,
            int(EventKind.LIST_CHANGED): self.list_changed,
            int(EventKind.ENTERED): self.entered,
            int(EventKind.REFERRED): self.referred,
            int(EventKind.TRANSFERRED): self.transferred,
            int(EventKind.PEGGED): self.pegged,
            int(EventKind.PROCEEDS_LOCKED): self.proceeds_locked,
        }
        self.ignored = {
            int(kind)
            for kind in (
                EventKind.REJECTED,
                EventKind.REFILLED,
                EventKind.STRATEGY_NOTED,
                EventKind.TERMS_NOTED,
            )
        }

    def on_step(self, step: Step) -> None:
        """Fold one frame's events."""
        words = step.words
        self.ts_ns = step.frame.header.ts_ns
        for at in places(words):
            kind = words[at] & 255
            if self.shares and kind != EventKind.REFERRED:
                self.findings.add(words[at + 1], f"shares of {self.shares} were not given")
                self.shares = []
            if self.proceeds.due is not None and kind not in BETWEEN:
                self.findings.add(words[at + 1], f"{self.proceeds.due} were not locked")
                self.proceeds.due = None
            fold = self.folds.get(kind)
            if fold is not None:
                fold(words, at)
            elif kind == MESSAGE:
                self.message(words[at + 1], registry.event_decoder.decode(message_at(step, at)))
            elif kind not in self.ignored:
                self.findings.add(words[at + 1], f"an event of kind {kind}, which this audit does not know")

    def message(self, seq: int, event: registry.AnyEvent) -> None:
        self.register.fold(event)
        self.schedule.fold(event)
        post = posted(event)
        if post is not None:
            if post.amount <= 0:
                self.findings.add(seq, f"a posting of {post.amount}")
            self.give(seq, post.payer, post.asset_id, -post.amount)
            self.give(seq, post.receiver, post.asset_id, post.amount)
            self.findings.saw("postings")

    def give(self, seq: int, account: int, asset: int, amount: int) -> None:
        """Add to what an account has available; nobody but `external` may owe."""
        cell = account, asset
        after = self.available.get(cell, 0) + amount
        self.available[cell] = after
        if after < 0 and account != codes.EXTERNAL_ACCOUNT:
            self.findings.add(seq, f"account {account} has {after} of asset {asset} available")

    def hold(self, seq: int, order: Hold, amount: int) -> None:
        """Move an amount from available to held; a negative one back."""
        order.held += amount
        cell = order.account, order.asset
        self.held[cell] = self.held.get(cell, 0) + amount
        if order.held < 0:
            self.findings.add(seq, f"an order of account {order.account} holds {order.held} of asset {order.asset}")
        self.give(seq, order.account, order.asset, -amount)

    def accepted(self, words: Words, at: int) -> None:
        market = self.register.markets[words[at + 2]]
        account, order_id, held = words[at + 3], words[at + 4], words[at + 9]
        order = Hold(market, account, words[at + 6], words[at + 7], is_buy=words[at + 5] & 255 == codes.BUY)
        order.is_unpriced = words[at + 5] >> 8 & 255 in (codes.MARKET, codes.STOP_LOSS, codes.TAKE_PROFIT)
        order.is_stop = words[at + 5] >> 8 & 255 in (codes.STOP_LOSS, codes.STOP_LOSS_LIMIT)
        self.holds[order_id] = order
        if order_id in self.pending:
            if held:
                self.findings.add(words[at + 1], f"order {order_id} waits for another, and holds {held}")
        else:
            self.check_hold(words[at + 1], order, (words[at + 6], words[at + 7]), held, order_id)
        self.hold(words[at + 1], order, held)

    def pegged(self, words: Words, at: int) -> None:
        order = self.holds[words[at + 3]]
        order.is_pegged = True
        if words[at + 8]:
            order.price = words[at + 8]

    def triggered(self, words: Words, at: int) -> None:
        """It holds what it did, or its list left it; a pegged one what it needs at the price that it took just now."""
        order = self.holds[words[at + 4]]
        if words[at + 4] not in self.siblings or order.is_pegged:
            terms, held = (words[at + 6], words[at + 10]), words[at + 11]
            self.check_hold(words[at + 1], order, terms, held, words[at + 4], is_alone=True)
        has_own = (words[at + 6] or not order.is_buy) and not order.is_pegged
        if words[at + 4] in self.siblings and has_own and words[at + 11] != order.held:
            self.findings.add(
                words[at + 1], f"order {words[at + 4]} holds {words[at + 11]}, its list gave it {order.held}"
            )
        self.hold(words[at + 1], order, words[at + 11] - order.held)

    def entered(self, words: Words, at: int) -> None:
        order_id = words[at + 4]
        order = self.holds[order_id]
        self.pending.pop(order_id, None)
        entering = [order_id, *([self.siblings[order_id]] if order_id in self.siblings else [])]
        is_unpriced = any(self.holds[each].is_unpriced for each in entering if each in self.holds)
        lots = self.proceeds.sized(order.market, order_id, order.held, is_unpriced=is_unpriced)
        if lots is not None:
            order.remaining = lots
            if words[at + 8] != lots:
                self.findings.add(words[at + 1], f"order {order_id} entered with {words[at + 8]} lots, not {lots}")
        self.check_hold(words[at + 1], order, (words[at + 6], words[at + 8]), words[at + 9], words[at + 4])
        self.hold(words[at + 1], order, words[at + 9] - order.held)

    def list_changed(self, words: Words, at: int) -> None:
        """Which orders of a list wait, and which are a pair."""
        self.proceeds.list_changed(words, at)
        working, first, second = words[at + 9 : at + 12]
        if words[at + 6] == ListStatus.STARTED:
            if working:
                self.pending |= dict.fromkeys(order_id for order_id in (first, second) if order_id)
            if second:
                self.siblings |= {first: second, second: first}
        elif words[at + 6] == ListStatus.DONE:
            for order_id in (first, second):
                self.siblings.pop(order_id, 0)

    def check_hold(
        self, seq: int, order: Hold, terms: tuple[int, int], held: int, order_id: int, *, is_alone: bool = False
    ) -> None:
        """A sale holds its lots, a purchase with a price their worth at it; one without a price what the book asked.
        Of a pair of legs the target does so; the stop holds what the target does not.
        """
        price, quantity = terms
        market = order.market
        if order_id in self.siblings and order.is_stop and not is_alone:
            return
        if order.is_buy and not price:
            is_right = held >= 0
        else:
            is_right = held == (
                price * quantity * market.quote_per_tick_lot if order.is_buy else quantity * market.base_per_lot
            )
        if not is_right:
            self.findings.add(seq, f"an order of {quantity} lots at {price} holds {held}")

    def rested(self, words: Words, at: int) -> None:
        """A resting order holds its own price × remaining; what better prices left is available again."""
        remaining = words[at + 7]
        if remaining or words[at + 4] in self.holds:
            # (Behind an auction's trade it is told of the younger order, also where nothing of it is left.)
            self.settle(words[at + 1], words[at + 4], words[at + 6], remaining)

    def settle(self, seq: int, order_id: int, price: int, remaining: int) -> None:
        """Let an order hold what its price and its remaining lots need, no more."""
        order = self.holds[order_id]
        market = order.market
        claim = price * remaining * market.quote_per_tick_lot if order.is_buy else remaining * market.base_per_lot
        if claim > order.held:
            self.findings.add(seq, f"order {order_id} rests and holds {order.held}, not {claim}")
        self.hold(seq, order, claim - order.held)

    def traded(self, words: Words, at: int) -> None:
        (
            _, seq, market_id, _, taker_side, price, quantity, base_amount, quote_amount, fee_version,
            taker_id, taker_account, taker_remaining, taker_fee, taker_asset, _,
            maker_id, maker_account, maker_remaining, maker_fee, maker_asset,
        ) = words[at : at + 21]  # fmt: skip
        self.findings.saw("fills")
        market = self.register.markets[market_id]
        if (
            base_amount != quantity * market.base_per_lot
            or quote_amount != price * quantity * market.quote_per_tick_lot
        ):
            self.findings.add(seq, f"{quantity} lots at {price} are not {base_amount} for {quote_amount}")
        if fee_version != market.fee_version:
            self.findings.add(seq, f"fees of version {fee_version}, in force is {market.fee_version}")
        is_auction = words[at + CAUSE_AT] == codes.AUCTION_CAUSE
        self.schedule.last_prices[market_id] = price
        taker = Side(taker_account, taker_side == codes.BUY, codes.MAKER_RATE if is_auction else codes.TAKER_RATE)
        maker = Side(maker_account, taker_side != codes.BUY, codes.MAKER_RATE)
        amounts = (base_amount, quote_amount)
        due = self.schedule.due(market_id, taker, maker, amounts, self.ts_ns // codes.NS_PER_DAY)
        self.shares = [(market_id, *share, fee_version) for share in due.shares]
        told = (taker_fee, taker_asset), (maker_fee, maker_asset)
        if told != (due.taker, due.maker) or words[at + TERMS_AT] != due.terms:
            found = f"fees of {told} by {words[at + TERMS_AT]}"
            self.findings.add(seq, f"{found}, the schedule says {due.taker}, {due.maker} by {due.terms}")
        for (order_id, account), fee in zip(((taker_id, taker_account), (maker_id, maker_account)), told, strict=True):
            self.side(seq, order_id, account, amounts)
            self.give(seq, account, fee[1], -fee[0])
            self.give(seq, codes.FEES_ACCOUNT, fee[1], fee[0])
            self.proceeds.traded(words, at, order_id, account, fee, market.base)
        for fee in (due.taker, due.maker):
            self.fees[fee[1]] = self.fees.get(fee[1], 0) + fee[0]
        for order_id, remaining in ((taker_id, taker_remaining), (maker_id, maker_remaining)):
            self.holds[order_id].remaining = remaining
            if remaining == 0:
                self.end(seq, order_id)
            elif is_auction:
                self.settle(seq, order_id, self.holds[order_id].price, remaining)

    def side(self, seq: int, order_id: int, account: int, amounts: tuple[int, int]) -> None:
        """One side of a fill: it gives from what it holds, and receives."""
        order = self.holds[order_id]
        base_amount, quote_amount = amounts
        given, received = (quote_amount, base_amount) if order.is_buy else (base_amount, quote_amount)
        asset = order.market.base if order.is_buy else order.market.quote
        if account != order.account:
            self.findings.add(seq, f"a fill of account {account} for an order of {order.account}")
        order.held -= given
        if order.held < 0:
            self.findings.add(seq, f"order {order_id} gave {given} and held {order.held + given}")
        cell = account, order.asset
        self.held[cell] = self.held.get(cell, 0) - given
        self.give(seq, account, asset, received)

    def proceeds_locked(self, words: Words, at: int) -> None:
        """What a working order has received is kept for those that wait for it."""
        seq, told, kept = words[at + 1], words[at + 2 : at + 10], self.proceeds.due
        self.proceeds.due = None
        order = self.holds[words[at + 5]]
        if kept is None:
            self.findings.add(seq, f"proceeds of {told[5]} were locked that nobody received")
            return
        asset = order.market.base
        is_discount = asset == self.schedule.discount[0]
        amount = self.proceeds.amount(kept, self.available.get((kept.account, asset), 0), is_discount=is_discount)
        expected = [*kept[:5], amount, order.held + amount, kept.received]
        if told != expected:
            self.findings.add(seq, f"proceeds were locked as {told}, and are {expected}")
        self.hold(seq, order, told[5])

    def referred(self, words: Words, at: int) -> None:
        """A share of the fees just told goes to who referred the account that paid."""
        seq, told = words[at + 1], (words[at + 2], *words[at + 4 : at + 10])
        if not self.shares or self.shares[0] != told:
            self.findings.add(seq, f"a share of {told}, the schedule says {self.shares[:1]}")
        self.shares = self.shares[1:]
        self.give(seq, codes.FEES_ACCOUNT, words[at + 6], -words[at + 7])
        self.give(seq, words[at + 5], words[at + 6], words[at + 7])

    def end(self, seq: int, order_id: int) -> None:
        order = self.holds.pop(order_id)
        self.hold(seq, order, -order.held)

    def shrink(self, seq: int, order: Hold, lots: int) -> int:
        """Take lots from an order that goes on; returns what it held for them, which is available again."""
        if not 0 <= lots <= order.remaining or not order.remaining:
            self.findings.add(seq, f"{lots} lots are taken from an order that has {order.remaining}")
            return 0
        spared = order.held - order.held // order.remaining * (order.remaining - lots)
        order.remaining -= lots
        self.hold(seq, order, -spared)
        return spared

    def prevented(self, words: Words, at: int) -> None:
        """Where both only lose what the smaller one has left, the maker is given back what it held for it."""
        self.met = words[at + 6], words[at + 9]
        if words[at + 4] in (codes.DECREMENT, codes.TRANSFER):
            self.shrink(words[at + 1], self.holds[words[at + 9]], words[at + 11])
            self.holds[words[at + 6]].remaining -= words[at + 8]

    def transferred(self, words: Words, at: int) -> None:
        """What was prevented moves all the same: the taker gives what it holds, the maker what it has just been given
        back.
        """
        seq, price, lots, amounts = words[at + 1], words[at + 6], words[at + 7], words[at + 8 : at + 10]
        taker = self.holds[self.met[0]]
        market = taker.market
        if amounts != [lots * market.base_per_lot, price * lots * market.quote_per_tick_lot]:
            self.findings.add(seq, f"{lots} lots at {price} are not {amounts}")
        for account, other, asset, amount in (
            (words[at + 4], words[at + 5], market.quote, amounts[1]),
            (words[at + 5], words[at + 4], market.base, amounts[0]),
        ):
            if account == taker.account:
                self.hold(seq, taker, -amount)
            self.give(seq, account, asset, -amount)
            self.give(seq, other, asset, amount)
        self.findings.saw("transfers")

    def amended(self, words: Words, at: int) -> None:
        order_id, released = words[at + 4], words[at + 12]
        spared = self.shrink(words[at + 1], self.holds[order_id], words[at + 8] - words[at + 7])
        if spared != released:
            self.findings.add(words[at + 1], f"order {order_id} shrank and gave back {released}, not {spared}")

    def canceled(self, words: Words, at: int) -> None:
        order_id, released = words[at + 4], words[at + 12]
        order = self.holds[order_id]
        sibling = self.holds.get(self.siblings.get(order_id, 0))
        if words[at + 6] == Reason.OCO_TRIGGER and not released and sibling is not None:
            # It leaves what it holds to the leg that starts.
            sibling.held += order.held
            order.held = 0
        if released != order.held:
            self.findings.add(words[at + 1], f"order {order_id} held {order.held}, {released} was released")
        self.end(words[at + 1], order_id)

    def compare(self, seq: int, engine: Engine) -> None:
        """Hold the folded balances against the core's, and each held amount against its claims."""
        sums: dict[int, int] = {}
        cells = {}
        for account, asset, available, held, borrowed in cold.all_cells(engine.state.matching):
            cells[account, asset] = available, held
            sums[asset] = sums.get(asset, 0) + available + held - borrowed
        for asset, total in sums.items():
            if total:
                self.findings.add(seq, f"asset {asset} sums to {total}")
        claims: dict[Cell, int] = {}
        for order in self.holds.values():
            cell = order.account, order.asset
            claims[cell] = claims.get(cell, 0) + order.held
        for cell in cells.keys() | self.available.keys() | claims.keys():
            folded = self.available.get(cell, 0), self.held.get(cell, 0)
            if cells.get(cell, (0, 0)) != folded:
                found = cells.get(cell, (0, 0))
                self.findings.add(seq, f"account {cell[0]} has {found} of asset {cell[1]}, its history gives {folded}")
            if claims.get(cell, 0) != folded[1]:
                self.findings.add(
                    seq, f"account {cell[0]} holds {folded[1]} of asset {cell[1]}, claims {claims.get(cell)}"
                )
        self.findings.saw("balances", len(cells))
