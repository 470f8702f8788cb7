"""The documents that are made of the table: valid, whole, and true; the pages need nothing from anywhere else."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

from exchange.api import endpoints
from exchange.api.events import STREAMS
from tests.api.wire import open_wire

PAGES = ("/", "/docs", "/docs/rest", "/docs/streams", "/docs/websocket", "/docs/errors")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every document and page as it is served, and the tables."""

    async def ask_all() -> dict[str, Any]:
        async with open_wire(tmp_path_factory.mktemp("documents")) as wire:
            served: dict[str, Any] = {}
            for path in ("/openapi.json", "/asyncapi.json", *PAGES):
                answer = await wire.ask("GET", path)
                assert answer.status_code == 200, path
                kind = "application/json" if path.endswith(".json") else "text/html"
                assert answer.headers["content-type"].startswith(kind)
                served[path] = answer.json() if path.endswith(".json") else answer.text
            api = wire.exchange.socket_api
            return served | {"table": wire.endpoints, "methods": {**api.methods, **api.own}}

    return asyncio.run(ask_all())


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


def resolve(document: Any, reference: str) -> Any:
    node = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def test_the_openapi_document_is_valid(found: dict[str, Any]) -> None:
    validate(found["/openapi.json"])


def test_every_endpoint_is_in_it_with_every_parameter_weight_and_answer(found: dict[str, Any]) -> None:
    document = found["/openapi.json"]
    shown = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert shown == {(row.method, row.path) for row in found["table"]}
    for row in found["table"]:
        operation = document["paths"][row.path][row.method.lower()]
        named = {each["name"]: each for each in operation["parameters"]}
        signature = {"signature"} if row.security == endpoints.SIGNED else set()
        assert set(named) == {name for name, each in row.rows.items() if each.is_taken} | signature
        assert {name for name, each in named.items() if each["required"]} - signature == {
            name for name, each in row.rows.items() if each.mandatory
        }
        assert operation["summary"], row.path
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert answer, f"{row.path} declares no type"
        assert ("security" in operation) == (row.security != endpoints.NONE)
    identities = [each["operationId"] for methods in document["paths"].values() for each in methods.values()]
    assert len(set(identities)) == len(identities)


def test_every_reference_leads_somewhere_and_every_schema_is_one(found: dict[str, Any]) -> None:
    for name in ("/openapi.json", "/asyncapi.json"):
        document = found[name]
        led = set(references(document))
        assert len(led) > 20
        for reference in led:
            resolve(document, reference)
        for schema in document["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)
            assert schema["additionalProperties"] is False


def test_the_asyncapi_document_has_every_stream_and_every_method(found: dict[str, Any]) -> None:
    document = found["/asyncapi.json"]
    assert document["asyncapi"] == "3.0.0"
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {"/ws-api/v3", *(f"/ws/{row.name}" for row in STREAMS)}
    for channel in document["channels"].values():
        assert set(channel.get("parameters", {})) == set(re.findall(r"{(\w+)}", channel["address"]))
    methods = {each["title"] for each in document["operations"].values() if each["action"] == "receive"}
    assert methods == set(found["methods"])
    assert len(methods) == len(found["methods"]) > 40
    for each in document["operations"].values():
        assert each["action"] in ("send", "receive")
        for reference in references(each):
            assert reference.startswith("#/channels/")


def test_a_request_that_breaks_its_schema_is_told_apart(found: dict[str, Any]) -> None:
    """The schemas say something: what the wire refuses they refuse, too."""
    messages = found["/asyncapi.json"]["channels"]["websocketApi"]["messages"]
    schema = messages["order_place_request"]["payload"]
    good = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timestamp": 1}
    jsonschema.validate({"id": 1, "method": "order.place", "params": good}, schema)
    for bad in ({"side": "buy"}, {"type": "GTD"}, {"timestamp": -1}, {"newClientOrderId": "☃"}, {"unknown": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"id": 1, "method": "order.place", "params": good | bad}, schema)


@pytest.mark.parametrize("path", PAGES)
def test_pages_stand_alone(found: dict[str, Any], path: str) -> None:
    page = found[path]
    assert page.startswith("<!doctype html>")
    assert not re.search(r"https?://|<script|<img|@import|url\(", page)
    for link in re.findall(r'href="([^"]+)"', page):
        assert link in found, link


def test_pages_show_every_endpoint_stream_and_method(found: dict[str, Any]) -> None:
    for row in found["table"]:
        assert f"{row.method} {row.path}<" in found["/docs/rest"]
    for stream in STREAMS:
        assert stream.name in found["/docs/streams"]
    for method in found["methods"]:
        assert f">{method}<" in found["/docs/websocket"]
    assert "Unknown order sent." in found["/docs/errors"]


def test_documents_are_the_same_each_time(found: dict[str, Any], tmp_path: Path) -> None:
    async def ask() -> Any:
        async with open_wire(tmp_path) as wire:
            return (await wire.ask("GET", "/openapi.json")).json()

    assert json.dumps(asyncio.run(ask())) == json.dumps(found["/openapi.json"])
