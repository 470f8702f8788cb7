"""What a trader is given to hold the venue to: the receipt of a command, the proof of a balance.

All is read from the notary's files, by calls made in a thread of their own: nothing here is on the trading thread.
"""

import json
import os
import struct
from bisect import bisect_left
from pathlib import Path
from typing import Any

from exchange.audit.commands import LEAF
from exchange.audit.head import Head, decode
from exchange.audit.liabilities import Liabilities, salt
from exchange.audit.notary import PLACE, read_lines, signed
from exchange.audit.tree import Tree
from exchange.core.engine import ROWS
from journal.segment import segment_path

HEADS_TOLD = 1_000
ACCOUNT_AT = 4 * 8


class NotYours(LookupError):
    """The command was another account's."""


class Receipts:
    """Reads what the notary wrote; heads and balances are read again when their files have changed."""

    def __init__(self, data: Path) -> None:
        self.journal = data / "journal"
        self.folder = data / "audit"
        self.lines: list[dict[str, Any]] = []
        self.known: list[Head] = []
        self.heads_bytes = 0
        self.tree: Tree | None = None
        self.liabilities: Liabilities | None = None
        self.liabilities_stamp = 0
        self.secret = b""

    def refresh(self) -> None:
        """Read the heads, if there are new ones."""
        path = self.folder / "heads"
        size = path.stat().st_size if path.exists() else 0
        if size != self.heads_bytes:
            self.lines = read_lines(path)
            self.known = [decode(signed(fields).statement) for fields in self.lines]
            self.heads_bytes = size

    def heads(self) -> list[dict[str, Any]]:
        """The newest heads, oldest first."""
        self.refresh()
        return self.lines[-HEADS_TOLD:]

    def receipt(self, seq: int, account: int | None) -> dict[str, Any]:
        """The path from one command to a head; `account` must be whose it was, None may see all. Raises NotYours.

        Status: pending (no head reaches it yet), quarantined (the engine failed on it: it was answered INTERNAL_ERROR),
        included.
        """
        self.refresh()
        at = bisect_left(self.known, seq, key=lambda head: head.seq)
        if at == len(self.known):
            return {"seq": seq, "status": "pending"}
        head = self.known[at]
        content = self.content(seq)
        if account is not None and (content[16] != ROWS or owner(content) != account):
            raise NotYours
        if self.tree is None:
            self.tree = Tree(self.folder / "tree")
        status = "quarantined" if seq in self.known[-1].quarantined else "included"
        return {
            "seq": seq,
            "status": status,
            "leaf": content.hex(),
            "treeSize": head.seq,
            "path": [node.hex() for node in self.tree.path(seq - 1, head.seq)],
            "head": self.lines[at],
        }

    def content(self, seq: int) -> bytes:
        """The leaf of a command, read where it stands in the journal."""
        with (self.folder / "commands").open("rb") as file:
            file.seek((seq - 1) * PLACE.size)
            segment_seq, offset, size, kind, ts_ns = PLACE.unpack(file.read(PLACE.size))
        descriptor = os.open(segment_path(self.journal, segment_seq), os.O_RDONLY | os.O_CLOEXEC)
        try:
            return LEAF.pack(seq, ts_ns, kind) + os.pread(descriptor, size, offset)
        finally:
            os.close(descriptor)

    def proof(self, account: int, names: dict[int, str]) -> dict[str, Any]:
        """That an account's balances are in what a head says is owed; `names` are of assets. Status as of a receipt."""
        self.refresh()
        path = self.folder / "liabilities"
        stamp = path.stat().st_mtime_ns if path.exists() else 0
        if stamp != self.liabilities_stamp:
            fields = json.loads(path.read_bytes())
            self.secret = bytes.fromhex(fields["secret"])
            self.liabilities = Liabilities(self.secret, fields["seq"], fields["cells"])
            self.liabilities_stamp = stamp
        found = self.liabilities
        at = next((n for n, head in enumerate(self.known) if found and head.snapshot_seq == found.seq), None)
        if found is None or at is None:
            return {"account": account, "status": "pending"}
        assets = []
        for asset, tree in found.trees.items():
            shown: dict[str, Any] = {"asset": asset, "name": names.get(asset, ""), "root": node(*tree.root)}
            if account in tree.places:
                amount = tree.levels[0][tree.places[account]].amount
                shown |= {"amount": str(amount), "salt": salt(self.secret, found.seq, account, asset).hex()}
                shown["path"] = [node(step.amount, step.hash) | {"left": step.is_left} for step in tree.path(account)]
            assets.append(shown)
        return {"account": account, "status": "included", "seq": found.seq, "assets": assets, "head": self.lines[at]}


def owner(content: bytes) -> int:
    """The account of a row's leaf."""
    account: int = struct.unpack_from("<q", content, LEAF.size + ACCOUNT_AT)[0]
    return account


def node(amount: int, digest: bytes) -> dict[str, Any]:
    return {"amount": str(amount), "hash": digest.hex()}
