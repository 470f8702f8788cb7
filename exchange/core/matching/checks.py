"""Whether a row is well formed, known to this engine, and sent by one who may: each returns a refusal or 0.

The table of kinds and extensions in the README of this package is the source of `allowed_extensions`.
"""

from . import codes, indexes, records
from .buffers import Rows


def allowed_extensions(row_kind: int) -> int:
    """The extensions that a row of this kind may carry, as bits by extension kind."""
    if row_kind == codes.PLACE:
        return (
            1 << codes.TRIGGER
            | 1 << codes.ICEBERG
            | 1 << codes.PEG
            | 1 << codes.CONDITION
            | 1 << codes.STRATEGY
            | 1 << codes.GOOD_TILL
        )
    if row_kind == codes.CANCEL:
        return 1 << codes.REFERENCE
    return 0


def malformed(rows: Rows, at: int, row: "records.Row") -> int:
    """Refuse a row whose numbers cannot mean anything."""
    if row.rows != 1 or row.account == 0 or row.flags.spare_1 or row.flags.spare_2:
        return codes.MALFORMED_ROW
    if (row.account | row.market | row.key | row.order_id | row.price | row.quantity | row.quote_quantity) < 0:
        return codes.MALFORMED_ROW
    seen = 0
    for number in range(row.extensions):
        kind = rows.extension_kind(at, number)
        if kind < 1 or kind > codes.EXTENSION_KINDS:
            return codes.MALFORMED_ROW
        if seen >> kind & 1 or not allowed_extensions(row.kind) >> kind & 1:
            return codes.MALFORMED_ROW
        seen = seen | 1 << kind
    if row.kind == codes.PLACE:
        return malformed_place(row)
    if row.kind == codes.CANCEL:
        return malformed_cancel(rows, at, row)
    return malformed_cancel_all(row)


def malformed_place(row: "records.Row") -> int:
    """An order has a market, a client id, and the numbers of its type and no others."""
    order_type = row.flags.type
    time_in_force = row.flags.time_in_force
    if row.flags.side > codes.SELL or row.flags.restriction or row.flags.self_trade > codes.TRANSFER:
        return codes.MALFORMED_ROW
    if row.flags.options > codes.IDEMPOTENT:
        return codes.MALFORMED_ROW
    if order_type < codes.LIMIT or order_type > codes.TAKE_PROFIT_LIMIT:
        return codes.MALFORMED_ROW
    if time_in_force < codes.GTC or time_in_force > codes.GTD:
        return codes.MALFORMED_ROW
    if row.market == 0 or row.order_id or not indexes.has_client_id(row.client_id):
        return codes.MALFORMED_ROW
    if order_type == codes.MARKET:
        if row.price or time_in_force != codes.GTC:
            return codes.MALFORMED_ROW
        if (row.quantity and row.quote_quantity) or not (row.quantity or row.quote_quantity):
            return codes.MALFORMED_ROW
    elif not row.quantity or row.quote_quantity:
        return codes.MALFORMED_ROW
    if order_type == codes.LIMIT_MAKER and time_in_force != codes.GTC:
        return codes.MALFORMED_ROW
    return 0


def malformed_cancel(rows: Rows, at: int, row: "records.Row") -> int:
    """A cancel names one order, by its id or its client id or both, and nothing else but a restriction."""
    if has_order_flags(row) or row.flags.restriction > codes.ONLY_PARTIALLY_FILLED:
        return codes.MALFORMED_ROW
    if row.market == 0 or row.price or row.quantity or row.quote_quantity:
        return codes.MALFORMED_ROW
    if row.order_id:
        return 0
    reference = rows.reference(at)
    if reference:
        return 0 if indexes.has_client_id(reference.client_id) else codes.MALFORMED_ROW
    return codes.MALFORMED_ROW


def has_order_flags(row: "records.Row") -> bool:
    flags = row.flags
    return (flags.side | flags.type | flags.time_in_force | flags.self_trade | flags.options) != 0


def malformed_cancel_all(row: "records.Row") -> int:
    """A cancel-all names an account and perhaps a market (0: all of them)."""
    if has_order_flags(row) or row.flags.restriction or row.price or row.quantity or row.quote_quantity or row.order_id:
        return codes.MALFORMED_ROW
    return 0


def unsupported(rows: Rows, at: int, row: "records.Row") -> int:
    """Refuse what is well formed and not known to this engine: see the README's table for what is."""
    if row.kind != codes.PLACE:
        return 0
    if row.flags.type > codes.LIMIT_MAKER or row.flags.time_in_force == codes.GTD:
        return codes.UNSUPPORTED
    if row.flags.self_trade > codes.EXPIRE_BOTH or row.flags.options:
        return codes.UNSUPPORTED
    for number in range(row.extensions):
        if rows.extension_kind(at, number) != codes.STRATEGY:
            return codes.UNSUPPORTED
    return 0


def refused_sender(row: "records.Row", key: "records.Key", account: "records.Account") -> int:
    """Refuse a sender who may not trade for the account. Key 0 is the venue itself."""
    if row.key:
        if not key:
            return codes.UNKNOWN_KEY
        if key.revoked:
            return codes.KEY_REVOKED
        if key.account.id != row.account:
            return codes.KEY_OF_OTHER_ACCOUNT
        if not key.rights & codes.RIGHT_TRADE:
            return codes.RIGHT_MISSING
    if not account:
        return codes.UNKNOWN_ACCOUNT
    if account.status != codes.ACTIVE or account.kind == codes.SYSTEM:
        return codes.ACCOUNT_DISABLED
    return 0
