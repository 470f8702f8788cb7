"""Fills inside their limits and in price-time order, rights of keys: checked from events by books of the audit's own.

An event that tells of an order that the audit does not know, or of a book that stands otherwise, is a problem; so is a
command that did what its key could not, or that was refused a right which it had.
"""

from collections.abc import Callable

from exchange.audit import pegs
from exchange.audit.findings import Findings
from exchange.audit.orders import Order, Side
from exchange.audit.source import MESSAGE, Step, Words, message_at, places
from exchange.audit.venue import Register
from exchange.core.matching import codes
from exchange.messages import accounts, auctions, countdowns, disconnects, fees, registry, system
from exchange.messages.orders import EventKind, ListStatus, Reason

RIGHT_REFUSALS = frozenset([codes.UNKNOWN_KEY, codes.KEY_REVOKED, codes.KEY_OF_OTHER_ACCOUNT, codes.RIGHT_MISSING])
CLIENT_AT_IN_ROW, CLIENT_AT_IN_ACCEPTED = 11, 14
CAUSE_AT = 38
PLACING = (codes.PLACE, codes.CANCEL_REPLACE, codes.LIST)
KIND_OF_FLAGS = 0xFFFFFF
OF_TRADERS = countdowns.SetCountdown, disconnects.ArmSession, disconnects.EndSession, fees.SetDiscountPayment
VENUE_OWN = frozenset([system.Genesis, system.Tick])


class Book:
    """All books, folded from events; `on_step` checks one frame."""

    def __init__(self, findings: Findings, quarantined: frozenset[int]) -> None:
        self.findings = findings
        self.quarantined = quarantined
        self.register = Register()
        self.orders: dict[int, Order] = {}
        self.sides: dict[int, tuple[Side, Side]] = {}
        self.last_order = 0
        self.taker = 0
        """The order that trades: accepted or triggered last."""
        self.auctioned: dict[int, tuple[int, int]] = {}
        """By market: price and lots of the auction that is trading."""
        self.early: dict[int, int] = {}
        """By market: where it traded while it gathered orders; the end of its auction must follow."""
        self.said: dict[int, tuple[int, int]] = {}
        """Of each command of a frame: kind and place of its first event."""
        self.taken: dict[int, list[int]] = {}
        """And where its orders were accepted."""
        self.pegs: dict[int, list[int]] = {}
        """By order accepted in this frame, how it is pegged and the price that it sent."""
        self.pending: dict[int, int] = {}
        """Orders that wait for another of their list, which is named."""
        self.unsized: set[int] = set()
        """Those of them that have no quantity before they enter."""
        self.lessened = 0
        """A resting order that has just lost what was prevented: what it has left is told anew."""
        self.handed_over: list[int] = []
        """What must be handed over next: market, meeting, buyer, seller, price, lots."""
        self.folds: dict[int, Callable[[Words, int], None]] = {
            int(EventKind.ACCEPTED): self.accepted,
            int(EventKind.RESTED): self.rested,
            int(EventKind.TRADED): self.traded,
            int(EventKind.CANCELED): self.canceled,
            int(EventKind.PREVENTED): self.prevented,
            int(EventKind.TRIGGERED): self.triggered,
            int(EventKind.TERMS_NOTED): self.terms_noted,
            int(EventKind.REFILLED): self.refilled,
            int(EventKind.AMENDED): self.amended,
            int(EventKind.LIST_CHANGED): self.list_changed,
            int(EventKind.ENTERED): self.entered,
            int(EventKind.TRANSFERRED): self.transferred,
            int(EventKind.PEGGED): self.pegged,
        }

    def on_step(self, step: Step) -> None:
        words = step.words
        said = self.said = {}
        self.taken, self.pegs = {}, {}
        fold_of = self.folds.get
        if not step.rows:
            self.on_messages(step)
            self.check_early()
            return
        for at in places(words):
            kind, seq = words[at] & 255, words[at + 1]
            if self.handed_over and kind != EventKind.TRANSFERRED:
                self.findings.add(seq, f"{self.handed_over} were not handed over")
                self.handed_over = []
            if seq not in said:
                said[seq] = kind, at
            fold = fold_of(kind)
            if fold is not None:
                fold(words, at)
            elif kind == MESSAGE:
                self.fold_message(seq, registry.event_decoder.decode(message_at(step, at)))
        self.on_rows(step)
        self.check_early()

    def check_early(self) -> None:
        for market, seq in self.early.items():
            self.findings.add(seq, f"a fill in market {market}, which gathers orders")
        self.early.clear()

    def on_rows(self, step: Step) -> None:
        """Each command of the order path against the rights of its key, and against what was said of it."""
        rows, words, said, may = step.rows, step.words, self.said, self.register.may
        seq, at = step.frame.header.first_seq, 0
        while at < len(rows):
            _, count, _, _, account, key = rows[at : at + 6]
            first = said.get(seq)
            code = 0
            if first is not None and first[0] == EventKind.REJECTED and seq not in self.taken:
                code = words[first[1] + 6]
            if seq not in self.quarantined:
                has_right = may(key, codes.RIGHT_TRADE, account)
                if code == 0 and not has_right:
                    self.findings.add(seq, f"key {key} may not trade for account {account}, and was not refused")
                elif code in RIGHT_REFUSALS and has_right:
                    self.findings.add(seq, f"key {key} may trade for account {account}, and was refused ({code})")
            asked = []
            for _ in range(count):
                behind = at + codes.ROW_WORDS + codes.EXTENSION_WORDS * rows[at + 2]
                asked.append(rows[at:behind])
                at = behind
            if seq not in self.quarantined and code == 0 and first is not None:
                self.compare(seq, asked, words, first)
            seq += 1
        self.findings.saw("commands", seq - step.frame.header.first_seq)

    def compare(self, seq: int, asked: list[Words], words: Words, first: tuple[int, int]) -> None:
        """What was done must be what was asked: an order's own words, or a cancel of one's own."""
        kind, at = first
        row = asked[0]
        if kind in (EventKind.CANCELED, EventKind.AMENDED) and words[at + 3] != row[4]:
            self.findings.add(seq, f"account {row[4]} changed an order of account {words[at + 3]}")
        if row[0] == codes.LIST and len(self.taken[seq]) != len(asked) - 1:
            self.findings.add(seq, f"a list of {len(asked) - 1} orders was accepted as {len(self.taken[seq])}")
        if row[0] not in PLACING:
            return
        for row, at in zip(asked[-1:] if len(asked) == 1 else asked[1:], self.taken.get(seq, ()), strict=False):
            peg = self.pegs.get(words[at + 4], [])
            if peg != pegs.asked(row):
                self.findings.add(seq, f"an order was pegged as {peg}, {pegs.asked(row)} was asked")
            price = peg[-1] if peg else words[at + 6]
            told = [words[at + 2], words[at + 3], words[at + 13], words[at + 5] & KIND_OF_FLAGS, price]
            wanted = [row[3], row[4], row[5], row[6] & KIND_OF_FLAGS, row[7]]
            names = words[at + CLIENT_AT_IN_ACCEPTED : at + CLIENT_AT_IN_ACCEPTED + codes.CLIENT_ID_WORDS]
            if (
                told != wanted
                or names != row[CLIENT_AT_IN_ROW : codes.ROW_WORDS]
                or (row[8] and row[8] != words[at + 7])
            ):
                self.findings.add(seq, f"an order was accepted that is not the one asked for: {told}, {wanted}")

    def on_messages(self, step: Step) -> None:
        """Commands as messages: rights first, then what each did to accounts, keys and markets."""
        words = step.words
        of_seq: dict[int, list[int]] = {}
        for at in places(words):
            of_seq.setdefault(words[at + 1], []).append(at)
        seq = step.frame.header.first_seq
        for command in registry.decode_commands(step.frame.payload):
            events = {
                at: registry.event_decoder.decode(message_at(step, at))
                for at in of_seq.get(seq, [])
                if words[at] & 255 == MESSAGE
            }
            self.check_message(seq, command, list(events.values()))
            for at in of_seq.get(seq, []):
                fold = self.folds.get(words[at] & 255)
                if fold is not None:
                    fold(words, at)
                elif at in events:
                    self.fold_message(seq, events[at])
            seq += 1
        self.findings.saw("commands", seq - step.frame.header.first_seq)

    def fold_message(self, seq: int, event: registry.AnyEvent) -> None:
        """A cold event. An auction that ends has traded what it tells, at its price, and leaves nothing crossed."""
        self.register.fold(event)
        if isinstance(event, auctions.AuctionEnded):
            self.early.pop(event.market_id, 0)
            price, volume = self.auctioned.pop(event.market_id, (event.price, 0))
            if (price, volume) != (event.price, event.volume):
                self.findings.add(seq, f"an auction at {event.price} of {event.volume} traded {volume} at {price}")
            bid, ask = (self.side_of(event.market_id, side).best() for side in (codes.BUY, codes.SELL))
            if bid and ask and bid >= ask:
                self.findings.add(seq, f"behind its auction the book of market {event.market_id} is crossed")

    def check_message(self, seq: int, command: registry.AnyCommand, events: list[registry.AnyEvent]) -> None:
        if type(command) in VENUE_OWN or seq in self.quarantined:
            return
        key: int = command.key_id  # type: ignore[union-attr]
        refusal = next((event.code for event in events if isinstance(event, system.CommandRejected)), 0)
        if isinstance(command, OF_TRADERS):
            has_right = self.register.may(key, codes.RIGHT_TRADE, command.account_id)
        else:
            has_right = self.register.may(key, codes.RIGHT_OPERATE)
        if refusal == 0 and not has_right:
            self.findings.add(seq, f"key {key} may not operate, and {type(command).__name__} was not refused")
        elif refusal in RIGHT_REFUSALS and has_right and not isinstance(command, accounts.RevokeApiKey):
            # (Of a key that is to be revoked it may be said, too, that there is none.)
            self.findings.add(seq, f"key {key} may operate, and {type(command).__name__} was refused ({refusal})")

    # Events.

    def side_of(self, market: int, side: int) -> Side:
        if market not in self.sides:
            self.sides[market] = Side(-1), Side(1)
        return self.sides[market][side]

    def accepted(self, words: Words, at: int) -> None:
        order_id = words[at + 4]
        if order_id <= self.last_order:
            self.findings.add(words[at + 1], f"order id {order_id} after {self.last_order}")
        self.last_order = order_id
        # Of a list it is the working order that trades.
        self.taker = self.pending.get(order_id, order_id)
        self.taken.setdefault(words[at + 1], []).append(at)
        self.orders[order_id] = Order(words[at + 2], words[at + 3], words[at + 5], words[at + 6], words[at + 7])

    def pegged(self, words: Words, at: int) -> None:
        """From where an order takes its price; the one that it took must have been there."""
        order = self.orders.get(words[at + 3])
        if order is None:
            self.findings.add(words[at + 1], f"order {words[at + 3]} was pegged, and nobody knows it")
            return
        self.pegs[words[at + 3]] = words[at + 4 : at + 8]
        self.side_of(order.market, order.side)
        problem = pegs.fold(order, self.sides[order.market], words[at + 4 : at + 9])
        if problem:
            self.findings.add(words[at + 1], problem)

    def triggered(self, words: Words, at: int) -> None:
        seq, order_id = words[at + 1], words[at + 4]
        order = self.orders.get(order_id)
        if order is None or not order.is_waiting or order.remaining != words[at + 10]:
            self.findings.add(seq, f"order {order_id} was triggered, and was not waiting as told")
            return
        order.is_waiting = False
        self.taker = order_id

    def list_changed(self, words: Words, at: int) -> None:
        """What a list has in it, and what is left of it when it ends: nothing."""
        seq, working, orders = words[at + 1], words[at + 9], words[at + 9 : at + 12]
        if words[at + 6] == ListStatus.STARTED:
            self.pending |= {order_id: working for order_id in orders[1:] if working and order_id}
            self.unsized |= {order_id for order_id in orders[1:] if words[at + 5] >= codes.OPO and order_id}
        elif words[at + 6] == ListStatus.DONE:
            left = [order_id for order_id in orders if order_id in self.orders]
            if left:
                self.findings.add(seq, f"list {words[at + 4]} ended, and its orders {left} are open")

    def entered(self, words: Words, at: int) -> None:
        """A pending order is placed once the one before it is filled."""
        seq, order_id = words[at + 1], words[at + 4]
        order, working = self.orders.get(order_id), self.pending.pop(order_id, 0)
        self.size(order_id, order, words[at + 8])
        if order is None or not working or working in self.orders or order.remaining != words[at + 8]:
            self.findings.add(seq, f"order {order_id} entered, and could not")
            return
        self.taker = order_id

    def size(self, order_id: int, order: Order | None, quantity: int) -> None:
        """An order that was placed without a quantity has one now; what that must be is a matter of money."""
        if order is not None and order_id in self.unsized:
            self.unsized.remove(order_id)
            order.remaining = quantity

    def rested(self, words: Words, at: int) -> None:
        seq, market, order_id, price, remaining = (
            words[at + 1],
            words[at + 2],
            words[at + 4],
            words[at + 6],
            words[at + 7],
        )
        order = self.orders.get(order_id)
        if (market in self.auctioned or self.lessened == order_id) and (order is None or order.rests):
            # What an auction's trade left of the younger order is told anew, as what was prevented of a maker is; where
            # nothing is left of it the audit has forgotten it.
            self.lessened = 0
            self.check_level(seq, self.side_of(market, words[at + 5]), price, words[at + 8])
            if remaining != (order.remaining if order is not None else 0):
                self.findings.add(seq, f"order {order_id} rests otherwise than it was left")
            return
        if order is None or order.rests or order.is_waiting:
            self.findings.add(seq, f"order {order_id} came to rest, and could not")
            return
        if (price, remaining, words[at + 5]) != (order.limit, order.remaining, order.side):
            self.findings.add(seq, f"order {order_id} rests otherwise than it was left")
        other = self.side_of(market, 1 - order.side).best()
        is_gathering = self.register.markets[market].status == codes.AUCTION
        if not is_gathering and other and (price >= other if order.side == codes.BUY else price <= other):
            self.findings.add(seq, f"the book of market {market} is crossed: {price} against {other}")
        order.rests = True
        order.part = min(order.visible, remaining)
        side = self.side_of(market, order.side)
        side.add(price, order_id, order.shown)
        self.check_level(seq, side, price, words[at + 8])

    def check_level(self, seq: int, side: Side, price: int, told: int) -> None:
        here = sum(side.levels.get(price, {}).values())
        if here != told:
            self.findings.add(seq, f"{told} lots are told at {price}, there are {here}")

    def front(self, seq: int, maker_id: int, maker: Order) -> None:
        """A maker must be the oldest at the best price of its side."""
        side = self.side_of(maker.market, maker.side)
        best = side.best()
        oldest = next(iter(side.levels[best])) if best else 0
        if oldest != maker_id:
            self.findings.add(seq, f"order {maker_id} at {maker.limit} was met before order {oldest} at {best}")

    def traded(self, words: Words, at: int) -> None:
        _, seq, _, _, taker_side, price, quantity = words[at : at + 7]
        taker_id, _, taker_remaining, maker_id, _, maker_remaining = (
            *words[at + 10 : at + 13],
            *words[at + 16 : at + 19],
        )
        taker, maker = self.orders.get(taker_id), self.orders.get(maker_id)
        is_auction = words[at + CAUSE_AT] == codes.AUCTION_CAUSE
        if is_auction and taker is not None and maker is not None and taker.rests and maker.rests:
            self.auction_trade(seq, (taker_id, taker), (maker_id, maker), words, at)
            return
        if taker is None or maker is None or taker_id != self.taker or not maker.rests or taker.rests or is_auction:
            self.findings.add(seq, f"orders {taker_id} and {maker_id} traded, and could not")
            return
        self.findings.saw("fills")
        status = self.register.markets[maker.market].status
        if status == codes.AUCTION:
            # Orders that wait enter behind an auction's fills, and its end is told behind them.
            self.early.setdefault(maker.market, seq)
        elif status != codes.TRADING:
            self.findings.add(seq, f"a fill in market {maker.market}, which does not trade")
        self.front(seq, maker_id, maker)
        is_buy = taker.side == codes.BUY
        if price != maker.limit or (taker.limit and (price > taker.limit if is_buy else price < taker.limit)):
            self.findings.add(seq, f"a fill at {price}: maker {maker.limit}, taker {taker.limit}")
        if taker_side != taker.side or maker.side == taker.side or maker.market != taker.market:
            self.findings.add(seq, f"orders {taker_id} and {maker_id} are not two sides of one market")
        if taker.mode != codes.NONE and self.is_same_owner(taker.account, maker.account):
            self.findings.add(seq, f"account {taker.account} traded with itself in mode {taker.mode}")
        taker.remaining -= quantity
        self.give(seq, maker, quantity)
        if quantity <= 0 or (taker.remaining, maker.remaining) != (taker_remaining, maker_remaining):
            self.findings.add(seq, f"{quantity} lots leave {taker.remaining} and {maker.remaining}, told otherwise")
        side = self.side_of(maker.market, maker.side)
        if maker.remaining > 0:
            side.levels[maker.limit][maker_id] = maker.shown
        else:
            self.leave(maker_id, maker)
        if taker.remaining <= 0:
            del self.orders[taker_id]
        self.check_level(seq, side, maker.limit, words[at + 36])

    def auction_trade(
        self, seq: int, younger: tuple[int, Order], older: tuple[int, Order], words: Words, at: int
    ) -> None:
        """A fill of an auction: best against best, oldest first, inside both limits, all at one price."""
        price, quantity, market = words[at + 5], words[at + 6], words[at + 2]
        self.findings.saw("fills")
        known_price, volume = self.auctioned.get(market, (price, 0))
        self.auctioned[market] = known_price, volume + quantity
        if price != known_price:
            self.findings.add(seq, f"an auction's fills at {known_price} and at {price}")
        if younger[0] < older[0] or younger[1].side == older[1].side or younger[1].side != words[at + 4]:
            self.findings.add(seq, f"orders {younger[0]} and {older[0]} are not the two sides of an auction's fill")
        if self.register.markets[market].status != codes.AUCTION:
            self.findings.add(seq, f"an auction's fill in market {market}, which gathers no orders")
        for (order_id, order), told in ((younger, words[at + 12]), (older, words[at + 18])):
            self.front(seq, order_id, order)
            if price > order.limit if order.side == codes.BUY else price < order.limit:
                self.findings.add(seq, f"order {order_id} with limit {order.limit} was filled at {price}")
            self.give(seq, order, quantity)
            if order.remaining != told or quantity <= 0:
                self.findings.add(seq, f"{quantity} lots leave {order.remaining} of order {order_id}, told is {told}")
        for order_id, order in (younger, older):
            if order.remaining > 0:
                self.side_of(market, order.side).levels[order.limit][order_id] = order.shown
            else:
                self.leave(order_id, order)
        self.check_level(seq, self.side_of(market, older[1].side), older[1].limit, words[at + 36])

    def give(self, seq: int, order: Order, quantity: int) -> None:
        """An order of the book gives lots: of what it shows."""
        if quantity > order.shown:
            self.findings.add(seq, f"{quantity} lots were taken from an order that shows {order.shown}")
        order.remaining -= quantity
        order.part -= quantity if order.visible else 0

    def terms_noted(self, words: Words, at: int) -> None:
        order = self.orders.get(words[at + 3])
        if order is not None and not order.rests:
            order.visible = words[at + 7]

    def refilled(self, words: Words, at: int) -> None:
        """An iceberg's next part stands behind the others of its price."""
        seq, order_id, price = words[at + 1], words[at + 4], words[at + 6]
        order = self.orders.get(order_id)
        if order is None or not order.rests or order.part or not order.visible or price != order.limit:
            self.findings.add(seq, f"order {order_id} shows another part, and had one")
            return
        order.part = min(order.visible, order.remaining)
        if order.part != words[at + 7]:
            self.findings.add(seq, f"order {order_id} shows {words[at + 7]}, not {order.part}")
        side = self.side_of(order.market, order.side)
        side.levels[price].pop(order_id, None)
        side.levels[price][order_id] = order.part
        self.check_level(seq, side, price, words[at + 8])

    def amended(self, words: Words, at: int) -> None:
        """An order has less to trade, and keeps its place."""
        seq, order_id, lots = words[at + 1], words[at + 4], words[at + 8] - words[at + 7]
        order = self.orders.get(order_id)
        if order is None or not 0 < lots < order.remaining or order.account != words[at + 3]:
            self.findings.add(seq, f"order {order_id} was amended, and could not")
            return
        order.lose(lots)
        if order.remaining != words[at + 9]:
            self.findings.add(seq, f"order {order_id} has {order.remaining} lots left, told is {words[at + 9]}")
        if order.rests:
            side = self.side_of(order.market, order.side)
            side.levels[order.limit][order_id] = order.shown
            self.check_level(seq, side, order.limit, words[at + 18])
        elif words[at + 18] != codes.NOT_RESTING:
            self.findings.add(seq, f"order {order_id} was amended in a book in which it was not")

    def is_same_owner(self, one: int, other: int) -> bool:
        groups = self.register.groups
        return one == other or (groups.get(one, 0) != 0 and groups.get(one) == groups.get(other))

    def leave(self, order_id: int, order: Order) -> None:
        self.pending.pop(order_id, 0)
        if order.rests:
            self.side_of(order.market, order.side).levels.get(order.limit, {}).pop(order_id, None)
        del self.orders[order_id]

    def canceled(self, words: Words, at: int) -> None:
        seq, order_id = words[at + 1], words[at + 4]
        order = self.orders.get(order_id)
        if words[at + 6] == Reason.LEG_REFUSED:
            self.size(order_id, order, words[at + 9])
        self.unsized.discard(order_id)
        if order is None or order.remaining != words[at + 9] or order.account != words[at + 3]:
            self.findings.add(seq, f"order {order_id} was canceled, and was not as told")
            return
        self.leave(order_id, order)
        if order.rests:
            self.check_level(seq, self.side_of(order.market, order.side), order.limit, words[at + 18])
        elif words[at + 18] != codes.NOT_RESTING:
            self.findings.add(seq, f"order {order_id} was canceled from a book in which it was not")

    def prevented(self, words: Words, at: int) -> None:
        seq, taker_id, maker_id = words[at + 1], words[at + 6], words[at + 9]
        taker, maker = self.orders.get(taker_id), self.orders.get(maker_id)
        if taker is None or maker is None or not self.is_same_owner(taker.account, maker.account):
            self.findings.add(seq, f"orders {taker_id} and {maker_id} were kept apart, and had two owners")
            return
        if maker.market != taker.market or maker.side == taker.side:
            self.findings.add(seq, f"orders {taker_id} and {maker_id} were kept apart, and had two owners or one side")
        self.front(seq, maker_id, maker)
        if taker.mode != words[at + 4] or taker.mode == codes.NONE:
            self.findings.add(seq, f"orders {taker_id} and {maker_id} were kept apart in mode {words[at + 4]}")
        if taker.mode in (codes.DECREMENT, codes.TRANSFER):
            lots = words[at + 8]
            if lots != words[at + 11] or not 0 < lots <= min(taker.remaining, maker.remaining):
                self.findings.add(seq, f"orders {taker_id} and {maker_id} lost {lots} and {words[at + 11]} lots")
                return
            taker.lose(lots)
            maker.lose(lots)
            self.side_of(maker.market, maker.side).levels[maker.limit][maker_id] = maker.shown
            self.lessened = maker_id
            if taker.mode == maker.mode == codes.TRANSFER and taker.account != maker.account:
                buyer, seller = (taker, maker) if taker.side == codes.BUY else (maker, taker)
                self.handed_over = [maker.market, words[at + 3], buyer.account, seller.account, maker.limit, lots]

    def transferred(self, words: Words, at: int) -> None:
        """What two accounts of one owner hand over is what was just prevented."""
        if words[at + 2 : at + 8] != self.handed_over:
            self.findings.add(words[at + 1], f"{words[at + 2 : at + 8]} were handed over, due was {self.handed_over}")
        self.handed_over = []
