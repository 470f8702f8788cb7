"""Three cores on one flow: compiled, interpreted, verifier. What one says, all must say."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from exchange.core import encoding, engine, interpreted, ledger
from exchange.verifier.venue import Venue
from tests import flows

SECRET = b"a secret of test"
OTHER_SECRET = b"another, of test"


class Form:
    """One form of the core, compiled or not."""

    def __init__(
        self, name: str, engine_module: ModuleType, encoding_module: ModuleType, ledger_module: ModuleType
    ) -> None:
        self.name = name
        self.new_engine = engine_module.Engine
        self.encoding = encoding_module
        self.ledger = ledger_module


COMPILED = Form("compiled", engine, encoding, ledger)
INTERPRETED = Form("interpreted", *(interpreted.load(name) for name in ("engine", "encoding", "ledger")))


class Trio:
    """Applies each entry to all three and asserts that they agree."""

    def __init__(self, quarantined: tuple[int, ...] = (), forms: tuple[Form, ...] = (COMPILED, INTERPRETED)) -> None:
        self.forms = forms
        self.quarantined = dict.fromkeys(quarantined, "test")
        self.engines: list[Any] = [form.new_engine(SECRET, self.quarantined) for form in forms]
        self.venue = Venue(quarantined)

    @property
    def seq(self) -> int:
        return self.venue.seq

    def apply(self, entry: flows.Entry) -> bytes:
        """Apply an entry to all; return its events."""
        first_seq = self.seq + 1
        expected = self.venue.apply(entry.kind, entry.payload, first_seq, entry.ts_ns)
        for form, each in zip(self.forms, self.engines, strict=True):
            each.apply(entry.kind, entry.payload, first_seq, entry.ts_ns)
            self.check_events(form, each.take_events(), expected)
            assert each.seq == self.seq, form.name
        return expected

    @staticmethod
    def check_events(form: Form, found: bytes, expected: bytes) -> None:
        if found != expected:
            pairs = zip(flows.split(found), flows.split(expected), strict=False)
            first = next((pair for pair in pairs if pair[0] != pair[1]), None)
            raise AssertionError(f"{form.name} and verifier differ: {first}, {len(found)} and {len(expected)} bytes")

    def messages(self, *messages: list[Any], ts_ns: int = flows.START_NS) -> bytes:
        return self.apply(flows.Entry(flows.MESSAGES, flows.payload_of_messages(list(messages)), ts_ns))

    def rows(self, *rows: list[int], ts_ns: int = flows.START_NS) -> bytes:
        return self.apply(flows.Entry(flows.ROWS, flows.payload_of_rows(list(rows)), ts_ns))

    def check_state(self) -> bytes:
        """Assert that all have one hash and whole ledgers; return the hash."""
        expected = self.venue.state_hash()
        for form, each in zip(self.forms, self.engines, strict=True):
            assert form.encoding.state_hash(each.state) == expected, self.first_difference(form, each)
            form.ledger.check_sums(each.state)
            form.ledger.check_claims(each.state)
        assert not any(self.venue.state.ledger.sums().values())
        assert not self.venue.state.ledger.negatives()
        return expected

    def first_difference(self, form: Form, each: Any) -> str:
        found = b"".join(form.encoding.sections(each.state))
        expected = self.venue.encode()
        at = next((at for at in range(len(found)) if found[at : at + 1] != expected[at : at + 1]), len(found))
        return f"{form.name} and verifier differ at byte {at} of the encoding: {found[at - 16 : at + 16]!r}"

    def restore(self) -> None:
        """Let every form go on from a snapshot of itself, under another secret."""
        for index, (form, each) in enumerate(zip(self.forms, self.engines, strict=True)):
            encoded = b"".join(form.encoding.sections(each.state))
            restored = form.new_engine(OTHER_SECRET, self.quarantined)
            restored.state = form.encoding.restore(OTHER_SECRET, encoded)
            restored.state.seq = each.seq
            assert b"".join(form.encoding.sections(restored.state)) == encoded, form.name
            self.engines[index] = restored
