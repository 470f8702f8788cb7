"""HTTP as it comes over a real socket: one after the other, in pieces, in chunks, broken; answered in its order."""

import socket
from collections.abc import Iterator

import orjson
import pytest

from exchange.api.errors import BAD_SIGNATURE, WireError
from tests.server import Server

PING = b"GET /api/v3/ping HTTP/1.1\r\nHost: tape\r\n\r\n"
LAST = b"GET /api/v3/time HTTP/1.1\r\nHost: tape\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("http") / "data", "--no-flow") as running:
        yield running


def exchange(server: Server, *pieces: bytes) -> bytes:
    """All that comes back for what is sent piece by piece, until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        found = b""
        while chunk := connection.recv(65_536):
            found += chunk
    return found


def answers(raw: bytes) -> list[tuple[int, dict[bytes, bytes], bytes]]:
    """Status, headers and body of every answer in a row."""
    found = []
    while raw:
        head, _, raw = raw.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        headers = dict(line.lower().split(b": ", 1) for line in lines)
        size = int(headers[b"content-length"])
        found.append((int(first.split()[1]), headers, raw[:size]))
        raw = raw[size:]
    return found


def test_requests_sent_at_once_are_answered_in_their_order(server: Server) -> None:
    (first, second, third) = answers(exchange(server, PING + PING.replace(b"ping", b"depth?symbol=BTCUSDT") + LAST))
    assert first[2] == b"{}"
    assert orjson.loads(second[2])["bids"] == []
    assert b"serverTime" in third[2]
    assert third[1][b"connection"] == b"close"


def test_a_request_that_waits_for_the_disk_is_answered_before_the_next(server: Server) -> None:
    many = b"".join(signed(server, number) for number in range(40))
    found = answers(exchange(server, many + LAST))
    assert [each[0] for each in found] == [200] * 41
    placed = [orjson.loads(each[2])["clientOrderId"] for each in found[:-1]]
    assert placed == [f"row-{number}" for number in range(40)]
    assert len({each[1][b"x-seq"] for each in found[:-1]}) == 40


def signed(server: Server, number: int) -> bytes:
    """An order that nobody meets, as bytes."""
    import time

    from tests.server import sign

    key = server.credentials()
    fields = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "IOC", "quantity": "0.001"}
    fields |= {"price": "60000", "newClientOrderId": f"row-{number}", "timestamp": str(time.time_ns() // 1_000_000)}
    body = sign(key["secret_key"], fields).encode()
    head = f"POST /api/v3/order HTTP/1.1\r\nX-MBX-APIKEY: {key['api_key']}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def test_a_request_may_come_byte_by_byte_and_its_body_in_chunks(server: Server) -> None:
    body = signed(server, 100).partition(b"\r\n\r\n")[2]
    head = f"POST /api/v3/order HTTP/1.1\r\nX-MBX-APIKEY: {server.credentials()['api_key']}\r\n".encode()
    head += b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:90], body[90:]))
    whole = head + chunks + b"0\r\n\r\n"
    ((status, _, content),) = answers(exchange(server, *(whole[at : at + 1] for at in range(len(whole)))))
    assert (status, orjson.loads(content)["clientOrderId"]) == (200, "row-100")


def test_a_client_that_waits_to_be_told_to_send_its_body_is_told(server: Server) -> None:
    order = signed(server, 101).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n", 1)
    head, _, body = order.partition(b"\r\n\r\n")
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(4_096).startswith(b"HTTP/1.1 200 OK\r\n")


def test_head_and_unknown_methods_and_paths_are_refused_in_form(server: Server) -> None:
    raw = exchange(server, b"HEAD /api/v3/ping HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 405 ")
    assert raw.endswith(b"\r\n\r\n")
    for target, status in ((b"PUT /api/v3/ping", 405), (b"GET /nothing", 404), (b"GET /api/v3/%70ing", 200)):
        ((found, headers, content),) = answers(exchange(server, target + b" HTTP/1.1\r\nConnection: close\r\n\r\n"))
        assert found == status
        assert headers[b"content-type"].startswith(b"application/json")
        assert status == 200 or orjson.loads(content)["code"] == -1020


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"rubbish\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"POST /api/v3/order HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 20_000 + b"\r\n", 431),
        (b"POST /api/v3/order HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n" + b"a" * 1_100_000, 413),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else str(value),
)
def test_what_is_no_request_is_refused_with_a_code_and_the_connection_ends(
    server: Server, sent: bytes, status: int
) -> None:
    before = answers(exchange(server, PING + sent))
    assert [each[0] for each in before] == [200, status]
    code = orjson.loads(before[1][2])["code"]
    assert code == (-1000 if status == 400 else -1108)
    assert before[1][1][b"content-type"].startswith(b"application/json")


def test_who_goes_on_sending_what_was_refused_gets_the_answer_all_the_same(server: Server) -> None:
    """A connection that is closed while something is unread in it is reset, and its last answer lost."""
    head = b"POST /api/v3/order HTTP/1.1\r\nContent-Length: 30000000\r\n\r\n"
    ((status, _, body),) = answers(exchange(server, head, *[b"a" * 1_000_000] * 10))
    assert (status, orjson.loads(body)["code"]) == (413, -1108)


def test_a_refusal_that_is_one_for_all_keeps_nothing_of_those_that_it_was_given_to() -> None:
    for _ in range(3):
        with pytest.raises(WireError):
            raise BAD_SIGNATURE
    assert BAD_SIGNATURE.__traceback__ is not None
    assert orjson.loads(BAD_SIGNATURE.content)["code"] == -1022
    assert BAD_SIGNATURE.__traceback__ is None


def test_every_answer_tells_the_seq_that_it_holds_for_and_the_weight_used(server: Server) -> None:
    for path, status in (("/api/v3/ping", 200), ("/api/v3/depth", 400), ("/nothing", 404)):
        answer = server.ask("GET", path)
        assert answer.status == status
        assert int(answer.headers["x-seq"]) > 0
        assert answer.headers["x-mbx-used-weight"] == answer.headers["x-mbx-used-weight-1m"]
        assert "date" in answer.headers


def test_a_proxy_on_this_machine_may_name_the_client_it_speaks_for(server: Server) -> None:
    def used(*names: bytes) -> int:
        lines = b"".join(b"X-Forwarded-For: %s\r\n" % name for name in names)
        ((_, headers, _),) = answers(exchange(server, LAST.replace(b"Host: tape\r\n", lines)))
        return int(headers[b"x-mbx-used-weight"])

    assert used(b"192.0.2.1") == 1
    assert used(b"192.0.2.1") == 2
    assert used(b"192.0.2.2") == 1
    assert used(b"rubbish, 192.0.2.2") == 2


def test_nothing_of_it_was_logged_as_a_failure(server: Server) -> None:
    """Last in this file."""
    log = server.errors.read_text()
    assert "Traceback" not in log, log[-3000:]
    assert "never retrieved" not in log, log[-3000:]
