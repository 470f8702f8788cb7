"""WebSocket frames (RFC 6455), the server's side: bytes that came are cut into messages, texts are made frames."""

from functools import lru_cache
from struct import Struct
from typing import Final

from websockets.speedups import apply_mask

# Each by itself and final: compiled, a name that may be given another value is looked up at every use.
CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
PROTOCOL_ERROR: Final = 1002
INVALID_DATA: Final = 1007
TOO_BIG: Final = 1009
FIN: Final = 0x80
RESERVED: Final = 0x70
MASKED: Final = 0x80
WHOLE_TEXT: Final = FIN | TEXT
MEDIUM: Final = Struct(">BBH")
CONTROL_BYTES_MAX: Final = 125
CODES_OF_USERS: Final = range(3_000, 5_000)
CODES: Final = frozenset((1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014))


class Broken(Exception):
    """What came is no frame of a client: the connection ends with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Reader:
    """Puts messages together. A message of more than `most` bytes is refused before it has come."""

    __slots__ = ("at", "buffer", "kind", "most", "parts", "size")

    def __init__(self, most: int) -> None:
        self.most = most
        self.buffer = b""
        self.at = 0
        """Up to where the buffer was taken."""
        self.kind = 0
        """Of a message of which not all fragments came, else 0."""
        self.parts: list[bytes] = []
        self.size = 0

    def put(self, data: bytes) -> None:
        """Add what came; `take` gives it."""
        self.buffer = self.buffer[self.at :] + data if self.at < len(self.buffer) else data
        self.at = 0

    def take(self) -> tuple[int, bytes] | None:
        """The next whole message or control frame, as opcode and payload; None where more must come. Raises Broken."""
        buffer = self.buffer
        end = len(buffer)
        while end - self.at >= 2:
            at = self.at
            first, second = buffer[at], buffer[at + 1]
            size = second & 0x7F
            head = 6 if size < 126 else 8 if size == 126 else 14
            if first != WHOLE_TEXT or second < MASKED or self.kind:
                self.check(first, second, size)
            if end - at < head:
                return None
            if size >= 126:
                size = int.from_bytes(buffer[at + 2 : at + head - 4], "big")
            opcode = first & 0xF
            if opcode < CLOSE and self.size + size > self.most:
                raise Broken(TOO_BIG, "message too big")
            start = at + head
            if end - start < size:
                return None
            self.at = start + size
            payload = apply_mask(buffer[start : start + size], buffer[start - 4 : start])
            if first & FIN and (opcode >= CLOSE or (opcode and not self.kind)):
                return opcode, payload
            whole = self.join(opcode, first & FIN, payload)
            if whole is not None:
                return whole
        if self.at == end:
            self.buffer = b""
            self.at = 0
        return None

    def check(self, first: int, second: int, size: int) -> None:
        """Raise Broken where the first two bytes can begin no frame of a client."""
        opcode = first & 0xF
        if first & RESERVED:
            raise Broken(PROTOCOL_ERROR, "reserved bits must be 0")
        if not second & MASKED:
            raise Broken(PROTOCOL_ERROR, "frames of a client are masked")
        if BINARY < opcode < CLOSE or opcode > PONG:
            raise Broken(PROTOCOL_ERROR, f"unknown opcode {opcode}")
        if opcode >= CLOSE:
            if size > CONTROL_BYTES_MAX or not first & FIN:
                raise Broken(PROTOCOL_ERROR, "a control frame is short and in one piece")
        elif (opcode == CONTINUATION) != bool(self.kind):
            raise Broken(PROTOCOL_ERROR, "a message goes on where none has begun, or begins within another")

    def join(self, opcode: int, is_last: int, payload: bytes) -> tuple[int, bytes] | None:
        """Take a fragment; return the message where it was the last."""
        self.kind = self.kind or opcode
        self.parts.append(payload)
        self.size += len(payload)
        if not is_last:
            return None
        whole = self.kind, b"".join(self.parts)
        self.kind = self.size = 0
        self.parts = []
        return whole


def frame(opcode: int, payload: bytes) -> bytes:
    """One frame as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((FIN | opcode, size)) + payload
    if size < 1 << 16:
        return MEDIUM.pack(FIN | opcode, 126, size) + payload
    return bytes((FIN | opcode, 127)) + size.to_bytes(8, "big") + payload


@lru_cache(maxsize=4)
def text_frame(text: str) -> bytes:
    """A text as a frame. What goes to many is encoded once: the last few are remembered."""
    return frame(TEXT, text.encode())


def close_frame(code: int, reason: str) -> bytes:
    """The last frame; without a code where it is 0."""
    return frame(CLOSE, code.to_bytes(2, "big") + reason.encode() if code else b"")


def closing(payload: bytes) -> int:
    """The code of the other side's last frame, 0 where it has none. Raises Broken."""
    if not payload:
        return 0
    code = int.from_bytes(payload[:2], "big")
    if code not in CODES and code not in CODES_OF_USERS:
        raise Broken(PROTOCOL_ERROR, "no code to close with")
    text_of(payload[2:])
    return code


def text_of(payload: bytes) -> str:
    """The text of a message. Raises Broken."""
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise Broken(INVALID_DATA, "the text is no UTF-8") from error
