"""OpenAPI 3.1 of everything over HTTP, made of the table: `/openapi.json`."""

from collections.abc import Iterable
from typing import Any

import msgspec

from exchange.api import endpoints
from exchange.api.answers import Refusal
from exchange.api.auth import OPERATE, READ, TRADE
from exchange.api.docstrings import docstring
from exchange.api.endpoints import Endpoint
from exchange.api.parameters import Parameter, text

Document = dict[str, Any]
REFUSALS = {
    "400": "Refused: a parameter, a filter or a rule says no.",
    "401": "The key is unknown, revoked, or may not do this.",
    "404": "There is nothing under this path.",
    "405": "Not with this method.",
    "413": "The body is longer than 1 MiB.",
    "418": "Banned: `Retry-After` says for how many seconds.",
    "429": "Above a limit: `Retry-After` says for how many seconds.",
    "431": "The head is longer than 64 KiB.",
    "500": "What became of the request is not known.",
    "504": "The engine did not answer within 10 seconds: what became of the request is not known.",
    "503": "Too busy, or stopping: the request was not executed.",
}
RIGHTS = {0: "a key", READ: "USER_DATA", TRADE: "TRADE", OPERATE: "OPERATE"}
SIGNATURE = Parameter("signature", text, mandatory=True)
ABOUT = """Binance Spot's wire. Amounts are decimals in text, ids and times are numbers; times are in milliseconds, or
in microseconds with the header `X-MBX-TIME-UNIT: MICROSECOND`. Parameters may also come in a form body; what is in both
is taken from the query. SIGNED requests carry `timestamp` and `signature`: HMAC-SHA256 in hex, or RSA (PKCS#1 v1.5,
SHA-256) or Ed25519 in base64, over the raw query and body as they are sent, without the signature.

Ours beside Binance's: `X-Seq` on every answer is the number of the last journaled command that it holds for;
`X-Clock-Skew-Ms` on -1021 is how many milliseconds the client's clock is ahead."""


def schemas(types: Iterable[Any]) -> tuple[list[Document], Document]:
    """JSON Schemas of types, and the components that they refer to."""
    found, components = msgspec.json.schema_components(list(types), ref_template="#/components/schemas/{name}")
    return list(found), components


def summary(endpoint: Endpoint) -> str:
    """The first sentence of what a handler says of itself, without the path it repeats."""
    doc = docstring(endpoint.handler)
    first = " ".join(doc.split("\n\n")[0].split())
    if ": " in first and first.split(": ")[0].split()[0] in ("GET", "POST", "PUT", "DELETE"):
        first = first.split(": ", 1)[1]
    return first


def weight_text(endpoint: Endpoint) -> str:
    """What a request weighs, in words."""
    if isinstance(endpoint.weight, int):
        text = str(endpoint.weight)
    else:
        text = " ".join((docstring(endpoint.weight) or "goes by the parameters").split())
    return f"{text}; nothing where it succeeds" if endpoint.is_free else text


def parameter(row: Parameter, path: str = "") -> Document:
    """A parameter of the query, or of the path where that names it. Arrays are JSON text."""
    place = "path" if "{" + row.name + "}" in path else "query"
    shown = {"name": row.name, "in": place, "required": row.mandatory}
    if row.schema.get("type") == "array":
        return shown | {"content": {"application/json": {"schema": row.schema}}}
    return shown | {"schema": row.schema}


def operation(endpoint: Endpoint, answer: Document) -> Document:
    """One endpoint."""
    rows = [row for row in endpoint.rows.values() if row.is_taken]
    if endpoint.security == endpoints.SIGNED:
        rows.append(SIGNATURE)
    headers = {
        "X-Seq": {"$ref": "#/components/headers/X-Seq"},
        "X-MBX-USED-WEIGHT-1M": {"$ref": "#/components/headers/X-MBX-USED-WEIGHT-1M"},
    }
    ok: Document = {"description": "Done.", "headers": headers, "content": {"application/json": {"schema": answer}}}
    refusals = {status: {"$ref": f"#/components/responses/{status}"} for status in REFUSALS}
    found: Document = {
        "operationId": operation_id(endpoint),
        "tags": [tag(endpoint)],
        "summary": summary(endpoint),
        "description": f"Security: {security_text(endpoint)}. Weight: {weight_text(endpoint)}.",
        "parameters": [parameter(row, endpoint.path) for row in rows],
        "responses": {"200": ok, **refusals},
        "x-weight": endpoint.weight if isinstance(endpoint.weight, int) else weight_text(endpoint),
        "x-security": endpoint.security,
    }
    if (endpoint.method, endpoint.path) == ("POST", "/api/v3/order"):
        ok["links"] = {"it": order_link("getApiV3Order"), "itsEnd": order_link("deleteApiV3Order")}
    if endpoint.security != endpoints.NONE:
        found["security"] = [{"apiKey": []}]
    if endpoint.socket_method:
        found["x-websocket-method"] = endpoint.socket_method
    return found


def order_link(to: str) -> Document:
    """How a placed order is found again."""
    return {
        "operationId": to,
        "parameters": {"symbol": "$response.body#/symbol", "orderId": "$response.body#/orderId"},
    }


def operation_id(endpoint: Endpoint) -> str:
    words = endpoint.path.strip("/").replace("-", "/").split("/")
    return endpoint.method.lower() + "".join(word[:1].upper() + word[1:] for word in words)


def tag(endpoint: Endpoint) -> str:
    if endpoint.path.startswith("/sapi/"):
        return "wallet"
    if endpoint.security == endpoints.NONE:
        return "market data"
    return {TRADE: "trading", OPERATE: "operator"}.get(endpoint.right, "account")


def security_text(endpoint: Endpoint) -> str:
    if endpoint.security == endpoints.KEYED:
        return "key"
    return f"{RIGHTS[endpoint.right]}, signed" if endpoint.security == endpoints.SIGNED else "none"


def document(table: Iterable[Endpoint], version: str) -> Document:
    """The whole document."""
    rows = list(table)
    answers, components = schemas([*(endpoint.response for endpoint in rows), Refusal])
    paths: Document = {}
    for endpoint, answer in zip(rows, answers, strict=False):
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation(endpoint, answer)
    refusal = {"application/json": {"schema": answers[-1]}}
    whole_number = {"type": "integer", "minimum": 0}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tape", "version": version, "description": ABOUT, "license": {"name": "MIT"}},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {status: {"description": text, "content": refusal} for status, text in REFUSALS.items()},
            "headers": {
                "X-Seq": {"description": "The last command that this holds for.", "schema": whole_number},
                "X-MBX-USED-WEIGHT-1M": {"description": "The address's weight this minute.", "schema": whole_number},
            },
            "securitySchemes": {"apiKey": {"type": "apiKey", "in": "header", "name": "X-MBX-APIKEY"}},
        },
    }
