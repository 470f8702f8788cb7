"""The core's one way in: rows to matching, messages to the subjects' HANDLERS, and the one `except Reject`."""

from collections.abc import Callable, Mapping
from typing import Any

from exchange.messages import registry
from exchange.messages.base import Command, Reject
from exchange.messages.rejects import RejectCode
from exchange.messages.system import CommandRejected, Genesis, Parked

from . import (
    accounts,
    auctions,
    countdowns,
    disconnects,
    fees,
    heads,
    limitations,
    markets,
    orders,
    rules,
    timers,
    transfers,
)
from .matching import codes, cold
from .matching.runs import Runs, apply_runs
from .state import State, check_right

ROWS, MESSAGES = 1, 2
ROW_SCHEMA = 1
Handler = Callable[[State, Any], None]
SUBJECTS = (rules, timers, heads, markets, limitations, fees, auctions, countdowns, disconnects, accounts, transfers)
HANDLERS: dict[type[Command], Handler] = {kind: do for subject in SUBJECTS for kind, do in subject.HANDLERS.items()}
RIGHTS: dict[type[Command], int] = {kind: right for subject in SUBJECTS for kind, right in subject.RIGHTS.items()}


class Engine:
    """Applies journal entries in order. `quarantined` are the seqs that notes of the journal have set aside."""

    def __init__(self, secret: bytes, quarantined: Mapping[int, object] | None = None) -> None:
        self.state = State(secret)
        self.quarantined = sorted(quarantined or ())

    @property
    def seq(self) -> int:
        """The number of the last command applied."""
        return self.state.seq

    @property
    def at_seq(self) -> int:
        """The number of the command being applied: after a failure, the one that failed."""
        return max(self.state.seq, self.state.matching.events.seq)

    def take_events(self) -> bytes:
        """The events since the last take, as words."""
        events: bytes = self.state.matching.events.buffer.take()
        return events

    def apply(self, kind: int, payload: bytes | memoryview, first_seq: int, ts_ns: int) -> None:
        """Apply one frame's commands. Raises whatever means that we are wrong; a refusal is an event."""
        assert first_seq == self.state.seq + 1, f"command {first_seq} comes after {self.state.seq}"
        if kind == ROWS:
            self.apply_rows(payload, ts_ns)
        else:
            for command in registry.decode_commands(payload):
                self.apply_message(command, ts_ns)

    def apply_message(self, command: registry.AnyCommand, ts_ns: int) -> None:
        """Apply one message as the next command."""
        state = self.state
        state.seq += 1
        state.now_ns = ts_ns
        try:
            if state.seq in self.quarantined:
                state.emit(Parked(state.seq, 0))
                raise Reject(RejectCode.INTERNAL_ERROR)
            if not state.journal_id and not isinstance(command, Genesis):
                raise Reject(RejectCode.NOT_STARTED)
            kind = type(command)
            if RIGHTS[kind]:
                check_right(state, command.key_id, RIGHTS[kind])  # type: ignore[union-attr]
            HANDLERS[kind](state, command)
        except Reject as refusal:
            state.emit(CommandRejected(refusal.code, type(command).__struct_config__.tag))  # type: ignore[arg-type]

    def apply_rows(self, rows: bytes | memoryview, ts_ns: int, at: int = 0) -> None:
        """Apply a run of rows from word `at` on as the next commands, going on after each early return of matching."""
        state = self.state
        matching = state.matching
        state.now_ns = ts_ns
        view = memoryview(rows)
        while at * 8 < len(view):
            run = view[: self.stop_before(view, at) * 8] if self.quarantined else view
            if at * 8 == len(run):
                at = orders.park_row(state, view, at)
                continue
            at = matching.apply_rows(run, at, state.seq + 1, ts_ns)
            state.seq = matching.events.seq
            if matching.why != codes.DONE:
                at = self.settle(view, at)

    def apply_runs(self, runs: Runs) -> None:
        """Apply runs of rows, each with its stamp, as the next commands and drop their events: what a replay wants."""
        state = self.state
        number = 0
        while number < len(runs):
            if self.quarantined:
                self.apply_rows(*runs[number])
            else:
                number, at = apply_runs(state.matching, runs, number, state.seq + 1)
                state.seq = state.matching.events.seq
                # The run that was begun last: the time is its own.
                rows, state.now_ns = runs[min(number, len(runs) - 1)]
                if number < len(runs):
                    self.apply_rows(rows, state.now_ns, self.settle(memoryview(rows), at))
            state.matching.events.buffer.drop()
            number += 1

    def settle(self, rows: memoryview, at: int) -> int:
        """Do what matching has stopped for at word `at`; return the word to go on from."""
        state = self.state
        matching = state.matching
        if matching.why == codes.COLD_ROW:
            return orders.apply_cold_row(state, rows, at)
        if matching.owed == codes.MARKET_TRIPPED:
            auctions.note_tripped(state, matching.owed_market)
        else:
            markets.note_emptied(state, matching.owed_market)
        return at

    def stop_before(self, rows: memoryview, at: int) -> int:
        """The word at which the next quarantined row begins; the end of the run where there is none in it."""
        end = len(rows) // 8
        stop = next((seq for seq in self.quarantined if seq > self.state.seq), 0)
        if not stop:
            return end
        for _ in range(stop - self.state.seq - 1):
            if at >= end:
                break
            at += cold.extent(self.state.matching, rows, at)
        return at
