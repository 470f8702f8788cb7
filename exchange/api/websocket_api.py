"""The WebSocket API: `/ws-api/v3`. Its methods are the endpoints' twins; its own are sessions and user data."""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

import orjson

from exchange.api import auth, disconnects, endpoints, errors, parameters
from exchange.api.answers import Empty
from exchange.api.auth import TRADE, Key
from exchange.api.context import Context, Pending, Reply, Request
from exchange.api.disconnects import CancelOnDisconnect
from exchange.api.endpoints import SIGNING, Endpoint
from exchange.api.errors import WireError
from exchange.api.parameters import Parameter, table
from exchange.api.session_answers import SessionStatus, SubscriptionNumber
from exchange.api.sessions import Session
from exchange.api.sockets import POLICY, Opening, Receive, Send, Socket, Talk, serve
from exchange.api.streams import NS_PER_MS, NS_PER_US, is_id, unit_of
from exchange.api.user_data import UserData
from exchange.runtime.guard import Drive, attempt, attempt_waiting

BAD_JSON: Final = WireError(-1135, "Invalid JSON Request")
NOT_SUBSCRIBED: Final = WireError(-2036, "User Data Stream subscription not active.")
NO_METHOD: Final = WireError(-1020, "This operation is not supported.")
CREDENTIALS = table(Parameter("apiKey", parameters.text), Parameter("signature", parameters.text))
NAMED = table(Parameter("apiKey", parameters.text))
SHOWING = table(Parameter("returnRateLimits", parameters.boolean))
"""Every method takes it: for this one response it goes before what the connection's address says."""
SESSION_WEIGHT: Final = 2
CONNECTION_WEIGHT: Final = 2
Begun = dict[str, Any] | Pending | Coroutine[Any, None, dict[str, Any]]


def rows_of(endpoint: Endpoint) -> dict[str, Parameter]:
    """The parameters of an endpoint's twin. Some clients name their key where none is asked for."""
    credentials = NAMED if endpoint.security == endpoints.NONE else CREDENTIALS
    return {**endpoint.rows, **SHOWING, **credentials}


class Asked(NamedTuple):
    """A request as a session's own methods see it: parameters as they were sent, and as they were read."""

    session: Session
    sent: dict[str, str]
    read: dict[str, Any]
    now_ns: int


class OwnMethod(NamedTuple):
    """A method without a twin over HTTP. All of them weigh SESSION_WEIGHT."""

    rows: Mapping[str, Parameter]
    handler: Callable[[Asked], Awaitable[Reply] | Reply]
    response: Any


class WebSocketApi:
    """The endpoint."""

    def __init__(self, context: Context, all_endpoints: Iterable[Endpoint], user_data: UserData) -> None:
        self.context = context
        self.methods = {endpoint.socket_method: endpoint for endpoint in all_endpoints if endpoint.socket_method}
        self.user_data = user_data
        self.sessions: set[Session] = set()
        signed = SIGNING | CREDENTIALS
        number = table(Parameter("subscriptionId", parameters.long))
        self.own = {
            "session.logon": OwnMethod(signed, self.logon, SessionStatus),
            "session.status": OwnMethod({}, self.status, SessionStatus),
            "session.logout": OwnMethod({}, self.logout, SessionStatus),
            "userDataStream.subscribe": OwnMethod({}, self.subscribe, SubscriptionNumber),
            "userDataStream.subscribe.signature": OwnMethod(signed, self.subscribe_signed, SubscriptionNumber),
            "userDataStream.unsubscribe": OwnMethod(number, self.unsubscribe, Empty),
            "session.cancelOnDisconnect": OwnMethod(
                signed | table(Parameter("enabled", parameters.boolean, mandatory=True)),
                self.cancel_on_disconnect,
                CancelOnDisconnect,
            ),
            "session.subscriptions": OwnMethod({}, self.list_subscriptions, list[SubscriptionNumber]),
        }
        self.readers = {name: parameters.reader({**own.rows, **SHOWING}) for name, own in self.own.items()}
        for name, endpoint in self.methods.items():
            self.readers[name] = parameters.reader(rows_of(endpoint))
        context.keys.on_lost.append(self.lose)
        user_data.hub.closers.append(self.close_all)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """As an ASGI application: for whoever runs the venue under another server."""
        await serve(self, self.context.opening(scope), receive, send)

    def open(self, opening: Opening, socket: Socket) -> Talk:
        """A session. WireError where the client may not connect."""
        query = parse_qs(opening.query)
        self.context.limits.connect(opening.address, CONNECTION_WEIGHT, self.context.now_ns())
        unit = unit_of(query)
        shown = query.get("returnRateLimits", ["true"])[0] != "false"
        session = Session(self.context, self.user_data, socket, opening.address, show_limits=shown, unit=unit)
        self.sessions.add(session)

        def on_text(text: str) -> None:
            # Requests of one connection may overlap: each is answered when its batch is durable.
            begun = attempt(self.handle, unanswered, session, text)
            if isinstance(begun, dict):
                session.send(begun)
            elif isinstance(begun, Pending):
                begun.tell = session.send
            else:
                Drive(begun, session.send, unanswered).step()

        def on_lost() -> None:
            self.sessions.discard(session)
            disconnects.lose(self.context, session)
            for number in list(session.subscriptions):
                session.unsubscribe(number, tell=False)

        return Talk(on_text, on_lost)

    def close_all(self) -> None:
        """Say goodbye to every session."""
        for session in list(self.sessions):
            session.send({"event": {"e": "serverShutdown", "E": self.context.now_ns() // session.unit}})
            session.socket.close(1001, "server shutdown")

    def lose(self, api_key: str) -> None:
        """A key was revoked."""
        for session in list(self.sessions):
            session.lose(api_key, errors.BAD_KEY)

    def handle(self, session: Session, text: str) -> Begun:
        """The answer to one request, or what gives it later."""
        question = Question(self, session)
        try:
            params = question.read(text)
        except WireError as error:
            return question.response(error)
        found = attempt(self.answer, refusal_of, question, params)
        if isinstance(found, Pending):
            found.render, found.otherwise = question.response, question.failed
            return found
        if isinstance(found, (Reply, WireError)):
            return question.response(found)
        return question.wait(found)

    def shown(self, session: Session, error: WireError) -> dict[str, Any]:
        body = error.body
        if error.retry_after:
            now = self.context.now_ns()
            retry_ns = now + error.retry_after * 1_000_000_000
            body["data"] = {"serverTime": now // session.unit, "retryAfter": retry_ns // NS_PER_MS}
        return body

    def limits(self, session: Session, method: str) -> list[dict[str, Any]]:
        """The weight that the connection's address has used; for orders their limits, too."""
        now_ns = self.context.now_ns()
        weight = self.context.limits.weight
        found: list[dict[str, Any]] = [{**weight.limit.shown, "count": weight.used(session.address, now_ns)}]
        endpoint = self.methods.get(method)
        if endpoint is not None and endpoint.counts_orders and session.last_account:
            found += self.context.limits.order_counts(session.last_account, now_ns)
        return found

    def answer(self, question: "Question", params: Any) -> Reply | Awaitable[Reply]:
        session, method = question.session, question.method
        now_ns = question.now_ns = self.context.now_ns()
        endpoint, own = self.methods.get(method), self.own.get(method)
        try:
            if not isinstance(params, dict):
                raise BAD_JSON
            if endpoint is None and own is None:
                raise NO_METHOD
            sent = rendered_all(params)
            read = self.readers[method](sent)
        except WireError:
            weight = endpoint.weight if endpoint is not None else SESSION_WEIGHT
            self.context.limits.charge(session.address, weight if isinstance(weight, int) else 1, now_ns)
            raise
        if own is not None:
            self.context.limits.charge(session.address, SESSION_WEIGHT, now_ns)
            return own.handler(Asked(session, sent, read, now_ns))
        assert endpoint is not None
        weight = endpoint.cost(read)
        self.context.limits.charge(session.address, weight, now_ns)
        if endpoint.is_free:
            question.weight = weight
        key = None
        if endpoint.security == endpoints.SIGNED:
            key = self.signer(session, sent, read, now_ns)
            session.last_account = key.account
            if not key.rights & endpoint.right:
                raise errors.BAD_KEY
        elif endpoint.security == endpoints.KEYED:
            key = self.context.keys.find(sent.get("apiKey") or (session.key.api_key if session.key else None))
        return endpoint.handler(Request(self.context, read, now_ns, key, session.unit == NS_PER_US))

    def signer(
        self, session: Session, sent: dict[str, str], read: dict[str, Any], now_ns: int, *, by_session: bool = True
    ) -> Key:
        """The key that signed a request, or the session's. WireError -2014, -2015, -1022, -1021."""
        logged_on = session.key
        if "apiKey" in sent or "signature" in sent or logged_on is None or not by_session:
            key = self.context.keys.find(sent.get("apiKey"))
            signature = sent.get("signature")
            if not signature:
                raise errors.missing("signature")
            if not key.check(signed_form(tuple(sent)).payload(sent), signature):
                raise errors.BAD_SIGNATURE
        else:
            key = self.context.keys.find(logged_on.api_key)
        window_us = read.get("recvWindow")
        auth.check_time(read["timestamp"], auth.WINDOW_US if window_us is None else window_us, now_ns)
        return key

    def logon(self, asked: Asked) -> Reply:
        """Any kind of key may log on: a superset of what Binance allows."""
        key = self.signer(*asked, by_session=False)
        if asked.session.key is not None and asked.session.key.account != key.account:
            asked.session.log_out()
        asked.session.key = key
        asked.session.authorized_ns = asked.now_ns
        return self.status(asked)

    def status(self, asked: Asked) -> Reply:
        """Who is logged on, and since when."""
        session, unit = asked.session, asked.session.unit
        return Reply(
            {
                "apiKey": session.key.api_key if session.key else None,
                "authorizedSince": session.authorized_ns // unit if session.key else None,
                "connectedSince": session.connected_ns // unit,
                "returnRateLimits": session.show_limits,
                "serverTime": asked.now_ns // unit,
                "userDataStream": any(each.by_logon for each in session.subscriptions.values()),
            }
        )

    def logout(self, asked: Asked) -> Reply:
        """Forget who was logged on."""
        asked.session.log_out()
        return self.status(asked)

    def subscribe(self, asked: Asked) -> Reply:
        """User data of whoever is logged on."""
        if asked.session.key is None:
            raise errors.BAD_KEY
        return Reply({"subscriptionId": asked.session.subscribe(asked.session.key, by_logon=True)})

    def subscribe_signed(self, asked: Asked) -> Reply:
        """User data of whoever signed."""
        key = self.signer(*asked, by_session=False)
        return Reply({"subscriptionId": asked.session.subscribe(key, by_logon=False)})

    def unsubscribe(self, asked: Asked) -> Reply:
        """End one subscription, or all where none is named."""
        session, number = asked.session, asked.read["subscriptionId"]
        if number is not None and number not in session.subscriptions:
            raise NOT_SUBSCRIBED
        for each in [number] if number is not None else list(session.subscriptions):
            session.unsubscribe(each, tell=True)
        return Reply({})

    async def cancel_on_disconnect(self, asked: Asked) -> Reply:
        """Whether the account's orders go when this connection is lost: of the key that signs, or is logged on."""
        key = self.signer(*asked)
        if not key.rights & TRADE:
            raise errors.BAD_KEY
        await disconnects.switch(self.context, asked.session, key, enabled=asked.read["enabled"])
        return Reply({"cancelOnDisconnect": asked.read["enabled"]})

    def list_subscriptions(self, asked: Asked) -> Reply:
        """The subscriptions in force."""
        return Reply([{"subscriptionId": number} for number in asked.session.subscriptions])


class Question:
    """A request as it is to be answered: to whom, and under which id."""

    __slots__ = ("api", "method", "now_ns", "request_id", "session", "shows_limits", "weight")

    def __init__(self, api: WebSocketApi, session: Session) -> None:
        self.api = api
        self.session = session
        self.request_id: Any = None
        self.method = ""
        self.shows_limits = session.show_limits
        self.now_ns = 0
        self.weight = 0
        """What it weighs only where it fails."""

    def read(self, text: str) -> Any:
        """Take what names the request from its text; returns its parameters. WireError."""
        message = read_message(text)
        params = message.get("params") or {}
        wanted = params.get("returnRateLimits") if isinstance(params, dict) else None
        if isinstance(wanted, bool):
            self.shows_limits = wanted
        request_id = message.get("id")
        if not is_id(request_id):
            raise errors.bad_data("id")
        self.request_id = request_id
        method = message.get("method")
        if not isinstance(method, str):
            raise BAD_JSON
        self.method = method.removeprefix("v3/")
        return params

    def response(self, found: Reply | WireError) -> dict[str, Any]:
        """What is sent."""
        response: dict[str, Any]
        if isinstance(found, Reply):
            if self.weight:
                self.api.context.limits.refund(self.session.address, self.weight, self.now_ns)
            response = {"id": self.request_id, "status": 200, "result": found.body}
        else:
            response = {"id": self.request_id, "status": found.status, "error": self.api.shown(self.session, found)}
            if found.status == 418:
                self.session.socket.close(POLICY, "banned")
        if self.shows_limits:
            response["rateLimits"] = self.api.limits(self.session, self.method)
        return response

    def failed(self, error: Exception) -> dict[str, Any]:
        """What is sent where we fail."""
        return self.response(refusal_of(error))

    async def wait(self, reply: Awaitable[Reply]) -> dict[str, Any]:
        """What is sent once an endpoint that must wait has answered."""
        return self.response(await attempt_waiting(reply, refusal_of))


def refusal_of(error: Exception) -> WireError:
    """A refusal as it is; what nobody expected is told, and becomes one."""
    if isinstance(error, WireError):
        return error
    logging.getLogger("uvicorn.error").error("a request failed", exc_info=error)
    return errors.UNKNOWN


def unanswered(error: Exception) -> dict[str, Any]:
    """What a request is answered that failed before anybody knew its id."""
    logging.getLogger("uvicorn.error").error("a request failed", exc_info=error)
    return {"id": None, "status": errors.UNKNOWN.status, "error": errors.UNKNOWN.body}


class SignedForm:
    """The payload that is signed where parameters of these names are sent."""

    __slots__ = ("pieces",)

    def __init__(self, names: tuple[str, ...]) -> None:
        signed = sorted(name for name in names if name != "signature")
        self.pieces = [(f"{'&' if number else ''}{name}=", name) for number, name in enumerate(signed)]

    def payload(self, sent: Mapping[str, str]) -> bytes:
        """What was signed."""
        parts: list[str] = []
        for piece, name in self.pieces:
            parts.append(piece)
            parts.append(sent[name])
        return "".join(parts).encode()


@lru_cache(maxsize=1_024)
def signed_form(names: tuple[str, ...]) -> SignedForm:
    """Of names that are known."""
    return SignedForm(names)


def read_message(text: str) -> dict[str, Any]:
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BAD_JSON from error
    if not isinstance(message, dict):
        raise BAD_JSON
    return message


def rendered_all(params: dict[str, Any]) -> dict[str, str]:
    """Parameters as they stand in a signed payload."""
    for value in params.values():
        if type(value) is not str:
            return {name: rendered(value) for name, value in params.items()}
    return params


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
