"""`run.py operate COMMAND FIELD=VALUE …`: one operator's command to a venue that runs, with the admin's key."""

import argparse
import hashlib
import hmac
import http.client
import json
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from exchange.api.operator import COMMANDS


def main(argv: list[str]) -> int:
    """Send the command and print its answer; exit 1 where it was refused."""
    options = arguments(argv)
    fields = {}
    for each in options.fields:
        name, _, value = each.partition("=")
        fields[name] = json.loads(value) if value[:1] in "-0123456789[" else value
    credentials = json.loads((Path(options.data) / "credentials.json").read_bytes())["admin"]
    status, body = send(options.url, credentials, options.command, fields)
    print(json.dumps(body, indent=2))
    return 0 if status == http.client.OK else 1


def arguments(argv: list[str]) -> argparse.Namespace:
    names = "\n".join(
        f"  {name} {' '.join(f'{field}=' for field in kind.__struct_fields__[1:])}" for name, kind in COMMANDS.items()
    )
    parser = argparse.ArgumentParser(
        prog="run.py operate",
        description=__doc__,
        epilog=f"commands and their fields (exchange/messages says what they mean):\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=sorted(COMMANDS), metavar="COMMAND")
    parser.add_argument("fields", nargs="*", metavar="FIELD=VALUE")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="default: %(default)s")
    parser.add_argument("--data", default="var", help="where credentials.json is (default: %(default)s)")
    return parser.parse_args(argv)


def send(url: str, credentials: dict[str, str], command: str, fields: dict[str, object]) -> tuple[int, object]:
    """Ask a venue; returns the HTTP status and the answer."""
    query = urlencode({"command": command, "fields": json.dumps(fields), "timestamp": int(time.time() * 1000)})
    signature = hmac.new(credentials["secret_key"].encode(), query.encode(), hashlib.sha256).hexdigest()
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port or 80, timeout=30)
    headers = {"X-MBX-APIKEY": credentials["api_key"]}
    with closing(connection):
        connection.request("POST", f"/admin/v1/command?{query}&signature={signature}", headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
