"""Heads against the journal: those that stand in it, and those that somebody kept elsewhere, all signed and all met.

The tree is made anew from every command, the states and liabilities from every snapshot that is there.
"""

from collections.abc import Callable
from pathlib import Path

from exchange.audit.commands import leaf, standing
from exchange.audit.findings import Findings
from exchange.audit.head import Head, SignedHead, WrongHead, opened
from exchange.audit.tree import EMPTY_ROOT, leaf_hash, node_hash
from exchange.messages import registry
from exchange.messages.system import RecordHead
from journal.disk import REAL_DISK
from journal.frame import MESSAGES, Frame
from journal.quarantine import quarantined
from journal.reader import read
from journal.segment import list_segments, read_segment

FRAMES_BETWEEN_REPORTS = 64


class Peaks:
    """The whole subtrees of a tree that only grows: enough for the root of what is there now."""

    def __init__(self) -> None:
        self.peaks: list[bytes] = []
        """By height; empty where no subtree of that height stands alone."""

    def extend(self, level: list[bytes]) -> None:
        """Add leaves by their hashes."""
        height = 0
        while level:
            if height == len(self.peaks):
                self.peaks.append(b"")
            if self.peaks[height]:
                level = [self.peaks[height], *level]
            self.peaks[height] = level[-1] if len(level) % 2 else b""
            level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
            height += 1

    def root(self) -> bytes:
        found = b""
        for peak in self.peaks:
            if peak:
                found = node_hash(peak, found) if found else peak
        return found or EMPTY_ROOT


class Witness:
    """Reads a journal once, and holds every head against it where it is reached."""

    def __init__(self, directory: Path, findings: Findings, signed: list[SignedHead], public_key: bytes = b"") -> None:
        self.directory = directory
        self.findings = findings
        self.journal_id = read_segment(REAL_DISK, list_segments(REAL_DISK, directory)[0]).journal_id
        self.notes = set(quarantined(directory))
        self.public_key = public_key
        self.tree = Peaks()
        self.roots: dict[int, tuple[bytes, bytes]] = {}
        """Chain value and tree root behind every frame."""
        self.heads: list[tuple[int, Head]] = []
        for each in signed:
            self.take(0, each)

    def take(self, seq: int, signed: SignedHead) -> None:
        """Open a head that stands at entry `seq`, or was kept elsewhere (0)."""
        try:
            head = opened(signed)
        except WrongHead as error:
            self.findings.add(seq, str(error))
            return
        self.public_key = self.public_key or signed.public_key
        if signed.public_key != self.public_key:
            self.findings.add(seq, f"a head is signed by {signed.public_key.hex()}, others by {self.public_key.hex()}")
        self.heads.append((seq, head))

    def run(self, to_seq: int, tell: Callable[[int], None]) -> None:
        """Read every frame, then hold all heads against what was found."""
        last = 0
        for number, frame in enumerate(read(self.directory)):
            self.on_frame(frame)
            last = frame.header.last_seq
            if number % FRAMES_BETWEEN_REPORTS == 0:
                tell(last)
            if to_seq and last >= to_seq:
                break
        tell(last)
        for seq, head in self.heads:
            self.check(seq, head, last)
        self.findings.saw("heads", len(self.heads))
        self.findings.saw("leaves", last)

    def on_frame(self, frame: Frame) -> None:
        header = frame.header
        payload = bytes(frame.payload)
        self.tree.extend(
            [leaf_hash(leaf(each, payload[each.offset : each.offset + each.size])) for each in standing(frame)]
        )
        self.roots[header.last_seq] = header.chain, self.tree.root()
        if header.kind == MESSAGES:
            for number, message in enumerate(registry.decode_commands(frame.payload)):
                if isinstance(message, RecordHead):
                    signed = SignedHead(message.statement, message.signature, message.public_key)
                    self.take(header.first_seq + number, signed)

    def check(self, seq: int, head: Head, last: int) -> None:
        """One head: this journal, a frame's end, its chain value, its root, nothing quarantined behind its back."""
        at = seq or head.seq
        if head.journal_id != self.journal_id:
            self.findings.add(at, "a head of another journal")
        if seq and head.seq >= seq:
            self.findings.add(at, f"a head at entry {seq} speaks of entry {head.seq}")
        if head.seq not in self.roots:
            missing = "the journal ends before it" if head.seq > last else "no frame ends there"
            self.findings.add(at, f"a head names entry {head.seq}, but {missing}")
            return
        chain, root = self.roots[head.seq]
        if chain != head.chain:
            self.findings.add(at, f"a head's chain value at entry {head.seq} is not the journal's")
        if root != head.tree_root:
            self.findings.add(at, f"a head's tree over {head.seq} commands is not the journal's")
        behind = sorted(note for note in self.notes if note <= head.seq and note not in head.quarantined)
        unknown = sorted(set(head.quarantined) - self.notes)
        if behind or unknown:
            self.findings.add(at, f"entries {behind or unknown} are quarantined otherwise than a head says")
