"""Rows as clients send them: words packed for the core, client ids in the shapes that real bots use."""

from random import Random
from struct import Struct

from bench.shape import key_of
from exchange.core.matching import codes

ROW = Struct("<16q")
EXTENSION = Struct("<8q")
ID_WORDS = Struct("<5q")
EXTENSIONS_AT = 2

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

Words = tuple[int, int, int, int, int]
NO_ID: Words = (0, 0, 0, 0, 0)


def packed_id(text: str) -> Words:
    """Return a client id of 1 to 36 characters as its five words."""
    data = text.encode("ascii")
    if not 1 <= len(data) <= 36:
        raise ValueError(f"a client id has 1 to 36 characters, but {text!r} has {len(data)}")
    words: Words = ID_WORDS.unpack(data.ljust(ID_WORDS.size, b"\0"))
    return words


def client_id(rnd: Random, market: int, number: int) -> Words:
    """Draw a client id of 22 to 32 characters; `number` makes it unique.

    55 % are a library's prefix and the first 22 digits of a UUID, 25 % are 22 letters and digits as the venue draws
    them for who sends none, 20 % are a bot's own: its name, its market and a counter.
    """
    draw = rnd.random()
    if draw < 0.55:
        return packed_id(f"{'x-TKT5PX2F' if draw < 0.35 else 'x-HNA2TXFJ'}{rnd.getrandbits(56):014x}{number:08x}")
    if draw < 0.80:
        return packed_id(drawn_id(rnd, number))
    return packed_id(f"mm{market:03d}-quote-{number:012d}")


def drawn_id(rnd: Random, number: int) -> str:
    """22 letters and digits, the last five of which count."""
    bits = rnd.getrandbits(102)
    text = []
    for _ in range(17):
        text.append(LETTERS[bits % 62])
        bits >>= 6
    for _ in range(5):
        text.append(LETTERS[number % 62])
        number //= 62
    return "".join(text)


def place(
    market: int, account: int, side: int, order_type: int, time_in_force: int, price: int, quantity: int, name: Words
) -> bytes:
    """An order of the account's own key; units are ticks and lots."""
    flags = side | order_type << 8 | time_in_force << 16
    return ROW.pack(codes.PLACE, 1, 0, market, account, key_of(account), flags, price, quantity, 0, 0, *name)


def with_strategy(row: bytes, strategy_id: int) -> bytes:
    """The same row with a STRATEGY extension behind it."""
    words = list(ROW.unpack(row))
    words[EXTENSIONS_AT] += 1
    return ROW.pack(*words) + EXTENSION.pack(codes.STRATEGY, strategy_id, 1_000_000, 0, 0, 0, 0, 0)


def stop(market: int, account: int, trigger_price: int, quantity: int, name: Words) -> bytes:
    """A STOP_LOSS sale: at market once a trade is at its price or below."""
    row = place(market, account, codes.SELL, codes.STOP_LOSS, codes.GTC, 0, quantity, name)
    words = list(ROW.unpack(row))
    words[EXTENSIONS_AT] = 1
    return ROW.pack(*words) + EXTENSION.pack(codes.TRIGGER, trigger_price, 0, 0, 0, 0, 0, 0)


def cancel(market: int, account: int, order_id: int, name: Words) -> bytes:
    """A cancel by order id; `name` is the cancel's own client id."""
    return ROW.pack(codes.CANCEL, 1, 0, market, account, key_of(account), 0, 0, 0, 0, order_id, *name)
