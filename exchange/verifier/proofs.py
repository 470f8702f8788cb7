"""Checks what a venue hands to a trader: the receipt of a command, the proof of balances, the signed head of either."""

import json
from hashlib import sha256
from typing import Any

from .ed25519 import is_signed
from .words import Broken

FIRST_LINE = b"tape head 1\n"
LIABILITIES = b"tape liabilities 1"
Fields = dict[str, Any]


def check(fields: Fields, public_key: str = "") -> list[str]:
    """Check a receipt or a proof of liabilities, told apart by what it has. Returns what it proves; raises Broken."""
    try:
        if fields["status"] == "pending":
            raise Broken("it is pending: no head reaches it yet")
        head = opened(fields["head"], public_key)
        if "leaf" in fields:
            return receipt(fields, head)
        return liabilities(fields, head)
    except (KeyError, TypeError, ValueError) as problem:
        raise Broken(f"this is neither a receipt nor a proof: {problem!r}") from problem


def opened(fields: Fields, public_key: str) -> Fields:
    """The statement of a head, if its key signed it, and that is the one that was expected."""
    statement = bytes.fromhex(fields["statement"])
    if public_key and fields["public_key"] != public_key:
        raise Broken(f"the head is signed by {fields['public_key']}, not by {public_key}")
    if not is_signed(bytes.fromhex(fields["public_key"]), statement, bytes.fromhex(fields["signature"])):
        raise Broken("the head's signature is not its key's")
    if not statement.startswith(FIRST_LINE):
        raise Broken("what was signed is no head")
    head: Fields = json.loads(statement[len(FIRST_LINE) :])
    return head


def receipt(fields: Fields, head: Fields) -> list[str]:
    """A command is in the tree that a head was signed over."""
    leaf, size = bytes.fromhex(fields["leaf"]), head["seq"]
    seq, ts_ns = (int.from_bytes(leaf[at : at + 8], "little") for at in (0, 8))
    if seq != fields["seq"] or not 1 <= seq <= size:
        raise Broken(f"the leaf is of command {seq}, the receipt of {fields['seq']}, the head reaches to {size}")
    found = root(leaf, seq - 1, size, [bytes.fromhex(each) for each in fields["path"]])
    if found.hex() != head["tree_root"]:
        raise Broken("the path does not lead to the root that was signed")
    return [
        f"command {seq} stands in journal {head['journal_id']}, stamped {ts_ns} ns",
        f"its bytes: {leaf[17:].hex()}",
        f"the head over {size} commands has chain value {head['chain']}",
        *([f"it was quarantined: {sorted(head['quarantined'])}"] if fields["status"] == "quarantined" else []),
    ]


def root(leaf: bytes, number: int, size: int, path: list[bytes]) -> bytes:
    """The root that a path gives (RFC 6962): from the leaf up, the halves on the way in reverse."""
    turns = []
    while size > 1:
        left = 1 << (size - 1).bit_length() - 1
        turns.append(number < left)
        number, size = (number, left) if number < left else (number - left, size - left)
    if len(turns) != len(path):
        raise Broken(f"a path of {len(path)} nodes, it must have {len(turns)}")
    found = sha256(b"\0" + leaf).digest()
    for is_left, other in zip(reversed(turns), path, strict=True):
        found = sha256(b"\1" + (found + other if is_left else other + found)).digest()
    return found


def amount_bytes(amount: int) -> bytes:
    if amount < 0:
        raise Broken("an amount below zero: sums over it prove nothing")
    return amount.to_bytes(16, "big")


def liabilities(fields: Fields, head: Fields) -> list[str]:
    """Balances are counted in what the venue says it owes, and nothing on the way was below zero."""
    proved = []
    parts = []
    for each in sorted(fields["assets"], key=lambda one: one["asset"]):
        asset = each["asset"].to_bytes(8, "big")
        total, digest = int(each["root"]["amount"]), bytes.fromhex(each["root"]["hash"])
        parts.append(asset + amount_bytes(total) + digest)
        if "salt" in each:
            amount = int(each["amount"])
            found = sha256(b"\0" + asset + bytes.fromhex(each["salt"]) + amount_bytes(amount)).digest()
            told = amount
            for step in each["path"]:
                other, other_hash = int(step["amount"]), bytes.fromhex(step["hash"])
                pair = [(amount, found), (other, other_hash)]
                (first, first_hash), (second, second_hash) = reversed(pair) if step["left"] else pair
                content = amount_bytes(first) + first_hash + amount_bytes(second) + second_hash
                found = sha256(b"\1" + content).digest()
                amount += other
            if (amount, found) != (total, digest):
                raise Broken(f"asset {each['asset']}: the path does not lead to the sum that is told")
            proved.append(f"{told} of asset {each['asset']} {each['name']} is in the {total} that is owed")
    if sha256(LIABILITIES + b"".join(parts)).hexdigest() != head["liabilities_root"]:
        raise Broken("the sums are not those that were signed")
    if fields["seq"] != head["snapshot_seq"]:
        raise Broken(f"the proof is of entry {fields['seq']}, the head of {head['snapshot_seq']}")
    return [f"as of entry {fields['seq']}, signed over state {head['state_hash']}", *proved]
