"""Accounts, keys and balance cells are found by their numbers, wherever in memory they stand."""

from random import Random

import pytest

from exchange.core.matching import codes, cold, encoding, matching
from tests import commands

ASSETS = range(1, 8)
FAR_APART = [6, 7, 1_023, 1_024, 1_025, 16_384, 70_000, 1_000_000]
NOT_THERE = [0, -1, 5, 8, 1_022, 1_026, 69_999, 999_999, 1_000_001, 1 << 27, 1 << 40, -(1 << 40), (1 << 63) - 1]


def opened(accounts: list[int]) -> matching.Matching:
    core = matching.Matching(bytes(16))
    for account in accounts:
        core.open_account(account, codes.SPOT, codes.ACTIVE, 0, 0, 0)
    return core


@pytest.mark.parametrize("seed", range(6))
def test_an_account_finds_its_cells_whichever_came_first(seed: int) -> None:
    """Two stand beside it and the others in buckets; all are listed in order, and restored as they were."""
    random = Random(seed)
    accounts = list(range(1, 60))
    core = opened(accounts)
    expected: dict[tuple[int, int], int] = {}
    for _ in range(2_000):
        payer, receiver = random.sample(accounts[: random.choice([3, 20, 59])], 2)
        asset, amount = random.choice(ASSETS[: random.choice([1, 3, 7])]), random.randrange(1, 1 << 40)
        core.move(payer, receiver, asset, amount)
        expected[payer, asset] = expected.get((payer, asset), 0) - amount
        expected[receiver, asset] = expected.get((receiver, asset), 0) + amount
    for account in accounts:
        for asset in [0, *ASSETS, 8, 1 << 40]:
            assert core.balance(account, asset) == (expected.get((account, asset), 0), 0, 0)
    assert cold.all_cells(core) == [(*owner, amount, 0, 0) for owner, amount in sorted(expected.items())]
    restored = matching.Matching(bytes(16))
    for number, content in encoding.sections(core, accounts[-1] + 1, 1):
        encoding.restore(restored, number, content)
    assert cold.all_cells(restored) == [cell for cell in cold.all_cells(core) if cell[2]]


def test_ids_far_apart_are_found_and_no_others() -> None:
    core = opened(FAR_APART)
    for account in FAR_APART:
        core.add_key(account, account, codes.RIGHT_TRADE)
        core.move(6, account, 1, account)
    for account in FAR_APART:
        assert cold.account(core, account) == (codes.SPOT, codes.ACTIVE, 0, 0, 0)
        assert cold.key(core, account) == (account, codes.RIGHT_TRADE, 0)
        assert core.balance(account, 1)[0] == (account if account != 6 else 6 - sum(FAR_APART))
    for account in NOT_THERE:
        assert cold.account(core, account) is None
        assert cold.key(core, account) is None
        assert core.balance(account, 1) == (0, 0, 0)


def test_there_are_134_million_ids() -> None:
    core = opened([1])
    with pytest.raises(OverflowError, match="account id 134217728 is outside 1 to 134217727"):
        core.open_account(1 << 27, codes.SPOT, codes.ACTIVE, 0, 0, 0)
    with pytest.raises(OverflowError, match="key id 134217728 is outside 1 to 134217727"):
        core.add_key(1 << 27, 1, codes.RIGHT_TRADE)


def code_of(core: matching.Matching, account: int, key: int) -> int:
    """What an order is refused with that is right but for its sender, in a market that is not open."""
    row = commands.row(
        codes.PLACE, 1, account, key, flags=(0, codes.LIMIT, codes.GTC), price=1, quantity=1, client_id=(1, 0, 0, 0, 0)
    )
    core.apply_rows(commands.payload_of_rows([row]), 0, 1, 1)
    [event] = commands.split(core.events.buffer.take())
    return event[6]


def test_each_key_may_what_it_was_given_and_only_until_it_is_revoked() -> None:
    """One key of an account that may trade for it is known beside the account; what holds for it holds for no other."""
    core = opened([codes.FEES_ACCOUNT, 5, 6])
    core.list_market(1, 2, 1, 1)
    allowed = codes.MARKET_CLOSED
    for key, rights in [(1, codes.RIGHT_READ), (2, codes.RIGHT_TRADE), (3, codes.RIGHT_READ | codes.RIGHT_TRADE)]:
        core.add_key(key, 5, rights)
    core.add_key(4, 6, codes.RIGHT_READ)
    assert [code_of(core, 5, key) for key in (0, 2, 3)] == [allowed] * 3
    assert [code_of(core, 5, key) for key in (1, 4, 5, -1)] == [
        codes.RIGHT_MISSING, codes.KEY_OF_OTHER_ACCOUNT, codes.UNKNOWN_KEY, codes.MALFORMED_ROW,
    ]  # fmt: skip
    assert [code_of(core, 6, key) for key in (0, 2, 3, 4)] == [
        allowed, codes.KEY_OF_OTHER_ACCOUNT, codes.KEY_OF_OTHER_ACCOUNT, codes.RIGHT_MISSING,
    ]  # fmt: skip
    assert [code_of(core, 7, key) for key in (0, 2)] == [codes.UNKNOWN_ACCOUNT, codes.KEY_OF_OTHER_ACCOUNT]
    for revoked, left in [(3, 2), (2, None)]:
        core.revoke_key(revoked)
        assert code_of(core, 5, revoked) == codes.KEY_REVOKED
        assert left is None or code_of(core, 5, left) == allowed
    restored = matching.Matching(bytes(16))
    for number, content in encoding.sections(core, 7, 5):
        encoding.restore(restored, number, content)
    assert [code_of(restored, 5, key) for key in (2, 3)] == [codes.KEY_REVOKED] * 2
    core.add_key(5, 5, codes.RIGHT_TRADE)
    core.add_key(6, 5, codes.RIGHT_TRADE)
    core.revoke_key(5)
    assert [code_of(core, 5, key) for key in (5, 6)] == [codes.KEY_REVOKED, allowed]
