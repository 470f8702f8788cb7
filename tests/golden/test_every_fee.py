"""Every way in which a fee comes about, of the reference's §12: role × side × special × tax × discount × referral.

What must come is worked out here in fractions, from the sentences of the reference: a fee is of what is received, its
rate the sum of standard, special and tax, each by role (maker, taker) and the latter two by side (buyer, seller), too.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import NamedTuple

import pytest

from exchange.messages import words
from exchange.messages.limits import Rule
from exchange.messages.orders import Side
from tests import flows
from tests.golden.desk import ANNA, BASE, FRIEND, MARKET, OTHER, QUOTE, STRANGER, Desk

BUY, SELL = Side
PPM = 10**6
MAKER, TAKER = 0, 1
STANDARD = (1_000, 2_000)
DISCOUNT_MARKET, DISCOUNT_ASSET = 2, 3
DISCOUNT = 750_000
SHARE = 250_000
PRICE, LOTS, RATE = 101, 123_457, 7
"""Of the trade; and the price of the discount asset, once it has one."""

SPECIALS: dict[str, tuple[tuple[int, int, int, int, int, int], ...]] = {
    "none": (),
    "of the market": ((MARKET, 0, -300, 700, 50, 90),),
    "her own": ((0, ANNA, -200, 500, 10, 20),),
    "her own here": ((MARKET, ANNA, 100, -100, 7, 3),),
    "her own before the market's": ((MARKET, 0, -300, 700, 50, 90), (0, ANNA, -200, 500, 10, 20)),
    "her own here before all": ((MARKET, 0, 9, 9, 9, 9), (0, ANNA, 8, 8, 8, 8), (MARKET, ANNA, 100, -100, 7, 3)),
    "less than nothing": ((MARKET, ANNA, -900, -1_999, -101, -2),),
}
"""Market, account; what is added as maker, as taker, as buyer, as seller. The last named is the one that counts."""

TAXES: dict[str, tuple[tuple[int, int, int, int, int, int], ...]] = {
    "none": (),
    "of the market": ((MARKET, 0, 0, 0, 1_500, 900),),
    "her own": ((MARKET, 0, 0, 0, 1_500, 900), (MARKET, ANNA, 30, 40, 0, 5)),
}

DISCOUNTS = ("none", "not here", "not asked for", "no price", "enough", "just too little")
SPECIAL, TAX = 1, 2


class Case(NamedTuple):
    role: int
    side: Side
    special: str
    tax: str
    discount: str
    is_referred: bool

    @property
    def received(self) -> int:
        return LOTS if self.side == BUY else LOTS * PRICE

    def added(self) -> int:
        """Special and tax, in ppm."""
        counting = [table[name][-1] for table, name in ((SPECIALS, self.special), (TAXES, self.tax)) if table[name]]
        return sum(rates[2 + self.role] + rates[4 + self.side] for rates in counting)


def cases(discount: str) -> Iterator[Case]:
    for role, side, special, tax, is_referred in product((MAKER, TAKER), Side, SPECIALS, TAXES, (False, True)):
        case = Case(role, side, special, tax, discount, is_referred)
        if STANDARD[role] + case.added() >= 0 or role == TAKER:
            yield case


def rounded(amount: Fraction, *, is_down: bool) -> int:
    return int(amount // 1) if is_down else -int(-amount // 1)


def in_discount_asset(case: Case, *, is_down: bool) -> int | None:
    """What it is in the discount asset, if that may be: what the trade is worth in quote, at the last price."""
    rate = STANDARD[case.role] * DISCOUNT // PPM + case.added()
    return rounded(Fraction(LOTS * PRICE * rate, PPM * RATE), is_down=is_down) if rate >= 0 else None


def expected(case: Case, *, is_down: bool) -> tuple[int, int]:
    """Fee and asset."""
    if case.discount == "enough":
        amount = in_discount_asset(case, is_down=is_down)
        if amount is not None:
            return amount, DISCOUNT_ASSET
    rate = max(STANDARD[case.role] + case.added(), 0)
    fee = rounded(Fraction(case.received * rate, PPM), is_down=is_down)
    return fee, BASE if case.side == BUY else QUOTE


def open_desk(*, is_down: bool, has_price: bool) -> Desk:
    """The usual market, one of the discount asset, in which it has traded once at 7, and the rates of the tiers."""
    desk = Desk(rules=[int(Rule.SPOT), int(Rule.MARKET_EMPTIED), *([int(Rule.FEES_ROUNDED_DOWN)] if is_down else [])])
    messages = [[10, 0, "DISCOUNT", 0], [11, 0, "DISCOUNTQUOTE", DISCOUNT_ASSET, QUOTE, 1, 1]]
    messages += [flows.filters(DISCOUNT_MARKET, default_self_trade=1), [12, 0, DISCOUNT_MARKET, 1]]
    messages += [[14, 0, MARKET, 0, *STANDARD], [30, 0, "stranger", STRANGER, DISCOUNT_ASSET, 1_000]]
    assert not flows.refusals(desk.trio.messages(*messages))
    if has_price:
        pair = [(STRANGER, SELL, 1), (OTHER, BUY, 2)]
        desk.trio.rows(*(flows.limit(DISCOUNT_MARKET, who, side, RATE, 1, name) for who, side, name in pair))
    return desk


def prepare(desk: Desk, case: Case, *, is_down: bool) -> list[list[object]]:
    """Set what the case says; returns the commands that take it away again."""
    extra = [
        (kind, *rates) for kind, table in ((SPECIAL, SPECIALS[case.special]), (TAX, TAXES[case.tax])) for rates in table
    ]
    is_on = case.discount != "none"
    commands: list[list[object]] = [[61, 0, kind, market, account, *rates] for kind, market, account, *rates in extra]
    commands += [[62, 0, DISCOUNT_ASSET if is_on else 0, DISCOUNT if is_on else 0]]
    commands += [[63, 0, MARKET, int(is_on and case.discount != "not here")]]
    commands += [[64, 0, ANNA, int(is_on and case.discount != "not asked for")]]
    commands += [[65, 0, ANNA, FRIEND if case.is_referred else 0, SHARE if case.is_referred else 0]]
    assert not flows.refusals(desk.trio.messages(*commands))
    needed = in_discount_asset(case, is_down=is_down) or 0
    desk.give(ANNA, DISCOUNT_ASSET, max(needed - (case.discount == "just too little"), 0))
    return [[61, 0, kind, market, account, 0, 0, 0, 0, 1] for kind, market, account, *_ in extra]


def trade(desk: Desk, case: Case) -> words.Traded:
    """Anna's order and another's, the maker's first."""
    desk.begin(BUY)
    hers = "hers", desk.order(ANNA, case.side, PRICE, LOTS)
    other = "other", desk.order(OTHER, 1 - case.side, PRICE, LOTS)
    rows = [row for _, row in ((hers, other) if case.role == MAKER else (other, hers))]
    (traded,) = [each for each in words.read_events(desk.trio.rows(*rows)) if isinstance(each, words.Traded)]
    return traded


def owned(desk: Desk, account: int) -> dict[int, int]:
    return {asset: desk.owns(account, asset) for asset in (QUOTE, BASE, DISCOUNT_ASSET)}


@pytest.mark.parametrize("is_down", [False, True], ids=["up", "down"])
@pytest.mark.parametrize("discount", DISCOUNTS)
def test_every_fee(discount: str, is_down: bool) -> None:
    desk = open_desk(is_down=is_down, has_price=discount != "no price")
    for case in cases(discount):
        lifts = prepare(desk, case, is_down=is_down)
        if discount == "just too little" and not in_discount_asset(case, is_down=is_down):
            desk.trio.messages(*lifts)
            continue
        before, friends = owned(desk, ANNA), owned(desk, FRIEND)
        traded = trade(desk, case)
        fee, asset = expected(case, is_down=is_down)
        told = traded.taker_fee, traded.taker_fee_asset
        if case.role == MAKER:
            told = traded.maker_fee, traded.maker_fee_asset
        assert told == (fee, asset), case
        sign = 1 if case.side == BUY else -1
        moved = {QUOTE: -sign * LOTS * PRICE, BASE: sign * LOTS, DISCOUNT_ASSET: 0}
        moved[asset] -= fee
        assert owned(desk, ANNA) == {each: before[each] + moved[each] for each in before}, case
        share = fee * SHARE // PPM if case.is_referred else 0
        assert owned(desk, FRIEND) == friends | {asset: friends[asset] + share}, case
        if lifts:
            assert not flows.refusals(desk.trio.messages(*lifts))
    desk.trio.check_state()


def test_the_tables_have_fees_in_every_asset_and_none() -> None:
    found = {
        (expected(case, is_down=True)[1], expected(case, is_down=True)[0] > 0)
        for name in DISCOUNTS
        for case in cases(name)
    }
    assert found >= {(BASE, True), (QUOTE, True), (DISCOUNT_ASSET, True), (BASE, False), (QUOTE, False)}
