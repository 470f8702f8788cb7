"""schemathesis on the OpenAPI document of a venue whose address, key and secret are the arguments, all checks.

Run in its own environment. As a module of hooks it signs what is generated: timestamps and signatures are not drawn.
"""

import hashlib
import hmac
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import schemathesis  # type: ignore[import-not-found]

KEY, SECRET = os.environ.get("TAPE_KEY", ""), os.environ.get("TAPE_SECRET", "")
OURS = ("timestamp", "signature", "recvWindow")
SYMBOLS = ("BTCUSDT", "ETHUSDT", "ETHBTC")


@schemathesis.hook  # type: ignore[untyped-decorator]
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    for methods in raw_schema["paths"].values():
        for operation in methods.values():
            operation["parameters"] = [each for each in operation["parameters"] if each["name"] not in OURS]
            for each in operation["parameters"]:
                if each["name"] == "symbol":
                    # Any word is a symbol by its form; one that is listed leads further.
                    each["schema"] = {"enum": list(SYMBOLS)}
    loosen(raw_schema["components"])
    loosen(raw_schema["paths"])


def loosen(node: Any) -> None:
    """It cannot read `prefixItems`: what a place may hold is said of all places."""
    if isinstance(node, dict):
        if "prefixItems" in node:
            node["items"] = {"anyOf": node.pop("prefixItems")}
        for each in node.values():
            loosen(each)
    elif isinstance(node, list):
        for each in node:
            loosen(each)


class Signer:
    """Signs the query as it is sent."""

    def __call__(self, request: Any) -> Any:
        head, _, query = request.url.partition("?")
        own = f"timestamp={time.time_ns() // 1_000_000}&recvWindow=60000"
        query = f"{query}&{own}" if query else own
        signature = hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        request.url = f"{head}?{query}&signature={signature}"
        return request


@schemathesis.hook  # type: ignore[untyped-decorator]
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    if case.operation.definition.raw.get("x-security") == "SIGNED":
        kwargs["auth"] = Signer()


@schemathesis.auth()
class Key:
    """The key's header, which a check takes away or replaces."""

    def get(self, case: Any, context: Any) -> str:
        return KEY

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers = case.headers or {}
        case.headers["X-MBX-APIKEY"] = data


def main(address: str, key: str, secret: str, examples: str) -> int:
    here = Path(__file__).parent
    hooks = {"SCHEMATHESIS_HOOKS": Path(__file__).stem, "PYTHONPATH": str(here)}
    command = [str(Path(sys.executable).with_name("st")), "--config-file", str(here / "schemathesis.toml")]
    command += ["run", f"{address}/openapi.json", "--checks", "all", "--max-examples", examples, "--no-color"]
    command += ["--phases", "examples,coverage,fuzzing,stateful", "--generation-database", "none"]
    return subprocess.run(command, env={**os.environ, **hooks, "TAPE_KEY": key, "TAPE_SECRET": secret}).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
