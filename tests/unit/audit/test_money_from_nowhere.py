"""Incident 9: a promotion credited coins that nobody had. Here no command mints, and whoever pays is named."""

from random import Random
from typing import Any, get_args

import msgspec

from exchange.core import ledger
from exchange.core.engine import MESSAGES
from exchange.core.matching import codes
from exchange.messages import registry, transfers
from exchange.messages.system import CommandRejected
from exchange.messages.words import Message, read_events
from tests.unit.audit.steps import audited, flow, step_of

COMMANDS = get_args(registry.AnyCommand)
NUMBERS = (0, 0, 1, 1, 2, 3, 16, 16, 17, 1_000, 1 << 40, (1 << 62) - 1)


def plausible(kind: type[Any], chance: Random) -> Any:
    """The venue's own command of a kind with numbers of which some mean something together."""
    values = []
    for field in msgspec.structs.fields(kind):
        number = chance.choice(NUMBERS)
        made: dict[Any, Any] = {str: f"word{number}", bytes: bytes([number % 256]), list: []}
        plain = getattr(field.type, "__supertype__", field.type)
        values.append(made.get(getattr(plain, "__origin__", plain), 0 if field.name == "key_id" else number))
    return kind(*values)


def messages(stream: bytes) -> list[Any]:
    return [registry.event_decoder.decode(each.payload) for each in read_events(stream) if isinstance(each, Message)]


def test_incident_9_no_command_mints() -> None:
    """Whatever a command says: each asset sums to zero, and every held amount has its claims."""
    obeyed = set()
    for kind in COMMANDS:
        _, core = flow(3, steps=60, waiting=0.2, wild_percent=0)
        ts_ns = core.state.now_ns + 1
        chance = Random(kind.__name__)
        for _ in range(80):
            command = plausible(kind, chance)
            core.apply(MESSAGES, registry.encode_commands([command]), core.seq + 1, ts_ns)
            if not any(isinstance(each, CommandRejected) for each in messages(core.take_events())):
                obeyed.add(kind)
            ledger.check_sums(core.state)
            ledger.check_claims(core.state)
    assert {transfers.Credit, transfers.Debit} <= obeyed
    assert len(obeyed) >= 15


def test_incident_9_a_promotion_is_paid_by_external_in_the_asset_it_says() -> None:
    steps, core = flow(3, steps=60, waiting=0.2, wild_percent=0)
    before = [core.state.matching.balance(codes.EXTERNAL_ACCOUNT, asset)[0] for asset in (1, 2)]
    credit = transfers.Credit(0, "a promotion", 16, 1, 620_000)
    steps.append(step_of(core, MESSAGES, registry.encode_commands([credit]), core.state.now_ns + 1))
    after = [core.state.matching.balance(codes.EXTERNAL_ACCOUNT, asset)[0] for asset in (1, 2)]
    assert after == [before[0] - 620_000, before[1]]
    (posted,) = messages(steps[-1].stream)
    assert (posted.asset_id, posted.amount) == (1, 620_000)
    assert audited(steps, core) == []
