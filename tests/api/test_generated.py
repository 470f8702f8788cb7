"""Requests of the WebSocket API as the AsyncAPI document describes them: none fails, and every answer is described."""

import asyncio
import json
from pathlib import Path
from typing import Any

import hypothesis
import jsonschema
import pytest
from hypothesis import strategies

from tests.api.wire import SocketClient, Wire, open_wire

STATUSES = {200, 400, 401, 418, 429}
SYMBOLS = strategies.sampled_from(["BTCUSDT", "ETHUSDT", "NOTHING", "btcusdt", "☃"])
SIGNING = ("timestamp", "signature", "apiKey", "recvWindow", "returnRateLimits")
WORDS = strategies.text(max_size=5)
ANYTHING = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.text(max_size=20),
    lambda each: strategies.lists(each, max_size=3) | strategies.dictionaries(WORDS, each, max_size=3),
    max_leaves=5,
)


def drawn(name: str, schema: dict[str, Any]) -> strategies.SearchStrategy[Any]:
    """Values that a parameter's schema allows."""
    if name == "symbol":
        return SYMBOLS
    if "enum" in schema:
        return strategies.sampled_from(schema["enum"])
    kind = schema["type"]
    if kind == "boolean":
        return strategies.booleans()
    if kind == "array":
        return strategies.lists(SYMBOLS, min_size=1, max_size=3, unique=True)
    if kind == "integer":
        most = schema.get("maximum", 1 << 63)
        return strategies.integers(schema.get("minimum", 0), most) | strategies.integers(0, min(100, most))
    if "pattern" in schema:
        return strategies.from_regex(schema["pattern"], fullmatch=True)
    return strategies.text(min_size=schema.get("minLength", 0), max_size=20)


def params_of(schema: dict[str, Any]) -> strategies.SearchStrategy[dict[str, Any]]:
    """Parameters as a request's schema describes them, or with one that it does not allow."""
    properties = {name: each for name, each in schema["properties"].items() if name not in SIGNING}
    needed = [name for name in schema.get("required", ()) if name not in SIGNING]
    good = strategies.fixed_dictionaries(
        {name: drawn(name, properties[name]) for name in needed},
        optional={name: drawn(name, each) for name, each in properties.items() if name not in needed},
    )
    names = strategies.sampled_from([*properties, "unknown"]) if properties else strategies.just("unknown")
    return good | strategies.builds(lambda params, name, value: params | {name: value}, good, names, ANYTHING)


async def ask_generated(wire: Wire, socket: SocketClient, document: dict[str, Any], examples: int) -> int:
    """Ask every method so many times; returns how many requests were made."""
    messages = document["channels"]["websocketApi"]["messages"]
    titles = [operation["title"] for operation in document["operations"].values() if operation["action"] == "receive"]
    asked = 0
    for title in titles:
        if title.startswith(("session.", "userDataStream.")):
            continue
        key = title.replace(".", "_")
        params = params_of(messages[f"{key}_request"]["payload"]["properties"]["params"])
        answer_schema = messages[f"{key}_response"]["payload"] | {"components": document["components"]}
        described = jsonschema.Draft202012Validator(answer_schema)
        endpoint = wire.exchange.socket_api.methods[title]
        for values in samples(params, examples):
            signed = endpoint.security == "SIGNED"
            answer = await (socket.signed(title, values) if signed else socket.call(title, values))
            where = f"{title} {values}: {str(answer)[:300]}"
            assert answer["status"] in STATUSES, where
            assert ("error" in answer) == (answer["status"] != 200), where
            problem = next(described.iter_errors(answer), None)
            assert problem is None, f"{where}: {problem}"
            asked += 1
    return asked


def samples(strategy: strategies.SearchStrategy[Any], count: int) -> list[Any]:
    """So many values of a strategy, the same each time."""
    found: list[Any] = []

    @hypothesis.settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(strategy)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return [value for value in found if is_json(value)]


def is_json(value: Any) -> bool:
    """Whether it can be sent: half of a surrogate pair cannot."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize("examples", [pytest.param(12), pytest.param(1_000, marks=pytest.mark.long)])
@pytest.mark.timeout(3_600)
def test_generated_requests_are_answered_as_described(tmp_path: Path, examples: int) -> None:
    async def ask_all() -> int:
        async with open_wire(tmp_path) as wire, SocketClient(wire, "/ws-api/v3") as socket:
            document = (await wire.ask("GET", "/asyncapi.json")).json()
            return await ask_generated(wire, socket, document, examples)

    assert asyncio.run(ask_all()) > 20 * examples
