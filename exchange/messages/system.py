"""Commands and events of the venue itself: its beginning, its time, its rules."""

from .base import Command, Event, KeyId, Nanoseconds


class Genesis(Command, frozen=True, tag=1):
    """The first command of every journal. `limits` are pairs of Limit number and value in force."""

    format_version: int
    engine_version: str
    created_ns: Nanoseconds
    journal_id: bytes
    rules: list[int]
    limits: list[tuple[int, int]]


class Tick(Command, frozen=True, tag=2):
    """Time has come for whatever is due at the batch's ts_ns."""


class ActivateRule(Command, frozen=True, tag=3):
    """Switch a behaviour on, from the next command on and for ever (design §3.8)."""

    key_id: KeyId
    rule: int


class AdoptClock(Command, frozen=True, tag=5):
    """An operator says what time it is, where the venue's clock waits because the wall clock jumped."""

    key_id: KeyId
    to_ns: Nanoseconds


class RecordHead(Command, frozen=True, tag=6):
    """The venue's signed head (exchange/audit/head.py) becomes a part of what later heads are made of."""

    key_id: KeyId
    statement: bytes
    signature: bytes
    public_key: bytes


class Started(Event, frozen=True, tag=1):
    """The venue exists."""

    journal_id: bytes
    engine_version: str


class CommandRejected(Event, frozen=True, tag=2):
    """The rules said no to the message with this tag."""

    code: int
    command_tag: int


class RuleActivated(Event, frozen=True, tag=3):
    """A behaviour is in force."""

    rule: int


class Parked(Event, frozen=True, tag=4):
    """A quarantined command was answered INTERNAL_ERROR; its market, if any, only lets cancel until resumed."""

    seq: int
    market_id: int


class ClockAdopted(Event, frozen=True, tag=5):
    """The venue's time goes on from here, or from its last stamp where that is later."""

    to_ns: Nanoseconds


class HeadRecorded(Event, frozen=True, tag=6):
    """A signed head stands in the journal."""

    statement: bytes
    signature: bytes
    public_key: bytes
