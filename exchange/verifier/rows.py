"""Rows of the order path: cutting a run into commands, and what makes a row malformed or not yet possible."""

import struct
from collections.abc import Container, Iterator
from typing import NamedTuple

from . import words
from .words import Code

BASE_WORDS = 16
EXTENSION_WORDS = 8
ROWS_MAX = 4
EXTENSIONS_MAX = 7
EXTENSION_KINDS = range(1, 10)
CLIENT_WORDS = 5
NO_CLIENT_ID = (0,) * CLIENT_WORDS
# Which extensions a kind of row may carry, and which of them have their rule already.
ALLOWED = {
    words.PLACE: (1, 2, 3, 4, 5, 6),
    words.CANCEL: (words.REFERENCE,),
    words.CANCEL_ALL: (),
    words.AMEND: (words.REFERENCE,),
    words.CANCEL_REPLACE: (1, 2, 3, 4, 5, 6, words.REFERENCE, words.CANCEL_ID),
    words.CANCEL_LIST: (words.REFERENCE,),
}


class Row(NamedTuple):
    """The first row of a command. `flags` are the eight bytes, extensions their eight words."""

    kind: int
    rows: int
    market: int
    account: int
    key: int
    flags: bytes
    price: int
    quantity: int
    quote_quantity: int
    order_id: int
    client_id: tuple[int, ...]
    extensions: list[tuple[int, ...]]
    content: tuple[int, ...] = ()
    """All words of its command."""
    legs: "tuple[Row, ...]" = ()
    """The other rows of its command."""

    @property
    def side(self) -> int:
        return self.flags[0]

    @property
    def type(self) -> int:
        return self.flags[1]

    @property
    def time_in_force(self) -> int:
        return self.flags[2]

    @property
    def self_trade(self) -> int:
        return self.flags[3]

    @property
    def options(self) -> int:
        return self.flags[4]

    @property
    def restriction(self) -> int:
        return self.flags[5]

    def extension(self, kind: int) -> tuple[int, ...] | None:
        """The words of an extension behind its kind; None where the row has none."""
        return next((each[1:] for each in self.extensions if each[0] == kind), None)


def cut(payload: bytes) -> Iterator[Row]:
    """Yield each command's first row. ValueError at a command that cannot be cut out."""
    if len(payload) % 8:
        raise ValueError("a run of rows is whole words")
    run = struct.unpack(f"<{len(payload) // 8}q", payload)
    at = 0
    while at < len(run):
        first, behind = row_at(run, at)
        if not 1 <= first.rows <= ROWS_MAX:
            raise ValueError(f"a command of {first.rows} rows")
        legs: tuple[Row, ...] = ()
        for _ in range(first.rows - 1):
            leg, behind = row_at(run, behind)
            legs = (*legs, leg)
        yield first._replace(legs=legs, content=run[at:behind])
        at = behind


def row_at(run: tuple[int, ...], at: int) -> tuple[Row, int]:
    """The row at a word, and the word behind it."""
    if at + BASE_WORDS > len(run):
        raise ValueError("the run ends within a row")
    kind, rows, count, market, account, key, flags, price, quantity, quote_quantity, order_id = run[at : at + 11]
    if not 0 <= count <= EXTENSIONS_MAX:
        raise ValueError(f"a row of {count} extensions")
    behind = at + BASE_WORDS + EXTENSION_WORDS * count
    if behind > len(run):
        raise ValueError("the run ends within an extension")
    extensions = [run[start : start + EXTENSION_WORDS] for start in range(at + BASE_WORDS, behind, EXTENSION_WORDS)]
    client_id = run[at + 11 : at + BASE_WORDS]
    eight = struct.pack("<q", flags)
    row = Row(kind, rows, market, account, key, eight, price, quantity, quote_quantity, order_id, client_id, extensions)
    return row, behind


def is_malformed(row: Row) -> bool:
    """Whether a row of any kind but LIST says what no client may say."""
    if row.rows != 1 or row.account <= 0:
        return True
    if min(row.market, row.key, row.order_id, row.price, row.quantity, row.quote_quantity) < 0:
        return True
    if row.flags[6] or row.flags[7]:
        return True
    kinds = [each[0] for each in row.extensions]
    if len(set(kinds)) != len(kinds) or any(kind not in ALLOWED[row.kind] for kind in kinds):
        return True
    if row.kind == words.PLACE:
        return is_malformed_place(row) or row.restriction != 0 or row.order_id != 0
    reference = row.extension(words.REFERENCE)
    is_named = row.order_id != 0 or (reference is not None and reference[:CLIENT_WORDS] != NO_CLIENT_ID)
    if row.kind == words.CANCEL_REPLACE:
        has_mode = reference is not None and reference[5] in (1, 2) and reference[6] == 0
        is_wrong = row.restriction > words.ONLY_PARTIALLY_FILLED or not has_mode or not is_named
        return is_malformed_place(row) or is_wrong
    if row.kind == words.AMEND:
        has_others = row.price or row.quote_quantity or any(row.flags[:6])
        return bool(has_others) or row.quantity == 0 or row.market == 0 or not is_named
    if row.price or row.quantity or row.quote_quantity or any(row.flags[:5]):
        return True
    if row.kind == words.CANCEL_LIST and row.restriction:
        return True
    if row.kind in (words.CANCEL, words.CANCEL_LIST):
        reference = row.extension(words.REFERENCE)
        is_named = row.order_id != 0 or (reference is not None and reference[:CLIENT_WORDS] != NO_CLIENT_ID)
        return row.restriction > words.ONLY_PARTIALLY_FILLED or row.market == 0 or not is_named
    return row.restriction != 0 or row.order_id != 0


def is_malformed_place(row: Row, *, is_sized: bool = True) -> bool:
    """Whether an order makes no sense; one that is not `is_sized` has no quantity before it enters."""
    if row.side > words.SELL or row.self_trade > words.TRANSFER or row.options > 1:
        return True
    if not words.LIMIT <= row.type <= words.TAKE_PROFIT_LIMIT or not words.GTC <= row.time_in_force <= words.GTD:
        return True
    if row.market == 0 or row.client_id == NO_CLIENT_ID:
        return True
    if is_malformed_trigger(row) or is_malformed_iceberg(row) or is_malformed_good_till(row):
        return True
    if row.type in (words.STOP_LOSS, words.TAKE_PROFIT) and (row.price != 0 or row.time_in_force != words.GTC):
        return True
    if row.type == words.MARKET and (row.price != 0 or row.time_in_force != words.GTC):
        return True
    if row.type == words.LIMIT_MAKER and row.time_in_force != words.GTC:
        return True
    if not is_sized:
        return row.quantity != 0 or row.quote_quantity != 0
    if row.type == words.MARKET:
        return (row.quantity == 0) == (row.quote_quantity == 0)
    return row.quantity == 0 or row.quote_quantity != 0


def is_malformed_trigger(row: Row) -> bool:
    """Whether what an order waits for does not fit its type, or makes no sense."""
    trigger = row.extension(words.TRIGGER)
    if row.type <= words.LIMIT_MAKER:
        return trigger is not None
    if trigger is None or min(trigger) < 0 or any(trigger[3:]):
        return True
    price, delta, activation = trigger[:3]
    return (price == 0) == (delta == 0) or delta >= words.BPS or (activation != 0 and delta == 0)


def is_malformed_iceberg(row: Row) -> bool:
    iceberg = row.extension(words.ICEBERG)
    if iceberg is None:
        return False
    rests = row.type in (words.LIMIT, words.LIMIT_MAKER, words.STOP_LOSS_LIMIT, words.TAKE_PROFIT_LIMIT)
    return not rests or row.time_in_force != words.GTC or iceberg[0] <= 0 or any(iceberg[1:])


def is_malformed_good_till(row: Row) -> bool:
    good_till = row.extension(words.GOOD_TILL)
    if good_till is None or row.time_in_force != words.GTD:
        return good_till is not None or row.time_in_force == words.GTD
    return good_till[0] <= 0 or any(good_till[1:])


OTHERS_OF_LIST = {
    words.OCO: (words.ABOVE_LEG, words.BELOW_LEG),
    words.OTO: (words.WORKING_LEG, words.PENDING_LEG),
    words.OTOCO: (words.WORKING_LEG, words.ABOVE_LEG, words.BELOW_LEG),
    words.OPO: (words.WORKING_LEG, words.PENDING_LEG),
    words.OPOCO: (words.WORKING_LEG, words.ABOVE_LEG, words.BELOW_LEG),
}
STOPS = (words.STOP_LOSS, words.STOP_LOSS_LIMIT)
TARGETS = (words.LIMIT_MAKER, words.TAKE_PROFIT, words.TAKE_PROFIT_LIMIT)


def is_malformed_list(row: Row) -> bool:
    """Whether the head of a list, or how its legs fit it and each other, makes no sense."""
    if any(row.flags) or row.account <= 0 or row.market <= 0 or row.key < 0 or row.client_id == NO_CLIENT_ID:
        return True
    if row.price or row.quantity or row.quote_quantity or row.order_id or len(row.extensions) != 1:
        return True
    link = row.extension(words.LIST_LINK)
    if link is None or link[0] not in OTHERS_OF_LIST or any(link[1:]):
        return True
    roles = [leg.extension(words.LIST_LINK) for leg in row.legs]
    if roles != [(link[0], role, 0, 0, 0, 0, 0) for role in OTHERS_OF_LIST[link[0]]]:
        return True
    if any((leg.market, leg.account, leg.key) != (row.market, row.account, row.key) for leg in row.legs):
        return True
    if link[0] != words.OCO and row.legs[0].type not in (words.LIMIT, words.LIMIT_MAKER):
        return True
    if link[0] in (words.OPO, words.OPOCO) and [leg.side for leg in row.legs[:2]] != [words.BUY, words.SELL]:
        return True
    if link[0] in (words.OTO, words.OPO):
        return link[0] == words.OTO and row.legs[1].quantity == 0
    above, below = row.legs[-2:]
    target, stop = (above, below) if above.side == words.SELL else (below, above)
    is_pair = above.side == below.side and above.quantity == below.quantity
    return not is_pair or target.type not in TARGETS or stop.type not in STOPS


def is_malformed_leg(leg: Row) -> bool:
    kinds = [each[0] for each in leg.extensions]
    if leg.kind != words.PLACE or leg.rows != 1 or leg.flags[6] or leg.flags[7]:
        return True
    if len(set(kinds)) != len(kinds) or not {*kinds} <= {1, 2, 3, 4, 5, 6, words.LIST_LINK}:
        return True
    if min(leg.price, leg.quantity, leg.quote_quantity) < 0:
        return True
    link = leg.extension(words.LIST_LINK) or (0, 0)
    is_sized = link[0] not in (words.OPO, words.OPOCO) or link[1] == words.WORKING_LEG
    return is_malformed_place(leg, is_sized=is_sized) or leg.restriction != 0 or leg.order_id != 0


def is_malformed_peg(row: Row) -> bool:
    """Whether a peg makes no sense; asked only where pegs are known at all."""
    peg = row.extension(words.PEG)
    if peg is None:
        return False
    kind, offset_kind, offset, *spare = peg
    if kind not in (words.PRIMARY_PEG, words.MARKET_PEG) or any(spare):
        return True
    return (offset_kind, offset) != (0, 0) and not (offset_kind == 1 and 0 <= offset <= words.PEG_OFFSET_MAX)


def is_unsupported(row: Row, rules: Container[int]) -> bool:
    """Whether a PLACE asks for what is laid out and not yet done."""
    unknown = (words.CONDITION,) if words.PEGS_RULE in rules else (words.CONDITION, words.PEG)
    return (row.options != 0 and (row.kind != words.PLACE or row.extension(words.LIST_LINK) is not None)) or any(
        each[0] in unknown for each in row.extensions
    )


def refusal_of_form(row: Row, rules: Container[int]) -> Code | None:
    is_placing = row.kind in (words.PLACE, words.CANCEL_REPLACE)
    has_wrong_peg = is_placing and words.PEGS_RULE in rules and is_malformed_peg(row)
    if is_malformed(row) or has_wrong_peg:
        return Code.MALFORMED_ROW
    if is_placing and is_unsupported(row, rules):
        return Code.UNSUPPORTED
    return None
