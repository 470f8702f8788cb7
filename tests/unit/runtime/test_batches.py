"""Batches, command by command: who is told what."""

from exchange.messages.words import Message
from exchange.runtime import batches
from exchange.runtime.batches import Answer


class Someone:
    """Who waits for an answer, or was told already."""

    def __init__(self, *, is_done: bool = False) -> None:
        self.is_done = is_done
        self.told: list[Answer] = []

    def done(self) -> bool:
        return self.is_done

    def set_result(self, answer: Answer, /) -> None:
        self.told.append(answer)

    def set_exception(self, error: Exception, /) -> None:
        raise error


def test_everybody_is_told_the_events_of_a_command_once() -> None:
    # Seq 5 is nobody's, 7 is the last of a run, 8 made nothing, 9 was told already that it took too long.
    events = [Message(0, seq, b"%d" % number) for number, seq in enumerate((5, 6, 6, 6, 7, 9, 10))]
    waiting = {6: Someone(), 7: Someone(), 8: Someone(), 9: Someone(is_done=True), 10: Someone()}
    batches.answer(dict(waiting), 1_000, events)
    told = {seq: [(each.seq, each.ts_ns, each.events) for each in one.told] for seq, one in waiting.items()}
    assert told == {
        6: [(6, 1_000, events[1:4])],
        7: [(7, 1_000, events[4:5])],
        8: [(8, 1_000, [])],
        9: [],
        10: [(10, 1_000, events[6:])],
    }
