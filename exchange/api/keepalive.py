"""WebSocket connections as uvicorn runs them, but for what its pings carry and for frames that others have made."""

import time

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from exchange.api.sockets import WRITE, WRITER

NS_PER_MS = 1_000_000


class WebSocket(WebSocketsSansIOProtocol):
    """Pings carry the time in milliseconds, as Binance's do; random bytes break clients that read them as text.

    The application gets a function that writes a whole frame at once (sockets.py).
    """

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.handshake_complete:
            # The application's task has not begun yet; a coroutine around it would stay as long as the connection.
            self.scope["extensions"][WRITER] = {WRITE: self.write_frame}

    def start_keepalive(self) -> None:
        """The handshake is over: what it was made of is let go, for a connection lasts and there may be many."""
        super().start_keepalive()
        del self.request, self.response
        self.scope["headers"] = []

    def write_frame(self, frame: bytes) -> bool:
        """Write a frame, unless the reader is behind or the connection is not open: then ASGI's own way is taken."""
        is_open = self.handshake_complete and not self.close_sent and not self.transport.is_closing()
        if not is_open or not self.writable.is_set():
            return False
        self.transport.write(frame)
        return True

    def send_keepalive_ping(self) -> None:
        """Ping, and expect its pong within the time that is set."""
        self.ping_timer = None
        if self.close_sent or self.transport.is_closing():
            return
        self.pending_ping_payload = b"%d" % (time.time_ns() // NS_PER_MS)
        self.ping_sent_at = self.loop.time()
        self.conn.send_ping(self.pending_ping_payload)
        self.transport.write(b"".join(self.conn.data_to_send()))
        assert self.ping_timeout is not None
        self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
