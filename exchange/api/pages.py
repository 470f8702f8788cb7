"""Reference pages at `/docs`, made of the two documents: they need nothing from anywhere else."""

import html
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from exchange.api import asyncapi, errors, openapi
from exchange.api.endpoints import Endpoint
from exchange.api.websocket_api import WebSocketApi

Document = dict[str, Any]
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; color: #1c1c1c }
nav a { margin-right: 1rem } h2 { border-top: 1px solid #ccc; padding-top: 1rem } h3 { margin-bottom: 0.2rem }
code, pre { font: 14px/1.4 ui-monospace, monospace } pre { overflow-x: auto; background: #f4f4f4; padding: 0.5rem }
table { border-collapse: collapse; width: 100% } th, td { border: 1px solid #ccc; padding: 0.2rem 0.5rem }
th, td { text-align: left } th { background: #f4f4f4 } a { color: #0b57a4 }
@media (prefers-color-scheme: dark) { body { background: #161616; color: #e6e6e6 } a { color: #8ec5ff }
  th, pre { background: #262626 } th, td, h2 { border-color: #444 } }
"""
LINKS = {
    "/docs": "Tape",
    "/docs/rest": "REST",
    "/docs/streams": "Streams",
    "/docs/websocket": "WebSocket API",
    "/docs/errors": "Errors",
    "/openapi.json": "OpenAPI 3.1",
    "/asyncapi.json": "AsyncAPI 3",
}


class Pages:
    """Every page by its path, made when it is first asked for."""

    def __init__(self, table: Iterable[Endpoint], api: WebSocketApi, version: str) -> None:
        self.api = api
        self.rows = list(table)
        self.version = version
        self.makers: dict[str, Callable[[], bytes]] = {
            "/openapi.json": lambda: orjson.dumps(openapi.document(self.rows, self.version)),
            "/asyncapi.json": lambda: orjson.dumps(asyncapi.document(self.api, self.version)),
            "/docs": lambda: page("/docs", paragraphs(openapi.ABOUT) + paragraphs(asyncapi.ABOUT)),
            "/docs/rest": lambda: page("/docs/rest", rest(openapi.document(self.rows, self.version))),
            "/docs/streams": lambda: page("/docs/streams", streams(asyncapi.document(self.api, self.version))),
            "/docs/websocket": lambda: page("/docs/websocket", websocket(asyncapi.document(self.api, self.version))),
            "/docs/errors": lambda: page("/docs/errors", refusals()),
        }
        # Who opens the venue's address in a browser wants to know what it is.
        self.makers["/"] = self.makers["/docs"]
        self.made: dict[str, bytes] = {}

    def find(self, path: str) -> tuple[bytes, bytes] | None:
        """A page's content type and content."""
        path = path.rstrip("/") or path
        if path not in self.makers:
            return None
        if path not in self.made:
            self.made[path] = self.makers[path]()
        kind = b"application/json;charset=UTF-8" if path.endswith(".json") else b"text/html; charset=utf-8"
        return kind, self.made[path]


def page(path: str, body: str) -> bytes:
    """A whole page."""
    title = "Tape" if path == "/docs" else f"Tape: {LINKS[path]}"
    links = "".join(f'<a href="{link}">{name}</a>' for link, name in LINKS.items())
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    head += f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
    return f"{head}<body><nav>{links}</nav><main><h1>{title}</h1>{body}</main></body></html>".encode()


def paragraphs(text: str) -> str:
    return "".join(f"<p>{code(each)}</p>" for each in text.split("\n\n"))


def code(text: str) -> str:
    """Text with what stands in backticks as code."""
    parts = html.escape(text).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table; its cells are HTML already."""
    top = "".join(f"<th>{name}</th>" for name in head)
    return (
        f"<table><tr>{top}</tr>"
        + "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
        + "</table>"
    )


def schema_text(schema: Document) -> str:
    """What a parameter takes, on one line."""
    if "enum" in schema:
        return code(" ".join(f"`{word}`" for word in schema["enum"]))
    kind = schema.get("type", "any")
    if kind == "array":
        return f"JSON array of {schema['items'].get('type', 'any')}"
    bounds = [
        f"{word} {schema[name]}"
        for name, word in (("minimum", "≥"), ("maximum", "≤"), ("default", "default"))
        if name in schema
    ]
    more = [code(f"`{schema['pattern']}`")] if "pattern" in schema else []
    return ", ".join([str(kind), *bounds, *more, *([code(schema["description"])] if "description" in schema else [])])


def shape(schema: Document, components: Document, seen: tuple[str, ...] = ()) -> Any:
    """An answer's shape: names with what they hold."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return name if name in seen else shape(components[name], components, (*seen, name))
    if "anyOf" in schema:
        options = [shape(each, components, seen) for each in schema["anyOf"]]
        return options[0] if len(options) == 1 else {"one of": options}
    if schema.get("type") == "object" and "properties" in schema:
        required = schema.get("required", ())
        return {
            name if name in required else f"{name}?": shape(each, components, seen)
            for name, each in schema["properties"].items()
        }
    if schema.get("type") == "array":
        items = schema.get("prefixItems") or [schema.get("items") or {}]
        return [shape(each, components, seen) for each in items]
    return "|".join(map(str, schema["enum"])) if "enum" in schema else schema.get("type", "any")


def shown(schema: Document, components: Document) -> str:
    raw = orjson.dumps(shape(schema, components), option=orjson.OPT_INDENT_2).decode()
    return f"<pre>{html.escape(raw)}</pre>"


def rest(document: Document) -> str:
    """Every endpoint."""
    parts = []
    for path, methods in document["paths"].items():
        for method, row in methods.items():
            parameters = [
                (
                    f"<code>{each['name']}</code>",
                    "yes" if each["required"] else "",
                    schema_text(each.get("schema") or each["content"]["application/json"]["schema"]),
                )
                for each in row["parameters"]
            ]
            answer = row["responses"]["200"]["content"]["application/json"]["schema"]
            parts.append(
                f'<h2 id="{row["operationId"]}">{method.upper()} {html.escape(path)}</h2>'
                f"<p>{code(row['summary'])}</p><p>{code(row['description'])}</p>"
                + (table(("parameter", "needed", "takes"), parameters) if parameters else "")
                + shown(answer, document["components"]["schemas"])
            )
    return "".join(parts)


def streams(document: Document) -> str:
    """Every kind of stream."""
    parts = []
    for key, channel in document["channels"].items():
        if key != "websocketApi":
            payload = channel["messages"]["event"]["payload"]
            parts.append(
                f'<h2 id="{key}"><code>{html.escape(channel["title"])}</code></h2><p>{code(channel["description"])}</p>'
                + shown(payload, document["components"]["schemas"])
            )
    return "".join(parts)


def websocket(document: Document) -> str:
    """Every method of the WebSocket API."""
    messages = document["channels"]["websocketApi"]["messages"]
    parts = []
    for key, operation in document["operations"].items():
        if operation["action"] == "receive":
            params = messages[f"{key}_request"]["payload"]["properties"]["params"]
            needed = params.get("required", ())
            rows = [
                (f"<code>{name}</code>", "yes" if name in needed else "", schema_text(schema))
                for name, schema in params["properties"].items()
            ]
            result = messages[f"{key}_response"]["payload"]["allOf"][1]["properties"]["result"]
            parts.append(
                f'<h2 id="{key}">{operation["title"]}</h2><p>{code(operation["summary"])}</p>'
                f"<p>{code(operation['description'])}</p>{table(('parameter', 'needed', 'takes'), rows)}"
                + shown(result, document["components"]["schemas"])
            )
    return "".join(parts)


def refusals() -> str:
    """What the core's refusals are on the wire, and the statuses that refusals have."""
    by_status = table(("status", "meaning"), ((status, code(text)) for status, text in openapi.REFUSALS.items()))
    rows = sorted({(code_, message) for code_, message in errors.REJECTS.values()}, reverse=True)
    return by_status + "<h2>The engine's</h2>" + table(("code", "message"), ((str(n), html.escape(m)) for n, m in rows))
