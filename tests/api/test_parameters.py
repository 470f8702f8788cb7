"""What a reader remembers changes nothing: it reads and refuses as the rows do, whatever it was sent before."""

import random
from collections.abc import Mapping
from typing import Any

import pytest

from exchange.api import orders, parameters
from exchange.api.endpoints import SIGNING
from exchange.api.errors import WireError
from exchange.api.websocket_api import signed_form

ROWS = SIGNING | parameters.table(*orders.ORDER_ROWS)
WORDS: dict[str, tuple[str, ...]] = {
    "symbol": ("BTCUSDT", "ETHUSDT", "", "a" * 21),
    "side": ("BUY", "SELL", "buy", ""),
    "type": ("LIMIT", "MARKET", "LIMIT_MAKER", "STOP_LOSS", "no"),
    "timeInForce": ("GTC", "IOC", "GTX"),
    "quantity": ("1", "0.5", "", "1" * 41),
    "price": ("7", "8.25", "x"),
    "newClientOrderId": ("one", "two", "no id!"),
    "newOrderRespType": ("ACK", "RESULT", "FULL", "none"),
    "selfTradePreventionMode": ("NONE", "EXPIRE_TAKER", "all"),
    "idempotent": ("true", "FALSE", "perhaps"),
    "recvWindow": ("5000", "60000.5", "70000", "1e3"),
    "timestamp": ("1700000000000", "1700000000000000", "-1"),
    "nonsense": ("1",),
}


def outcome(read: Any, *given: Any) -> Any:
    try:
        found: Mapping[str, Any] = read(*given)
        return list(found.items())
    except WireError as error:
        return error.body


def test_what_was_read_before_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameters, "REMEMBERED_MAX", 40)
    plans: dict[tuple[str, ...], parameters.Plan] = {}
    read = parameters.reader(ROWS, plans)
    random.seed(1)
    refused = taken = 0
    for _ in range(20_000):
        names = [name for name in WORDS if random.random() < (0.95 if name in ("symbol", "side", "type") else 0.4)]
        if random.random() < 0.3:
            random.shuffle(names)
        values = {name: WORDS[name][0] for name in names}
        for name in random.sample(names, random.randrange(min(3, len(names) + 1))):
            values[name] = random.choice(WORDS[name])
        found = outcome(read, values)
        expected = outcome(parameters.read, ROWS, values)
        assert (found if isinstance(found, dict) else dict(found)) == (
            expected if isinstance(expected, dict) else dict(expected)
        ), values
        refused += isinstance(found, dict)
        taken += not isinstance(found, dict)
    assert min(refused, taken) > 2_000
    assert 0 < sum(len(plan.known) for plan in plans.values()) <= 40


def test_what_one_request_changes_is_not_seen_by_the_next() -> None:
    read = parameters.reader(ROWS)
    sent = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timestamp": "1700000000000", "price": "1"}
    for _ in range(3):
        found = read(sent)
        assert (found["price"], found["quantity"]) == ("1", None)
        found["price"] = found["quantity"] = found["side"] = "changed"
    assert read({**sent, "price": "2"})["price"] == "2"
    without = dict(sent)
    del without["price"]
    assert read(without)["price"] is None


def test_what_is_signed_is_sorted_and_without_the_signature() -> None:
    for names in (["timestamp", "apiKey", "signature"], ["b", "signature", "a", "c"], ["z", "a"], ["one"]):
        sent = {name: f"%s {name}" for name in names}
        expected = "&".join(f"{name}={sent[name]}" for name in sorted(sent) if name != "signature")
        assert signed_form(tuple(sent)).payload(sent) == expected.encode()
