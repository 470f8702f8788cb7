"""What a trade gives, less the fee; a rebate is a part of the taker's fee (core/matching/README.md)."""

from . import words
from .books import fee_of
from .state import Order, State


def receive(state: State, order: Order, base_amount: int, quote_amount: int, ppm: int) -> tuple[int, int]:
    """Credit what an order receives, less its fee; return the fee and its asset."""
    market = order.market
    asset, amount = (market.base, base_amount) if order.side == words.BUY else (market.quote, quote_amount)
    fee = fee_of(amount, ppm, words.FEES_ROUNDED_DOWN_RULE in state.rules)
    state.ledger.add(order.account.account_id, asset, amount - fee)
    state.ledger.add(words.FEES, asset, fee)
    return fee, asset


def receive_as_maker(
    state: State, maker: Order, amounts: tuple[int, int], taker_fee: tuple[int, int]
) -> tuple[int, int]:
    """As `receive`; with a negative rate the maker pays nothing and is given a share of what it gives."""
    ppm = maker.market.fees[maker.account.tier][0]
    fee = receive(state, maker, *amounts, max(ppm, 0))
    rebate = min(amounts[1 if maker.side == words.BUY else 0] * max(-ppm, 0) // words.PPM, taker_fee[0])
    if rebate == 0:
        return fee
    state.ledger.add(words.FEES, taker_fee[1], -rebate)
    state.ledger.add(maker.account.account_id, taker_fee[1], rebate)
    return -rebate, taker_fee[1]
