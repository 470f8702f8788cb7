"""A change of behaviour is a named rule that a journaled command switches on: old journals keep what they decided."""

from __future__ import annotations

from exchange.messages.limits import Rule
from tests import flows
from tests.flows import BUY, FIRST_ACCOUNT, GTC, LIMIT, PLACE, SELL, Entry
from tests.trio import Trio

ALICE, BOB = FIRST_ACCOUNT, FIRST_ACCOUNT + 1


def journal(*, switches_at: int) -> list[Entry]:
    """Ten trades of 15 base units at 3, with fees of 0.1 and 0.25 %; the rule goes into force before one of them."""
    setup = [*flows.simple_setup(), [14, 0, 1, 0, 1_000, 2_500]]
    entries = [Entry(flows.MESSAGES, flows.payload_of_messages(setup), flows.START_NS)]
    for number in range(10):
        if number == switches_at:
            rule = [[3, 0, int(Rule.FEES_ROUNDED_DOWN)]]
            entries.append(Entry(flows.MESSAGES, flows.payload_of_messages(rule), flows.START_NS))
        both = [
            flows.row(PLACE, 1, account, 0, flags=(side, LIMIT, GTC, 1), price=3, quantity=15, client_id=name)
            for account, side, name in (
                (ALICE, SELL, flows.client(2 * number + 1)),
                (BOB, BUY, flows.client(2 * number + 2)),
            )
        ]
        entries.append(Entry(flows.ROWS, flows.payload_of_rows(both), flows.START_NS))
    return entries


def replayed(entries: list[Entry], snapshot_behind: int = -1) -> tuple[bytes, list[tuple[int, int]]]:
    """State hash at the end, and the fees of taker and maker of each trade; all three forms agree."""
    trio = Trio()
    fees = []
    for number, entry in enumerate(entries):
        events = flows.split(trio.apply(entry))
        fees += [(event[13], event[19]) for event in events if flows.kind_of(event) == 3]
        if number == snapshot_behind:
            trio.restore()
    return trio.check_state(), fees


def test_an_old_journal_replays_to_its_old_hash_and_a_new_one_to_the_new() -> None:
    old, old_fees = replayed(journal(switches_at=-1))
    new, new_fees = replayed(journal(switches_at=0))
    assert set(old_fees) == {(1, 1)}, "15 × 0.25 % and 45 × 0.1 %, rounded up"
    assert set(new_fees) == {(0, 0)}, "rounded down"
    assert old != new
    assert (replayed(journal(switches_at=-1))[0], replayed(journal(switches_at=0))[0]) == (old, new)


def test_a_rule_holds_from_its_command_on_and_behind_a_snapshot() -> None:
    entries = journal(switches_at=4)
    found, fees = replayed(entries)
    assert fees == [(1, 1)] * 4 + [(0, 0)] * 6
    for behind in (2, 5, 6, 9):
        assert replayed(entries, behind) == (found, fees)


def test_a_rule_holds_in_every_market_that_is_there_and_in_those_that_come() -> None:
    trio = Trio()
    trio.messages(*flows.simple_setup(markets=2), [3, 0, int(Rule.FEES_ROUNDED_DOWN)])
    trio.messages([11, 0, "LATEQUOTE", 2, 1, 1, 1], flows.filters(3), [12, 0, 3, 1])
    trio.messages(*([14, 0, market, 0, 1_000, 2_500] for market in (1, 2, 3)))
    for market in (1, 2, 3):
        both = [flows.limit(market, who, side, 3, 15, market) for who, side in ((ALICE, SELL), (BOB, BUY))]
        (trade,) = [event for event in flows.split(trio.rows(*both)) if flows.kind_of(event) == 3]
        assert (trade[13], trade[19]) == (0, 0), market
    trio.check_state()


def pegging(*, switches_at: int) -> list[Entry]:
    """Six pegged purchases behind a bid, one of them of no sense; pegs become known before one of them."""
    genesis = [*flows.GENESIS[:5], [1, 2], flows.GENESIS[6]]
    setup = [genesis, *flows.simple_setup()[1:]]
    entries = [Entry(flows.MESSAGES, flows.payload_of_messages(setup), flows.START_NS)]
    entries.append(Entry(flows.ROWS, flows.payload_of_rows([flows.limit(1, ALICE, BUY, 10, 5, 1)]), flows.START_NS))
    for number in range(6):
        if number == switches_at:
            rule = [[3, 0, int(Rule.PEGS)]]
            entries.append(Entry(flows.MESSAGES, flows.payload_of_messages(rule), flows.START_NS))
        peg = (3, 1, 0, 0, 0, 0, 0, 7 if number == 2 else 0)
        name = flows.client(number + 2)
        words = flows.row(
            PLACE, 1, BOB, 0, flags=(BUY, LIMIT, GTC, 1), price=number, quantity=1, client_id=name, extensions=(peg,)
        )
        entries.append(Entry(flows.ROWS, flows.payload_of_rows([words]), flows.START_NS))
    return entries


def answers(entries: list[Entry], snapshot_behind: int = -1) -> tuple[bytes, list[int]]:
    """State hash at the end, and of each pegged order its price, or the code with which it was refused."""
    trio = Trio()
    found = []
    for number, entry in enumerate(entries):
        events = flows.split(trio.apply(entry))
        found += [event[6 if flows.kind_of(event) == 5 else 8] for event in events if flows.kind_of(event) in (5, 18)]
        if number == snapshot_behind:
            trio.restore()
    return trio.check_state(), found


def test_a_journal_from_before_there_were_pegs_refuses_them_as_it_did() -> None:
    unsupported, malformed, taken = 2, 1, 10
    old, old_answers = answers(pegging(switches_at=-1))
    assert old_answers == [unsupported] * 6
    assert answers(pegging(switches_at=-1)[:2])[0] == old, "what was refused has left nothing"
    new, new_answers = answers(pegging(switches_at=0))
    assert new_answers == [taken, taken, malformed, taken, taken, taken]
    assert new != old
    entries = pegging(switches_at=3)
    for behind in (-1, 1, 4, 5, 7):
        assert answers(entries, behind)[1] == [unsupported] * 3 + [taken] * 3


def paying(*, switches_at: int) -> list[Entry]:
    """Four OPO lists and two OPOCO, and a switch for them, which become known before one of them."""
    genesis = [*flows.GENESIS[:5], [1, 2], flows.GENESIS[6]]
    setup = [genesis, *flows.simple_setup()[1:]]
    entries = [Entry(flows.MESSAGES, flows.payload_of_messages(setup), flows.START_NS)]
    for number in range(6):
        if number == switches_at:
            rule = [[3, 0, int(Rule.ONE_PAYS_THE_OTHER)]]
            entries.append(Entry(flows.MESSAGES, flows.payload_of_messages(rule), flows.START_NS))
        kind = flows.OPO if number % 3 else flows.OPOCO
        legs = [(1, BUY, LIMIT, 10, 5), (4, SELL, LIMIT, 20, 0)]
        if kind == flows.OPOCO:
            legs = [legs[0], (2, SELL, flows.LIMIT_MAKER, 20, 0), (3, SELL, flows.STOP_LOSS, 0, 0)]
        words = flows.row(
            flows.LIST, 1, BOB, client_id=flows.client(100 + number), extensions=((flows.LIST_LINK, kind),)
        )
        words[1] = 1 + len(legs)
        for role, side, order_type, price, quantity in legs:
            links: tuple[tuple[int, ...], ...] = ((flows.LIST_LINK, kind, role),)
            links = ((flows.TRIGGER, 5), *links) if order_type == flows.STOP_LOSS else links
            name = flows.client(10 * number + role)
            words += flows.row(
                *(PLACE, 1, BOB, 0),
                flags=(side, order_type, GTC, 1),
                price=price,
                quantity=quantity,
                client_id=name,
                extensions=links,
            )
        entries.append(Entry(flows.ROWS, flows.payload_of_rows([words]), flows.START_NS))
        switch = [[43, 0, 1, 2048], [43, 0, 1, 0]]
        entries.append(Entry(flows.MESSAGES, flows.payload_of_messages(switch), flows.START_NS))
    return entries


def kinds_of(entries: list[Entry], snapshot_behind: int = -1) -> tuple[bytes, list[int], int]:
    """State hash at the end; of each list its kind, or minus its refusal; how many switches were refused."""
    trio = Trio()
    found, unknown = [], 0
    for number, entry in enumerate(entries):
        events = flows.split(trio.apply(entry))
        found += [-event[6] if flows.kind_of(event) == 5 else event[5] for event in events if event[0] & 255 in (5, 11)]
        unknown += sum(flows.kind_of(event) == 15 and flows.message_of(event)[0] == 2 for event in events)
        if number == snapshot_behind:
            trio.restore()
    return trio.check_state(), found, unknown


def test_a_journal_from_before_there_were_opo_lists_refuses_them_as_it_did() -> None:
    """Such rows were malformed, and their switch was no switch; behind the rule both are taken."""
    kinds = [flows.OPOCO, flows.OPO, flows.OPO, flows.OPOCO, flows.OPO, flows.OPO]
    old, found, unknown = kinds_of(paying(switches_at=-1))
    assert (found, unknown) == ([-1] * 6, 6)
    assert kinds_of(paying(switches_at=-1)[:1])[0] == old, "what was refused has left nothing"
    new, found, unknown = kinds_of(paying(switches_at=0))
    assert (found, unknown) == (kinds, 0)
    assert new != old
    entries = paying(switches_at=3)
    for behind in (-1, 0, 6, 7, 8, 12):
        assert kinds_of(entries, behind)[1:] == ([-1] * 3 + kinds[3:], 3)
