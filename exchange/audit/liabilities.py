"""Proof of liabilities: for each asset a Merkle-sum tree of what the venue owes to its customers.

A leaf is one account's balance, available and held: its hash is SHA-256(0, asset, salt, amount), so that nobody
reads a neighbour's balance out of it; a node's is SHA-256(1, left amount, left hash, right amount, right hash), its
amount is the sum. The root over all assets is SHA-256 of a name and of (asset, amount, hash) by asset. Amounts are
16 bytes, assets 8, big-endian; no amount is negative. A level of odd length hands its last node up as it is.
"""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from exchange.core.matching import codes

NAME = b"tape liabilities 1"
SALT_BYTES = 16
AMOUNT_BYTES = 16
ASSET_BYTES = 8

Cell = tuple[int, int, int]
"""Account, asset, amount."""


class Node(NamedTuple):
    """The sum and the hash of a subtree."""

    amount: int
    hash: bytes


class Step(NamedTuple):
    """One node on the way to the root: the other half, and whether it stands left."""

    amount: int
    hash: bytes
    is_left: bool


def amount_bytes(amount: int) -> bytes:
    return amount.to_bytes(AMOUNT_BYTES, "big")


def salt(secret: bytes, seq: int, account: int, asset: int) -> bytes:
    """What hides one balance in one tree; told to its owner alone."""
    return hmac.digest(secret, b"%d %d %d" % (seq, account, asset), "sha256")[:SALT_BYTES]


def leaf(asset: int, salted: bytes, amount: int) -> Node:
    content = b"\0" + asset.to_bytes(ASSET_BYTES, "big") + salted + amount_bytes(amount)
    return Node(amount, sha256(content).digest())


def joined(left: Node, right: Node) -> Node:
    content = b"\1" + amount_bytes(left.amount) + left.hash + amount_bytes(right.amount) + right.hash
    return Node(left.amount + right.amount, sha256(content).digest())


class AssetTree:
    """One asset's tree: its accounts in order, and all levels, leaves first."""

    def __init__(self, asset: int, secret: bytes, seq: int, balances: list[tuple[int, int]]) -> None:
        self.places = {account: number for number, (account, _) in enumerate(balances)}
        self.levels = [[leaf(asset, salt(secret, seq, account, asset), amount) for account, amount in balances]]
        while len(self.levels[-1]) > 1:
            level = self.levels[-1]
            pairs = [joined(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
            self.levels.append(pairs + level[len(level) - len(level) % 2 :])

    @property
    def root(self) -> Node:
        return self.levels[-1][0]

    def path(self, account: int) -> list[Step]:
        """What leads from an account's leaf to the root. KeyError where it has none."""
        at = self.places[account]
        found = []
        for level in self.levels[:-1]:
            other = at ^ 1
            if other < len(level):
                found.append(Step(*level[other], is_left=other < at))
            at //= 2
        return found


class Liabilities:
    """All assets' trees as of one entry."""

    def __init__(self, secret: bytes, seq: int, cells: Iterable[Cell]) -> None:
        self.seq = seq
        by_asset: dict[int, list[tuple[int, int]]] = {}
        for account, asset, amount in sorted(cells):
            if amount:
                by_asset.setdefault(asset, []).append((account, amount))
        self.trees = {asset: AssetTree(asset, secret, seq, balances) for asset, balances in sorted(by_asset.items())}

    @property
    def root(self) -> bytes:
        return root_of({asset: tree.root for asset, tree in self.trees.items()})


def root_of(roots: dict[int, Node]) -> bytes:
    """The root over all assets."""
    parts = [
        asset.to_bytes(ASSET_BYTES, "big") + amount_bytes(node.amount) + node.hash
        for asset, node in sorted(roots.items())
    ]
    return sha256(NAME + b"".join(parts)).digest()


def cells_of(state: bytes | memoryview) -> list[Cell]:
    """What customers have, out of a state's canonical encoding (core/matching/README.md, section 4)."""
    words = memoryview(state).cast("B")
    at = 0
    while True:
        number, _, size = (int.from_bytes(words[at + 8 * n : at + 8 * n + 8], "little") for n in range(3))
        if number == CELLS:
            break
        at += HEAD_BYTES + size + -size % 8
    content = words[at + HEAD_BYTES : at + HEAD_BYTES + size].cast("q").tolist()
    rows = zip(*[iter(content)] * CELL_WORDS, strict=True)
    return [
        (account, asset, available + held)
        for account, asset, available, held, _ in rows
        if account >= codes.FIRST_ACCOUNT
    ]


CELLS, HEAD_BYTES, CELL_WORDS = 4, 24, 5
