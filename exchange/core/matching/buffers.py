"""Runs of words: rows that come in, events that go out, the state's encoding. `buffers.pyx` is the compiled twin."""

from struct import Struct
from typing import Any

from . import codes
from .records import (
    Accepted,
    Amended,
    Canceled,
    CancelId,
    ClientId,
    Entered,
    Flags,
    GoodTill,
    Iceberg,
    ListChanged,
    ListLink,
    Peg,
    Pegged,
    Prevented,
    ProceedsLocked,
    Reference,
    Referred,
    Refilled,
    Rejected,
    Rested,
    Row,
    Strategy,
    StrategyNoted,
    TermsNoted,
    Traded,
    Transferred,
    Trigger,
    Triggered,
)


class Rows:
    """A run of rows in memory that another object owns."""

    def __init__(self) -> None:
        self.words: Any = ()
        self.count = 0

    def open(self, data: Any) -> None:
        view = memoryview(data).cast("B")
        if len(view) % 8:
            raise ValueError(f"rows are words of 8 bytes, but there are {len(view)} bytes")
        self.words = view.cast("q")
        self.count = len(self.words)

    def extent(self, at: int) -> int:
        """Words of the command that starts at word `at`. ValueError where it does not fit the run."""
        if at < 0 or at + codes.ROW_WORDS > self.count:
            raise ValueError(f"a row at word {at} does not fit {self.count} words")
        rows = self.words[at + Row.__slots__.index("rows")]
        if not 1 <= rows <= codes.ROWS_MAX:
            raise ValueError(f"the command at word {at} has {rows} rows; 1 to 4 are possible")
        end = at
        for _ in range(rows):
            if end + codes.ROW_WORDS > self.count:
                raise ValueError(f"a row at word {end} does not fit {self.count} words")
            extensions = self.words[end + Row.__slots__.index("extensions")]
            if not 0 <= extensions <= codes.EXTENSIONS_MAX:
                raise ValueError(f"the row at word {end} has {extensions} extensions; 0 to 7 are possible")
            end += codes.ROW_WORDS + codes.EXTENSION_WORDS * extensions
        if end > self.count:
            raise ValueError(f"the command at word {at} needs {end} words; there are {self.count}")
        return end - at

    def at(self, at: int) -> Row:
        row = Row()
        for number, name in enumerate(Row.__slots__[:-1]):
            setattr(row, name, self.words[at + number])
        row.flags = Flags()
        for name, byte in zip(Flags.__slots__, Struct("<q").pack(self.words[at + 6]), strict=True):
            setattr(row.flags, name, byte)
        row.client_id = tuple(self.words[at + 11 : at + 16])
        return row

    def extension_kind(self, at: int, number: int) -> int:
        kind: int = self.words[at + codes.ROW_WORDS + codes.EXTENSION_WORDS * number]
        return kind

    def extension(self, at: int, kind: int) -> tuple[int, ...] | None:
        for number in range(self.at(at).extensions):
            if self.extension_kind(at, number) == kind:
                start = at + codes.ROW_WORDS + codes.EXTENSION_WORDS * number
                return tuple(self.words[start : start + codes.EXTENSION_WORDS])
        return None

    def reference(self, at: int) -> Reference | None:
        words = self.extension(at, codes.REFERENCE)
        if words is None:
            return None
        reference = Reference()
        reference.kind, reference.spare_1, reference.spare_2 = words[0], words[6], words[7]
        reference.client_id = words[1:6]
        return reference

    def strategy(self, at: int) -> Strategy | None:
        words = self.extension(at, codes.STRATEGY)
        if words is None:
            return None
        strategy = Strategy()
        for name, word in zip(Strategy.__slots__, words, strict=True):
            setattr(strategy, name, word)
        return strategy

    def iceberg(self, at: int) -> Iceberg | None:
        words = self.extension(at, codes.ICEBERG)
        if words is None:
            return None
        iceberg = Iceberg()
        for name, word in zip(Iceberg.__slots__, words, strict=True):
            setattr(iceberg, name, word)
        return iceberg

    def cancel_id(self, at: int) -> CancelId | None:
        words = self.extension(at, codes.CANCEL_ID)
        if words is None:
            return None
        cancel_id = CancelId()
        cancel_id.kind, cancel_id.spare_1, cancel_id.spare_2 = words[0], words[6], words[7]
        cancel_id.client_id = words[1:6]
        return cancel_id

    def good_till(self, at: int) -> GoodTill | None:
        words = self.extension(at, codes.GOOD_TILL)
        if words is None:
            return None
        good_till = GoodTill()
        for name, word in zip(GoodTill.__slots__, words, strict=True):
            setattr(good_till, name, word)
        return good_till

    def peg(self, at: int) -> Peg | None:
        words = self.extension(at, codes.PEG)
        if words is None:
            return None
        peg = Peg()
        for name, word in zip(Peg.__slots__, words, strict=True):
            setattr(peg, name, word)
        return peg

    def list_link(self, at: int) -> ListLink | None:
        words = self.extension(at, codes.LIST_LINK)
        if words is None:
            return None
        link = ListLink()
        for name, word in zip(ListLink.__slots__, words, strict=True):
            setattr(link, name, word)
        return link

    def trigger(self, at: int) -> Trigger | None:
        words = self.extension(at, codes.TRIGGER)
        if words is None:
            return None
        trigger = Trigger()
        for name, word in zip(Trigger.__slots__, words, strict=True):
            setattr(trigger, name, word)
        return trigger


class Buffer:
    """Events as records, until they are taken as words."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def add(self, event: Any, head: int) -> Any:
        event.head = head
        self.events.append(event)
        return event

    def take(self) -> bytes:
        """All events since the last take, as bytes."""
        taken = b"".join(event if isinstance(event, bytes) else packed(event) for event in self.events)
        self.events = []
        return taken

    def drop(self) -> None:
        """Forget all events since the last take."""
        self.events = []

    def accepted(self) -> Accepted:
        return self.add(Accepted(), codes.ACCEPTED)

    def rested(self) -> Rested:
        return self.add(Rested(), codes.RESTED)

    def traded(self) -> Traded:
        return self.add(Traded(), codes.TRADED)

    def canceled(self) -> Canceled:
        return self.add(Canceled(), codes.CANCELED)

    def rejected(self) -> Rejected:
        return self.add(Rejected(), codes.REJECTED)

    def prevented(self) -> Prevented:
        return self.add(Prevented(), codes.PREVENTED)

    def strategy_noted(self) -> StrategyNoted:
        return self.add(StrategyNoted(), codes.STRATEGY_NOTED)

    def terms_noted(self) -> TermsNoted:
        return self.add(TermsNoted(), codes.TERMS_NOTED)

    def pegged(self) -> Pegged:
        return self.add(Pegged(), codes.PEGGED)

    def refilled(self) -> Refilled:
        return self.add(Refilled(), codes.REFILLED)

    def amended(self) -> Amended:
        return self.add(Amended(), codes.AMENDED)

    def triggered(self) -> Triggered:
        return self.add(Triggered(), codes.TRIGGERED)

    def list_changed(self) -> ListChanged:
        return self.add(ListChanged(), codes.LIST_CHANGED)

    def entered(self) -> Entered:
        return self.add(Entered(), codes.ENTERED)

    def transferred(self) -> Transferred:
        return self.add(Transferred(), codes.TRANSFERRED)

    def proceeds_locked(self) -> ProceedsLocked:
        return self.add(ProceedsLocked(), codes.PROCEEDS_LOCKED)

    def referred(self) -> Referred:
        return self.add(Referred(), codes.REFERRED)

    def message(self, seq: int, payload: bytes) -> None:
        """A cold event: head, seq, length in bytes, then its MessagePack padded to whole words with zeros."""
        count = 3 + (len(payload) + 7) // 8
        head = Struct("<3q").pack(codes.MESSAGE | count << 8, seq, len(payload))
        self.events.append(head + payload + bytes(8 * (count - 3) - len(payload)))


def packed(event: Any) -> bytes:
    """A record's fields as little-endian words, in their order."""
    words: list[int] = []
    for name in event.__slots__:
        value = getattr(event, name)
        if isinstance(value, tuple):
            words.extend(value)
        elif isinstance(value, Flags):
            words.append(flags_word(value))
        else:
            words.append(value)
    return Struct(f"<{len(words)}q").pack(*words)


def flags_word(flags: Flags) -> int:
    word: int = Struct("<q").unpack(bytes(getattr(flags, name) for name in Flags.__slots__))[0]
    return word


class Writer:
    """Words written one after another: the canonical encoding of the state."""

    def __init__(self) -> None:
        self.words: list[int] = []

    def add(self, word: int) -> None:
        self.words.append(word)

    def add_flags(self, flags: Flags) -> None:
        self.words.append(flags_word(flags))

    def add_client_id(self, client_id: ClientId) -> None:
        self.words.extend(client_id)

    def take(self) -> bytes:
        """What was written since the last take, as bytes."""
        taken = Struct(f"<{len(self.words)}q").pack(*self.words)
        self.words = []
        return taken


class Reader:
    """Words read one after another."""

    def __init__(self, data: Any) -> None:
        view = memoryview(data).cast("B")
        if len(view) % 8:
            raise ValueError(f"a section is words of 8 bytes, but there are {len(view)} bytes")
        self.words = view.cast("q")
        self.count = len(self.words)
        self.at = 0

    def take(self) -> int:
        if self.at >= self.count:
            raise ValueError(f"a section ends after {self.count} words, where more were expected")
        self.at += 1
        word: int = self.words[self.at - 1]
        return word

    def take_client_id(self) -> ClientId:
        return (self.take(), self.take(), self.take(), self.take(), self.take())

    def take_flags(self) -> Flags:
        flags = Flags()
        for name, byte in zip(Flags.__slots__, Struct("<q").pack(self.take()), strict=True):
            setattr(flags, name, byte)
        return flags
