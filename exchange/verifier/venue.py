"""Everything together: entries of the journal in, event words out, one hash."""

from collections.abc import Iterable

from . import cancels, encoding, events, lists, orders, words
from .fields import Message, read_message
from .messagepack import unpack
from .messages import apply_message, note_emptied
from .rows import Row, cut
from .state import State
from .words import Broken, Code, Refusal


class Venue:
    """Applies journal entries in order. `quarantined` are the seqs that notes of the journal have set aside."""

    def __init__(self, quarantined: Iterable[int] = ()) -> None:
        self.state = State()
        self.quarantined = set(quarantined)

    @property
    def seq(self) -> int:
        """The number of the last command applied."""
        return self.state.seq

    def apply(self, kind: int, payload: bytes, first_seq: int, ts_ns: int) -> bytes:
        """Apply one frame's commands; return their events as words.

        Raises: ValueError where the payload cannot be cut into commands, before any of that command is applied (of
                that frame, where it holds messages); Broken where the ledger does not add up after a command.
        """
        state = self.state
        if first_seq != state.seq + 1:
            raise Broken(f"command {first_seq} comes after {state.seq}")
        if kind == words.ROWS:
            for row in cut(payload):
                self.apply_one(row, ts_ns)
        elif kind == words.MESSAGES:
            array = unpack(payload)
            if not isinstance(array, list):
                raise ValueError("a payload of messages is one array")
            for message in [read_message(each) for each in array]:
                self.apply_one(message, ts_ns)
        else:
            raise ValueError(f"a frame of kind {kind} holds no commands")
        return self.take_events()

    def take_events(self) -> bytes:
        taken = b"".join(self.state.events)
        self.state.events.clear()
        return taken

    def apply_one(self, command: Row | Message, ts_ns: int) -> None:
        self.state.seq += 1
        self.state.now_ns = ts_ns
        if isinstance(command, Row):
            self.apply_row(command)
        else:
            self.apply_message(command)
        self.state.check_touched()

    def apply_message(self, command: Message) -> None:
        state = self.state
        try:
            if state.seq in self.quarantined:
                events.message(state, 4, state.seq, 0)
                raise Refusal(Code.INTERNAL_ERROR)
            apply_message(state, command)
        except Refusal as refusal:
            events.message(state, 2, int(refusal.code), command.tag)

    def apply_row(self, row: Row) -> None:
        state = self.state
        if state.seq in self.quarantined:
            self.park(row)
            return
        try:
            if row.kind == words.PLACE:
                orders.place(state, row)
            elif row.kind == words.CANCEL:
                note_emptied(state, cancels.cancel(state, row))
            elif row.kind == words.CANCEL_ALL and row.market:
                note_emptied(state, cancels.cancel_all(state, row))
            elif row.kind == words.CANCEL_ALL:
                self.cancel_everywhere(row)
            elif row.kind == words.AMEND:
                note_emptied(state, cancels.amend(state, row))
            elif row.kind == words.CANCEL_REPLACE:
                cancels.cancel_replace(state, row)
            elif row.kind == words.LIST:
                lists.place(state, row)
            elif row.kind == words.CANCEL_LIST:
                note_emptied(state, lists.cancel(state, row))
            else:
                raise Refusal(Code.MALFORMED_ROW)
        except Refusal as refusal:
            events.rejected(state, row, refusal.code)

    def cancel_everywhere(self, row: Row) -> None:
        """Cancel all of one account's orders, market by market, but for markets in BREAK."""
        state = self.state
        orders.check_form(state, row)
        account = orders.check_sender(state, row)
        if not account.orders:
            raise Refusal(Code.NOTHING_TO_CANCEL)
        for market in state.markets:
            here = [order for order in account.orders if order.market is market]
            if market.status != words.BREAK and here:
                for order in here:
                    orders.end(state, order, words.BY_CANCEL_ALL, row.client_id)
                lists.settle(state)
                note_emptied(state, market)

    def park(self, row: Row) -> None:
        """Answer a command on which the engine failed; its market only lets cancel until an operator resumes it."""
        state = self.state
        events.rejected(state, row, Code.INTERNAL_ERROR)
        market = state.market(row.market)
        if market is not None:
            orders.stop_timers(state, market)
            market.status = words.CANCEL_ONLY
        events.message(state, 4, state.seq, market.market_id if market else 0)

    def state_hash(self) -> bytes:
        """SHA-256 of the canonical encoding."""
        return encoding.state_hash(self.state)

    def encode(self) -> bytes:
        """The canonical encoding itself: where two hashes differ, the first byte that does."""
        return encoding.encode(self.state)
