"""A WebSocket of ours beside a client of the library, frame by frame: what is read, written, kept back and ended."""

import asyncio
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from exchange.api import sockets, websocket
from exchange.api.errors import WireError
from exchange.api.sockets import Talk
from exchange.api.websocket import Gathering, WebSocket

KEY = b"AAAAAAAAAAAAAAAAAAAAAA=="
HEADERS = {b"sec-websocket-key": KEY, b"sec-websocket-version": b"13"}


class Transport(asyncio.Transport):
    """Keeps what is written; the test says when the client does not read."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.writes = 0
        self.is_closed = self.is_aborted = False

    def write(self, data: Any) -> None:
        self.written += data
        self.writes += 1

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_aborted = True


class Pair:
    """A connection that has been opened, and its client."""

    def __init__(self, gathering: Gathering | None = None) -> None:
        self.texts: list[str] = []
        self.lost = 0
        self.state = SimpleNamespace(connections=set())
        self.transport = Transport()
        self.socket = WebSocket(self.state, gathering or Gathering())
        self.client = ClientProtocol(parse_uri("ws://venue/ws"))
        request = self.client.connect()
        self.client.send_request(request)
        self.client.data_to_send()
        headers = {name.lower().encode(): value.encode() for name, value in request.headers.raw_items()}
        self.answer = websocket.answer_to(b"GET", headers)

    def begin(self) -> None:
        self.socket.begin(self.transport, Talk(self.texts.append, self.lose), self.answer)
        assert self.heard() == []

    def lose(self) -> None:
        self.lost += 1

    def heard(self) -> list[Any]:
        """What the client makes of what was written since: texts, and other frames as opcode and payload."""
        self.client.receive_data(self.transport.written)
        self.transport.written = b""
        found = [event for event in self.client.events_received() if isinstance(event, Frame)]
        return [bytes(each.data).decode() if each.opcode is Opcode.TEXT else (each.opcode, each.data) for each in found]

    def said(self) -> None:
        """What the client has to say goes to the server."""
        self.socket.data_received(b"".join(self.client.data_to_send()))


def talked(talk: Callable[[Pair], Any]) -> None:
    async def run() -> None:
        pair = Pair()
        pair.begin()
        waited = talk(pair)
        if waited is not None:
            await waited

    asyncio.run(run())


def test_texts_go_both_ways_and_what_goes_out_is_written_at_once() -> None:
    def talk(pair: Pair) -> None:
        pair.client.send_text(b"one")
        pair.client.send_binary(b"two\xff")
        pair.said()
        assert pair.texts == ["one", "two�"]
        pair.socket.send("ü" * 70_000)
        pair.socket.send("short", "key")
        assert pair.heard() == ["ü" * 70_000, "short"]

    talked(talk)


def test_answers_right_behind_each_other_leave_in_one_write_and_in_their_order() -> None:
    async def talk() -> None:
        gathering = Gathering()
        one, other = Pair(gathering), Pair(gathering)
        one.begin()
        other.begin()

        def told(pair: Pair) -> tuple[int, list[Any]]:
            pair.transport.writes, writes = 0, pair.transport.writes
            return writes, pair.heard()

        told(one), told(other)
        for text in (b"1", b"2", b"3"):
            one.socket.answer(text)
        assert told(one) == (0, [])
        other.socket.answer(b"4")
        assert told(one) == (1, ["1", "2", "3"])
        await asyncio.sleep(0)
        assert told(other) == (1, ["4"])
        # What is sent at once, and the last frame, come behind what was gathered.
        one.socket.answer(b"5")
        one.socket.send("6")
        one.socket.answer(b"7")
        one.socket.answer(b"8")
        other.socket.answer(b"9")
        other.socket.close(1000, "")
        other.socket.answer(b"in vain")
        one.socket.pause_writing()
        one.socket.answer(b"10")
        await asyncio.sleep(0)
        one.socket.resume_writing()
        await asyncio.sleep(0)
        assert told(one)[1] == ["5", "6", "7", "8", "10"]
        assert told(other)[1] == ["9", (Opcode.CLOSE, b"\x03\xe8")]
        one.socket.answer(b"for nobody")
        one.socket.connection_lost(None)
        await asyncio.sleep(0)
        assert told(one) == (0, [])
        other.socket.connection_lost(None)

    asyncio.run(talk())


def test_what_is_sent_before_the_handshake_is_answered_comes_behind_it() -> None:
    async def run() -> None:
        pair = Pair()
        pair.socket.send("early")
        pair.socket.begin(pair.transport, Talk(pair.texts.append, pair.lose), pair.answer)
        assert pair.transport.written.startswith(b"HTTP/1.1 101 ")
        assert pair.heard() == ["early"]

    asyncio.run(run())


def test_while_the_client_does_not_read_texts_wait_and_out_of_date_ones_are_left_out() -> None:
    def talk(pair: Pair) -> None:
        pair.socket.pause_writing()
        for number in range(3):
            pair.socket.send(f"trade {number}")
            pair.socket.send(f"ticker {number}", "ticker")
        assert pair.heard() == []
        pair.socket.resume_writing()
        assert pair.heard() == ["trade 0", "ticker 2", "trade 1", "trade 2"]
        pair.socket.send("at once", "ticker")
        assert pair.heard() == ["at once"]

    talked(talk)


def test_a_client_that_stops_reading_again_gets_the_rest_in_order_later() -> None:
    def talk(pair: Pair) -> None:
        pair.socket.pause_writing()
        for number in range(4):
            pair.socket.send(str(number), f"key {number}")
        real = pair.transport.write

        def write_two(data: Any) -> None:
            real(data)
            if b"1" in data:
                pair.socket.pause_writing()

        pair.transport.write = write_two  # type: ignore[method-assign]
        pair.socket.resume_writing()
        pair.socket.send("4", "key 3")
        assert pair.heard() == ["0", "1"]
        assert pair.socket.waiting_characters == 3
        pair.socket.resume_writing()
        assert pair.heard() == ["2", "3", "4"]

    talked(talk)


def test_who_reads_nothing_is_told_and_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "CLOSE_SECONDS", 0.01)

    async def talk(pair: Pair) -> None:
        pair.socket.pause_writing()
        for number in range(sockets.WAITING_MAX + 2):
            pair.socket.send(str(number))
        assert not pair.socket.waiting
        assert pair.heard() == [(Opcode.CLOSE, b"\x03\xf0too slow a reader")]
        pair.socket.send("not any more")
        await asyncio.sleep(0.05)
        assert pair.transport.is_aborted
        pair.socket.resume_writing()
        assert not pair.transport.written, "goodbye is said once"

    talked(talk)


def test_the_venue_says_goodbye_behind_what_it_had_to_say_and_waits_for_the_answer() -> None:
    def talk(pair: Pair) -> None:
        pair.socket.pause_writing()
        pair.socket.send("last")
        pings = pair.socket.timer
        pair.socket.close(1001, "server shutdown")
        assert pings is not None
        assert pings.cancelled()
        pair.socket.close(1008, "another reason")
        pair.socket.send("behind it")
        pair.client.send_text(b"too late")
        pair.client.send_ping(b"too late")
        pair.said()
        pair.socket.resume_writing()
        assert pair.heard() == ["last", (Opcode.CLOSE, b"\x03\xe9server shutdown")]
        assert not pair.texts
        assert not pair.transport.is_closed
        pair.said()
        assert pair.transport.is_closed

    talked(talk)


@pytest.mark.parametrize("code", [1000, 4321, None])
def test_a_client_that_says_goodbye_is_answered_with_its_code(code: int | None) -> None:
    def talk(pair: Pair) -> None:
        pair.client.send_close(code, "" if code is None else "bye")
        pair.said()
        assert pair.heard() == [(Opcode.CLOSE, b"" if code is None else code.to_bytes(2, "big"))]
        assert pair.transport.is_closed
        pair.socket.data_received(Frame(Opcode.TEXT, b"behind it").serialize(mask=True))
        assert not pair.texts

    talked(talk)


def test_what_is_broken_ends_the_connection_at_once_and_what_came_before_counts() -> None:
    def talk(pair: Pair) -> None:
        sent = Frame(Opcode.TEXT, b"good").serialize(mask=True) + b"\xff\xff" + bytes(20)
        pair.socket.data_received(sent)
        assert pair.texts == ["good"]
        ((opcode, payload),) = pair.heard()
        assert (opcode, payload[:2]) == (Opcode.CLOSE, b"\x03\xea")
        assert pair.transport.is_closed

    talked(talk)


def test_a_ping_is_answered_with_what_it_carries() -> None:
    def talk(pair: Pair) -> None:
        pair.client.send_ping(b"are you there")
        pair.said()
        assert pair.heard() == [(Opcode.PONG, b"are you there")]

    talked(talk)


def test_pings_carry_the_time_as_text_and_pongs_keep_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "PING_SECONDS", 0.02)
    monkeypatch.setattr(websocket, "PONG_SECONDS", 0.05)

    async def talk(pair: Pair) -> None:
        pings: list[int] = []
        pair.socket.pause_writing()
        await asyncio.sleep(0.03)
        assert not pair.transport.written, "who does not read has no use for pings"
        pair.socket.resume_writing()
        while len(pings) < 6:
            await asyncio.sleep(0.01)
            for opcode, payload in pair.heard():
                assert opcode is Opcode.PING
                pings.append(int(payload))
            pair.said()
        assert abs(pings[0] - time.time() * 1000) < 5_000
        assert pings == sorted(pings)

    talked(talk)


def test_who_does_not_answer_pings_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "PING_SECONDS", 0.02)
    monkeypatch.setattr(websocket, "PONG_SECONDS", 0.05)

    async def talk(pair: Pair) -> None:
        heard: list[Any] = []
        while not heard or heard[-1][0] is Opcode.PING:
            await asyncio.sleep(0.01)
            heard += pair.heard()
        assert heard[-1] == (Opcode.CLOSE, b"\x03\xf3no pong")
        assert 2 <= len(heard) <= 6

    talked(talk)


def test_a_connection_lives_for_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "PING_SECONDS", 0.01)
    monkeypatch.setattr(websocket, "LIFE_SECONDS", 0.015)

    async def talk(pair: Pair) -> None:
        heard: list[Any] = []
        while not heard or heard[-1][0] is Opcode.PING:
            await asyncio.sleep(0.01)
            heard += pair.heard()
        assert heard[-1] == (Opcode.CLOSE, b"\x03\xe924 hours are over")

    talked(talk)


def test_a_connection_that_is_lost_is_known_to_be_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "SHUTDOWN_SECONDS", 0.01)

    async def talk(pair: Pair) -> None:
        assert pair.state.connections == {pair.socket}
        pair.socket.shutdown()
        await asyncio.sleep(0.05)
        assert pair.transport.is_aborted, "a server that stops does not wait for long"
        pair.socket.shutdown()
        pair.socket.connection_lost(None)
        assert pair.lost == 1
        assert not pair.state.connections
        pair.heard()
        pair.socket.send("to nobody")
        assert not pair.transport.written
        assert pair.socket.timer is not None
        assert pair.socket.timer.cancelled()

    talked(talk)


@pytest.mark.parametrize(
    ("method", "changes"),
    [
        (b"POST", {}),
        (b"GET", {b"sec-websocket-version": b"8"}),
        (b"GET", {b"sec-websocket-key": b"short"}),
        (b"GET", {b"sec-websocket-key": b"%" * 24}),
        (b"GET", {b"sec-websocket-key": b"\xff" * 24}),
        (b"GET", {b"sec-websocket-key": b"AAAA"}),
        (b"GET", {b"sec-websocket-key": b"AAAAAAAAAAA!AAAAAAAAAAA=="}),
    ],
)
def test_what_is_no_handshake_is_refused(method: bytes, changes: dict[bytes, bytes]) -> None:
    assert websocket.answer_to(b"GET", HEADERS).endswith(b"\r\n\r\n")
    with pytest.raises(WireError):
        websocket.answer_to(method, HEADERS | changes)
