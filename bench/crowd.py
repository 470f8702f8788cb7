"""Subscribers to one WebSocket stream, as many as a process can be: `python -m bench.crowd HOST PORT PATH COUNT`.

Prints `connected` once all are, and from then on a line of JSON for each message: the time (CLOCK_MONOTONIC, the same
in every process of a machine) at which the last subscriber had it, and the text that the first one got. Pings are
answered. It ends when its standard input does.
"""

import json
import select
import socket
import sys
import time

from bench.websocket import MASKED, MEDIUM, NO_MASK, SWITCHED, TEXT, upgrade

OPENING_MAX = 200
"""Connections that are being opened at once."""
PING, PONG = 0x89, 0x8A
PATIENCE_SECONDS = 30.0
READ_BYTES = 1 << 16


def main(host: str, port: int, path: str, count: int) -> None:
    # A table, for a lookup by descriptor is all that is done for each event.
    sockets: dict[int, socket.socket] = {}
    poll = select.epoll()
    poll.register(sys.stdin.fileno(), select.EPOLLIN)
    while len(sockets) < count:
        opening = [
            connect(host, port, path, len(sockets) + each) for each in range(min(OPENING_MAX, count - len(sockets)))
        ]
        for each in opening:
            head = each.recv(READ_BYTES)
            if not head.startswith(SWITCHED) or not head.endswith(b"\r\n\r\n"):
                raise SystemExit(f"no WebSocket: {head!r}")
            each.setblocking(False)
            sockets[each.fileno()] = each
            poll.register(each.fileno(), select.EPOLLIN)
    print("connected", flush=True)
    listen(poll, sockets)


def connect(host: str, port: int, path: str, number: int) -> socket.socket:
    opened = socket.create_connection((host, port), timeout=PATIENCE_SECONDS)
    opened.sendall(upgrade(path, number))
    return opened


def listen(poll: select.epoll, sockets: dict[int, socket.socket]) -> None:
    """Count texts until everybody has one, and say so; again and again."""
    stdin, had, first = sys.stdin.fileno(), 0, b""
    while True:
        for fd, _ in poll.poll():
            if fd == stdin:
                return
            texts = texts_in(sockets[fd])
            had += len(texts)
            if texts:
                first = texts[0]
        if had >= len(sockets):
            print(json.dumps([time.monotonic(), had, first.decode()]), flush=True)
            had = 0


def texts_in(connection: socket.socket) -> list[bytes]:
    """What texts have come in; a ping is answered. A frame comes whole, as it is small and was sent in one piece."""
    data = connection.recv(READ_BYTES)
    if not data:
        raise SystemExit("the server ended a connection")
    texts, at = [], 0
    while at < len(data):
        kind, length, begin = data[at], data[at + 1], at + 2
        if length == MEDIUM:
            length, begin = int.from_bytes(data[begin : begin + 2], "big"), begin + 2
        content, at = data[begin : begin + length], begin + length
        if kind == TEXT:
            texts.append(content)
        elif kind == PING:
            connection.sendall(bytes((PONG, MASKED | length)) + NO_MASK + content)
        else:
            raise SystemExit(f"a frame of kind {kind:#x} where a text or a ping must come")
    if at != len(data):
        raise SystemExit("a frame came in parts")
    return texts


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
