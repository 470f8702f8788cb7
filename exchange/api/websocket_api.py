"""The WebSocket API: `/ws-api/v3`. Its methods are the endpoints' twins; its own are sessions and user data."""

import asyncio
from collections.abc import Iterable, Mapping
from inspect import isawaitable
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import orjson

from exchange.api import auth, endpoints, errors, parameters
from exchange.api.auth import Key
from exchange.api.context import Context, Reply, Request
from exchange.api.endpoints import SIGNING, Endpoint
from exchange.api.errors import WireError
from exchange.api.parameters import Parameter, table
from exchange.api.sockets import Receive, Send, Socket
from exchange.api.streams import is_id
from exchange.api.user_data import UserData

BAD_JSON = WireError(-1135, "Invalid JSON Request")
SUBSCRIBED = WireError(-2035, "User Data Stream subscription already active.")
NOT_SUBSCRIBED = WireError(-2036, "User Data Stream subscription not active.")
CREDENTIALS = table(Parameter("apiKey", parameters.text), Parameter("signature", parameters.text))
SHOWING = table(Parameter("returnRateLimits", parameters.boolean))
"""Every method takes it: for this one response it goes before what the connection's address says."""
SESSION_WEIGHT = 2


class Session:
    """One connection: who is logged on, and which user data it is sent."""

    def __init__(self, context: Context, socket: Socket, address: str, show_limits: bool) -> None:
        self.context = context
        self.socket = socket
        self.address = address
        self.show_limits = show_limits
        self.connected_ns = context.now_ns()
        self.key: Key | None = None
        self.authorized_ns = 0
        self.subscriptions: dict[int, Subscription] = {}
        self.next_subscription = 0
        self.pending: set[asyncio.Task[None]] = set()


class Subscription(NamedTuple):
    """A user data subscription: whose, and whether it ends with the logon."""

    account: int
    by_logon: bool


class WebSocketApi:
    """The ASGI endpoint."""

    def __init__(self, context: Context, all_endpoints: Iterable[Endpoint], user_data: UserData) -> None:
        self.context = context
        self.methods = {endpoint.socket_method: endpoint for endpoint in all_endpoints if endpoint.socket_method}
        self.rows = {
            name: {**endpoint.rows, **SHOWING, **({} if endpoint.security == endpoints.NONE else CREDENTIALS)}
            for name, endpoint in self.methods.items()
        }
        self.user_data = user_data
        self.own = {
            "session.logon": (self.logon, SIGNING | CREDENTIALS),
            "session.status": (self.status, {}),
            "session.logout": (self.logout, {}),
            "userDataStream.subscribe": (self.subscribe, {}),
            "userDataStream.subscribe.signature": (self.subscribe_signed, SIGNING | CREDENTIALS),
            "userDataStream.unsubscribe": (self.unsubscribe, table(Parameter("subscriptionId", parameters.long))),
            "session.subscriptions": (self.list_subscriptions, {}),
        }

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        socket = Socket(receive, send)
        address = scope["client"][0] if scope.get("client") else ""
        session = Session(self.context, socket, address, query.get("returnRateLimits", ["true"])[0] != "false")

        async def on_text(text: str) -> None:
            # Requests of one connection may overlap: each is answered when its batch is durable.
            task = asyncio.create_task(self.handle(session, text))
            session.pending.add(task)
            task.add_done_callback(session.pending.discard)
            await asyncio.sleep(0)

        try:
            await socket.run(on_text)
        finally:
            for number in list(session.subscriptions):
                self.end_subscription(session, number)

    async def handle(self, session: Session, text: str) -> None:
        """Answer one request."""
        request_id: Any = None
        show_limits = session.show_limits
        try:
            message = read_message(text)
            show_limits = wants_limits(message, show_limits)
            request_id = message.get("id")
            if not is_id(request_id):
                request_id = None
                raise errors.bad_data("id")
            reply = await self.answer(session, message)
            response = {"id": request_id, "status": 200, "result": reply.body}
        except WireError as error:
            response = {"id": request_id, "status": error.status, "error": self.shown(error)}
        if show_limits:
            response["rateLimits"] = self.limits(session.address)
        session.socket.send(orjson.dumps(response).decode())

    def shown(self, error: WireError) -> dict[str, Any]:
        body: dict[str, Any] = dict(error.body)
        if error.retry_after:
            now_ms = self.context.now_ns() // 1_000_000
            body["data"] = {"serverTime": now_ms, "retryAfter": now_ms + error.retry_after * 1_000}
        return body

    def limits(self, address: str) -> list[dict[str, Any]]:
        weight = self.context.limits.weight
        used = weight.used(address, self.context.now_ns())
        return [{**weight.limit.shown, "count": used}]

    async def answer(self, session: Session, message: Mapping[str, Any]) -> Reply:
        method = message.get("method")
        params = message.get("params") or {}
        if not isinstance(method, str) or not isinstance(params, dict):
            raise BAD_JSON
        method = method.removeprefix("v3/")
        values = {name: rendered(value) for name, value in params.items()}
        now_ns = self.context.now_ns()
        own = self.own.get(method)
        if own is not None:
            handler, rows = own
            self.context.limits.charge(session.address, SESSION_WEIGHT, now_ns)
            return handler(session, values, parameters.read({**rows, **SHOWING}, values), now_ns)
        endpoint = self.methods.get(method)
        if endpoint is None:
            raise WireError(-1020, "This operation is not supported.")
        return await self.call(session, endpoint, values, now_ns)

    async def call(self, session: Session, endpoint: Endpoint, values: dict[str, str], now_ns: int) -> Reply:
        """Call an endpoint's twin, for the key that signed or that is logged on."""
        key = None
        read = parameters.read(self.rows[endpoint.socket_method], values)
        self.context.limits.charge(session.address, endpoint.cost(read), now_ns)
        if endpoint.security != endpoints.NONE:
            key = self.signer(session, values, read, now_ns)
            if not key.rights & endpoint.right:
                raise errors.BAD_KEY
        reply = endpoint.handler(Request(self.context, read, now_ns, key, False))
        return await reply if isawaitable(reply) else reply

    def signer(self, session: Session, values: dict[str, str], read: dict[str, Any], now_ns: int) -> Key:
        """The key that signed a request, or the session's. WireError -2014, -2015, -1022, -1021."""
        if "apiKey" in values or session.key is None:
            key = self.context.keys.find(values.get("apiKey"))
            signature = values.get("signature")
            if not signature:
                raise errors.missing("signature")
            payload = "&".join(f"{name}={values[name]}" for name in sorted(values) if name != "signature")
            if not key.check(payload.encode(), signature):
                raise errors.BAD_SIGNATURE
        else:
            key = self.context.keys.find(session.key.api_key)
        window_us = read.get("recvWindow")
        auth.check_time(read["timestamp"], auth.WINDOW_US if window_us is None else window_us, now_ns)
        return key

    def logon(self, session: Session, values: dict[str, str], read: dict[str, Any], now_ns: int) -> Reply:
        """Any kind of key may log on: a superset of what Binance allows."""
        session.key = None
        session.key = self.signer(session, values, read, now_ns)
        session.authorized_ns = now_ns
        return self.status(session, values, read, now_ns)

    def status(self, session: Session, values: dict[str, str], read: dict[str, Any], now_ns: int) -> Reply:
        authorized = session.key is not None
        return Reply(
            {
                "apiKey": session.key.api_key if session.key else None,
                "authorizedSince": session.authorized_ns // 1_000_000 if authorized else None,
                "connectedSince": session.connected_ns // 1_000_000,
                "returnRateLimits": session.show_limits,
                "serverTime": now_ns // 1_000_000,
                "userDataStream": any(each.by_logon for each in session.subscriptions.values()),
            }
        )

    def logout(self, session: Session, values: dict[str, str], read: dict[str, Any], now_ns: int) -> Reply:
        """Forget who was logged on; only the subscription that came by logon ends with it."""
        session.key = None
        session.authorized_ns = 0
        for number in [number for number, each in session.subscriptions.items() if each.by_logon]:
            self.end_subscription(session, number)
        return self.status(session, values, read, now_ns)

    def subscribe(self, session: Session, values: dict[str, str], read: dict[str, Any], now_ns: int) -> Reply:
        if session.key is None:
            raise errors.BAD_KEY
        return self.begin_subscription(session, session.key, by_logon=True)

    def subscribe_signed(self, session: Session, values: dict[str, str], read: dict[str, Any], now_ns: int) -> Reply:
        logged_on, session.key = session.key, None
        try:
            key = self.signer(session, values, read, now_ns)
        finally:
            session.key = logged_on
        return self.begin_subscription(session, key, by_logon=False)

    def begin_subscription(self, session: Session, key: Key, *, by_logon: bool) -> Reply:
        if any(each.account == key.account for each in session.subscriptions.values()):
            raise SUBSCRIBED
        number = session.next_subscription
        session.next_subscription += 1
        session.subscriptions[number] = Subscription(key.account, by_logon)

        def send(event: dict[str, Any]) -> None:
            session.socket.send(orjson.dumps({"subscriptionId": number, "event": event}).decode())

        self.user_data.listen(key.account, (id(session), number), send)
        return Reply({"subscriptionId": number})

    def unsubscribe(self, session: Session, values: dict[str, str], read: dict[str, Any], now_ns: int) -> Reply:
        number = read["subscriptionId"]
        if number is not None and number not in session.subscriptions:
            raise NOT_SUBSCRIBED
        for each in [number] if number is not None else list(session.subscriptions):
            ended = {"subscriptionId": each, "event": {"e": "eventStreamTerminated", "E": now_ns // 1_000_000}}
            session.socket.send(orjson.dumps(ended).decode())
            self.end_subscription(session, each)
        return Reply({})

    def end_subscription(self, session: Session, number: int) -> None:
        subscription = session.subscriptions.pop(number)
        self.user_data.leave(subscription.account, (id(session), number))

    def list_subscriptions(self, session: Session, values: dict[str, str], read: dict[str, Any], now_ns: int) -> Reply:
        return Reply([{"subscriptionId": number} for number in session.subscriptions])


def read_message(text: str) -> dict[str, Any]:
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BAD_JSON from error
    if not isinstance(message, dict):
        raise BAD_JSON
    return message


def wants_limits(message: Mapping[str, Any], otherwise: bool) -> bool:
    """Whether the response to a request shows rate limits."""
    params = message.get("params")
    wanted = params.get("returnRateLimits") if isinstance(params, dict) else None
    return wanted if isinstance(wanted, bool) else otherwise


def rendered(value: Any) -> str:
    """A JSON value as it stands in a signed payload: without quotes, booleans as true and false. WireError -1135."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError as error:
        # What nests deeper than is written could be read, and is no parameter.
        raise BAD_JSON from error
