"""Parameters of a request: taken from its raw bytes, then read by the rows of a table, refused as Binance refuses."""

import re
from collections.abc import Callable, Mapping
from enum import IntEnum
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import unquote_plus

import orjson

from exchange.api import errors
from exchange.api.errors import WireError

CLIENT_ORDER_ID: Final = re.compile(r"[a-zA-Z0-9\-_]{1,36}")
RECV_WINDOW: Final = re.compile(r"[0-9]{1,5}(\.[0-9]{1,3})?")
LONG_MAX: Final = (1 << 63) - 1
MICROSECONDS_FROM: Final = 10**14
MILLISECOND_DIGITS: Final = 13
"""Of every time from 2001 to 2286."""
MOMENT_NS_MAX: Final = LONG_MAX - 999_999
"""Later than this is taken as this: with the rest of its millisecond it still fits 64 bits."""
VALUE_LENGTH_MAX: Final = 16_384


Reader = Callable[[Mapping[str, str]], dict[str, Any]]
Read = Callable[[str, str], Any]
Kept = TypeVar("Kept", bound=Callable[[str, str], Any])
Schema = dict[str, Any]
NEVER_TAKEN: set[Read] = set()
WORDS: set[Read] = set()
"""Ways of reading that know few texts, or of whose texts few are in use."""
REMEMBERED_MAX = 1_024
SCHEMAS: dict[Read, Schema] = {}
"""What a way of reading takes, as JSON Schema: the documents are made of it, so bounds stand where they are tested."""

LONG_SCHEMA: Schema = {"type": "integer", "format": "int64", "minimum": 0}
WORD_PATTERN: Final = "^[a-zA-Z0-9-_]{1,36}$"
DECIMAL_PATTERN: Final = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"


def takes(schema: Schema) -> Callable[[Kept], Kept]:
    """Say as a schema what a way of reading takes."""

    def note(read: Kept) -> Kept:
        SCHEMAS[read] = schema
        return read

    return note


def of_words(read: Kept) -> Kept:
    """Say of a way of reading that there are few texts in use."""
    WORDS.add(read)
    return read


class Parameter(NamedTuple):
    """One row: a name, how its text is read, whether it must be there, and what is said where it is not."""

    name: str
    read: Read
    mandatory: bool = False
    default: Any = None
    lacking: WireError | None = None

    @property
    def is_taken(self) -> bool:
        """Whether there is anything that it may say; else it has a refusal of its own, and is in no document."""
        return self.read not in NEVER_TAKEN

    @property
    def schema(self) -> Schema:
        """What it takes, as JSON Schema."""
        found = dict(SCHEMAS.get(self.read, {"type": "string"}))
        if isinstance(self.default, int | str) and isinstance(self.default, str) == (found["type"] == "string"):
            found["default"] = self.default
        return found


def split(raw: str) -> list[tuple[str, str]]:
    """Names and values of a query or form, decoded, in their order."""
    parted = [piece.partition("=") for piece in raw.split("&") if piece]
    if "%" in raw or "+" in raw:
        return [(unquote_plus(name), unquote_plus(value)) for name, _, value in parted]
    return [(name, value) for name, _, value in parted]


def split_once(raw: str) -> dict[str, str]:
    """Values by their names, none of which may come twice: WireError -1101."""
    if "%" not in raw and "+" not in raw:
        pieces = raw.split("&")
        try:
            found = dict([piece.split("=", 1) for piece in pieces])
        except ValueError:
            # A piece is empty or has no value: what follows knows those too.
            found = {}
        if len(found) == len(pieces):
            return found
    pairs = split(raw)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise errors.duplicate()
    return found


def gather(query: str, body: str) -> dict[str, str]:
    """All parameters sent; those of the query win over the body's. WireError -1101 where one comes twice in a place."""
    values: dict[str, str] = {}
    for raw in (body, query):
        if raw:
            found = split_once(raw)
            if len(raw) > VALUE_LENGTH_MAX:
                check_lengths(found)
            values = {**values, **found} if values else found
    return values


def check_lengths(values: Mapping[str, str]) -> None:
    """WireError -1108 where a value is too long."""
    for name, value in values.items():
        if len(value) > VALUE_LENGTH_MAX:
            raise WireError(-1108, f"Parameter '{name}' overflowed.")


def read(rows: Mapping[str, Parameter], values: Mapping[str, str]) -> dict[str, Any]:
    """The values by the rows of an endpoint: what is missing, empty, unknown or malformed is refused, in that order."""
    for row in rows.values():
        if row.mandatory and row.name not in values:
            raise row.lacking or errors.missing(row.name)
    known = sum(name in rows for name in values)
    if known != len(values):
        if not rows:
            raise WireError(-1101, f"Too many parameters; expected '0' and received '{len(values)}'.")
        raise errors.unexpected(known, len(values))
    result = {}
    for name, row in rows.items():
        text = values.get(name)
        if text is None:
            result[name] = row.default
        elif not text:
            raise errors.empty(name)
        else:
            result[name] = row.read(name, text)
    return result


class Plan(NamedTuple):
    """How parameters are read that come under the same names in the same order: what says one of a few words is looked
    up at once, where the same words came before.
    """

    words: Callable[[Mapping[str, str]], Any]
    known: dict[Any, dict[str, Any]]
    """By those words: what is read where nothing else is sent."""
    others: tuple[tuple[str, Read], ...]


def plan(rows: Mapping[str, Parameter], names: tuple[str, ...]) -> Plan:
    """For names that are not refused."""
    words = [name for name in names if rows[name].read in WORDS]
    others = tuple((name, rows[name].read) for name in names if name not in words)
    return Plan(itemgetter(*words) if words else lambda values: None, {}, others)


def reader(rows: Mapping[str, Parameter], plans: dict[tuple[str, ...], Plan] | None = None) -> Reader:
    """`read` for one endpoint, which remembers names and words (in `plans`, for who wants to see them)."""
    plans = {} if plans is None else plans
    remembered = 0

    def remember(names: tuple[str, ...], values: Mapping[str, str]) -> dict[str, Any]:
        """Read as the rows say, and remember it if they do not refuse."""
        nonlocal remembered
        result = read(rows, values)
        if remembered == REMEMBERED_MAX:
            plans.clear()
            remembered = 0
        made = plans.get(names) or plan(rows, names)
        plans[names] = made
        made.known[made.words(values)] = result | {name: rows[name].default for name, _ in made.others}
        remembered += 1
        return result

    def read_values(values: Mapping[str, str]) -> dict[str, Any]:
        names = tuple(values)
        found = plans.get(names)
        if found is None:
            return remember(names, values)
        known = found.known.get(found.words(values))
        if known is None:
            return remember(names, values)
        result = known.copy()
        try:
            for name, read_one in found.others:
                text = values[name]
                if not text:
                    return read(rows, values)
                result[name] = read_one(name, text)
        except WireError:
            # Several things may be wrong: the rows say which of them is told.
            return read(rows, values)
        return result

    return read_values


def table(*rows: Parameter) -> dict[str, Parameter]:
    return {row.name: row for row in rows}


@takes({"type": "string", "minLength": 1})
def text(name: str, value: str) -> str:
    return value


@takes({"type": "string", "minLength": 1, "maxLength": 20})
def symbol(name: str, value: str) -> str:
    if len(value) > 20 or not value.isprintable():
        raise errors.illegal(name, "^[\\w\\-._&&[^a-z]]{1,50}$")
    return value


@takes({"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "uniqueItems": True})
def symbols(name: str, value: str) -> list[str]:
    """A JSON array of distinct symbols."""
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise errors.illegal(name, '^\\["[\\w\\-._&&[^a-z]]{1,50}"(,"[\\w\\-._&&[^a-z]]{1,50}"){0,}\\]$') from error
    if not isinstance(found, list) or not found or not all(isinstance(each, str) for each in found):
        raise errors.bad_data(name)
    if len(set(found)) != len(found):
        raise WireError(-1151, "Symbol is present multiple times in the list.")
    return found


@takes({"type": "string", "minLength": 1, "description": "one word, or a JSON array of words"})
def text_or_texts(name: str, value: str) -> list[str]:
    """One word, or a JSON array of words."""
    return symbols(name, value) if value.startswith("[") else [value]


@takes(LONG_SCHEMA)
def long(name: str, value: str) -> int:
    """A whole number of 64 bits, not negative."""
    if not value.isdecimal() or not value.isascii() or len(value) > 20:
        raise errors.illegal(name, "^[0-9]{1,20}$")
    number = int(value)
    if number > LONG_MAX:
        raise WireError(-1108, f"Parameter '{name}' overflowed.")
    return number


def between(least: int, most: int) -> Read:
    """A whole number within bounds."""

    @takes({"type": "integer", "minimum": least, "maximum": most})
    def bounded(name: str, value: str) -> int:
        number = long(name, value)
        if number > most:
            raise errors.too_large(name, most)
        if number < least:
            raise errors.bad_data(name)
        return number

    return bounded


def at_most(most: int) -> Read:
    """A whole number from 1; what is greater than `most` is taken as `most`."""

    @takes({"type": "integer", "minimum": 1, "description": f"more than {most} is taken as {most}"})
    def clamped(name: str, value: str) -> int:
        number = long(name, value)
        if number < 1:
            raise errors.bad_data(name)
        return min(number, most)

    return clamped


@of_words
@takes({"type": "boolean"})
def boolean(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise errors.bad_data(name)
    return value.lower() == "true"


@takes({**LONG_SCHEMA, "description": "milliseconds or microseconds, told apart by their size"})
def moment_ns(name: str, value: str) -> int:
    """A time in milliseconds or microseconds, told apart by its size, as nanoseconds."""
    if len(value) == MILLISECOND_DIGITS and value.isdecimal() and value.isascii():
        return int(value) * 1_000_000
    number = long(name, value)
    return min(number * (1_000 if number >= MICROSECONDS_FROM else 1_000_000), MOMENT_NS_MAX)


@takes({"type": "string", "pattern": DECIMAL_PATTERN})
def decimal_text(name: str, value: str) -> str:
    """A decimal that is read once the symbol, and so its scale, is known."""
    if len(value) > 40:
        raise errors.illegal(name, DECIMAL_PATTERN)
    return value


@of_words
@takes({"type": "number", "minimum": 0, "maximum": 60_000, "default": 5_000, "description": "ms, up to 3 decimals"})
def receive_window_us(name: str, value: str) -> int:
    """A receive window of at most 60,000 ms with up to three decimals, in microseconds."""
    if value.isdecimal() and value.isascii() and len(value) < 5:
        return int(value) * 1_000
    if not RECV_WINDOW.fullmatch(value):
        raise errors.illegal(name, "^[0-9]{1,5}(\\.[0-9]{1,3})?$")
    whole, _, fraction = value.partition(".")
    window = int(whole) * 1_000 + int(fraction.ljust(3, "0") or "0")
    if window > 60_000_000:
        raise WireError(-1131, "recvWindow must be less than 60000.")
    return window


@takes({"type": "string", "pattern": WORD_PATTERN})
def client_order_id(name: str, value: str) -> str:
    if not CLIENT_ORDER_ID.fullmatch(value):
        raise errors.illegal(name, WORD_PATTERN)
    return value


UNOFFERED = ("MARKET_DEFAULT", "ANY_STATE")
"""Members of enums that are words of the core and none of the wire."""


def one_of(kinds: type[IntEnum], refusal: WireError) -> Read:
    """A word that names a member of an enum."""
    members = dict(kinds.__members__)

    @of_words
    @takes({"type": "string", "enum": [name for name in members if name not in UNOFFERED]})
    def member(name: str, value: str) -> IntEnum:
        found = members.get(value)
        if found is None:
            raise refusal
        return found

    return member


def refused(refusal: WireError) -> Read:
    """A parameter that others like it have: whoever sends it is told that it is not for here."""

    def refuse(name: str, value: str) -> Any:
        raise refusal

    NEVER_TAKEN.add(refuse)
    return refuse


def word(allowed: tuple[str, ...], refusal: WireError | None = None) -> Read:
    """One of a few words."""

    @of_words
    @takes({"type": "string", "enum": list(allowed)})
    def known(name: str, value: str) -> str:
        if value not in allowed:
            raise refusal or errors.bad_data(name)
        return value

    return known
