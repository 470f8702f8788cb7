"""Postings outside matching, and the three checks that anyone can run."""

from exchange.messages.base import AccountId, Amount, AssetId, Reject
from exchange.messages.rejects import RejectCode
from exchange.messages.transfers import Posted

from .matching import codes, cold
from .state import State

CREDIT, DEBIT = 1, 2


def check_post(state: State, payer: AccountId, receiver: AccountId, asset_id: AssetId, amount: Amount) -> None:
    """Refuse a posting that the payer cannot pay or that a word could not count. Only `external` may owe."""
    available = state.matching.balance(payer, asset_id)[0]
    if payer == codes.EXTERNAL_ACCOUNT:
        if available - amount < -codes.AMOUNT_MAX:
            raise Reject(RejectCode.BALANCE_TOO_GREAT)
    elif available < amount:
        raise Reject(RejectCode.INSUFFICIENT_FUNDS)
    if state.matching.balance(receiver, asset_id)[0] + amount > codes.AMOUNT_MAX:
        raise Reject(RejectCode.BALANCE_TOO_GREAT)


def post(
    state: State, reason: int, request_id: str, payer: AccountId, receiver: AccountId, asset_id: AssetId, amount: Amount
) -> None:
    """Move an amount that `check_post` has let through."""
    state.matching.move(payer, receiver, asset_id, amount)
    state.emit(Posted(reason, request_id, payer, receiver, asset_id, amount))


def check_sums(state: State) -> None:
    """Assert that for each asset the sum over all accounts is zero, and that only `external` owes."""
    sums: dict[int, int] = {}
    for account, asset, available, held, borrowed in cold.all_cells(state.matching):
        sums[asset] = sums.get(asset, 0) + available + held - borrowed
        assert account == codes.EXTERNAL_ACCOUNT or available >= 0, (account, asset, available)
        assert held >= 0, (account, asset, held)
    for asset, total in sums.items():
        assert total == 0, f"asset {asset} sums to {total}"


def check_claims(state: State) -> None:
    """Assert that every held amount equals the claims of its account's orders."""
    claims: dict[tuple[int, int], int] = {}
    for order in cold.all_orders(state.matching):
        market = state.matching.markets[order["market"] - 1]
        cell = (order["account"], market.quote if order["side"] == codes.BUY else market.base)
        claims[cell] = claims.get(cell, 0) + order["held"]
    for account, asset, _, held, _ in cold.all_cells(state.matching):
        assert held == claims.pop((account, asset), 0), (account, asset, held)
    assert not any(claims.values()), claims
