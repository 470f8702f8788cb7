"""What a trader holds the venue to: signed heads, the receipt of a command, the proof that a balance is counted."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal, Protocol

from msgspec import UNSET, Struct, UnsetType

from exchange.api import parameters
from exchange.api.answers import Answer
from exchange.api.context import Reply, Request
from exchange.api.endpoints import Endpoint, public, reading
from exchange.api.errors import WireError
from exchange.api.parameters import Parameter
from exchange.core import queries
from exchange.core.matching import codes

SEQ = Parameter("seq", parameters.long, mandatory=True)
NOT_YOURS = WireError(-2013, "This command is not yours, or there is none of that number.", 404)


class Head(Struct, forbid_unknown_fields=True):
    """A signed head as it stands in the journal at `entry`: the statement's fields, what was signed. Hashes are hex."""

    entry: int
    journal_id: str
    seq: int
    chain: str
    tree_root: str
    quarantined: list[int]
    snapshot_seq: int
    state_hash: str
    liabilities_root: str
    statement: str
    signature: str
    public_key: str


class Heads(Struct, forbid_unknown_fields=True):
    """The newest heads, oldest first."""

    heads: list[Head]


class Receipt(Answer):
    """Whether and where a command stands: pending has neither leaf nor path."""

    seq: int
    status: Literal["pending", "included", "quarantined"]
    leaf: str | UnsetType = UNSET
    tree_size: int | UnsetType = UNSET
    path: list[str] | UnsetType = UNSET
    head: Head | UnsetType = UNSET


class Sum(Answer):
    """A node of a tree of sums; as a step on a path, on which side it stands."""

    amount: str
    hash: str
    left: bool | UnsetType = UNSET


class AssetProof(Answer):
    """What is owed of an asset, and the way there from the sender's balance where there is one."""

    asset: int
    name: str
    root: Sum
    amount: str | UnsetType = UNSET
    salt: str | UnsetType = UNSET
    path: list[Sum] | UnsetType = UNSET


class BalanceProof(Answer):
    """That an account's balances are counted, as of a snapshot that a head names."""

    account: int
    status: Literal["pending", "included"]
    seq: int | UnsetType = UNSET
    assets: list[AssetProof] | UnsetType = UNSET
    head: Head | UnsetType = UNSET


class Receipts(Protocol):
    """What reads the notary's files; see exchange/audit/receipts.py."""

    def heads(self) -> list[dict[str, Any]]: ...
    def receipt(self, seq: int, account: int | None) -> dict[str, Any]: ...
    def proof(self, account: int, names: dict[int, str]) -> dict[str, Any]: ...


class Proofs:
    """The endpoints over a notary's files. Every answer is read in a thread: files are not for the trading loop."""

    def __init__(self, receipts: Receipts) -> None:
        self.receipts = receipts

    async def heads(self, request: Request) -> Reply:
        """Every minute's signed head, oldest first."""
        return Reply({"heads": await in_thread(self.receipts.heads)})

    async def receipt(self, request: Request) -> Reply:
        """The path from one of the sender's commands to a signed head."""
        seq, key = request.values["seq"], request.sender
        if not 1 <= seq <= request.context.state.seq:
            raise NOT_YOURS
        account = None if key.rights & codes.RIGHT_OPERATE else key.account
        try:
            return Reply(await in_thread(lambda: self.receipts.receipt(seq, account)))
        except LookupError as error:
            raise NOT_YOURS from error

    async def liabilities(self, request: Request) -> Reply:
        """That the sender's balances are in what a signed head says is owed."""
        account = request.sender.account
        names = {number: name for name, number in queries.assets(request.context.state).items()}
        return Reply(await in_thread(lambda: self.receipts.proof(account, names)))

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return (
            public("/audit/heads", 10, self.heads, response=Heads),
            reading("/receipt/{seq}", 2, self.receipt, SEQ, response=Receipt),
            reading("/liabilities/proof", 5, self.liabilities, response=BalanceProof),
        )


async def in_thread(read: Callable[[], Any]) -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, read)
