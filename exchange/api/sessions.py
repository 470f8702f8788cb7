"""One connection to the WebSocket API: who is logged on, what it is sent, and what it may still ask for."""

from typing import Any, NamedTuple

import orjson

from exchange.api.auth import Key
from exchange.api.context import Context
from exchange.api.errors import WireError
from exchange.api.sockets import Socket
from exchange.api.user_data import UserData

SUBSCRIPTIONS_MAX = 65_535
SUBSCRIBED = WireError(-2035, "User Data Stream subscription already active.")
NO_MORE = WireError(-2042, "Maximum subscription ID reached for this connection.")


class Subscription(NamedTuple):
    """A user data subscription: whose, by which key, and whether it ends with the logon."""

    account: int
    api_key: str
    by_logon: bool


class Session:
    """One connection. `unit` is the nanoseconds in which its times are counted."""

    def __init__(
        self, context: Context, user_data: UserData, socket: Socket, address: str, *, show_limits: bool, unit: int
    ) -> None:
        self.context = context
        self.user_data = user_data
        self.socket = socket
        self.address = address
        self.show_limits = show_limits
        self.unit = unit
        self.connected_ns = context.now_ns()
        self.key: Key | None = None
        self.authorized_ns = 0
        self.last_account = 0
        """Whose orders the rate limits of a response are about: of the key that signed last."""
        self.subscriptions: dict[int, Subscription] = {}
        self.next_subscription = 0
        self.is_closed = False
        self.armed: dict[int, int] = {}
        """By account: the number under which the core cancels its orders when this connection is lost."""

    def send(self, message: Any) -> None:
        self.socket.answer(orjson.dumps(message))

    def subscribe(self, key: Key, *, by_logon: bool) -> int:
        """Send an account's events from now on; returns the number they come under. WireError -2035, -2042."""
        if any(each.account == key.account for each in self.subscriptions.values()):
            raise SUBSCRIBED
        number = self.next_subscription
        if number > SUBSCRIPTIONS_MAX:
            raise NO_MORE
        self.next_subscription += 1
        self.subscriptions[number] = Subscription(key.account, key.api_key, by_logon)

        def listener(encode: Any) -> None:
            self.socket.send(f'{{"subscriptionId":{number},"event":{encode(self.unit)}}}')

        self.user_data.listen(key.account, (id(self), number), listener)
        return number

    def unsubscribe(self, number: int, *, tell: bool) -> None:
        """End one subscription."""
        subscription = self.subscriptions.pop(number)
        self.user_data.leave(subscription.account, (id(self), number))
        if tell:
            ended = {"e": "eventStreamTerminated", "E": self.context.now_ns() // self.unit}
            self.send({"subscriptionId": number, "event": ended})

    def log_out(self) -> None:
        """Forget who was logged on; only the subscription that came by logon ends with it."""
        self.key = None
        self.authorized_ns = 0
        for number in [number for number, each in self.subscriptions.items() if each.by_logon]:
            self.unsubscribe(number, tell=True)

    def lose(self, api_key: str, refusal: WireError) -> None:
        """A key was revoked: what it let in ends."""
        for number in [number for number, each in self.subscriptions.items() if each.api_key == api_key]:
            self.unsubscribe(number, tell=True)
        if self.key is not None and self.key.api_key == api_key:
            self.log_out()
            self.send({"id": None, "status": refusal.status, "error": refusal.body})
