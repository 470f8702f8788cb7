"""Bytes that are no HTTP and no WebSocket frames, against a real server: that connection ends, the venue goes on."""

import base64
import os
import socket
import struct
from collections.abc import Iterator

import orjson
import pytest

from tests.server import Server

PATHS = ("/ws", "/stream", "/ws-api/v3")
TEXT, BINARY, CLOSE, PING, CONTINUATION = 0x1, 0x2, 0x8, 0x9, 0x0
PROTOCOL_ERROR, INVALID_DATA, TOO_BIG = 1002, 1007, 1009


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("broken") / "data", "--no-flow") as running:
        yield running


def frame(opcode: int, payload: bytes, *, fin: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """One frame as a client sends it, or as it must not."""
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    mask_bit = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([mask_bit | len(payload)])
    else:
        head += bytes([mask_bit | 127]) + struct.pack(">Q", len(payload))
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def handshake(path: str, version: int = 13) -> bytes:
    """A request to go on as a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [f"GET {path} HTTP/1.1", "Host: tape", "Upgrade: websocket", "Connection: Upgrade"]
    return "\r\n".join([*lines, f"Sec-WebSocket-Key: {key}", f"Sec-WebSocket-Version: {version}", "", ""]).encode()


def open_socket(server: Server, path: str) -> socket.socket:
    """A connection that has been upgraded."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    connection.sendall(handshake(path))
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1)
    assert head.startswith(b"HTTP/1.1 101"), head
    return connection


def read_all(connection: socket.socket, enough: int = 1 << 20) -> bytes:
    """What comes until the other side ends the connection, or enough has come."""
    found = b""
    try:
        while len(found) < enough and (chunk := connection.recv(65_536)):
            found += chunk
    except ConnectionResetError:
        pass
    return found


def close_code(connection: socket.socket) -> int:
    """The code of the close frame that a server sends next, 0 where it sends none."""
    received = read_all(connection, 4)
    if len(received) < 4 or received[0] != 0x80 | CLOSE:
        return 0
    code: int = struct.unpack(">H", received[2:4])[0]
    return code


BROKEN = {
    "not masked": (frame(TEXT, b"{}", masked=False), PROTOCOL_ERROR),
    "reserved bits": (frame(TEXT, b"{}", reserved=7), PROTOCOL_ERROR),
    "unknown opcode": (frame(0x5, b"{}"), PROTOCOL_ERROR),
    "long ping": (frame(PING, b"x" * 200), PROTOCOL_ERROR),
    "fragmented ping": (frame(PING, b"x", fin=False), PROTOCOL_ERROR),
    "continuation of nothing": (frame(CONTINUATION, b"{}"), PROTOCOL_ERROR),
    "text within text": (frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"), PROTOCOL_ERROR),
    "close with one byte": (frame(CLOSE, b"x"), PROTOCOL_ERROR),
    "text that is no UTF-8": (frame(TEXT, b"\xff\xfe"), INVALID_DATA),
    "too big": (frame(TEXT, b"x" * 70_000), TOO_BIG),
    "far too big": (bytes([0x81, 0xFF]) + struct.pack(">Q", 1 << 40) + b"mask", TOO_BIG),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_frame_ends_its_connection_with_a_code_and_no_other(server: Server, path: str, what: str) -> None:
    sent, code = BROKEN[what]
    with open_socket(server, path) as other:
        with open_socket(server, path) as connection:
            connection.sendall(sent)
            assert close_code(connection) == code
        other.sendall(frame(PING, b"alive"))
        assert other.recv(100) == bytes([0x80 | 0xA, 5]) + b"alive"
    assert server.ask("GET", "/api/v3/ping").status == 200


@pytest.mark.parametrize("path", PATHS)
def test_what_comes_right_behind_the_handshake_is_read(server: Server, path: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(handshake(path) + frame(PING, b"alive"))
        received = b""
        while not received.endswith(bytes([0x80 | 0xA, 5]) + b"alive"):
            received += connection.recv(1_000)
        assert received.startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (handshake("/nothing"), b"404"),
        (handshake("/wsx"), b"404"),
        (handshake("/ws", version=8), b"400"),
        (handshake("/ws-api/v3?timeUnit=hours"), b"400"),
    ],
)
def test_a_handshake_that_opens_nothing_is_refused_in_the_form_of_errors(
    server: Server, sent: bytes, status: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(sent)
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 " + status), head
        assert set(orjson.loads(body)) == {"code", "msg"}


@pytest.mark.parametrize("path", PATHS)
def test_half_a_frame_and_then_nothing_is_no_trouble(server: Server, path: str) -> None:
    whole = frame(TEXT, b'{"id":1,"method":"ping"}')
    for length in range(len(whole)):
        with open_socket(server, path) as connection:
            connection.sendall(whole[:length])
    assert server.ask("GET", "/api/v3/ping").status == 200


@pytest.mark.parametrize("path", PATHS)
def test_binary_rubbish_is_answered_as_bad_json(server: Server, path: str) -> None:
    with open_socket(server, path) as connection:
        connection.sendall(frame(BINARY, b"\xff\x00rubbish"))
        assert b'"msg":"Invalid JSON' in connection.recv(1_000)


@pytest.mark.parametrize(
    "sent",
    [
        b"rubbish\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /api/v3/ping\xff HTTP/1.1\r\nHost: tape\r\nConnection: close\r\n\r\n",
        b"GET /api/v3/ping?\xff=1 HTTP/1.1\r\nHost: tape\r\nConnection: close\r\n\r\n",
        b"POST /api/v3/order HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v3/order HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: tape\r\nConnection: close\r\n\r\n",
        b"GET /ws HTTP/1.1\r\nHost: tape\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=lambda sent: repr(sent[:40]),
)
def test_what_is_no_http_is_refused_and_never_a_failure_of_ours(server: Server, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        received = read_all(connection)
        assert not received or received.startswith(b"HTTP/1.1 4"), received[:300]
    assert server.ask("GET", "/api/v3/ping").status == 200


def test_a_body_that_ends_too_early_places_nothing(server: Server) -> None:
    head = (
        f"POST /api/v3/order HTTP/1.1\r\nX-MBX-APIKEY: {server.credentials()['api_key']}\r\nContent-Length: 500\r\n\r\n"
    )
    before = server.signed("GET", "/api/v3/allOrders", symbol="BTCUSDT").body
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode() + b"symbol=BTCUSDT&side=BUY")
    assert server.signed("GET", "/api/v3/allOrders", symbol="BTCUSDT").body == before


def test_nothing_of_it_was_logged_as_a_failure(server: Server) -> None:
    """Last in this file: an exception that nobody caught shows in the server's log."""
    log = server.errors.read_text()
    assert "Traceback" not in log, log[-3000:]
    assert "never retrieved" not in log, log[-3000:]
    assert "Invalid" not in log, "anybody could fill the log"
