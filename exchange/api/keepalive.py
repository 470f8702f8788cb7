"""WebSocket connections as uvicorn runs them, but for what its pings carry."""

import time

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

NS_PER_MS = 1_000_000


class WebSocket(WebSocketsSansIOProtocol):
    """Pings carry the time in milliseconds, as Binance's do; random bytes break clients that read them as text."""

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
