"""The sequencer: durable before answered, in order, bounded, and stopped by what it cannot know."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from exchange.messages import orders, registry, words
from exchange.messages.orders import Side
from exchange.runtime import batches
from exchange.runtime.batches import FrameBuilder
from exchange.runtime.sequencer import Applied, Failed, Overloaded, Stopping
from journal.errors import JournalError
from journal.reader import read
from tests.venue import Venue, limit, listing


def test_answers_come_in_the_order_of_the_journal_and_hold_their_own_events(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Venue(tmp_path) as venue:
            await venue.send(listing())
            answers = await venue.place(
                limit(0, Side.SELL, 5_000_000, 10, "a"),
                limit(1, Side.BUY, 5_000_000, 4, "b"),
                limit(1, Side.BUY, 5_000_000, 100, "b"),
                limit(1, Side.BUY, 1, 100, "b"),
            )
            assert [answer.seq for answer in answers] == list(range(answers[0].seq, answers[0].seq + 4))
            assert [type(event) for event in answers[0].events] == [words.Accepted, words.Rested]
            assert [type(event) for event in answers[1].events] == [words.Accepted, words.Traded]
            assert [type(event) for event in answers[2].events] == [words.Accepted, words.Traded, words.Rested]
            assert [type(event) for event in answers[3].events] == [words.Rejected]

    asyncio.run(scenario())


def test_nothing_is_answered_before_it_is_durable(tmp_path: Path) -> None:
    async def scenario() -> None:
        venue = Venue(tmp_path)
        append = venue.journal.append
        durable = []

        def slow(frames: object, ts_ns: int, applied_seq: int) -> object:
            appended = append(frames, ts_ns, applied_seq)  # type: ignore[arg-type]
            durable.append(appended.last_seq)
            return appended

        venue.journal.append = slow  # type: ignore[method-assign, assignment]
        async with venue:
            for command in listing():
                answer = await venue.sequencer.submit(command)
                assert durable[-1] >= answer.seq
                assert [event.seq for event in answer.events] == [answer.seq] * len(answer.events)

    asyncio.run(scenario())


def test_while_a_batch_is_written_the_one_before_is_applied_and_applied_seq_says_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Venue(tmp_path) as venue:
            await venue.send(listing())
            first = asyncio.create_task(
                venue.place(*[limit(0, Side.SELL, 5_000_000 + n, 1, f"a{n}") for n in range(50)])
            )
            await asyncio.sleep(0.01)
            second = asyncio.create_task(venue.place(*[limit(1, Side.BUY, 1_000 + n, 1, f"b{n}") for n in range(50)]))
            await asyncio.gather(first, second)

    asyncio.run(scenario())
    headers = [frame.header for frame in read(tmp_path / "journal") if frame.header.commands]
    assert all(header.applied_seq < header.batch_first_seq for header in headers)


def test_full_batches_are_on_their_way_together_and_answered_in_order_when_durable(tmp_path: Path) -> None:
    most = 0

    async def scenario() -> None:
        nonlocal most
        venue = Venue(tmp_path)
        venue.journal.start_beside()
        venue.sequencer.batch_commands = 10
        begin, end = venue.journal.begin, venue.journal.end
        durable = [venue.engine.seq]
        begun = 0

        def begins(*batch: Any) -> bool:
            nonlocal begun, most
            is_begun = begin(*batch)
            begun += is_begun
            most = max(most, begun)
            return is_begun

        def ends() -> Any:
            nonlocal begun
            appended = end()
            begun -= 1
            durable.append(appended.last_seq)
            return appended

        venue.journal.begin, venue.journal.end = begins, ends  # type: ignore[method-assign, assignment]
        async with venue:
            await venue.send(listing())
            answers = []
            rows = [limit(0, Side.SELL, 5_000_000 + number, 1, f"{number}") for number in range(95)]
            futures = [venue.sequencer.submit_row(row) for row in rows]
            for future in futures:
                future.add_done_callback(lambda done: answers.append((done.result().seq, durable[-1])))
            await asyncio.gather(*futures)
        assert len(answers) == 95
        assert [seq for seq, _ in answers] == list(range(answers[0][0], answers[0][0] + 95))
        assert all(seq <= reached for seq, reached in answers)

    asyncio.run(scenario())
    assert most > 1
    frames = [frame.header for frame in read(tmp_path / "journal") if frame.header.kind == 1]
    assert all(header.applied_seq < header.batch_first_seq for header in frames)
    assert max(header.commands for header in frames) == 10


def test_a_second_process_that_dies_ends_the_venue(tmp_path: Path) -> None:
    async def scenario() -> None:
        venue = Venue(tmp_path)
        venue.journal.start_beside()
        running = asyncio.create_task(venue.sequencer.run())
        await venue.send(listing())
        helper = venue.journal._beside._helper
        assert helper is not None
        assert helper._process is not None
        os.kill(helper._process.pid, signal.SIGSTOP)
        answer = venue.sequencer.submit_row(limit(0, Side.SELL, 5_000_000, 1, "lost"))
        await asyncio.sleep(0.05)
        assert not answer.done()
        os.kill(helper._process.pid, signal.SIGKILL)
        with pytest.raises(JournalError, match="the process that wrote it has ended"):
            await running
        with pytest.raises(Failed):
            await asyncio.wait_for(answer, 1)
        venue.journal.close()

    asyncio.run(scenario())


def test_when_too_many_wait_the_next_is_refused_at_once_and_not_executed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Venue(tmp_path) as venue:
            await venue.send(listing())
            before = venue.engine.seq
            venue.sequencer.capacity = 10
            taken = [venue.sequencer.submit_row(limit(0, Side.SELL, 5_000_000, 1, f"{n}")) for n in range(10)]
            with pytest.raises(Overloaded):
                venue.sequencer.submit_row(limit(0, Side.SELL, 5_000_000, 1, "one too many"))
            await asyncio.gather(*taken)
            await venue.place(limit(0, Side.SELL, 5_000_000, 1, "again"))
            assert venue.engine.seq == before + 11

    asyncio.run(scenario())


def test_a_stop_answers_what_was_taken_and_takes_no_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Venue(tmp_path) as venue:
            await venue.send(listing())
            taken = [venue.sequencer.submit_row(limit(0, Side.SELL, 5_000_000, 1, f"{n}")) for n in range(10)]
            venue.sequencer.stop()
            with pytest.raises(Stopping):
                venue.sequencer.submit_row(limit(0, Side.SELL, 5_000_000, 1, "late"))
            answers = await asyncio.gather(*taken)
            assert all(isinstance(answer.events[0], words.Accepted) for answer in answers)

    asyncio.run(scenario())


def test_a_failed_write_ends_the_venue_and_says_that_the_outcome_is_unknown(tmp_path: Path) -> None:
    async def scenario() -> None:
        venue = Venue(tmp_path)
        running = asyncio.create_task(venue.sequencer.run())
        await venue.send(listing())

        def broken(frames: object, ts_ns: int, applied_seq: int) -> object:
            raise OSError("disk on fire")

        venue.journal.append = broken  # type: ignore[method-assign, assignment]
        answer = venue.sequencer.submit_row(limit(0, Side.SELL, 5_000_000, 1, "lost"))
        with pytest.raises(OSError, match="disk on fire"):
            await running
        with pytest.raises(Failed, match="disk on fire"):
            await asyncio.wait_for(answer, 1)
        with pytest.raises(Failed):
            venue.sequencer.submit_row(limit(0, Side.SELL, 5_000_000, 1, "after"))
        venue.journal.close()

    asyncio.run(scenario())


def test_frames_hold_one_kind_each_and_never_more_than_a_frame_may() -> None:
    builder = FrameBuilder(100)
    row = limit(0, Side.SELL, 1, 1, "row")
    command = listing()[0]
    for _ in range(1_000):
        builder.add_rows(row, 1)
    builder.add_message(command)
    builder.add_rows(row, 1)
    frames = builder.finish()
    assert [frame[2] for frame in frames] == [100, 100 + 511, 1_100, 1_101]
    assert [frame[3] for frame in frames] == [511, 489, 1, 1]
    assert max(len(frame[4]) for frame in frames) <= batches.FRAME_PAYLOAD_MAX
    assert registry.decode_commands(frames[2][4]) == [command]


def test_every_batch_is_published_before_its_answers(tmp_path: Path) -> None:
    seen: list[int] = []

    def publish(applied: Applied, events: list[words.AnyWords]) -> None:
        assert [event.seq for event in events] == sorted(event.seq for event in events)
        seen.append(applied.last_seq)

    async def scenario() -> None:
        async with Venue(tmp_path, publish) as venue:
            for command in listing():
                answer = await venue.sequencer.submit(command)
                assert seen[-1] == answer.seq
            answer = await venue.sequencer.submit_rows(
                limit(0, Side.SELL, 9, 1, "x") + limit(0, Side.SELL, 9, 1, "y"), 2
            )
            assert isinstance(answer.events[0], words.Accepted)
            assert orders.unpack_client_id(answer.events[0].client_id) == "y"

    asyncio.run(scenario())
