"""How projections are fed: every event once, in journal order, to whoever asked for its type."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from exchange.messages import registry
from exchange.messages.words import AnyWords, Message

Handler = Callable[[int, Any], None]
"""Takes the seq and the event: words as they are, a cold event decoded."""


class Projection:
    """A fold of the event stream. Time is `ts_ns` of the batch, never a clock.

    `name` and `version` stand before each of its sections in a snapshot: the version changes with what they hold.
    """

    name = ""
    version = 0

    def __init__(self) -> None:
        self.ts_ns = 0
        self.fold = Fold([self])

    def handlers(self) -> dict[type[Any], Handler]:
        """What it does with which event."""
        return {}

    def begin_batch(self) -> None:
        """Forget what the last batch changed; `ts_ns` is already the new one's."""

    def end_batch(self) -> None:
        """All events of the batch were folded."""

    def on_batch(self, ts_ns: int, events: list[AnyWords]) -> None:
        """Fold one batch, alone; `all.Projections` feeds all of them at once."""
        self.fold.on_batch(ts_ns, events)

    def sections(self) -> Iterator[bytes]:
        """The state in parts; a part is whatever `restore` takes back."""
        return iter(())

    def restore(self, part: bytes | memoryview) -> None:
        """Take one part of a snapshot back, in the order in which they were given."""


class Fold:
    """Feeds projections: one look at each event's type, whoever wants it."""

    def __init__(self, projections: Iterable[Projection]) -> None:
        self.projections = list(projections)
        self.by_type: dict[type[Any], list[Handler]] = {}
        for projection in self.projections:
            for kind, handler in projection.handlers().items():
                self.by_type.setdefault(kind, []).append(handler)

    def on_batch(self, ts_ns: int, events: list[AnyWords]) -> None:
        """Fold the events of one batch, all of which happened at `ts_ns`."""
        for projection in self.projections:
            projection.ts_ns = ts_ns
            projection.begin_batch()
        by_type = self.by_type
        for event in events:
            kind: type[Any] = type(event)
            told: Any = event
            if kind is Message:
                told = registry.event_decoder.decode(event.payload)  # type: ignore[union-attr]
                kind = type(told)
            for handler in by_type.get(kind, ()):
                handler(event.seq, told)
        for projection in self.projections:
            projection.end_batch()
