"""Signed heads, receipts and proofs of liabilities: made by the notary, checked by code that shares nothing with it."""

import asyncio
import json
import shutil
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from exchange.audit.audit import Wanted, check_heads
from exchange.audit.head import Head, SignedHead, WrongHead, decode, encode, opened, sign, signed_of
from exchange.audit.liabilities import Liabilities, cells_of
from exchange.audit.notary import Notary
from exchange.audit.receipts import NotYours, Receipts
from exchange.audit.tree import EMPTY_ROOT, Tree, leaf_hash, node_hash, root_by_path
from exchange.core import encoding
from exchange.core.matching import codes
from exchange.messages.orders import Side
from exchange.messages.system import RecordHead
from exchange.ops import audit
from exchange.verifier import __main__ as verifier
from exchange.verifier import proofs
from exchange.verifier.ed25519 import is_signed
from exchange.verifier.words import Broken
from journal.reader import read
from journal.writer import Journal
from tests import flows
from tests.trio import Trio
from tests.unit.audit.steps import take_snapshot
from tests.venue import FIRST_ACCOUNT, Venue, limit, listing

# The test vectors of Certificate Transparency: the root over the first 1 and over all 8 leaves.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
FIRST_ROOT = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
LAST_ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def plain_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    left = 1
    while left * 2 < len(leaves):
        left *= 2
    return node_hash(plain_root(leaves[:left]), plain_root(leaves[left:]))


def test_the_tree_is_that_of_rfc_6962(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    leaves = [bytes.fromhex(each) for each in LEAVES]
    tree.extend(map(leaf_hash, leaves))
    assert tree.root(0) == EMPTY_ROOT
    assert tree.root(1).hex() == FIRST_ROOT
    assert tree.root(8).hex() == LAST_ROOT
    tree.close()


def test_a_tree_that_grows_by_pieces_has_the_root_and_paths_of_every_size(tmp_path: Path) -> None:
    chance = Random(3)
    tree = Tree(tmp_path)
    leaves: list[bytes] = []
    while len(leaves) < 70:
        piece = [chance.randbytes(5) for _ in range(chance.choice([0, 1, 1, 2, 3, 7, 16]))]
        leaves += piece
        assert tree.extend(map(leaf_hash, piece)) == len(leaves) == tree.size
    for size in range(1, len(leaves) + 1):
        root = plain_root(leaves[:size])
        assert tree.root(size) == root
        for number in {0, size // 2, size - 1}:
            path = tree.path(number, size)
            assert root_by_path(leaves[number], number, size, path) == root
            assert proofs.root(leaves[number], number, size, path) == root
            assert root_by_path(leaves[number] + b"x", number, size, path) != root
    with pytest.raises(LookupError):
        tree.path(70, 70)
    tree.close()


def test_what_a_crash_left_out_of_a_tree_is_made_again(tmp_path: Path) -> None:
    leaves = [bytes([number]) for number in range(20)]
    tree = Tree(tmp_path)
    tree.extend(map(leaf_hash, leaves[:13]))
    tree.close()
    # Greater heights were written, the leaves were not: the file of leaves says how far the tree is.
    with (tmp_path / "height-00").open("r+b") as file:
        file.truncate(10 * 32)
    tree = Tree(tmp_path)
    assert tree.size == 10
    tree.extend(map(leaf_hash, leaves[10:]))
    assert [tree.root(size) for size in range(1, 21)] == [plain_root(leaves[:size]) for size in range(1, 21)]
    tree.close()


HEAD = Head(bytes(16), 7, b"c" * 32, b"r" * 32, [3], 5, b"s" * 32, b"l" * 32)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def test_a_head_is_opened_only_as_it_was_signed() -> None:
    signed = sign(HEAD, KEY)
    assert opened(signed) == HEAD
    assert is_signed(signed.public_key, signed.statement, signed.signature)
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    for lie in (
        signed._replace(statement=encode(HEAD._replace(seq=8))),
        signed._replace(signature=bytes(64)),
        signed._replace(public_key=sign(HEAD, other).public_key),
        signed._replace(public_key=b"short"),
    ):
        assert not is_signed(lie.public_key, lie.statement, lie.signature)
        with pytest.raises(WrongHead):
            opened(lie)
    for wrong in (b"", b"tape head 1\n{}", signed.statement + b" ", signed.statement.replace(b"tape", b"gape")):
        with pytest.raises(WrongHead):
            decode(wrong)
    with pytest.raises(WrongHead):
        signed_of({"statement": "00"})


def test_a_plain_check_of_signatures_agrees_with_the_library() -> None:
    chance = Random(5)
    for _ in range(8):
        key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        message = chance.randbytes(chance.randrange(100))
        public, signature = key.public_key().public_bytes_raw(), key.sign(message)
        assert is_signed(public, message, signature)
        at = chance.randrange(64)
        assert not is_signed(public, message, signature[:at] + bytes([signature[at] ^ 4]) + signature[at + 1 :])
        assert not is_signed(public, message + b"x", signature)


def test_core_and_verifier_agree_on_heads_and_clocks() -> None:
    trio = Trio()
    for message in flows.simple_setup():
        trio.messages(message)
    before = trio.check_state()
    signed = sign(HEAD, KEY)
    assert flows.refusals(trio.messages([6, 0, *signed])) == []
    assert flows.refusals(trio.messages([5, 0, flows.START_NS])) == []
    for wrong in (
        [6, 0, b"", signed.signature, signed.public_key],
        [6, 0, b"x" * 16_385, signed.signature, signed.public_key],
        [6, 0, b"x", signed.signature[:-1], signed.public_key],
        [6, 0, b"x", signed.signature, signed.public_key + b"x"],
        [6, 99, *signed],
        [5, 0, 0],
        [5, 0, codes.AMOUNT_MAX + 1],
        [5, 99, 1],
    ):
        assert len(flows.refusals(trio.messages(wrong))) == 1, wrong
    assert trio.check_state() == before


class Audited:
    """A venue with its notary: people trade, heads are journaled."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.traded = 0

    def trade(self, count: int, *commands: Any) -> None:
        async def run() -> None:
            async with Venue(self.data) as venue:
                if not self.traded and count:
                    await venue.send(listing())
                for _ in range(count):
                    self.traded += 1
                    side = Side.BUY if self.traded % 2 else Side.SELL
                    await venue.place(limit(self.traded % 3, side, 6_000_000, 10 + self.traded, f"o{self.traded}"))
                for command in commands:
                    await venue.send([command])
                self.engine = venue.engine
                self.journal_id, self.chain = venue.journal.journal_id, venue.journal.chain

        asyncio.run(run())

    def snapshot(self) -> None:
        body = b"".join(encoding.sections(self.engine.state))
        take_snapshot(self.data / "snapshots", self.engine.seq, self.journal_id, self.chain, body)

    def notarize(self) -> SignedHead | None:
        notary = Notary(self.data, KEY)
        try:
            assert notary.catch_up() == self.engine.seq
            return notary.head() if notary.is_due else None
        finally:
            notary.close()

    def record(self) -> SignedHead:
        signed = self.notarize()
        assert signed is not None
        self.trade(0, RecordHead(0, *signed))
        return signed


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """Two heads in the journal, a snapshot before the second, commands behind it."""
    audited = Audited(tmp_path_factory.mktemp("heads") / "data")
    audited.trade(20)
    audited.record()
    assert audited.notarize() is None
    audited.trade(9)
    audited.snapshot()
    audited.record()
    audited.trade(5)
    assert audited.notarize() is not None
    return audited


def test_a_head_says_what_the_journal_was_and_comes_only_where_commands_came(audited: Audited) -> None:
    receipts = Receipts(audited.data)
    first, second = (opened(signed_of(fields)) for fields in receipts.heads())
    assert first.seq < second.seq < audited.engine.seq
    assert (first.snapshot_seq, first.liabilities_root) == (0, b"")
    assert second.snapshot_seq > first.seq
    assert second.state_hash
    assert audited.notarize() == audited.notarize()


def test_the_notary_without_its_files_makes_the_same(audited: Audited, tmp_path: Path) -> None:
    shutil.copytree(audited.data, tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "audit")
    copy = Audited(tmp_path / "data")
    copy.engine = audited.engine
    assert copy.notarize() == audited.notarize()
    assert Receipts(copy.data).heads() == Receipts(audited.data).heads()


def test_every_receipt_leads_to_its_head_and_says_whose_it_is(audited: Audited, tmp_path: Path) -> None:
    receipts = Receipts(audited.data)
    heads = [opened(signed_of(fields)) for fields in receipts.heads()]
    states = set()
    for seq in range(1, audited.engine.seq + 1):
        receipt = receipts.receipt(seq, None)
        states.add(receipt["status"])
        assert (receipt["status"] == "pending") == (seq > heads[-1].seq)
        if receipt["status"] == "included":
            assert proofs.check(receipt, heads_key())[0].startswith(f"command {seq} stands in journal")
    assert states == {"included", "pending"}
    mine = receipts.receipt(heads[0].seq, FIRST_ACCOUNT + 20 % 3)
    assert b"o20" in bytes.fromhex(mine["leaf"])
    for account, seq in ((FIRST_ACCOUNT + 1, heads[0].seq), (FIRST_ACCOUNT, 1)):
        with pytest.raises(NotYours):
            receipts.receipt(seq, account)
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(mine))
    assert verifier.main(["proof", str(file), "--key", heads_key()]) == 0
    assert verifier.main(["proof", str(file), "--key", "00" * 32]) == 1


def heads_key() -> str:
    return KEY.public_key().public_bytes_raw().hex()


def test_a_receipt_that_was_touched_proves_nothing(audited: Audited) -> None:
    receipts = Receipts(audited.data)
    receipt = receipts.receipt(5, None)
    leaf = bytearray.fromhex(receipt["leaf"])
    leaf[-1] ^= 1
    lies = [
        receipt | {"leaf": leaf.hex()},
        receipt | {"seq": 6},
        receipt | {"path": receipt["path"][:-1]},
        receipt | {"path": [*receipt["path"][:-1], "00" * 32]},
        receipt | {"head": receipts.heads()[1]},
        receipt | {"head": receipt["head"] | {"signature": "00" * 64}},
        receipt | {"status": "pending"},
        {"status": "included"},
    ]
    for lie in lies:
        with pytest.raises(Broken):
            proofs.check(lie)


def test_everybody_can_prove_that_his_balances_are_counted(audited: Audited) -> None:
    receipts = Receipts(audited.data)
    names = {1: "USDT", 2: "BTC"}
    totals: dict[int, int] = {}
    for account in range(FIRST_ACCOUNT, FIRST_ACCOUNT + 4):
        proof = receipts.proof(account, names)
        told = proofs.check(proof, heads_key())
        assert len(told) == 3, told
        for each in proof["assets"]:
            totals[each["asset"]] = totals.get(each["asset"], 0) + int(each["amount"])
            assert each["name"] == names[each["asset"]]
    last = receipts.proof(FIRST_ACCOUNT + 3, names)
    assert totals == {each["asset"]: int(each["root"]["amount"]) for each in last["assets"]}
    stranger = receipts.proof(10**6, names)
    assert len(proofs.check(stranger)) == 1
    salts = {each["salt"] for each in last["assets"]}
    assert not salts & {each.get("salt") for each in receipts.proof(FIRST_ACCOUNT, names)["assets"]}


def test_a_proof_of_liabilities_that_was_touched_or_goes_below_zero_proves_nothing(audited: Audited) -> None:
    proof = Receipts(audited.data).proof(FIRST_ACCOUNT, {})

    def lie(**changes: Any) -> dict[str, Any]:
        first, *others = proof["assets"]
        return proof | {"assets": [first | changes, *others]}

    first = proof["assets"][0]
    step = first["path"][0]
    for wrong in (
        lie(amount=str(int(first["amount"]) + 1)),
        lie(salt="00" * 16),
        lie(root=first["root"] | {"amount": str(int(first["root"]["amount"]) - 1)}),
        lie(path=[step | {"amount": "-5"}, *first["path"][1:]]),
        lie(path=[step | {"left": not step["left"]}, *first["path"][1:]]),
        proof | {"assets": proof["assets"][1:]},
        proof | {"seq": proof["seq"] + 1},
    ):
        with pytest.raises(Broken):
            proofs.check(wrong)


def test_the_sums_are_what_the_state_owes(audited: Audited) -> None:
    state = b"".join(encoding.sections(audited.engine.state))
    cells = cells_of(state)
    found = Liabilities(b"secret", 1, cells)
    matching = audited.engine.state.matching
    for asset, tree in found.trees.items():
        own = sum(sum(matching.balance(account, asset)[:2]) for account in range(1, codes.FIRST_ACCOUNT))
        assert tree.root.amount == -own
    assert Liabilities(b"secret", 1, reversed(cells)).root == found.root
    assert Liabilities(b"other", 1, cells).root != found.root
    assert Liabilities(b"secret", 1, []).trees == {}


def found_by(audited: Audited, *signed: SignedHead, public_key: bytes = b"") -> list[str]:
    wanted = Wanted(audited.data / "journal", audited.data / "snapshots", signed=signed, public_key=public_key)
    return [problem.text for problem in check_heads(wanted, lambda seq: None).problems]


def test_the_audit_holds_every_head_against_the_journal(audited: Audited, tmp_path: Path) -> None:
    kept = [signed_of(fields) for fields in Receipts(audited.data).heads()]
    assert found_by(audited, *kept) == []
    last = opened(kept[-1])
    lies = {
        "chain value": last._replace(chain=bytes(32)),
        "tree over": last._replace(tree_root=bytes(32)),
        "another journal": last._replace(journal_id=b"x" * 16),
        "quarantined otherwise": last._replace(quarantined=[2]),
        "no frame ends there|ends before it": last._replace(seq=10**6),
        "another state": last._replace(state_hash=bytes(32)),
    }
    for told, lie in lies.items():
        found = found_by(audited, sign(lie, KEY))
        assert len(found) == 1, found
        assert any(part in found[0] for part in told.split("|")), found
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    assert any("is signed by" in each for each in found_by(audited, sign(last, other)))
    assert any("is signed by" in each for each in found_by(audited, public_key=bytes(32)))
    assert found_by(audited, kept[0]._replace(signature=bytes(64))) == ["a head whose signature is not of its key"]


def test_heads_kept_in_a_file_are_a_part_of_the_audit(
    audited: Audited, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heads = Receipts(audited.data).heads()
    lines, answer = tmp_path / "lines", tmp_path / "answer"
    lines.write_text("\n".join(json.dumps(head) for head in heads))
    answer.write_text(json.dumps({"heads": heads}))
    assert audit.read_heads(lines) == audit.read_heads(answer)
    assert audit.main([str(audited.data), "--head", str(answer), "--key", heads_key(), "--quiet"]) == 0
    assert "4 heads" in capsys.readouterr().out
    # A disk that lied: the journal ends before what somebody holds a head of.
    short = tmp_path / "short"
    first = opened(signed_of(heads[0])).seq
    copy = Journal.create(short / "journal", created_ns=1, segment_bytes=1 << 20, journal_id=audited.journal_id)
    for frame in read(audited.data / "journal"):
        header = frame.header
        if header.last_seq < first:
            content = (header.kind, header.schema, header.first_seq, header.commands, bytes(frame.payload))
            copy.append([content], header.ts_ns, header.applied_seq)
    copy.close()
    assert audit.main([str(short), "--quiet"]) == 0
    assert audit.main([str(short), "--head", str(answer), "--quiet"]) == 1
    assert "the journal ends before it" in capsys.readouterr().out
