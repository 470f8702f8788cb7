"""What an operator does: any command that needs the right OPERATE, by its name and fields, journaled like the rest.

One row for all of them, because each is a struct of the messages that names and checks its own fields. Keys are not
granted here: their secrets go through the vault.
"""

from typing import Any

import msgspec

from exchange.api import parameters
from exchange.api.answers import Answer
from exchange.api.auth import OPERATE
from exchange.api.context import Reply, Request
from exchange.api.endpoints import SIGNING, Endpoint
from exchange.api.errors import WireError, bad_data
from exchange.api.parameters import Parameter, table
from exchange.messages import accounts, auctions, fees, limitations, markets, registry, system, transfers
from exchange.messages.rejects import RejectCode
from exchange.messages.words import Message

COMMANDS: dict[str, type[registry.AnyCommand]] = {
    kind.__name__: kind
    for kind in (
        *(markets.ListAsset, markets.ListMarket, markets.SetMarketStatus, markets.SetFilters, markets.SetFees),
        *(fees.SetVolumeTiers, fees.SetExtraFees, fees.SetDiscount, fees.SetMarketDiscount, fees.SetReferral),
        *(limitations.SetExchangeLimits, limitations.SetAssetLimit, limitations.SetMinNotional),
        *(auctions.SetProtection, auctions.StartAuction, auctions.KillSwitch, auctions.SetFeatures),
        *(accounts.OpenAccount, accounts.SetAccount, accounts.RevokeApiKey, transfers.Credit, transfers.Debit),
        *(system.ActivateRule, system.AdoptClock),
    )
}


class Commanded(Answer):
    """What a command came to: its number in the journal and its events, each with its name as `type`."""

    seq: int
    events: list[dict[str, Any]]


def read_command(name: str, fields: str, key_id: int) -> registry.AnyCommand:
    """The command of that name with those fields, given by that key. WireError -1130 where there is none such."""
    kind = COMMANDS.get(name)
    if kind is None:
        raise bad_data("command")
    try:
        given = msgspec.json.decode(fields, type=dict[str, msgspec.Raw])
        values = [kind.__struct_config__.tag, key_id]
        required = kind.__struct_fields__[1:]
        for field in required:
            if field in given:
                values.append(msgspec.json.decode(given.pop(field)))
            else:
                values.append(default_of(kind, field))
        if given:
            raise msgspec.ValidationError
        made = msgspec.convert(values, type=kind)
        # What cannot be journaled must not reach the sequencer: a number wider than 64 bits.
        registry.encode_commands([made])
        return made
    except (msgspec.DecodeError, UnicodeError, RecursionError, OverflowError) as problem:
        raise bad_data("fields") from problem


def default_of(kind: type[registry.AnyCommand], field: str) -> Any:
    """What a field is where it was not given. ValidationError where it must be."""
    for each in msgspec.structs.fields(kind):
        if each.name == field and each.default is not msgspec.NODEFAULT:
            return each.default
    raise msgspec.ValidationError(f"{field} is missing")


async def command(request: Request) -> Reply:
    """POST /admin/v1/command."""
    values = request.values
    answer = await request.context.command(read_command(values["command"], values["fields"], request.sender.key_id))
    events = []
    for event in answer.events:
        if isinstance(event, Message):
            told = registry.event_decoder.decode(event.payload)
            if isinstance(told, system.CommandRejected):
                raise WireError(-2010, f"The command was refused: {RejectCode(told.code).name}.")
            names = type(told).__struct_fields__
            events.append({"type": type(told).__name__} | {name: plain(getattr(told, name)) for name in names})
        else:
            events.append({"type": type(event).__name__, "seq": event.seq})
    return Reply({"seq": answer.seq, "events": events}, answer.seq)


def plain(value: Any) -> Any:
    """A field as JSON has it: bytes as hex."""
    return value.hex() if isinstance(value, bytes) else value


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        "/admin/v1/command",
        "SIGNED",
        1,
        SIGNING
        | table(
            Parameter("command", parameters.text, mandatory=True),
            Parameter("fields", parameters.text, mandatory=True),
        ),
        command,
        OPERATE,
        response=Commanded,
    ),
)
