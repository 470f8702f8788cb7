"""Why the balance sheet changed between two entries: every asset and party, by cause.

A party is `customers`, all accounts of users together, or one of the venue's own accounts. Causes: credits and debits
are postings, trades are what fills moved before fees, fees what fills took, referrals what of that was given on. What
is opening and closing is read from the state as of either entry; what lies between is added up from events; the two
must meet.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from exchange.audit.moment import moment
from exchange.audit.source import MESSAGE, Source, Step, message_at, places
from exchange.audit.venue import Register, posted
from exchange.core.engine import Engine
from exchange.core.ledger import CREDIT
from exchange.core.matching import codes, cold
from exchange.messages import registry
from exchange.messages.orders import EventKind

PARTIES = {
    codes.EXTERNAL_ACCOUNT: "external",
    codes.FEES_ACCOUNT: "fees",
    codes.INSURANCE_ACCOUNT: "insurance",
    codes.CLEARING_ACCOUNT: "clearing",
    codes.DUST_ACCOUNT: "chain_dust",
}
CUSTOMERS = "customers"
CAUSES = ("credit", "debit", "trade", "fee", "referral")
Sheet = dict[tuple[int, str], int]
Changes = dict[tuple[int, str], dict[str, int]]


class Line(NamedTuple):
    """One asset of one party, in minor units. `unexplained` is 0 where all adds up."""

    asset: str
    party: str
    opening: int
    credit: int
    debit: int
    trade: int
    fee: int
    referral: int
    closing: int
    unexplained: int


def party_of(account: int) -> str:
    return PARTIES.get(account, CUSTOMERS)


def sheet(engine: Engine) -> Sheet:
    """Asset and party to what the party has, held or not."""
    found: Sheet = {}
    for account, asset, available, held, borrowed in cold.all_cells(engine.state.matching):
        place = asset, party_of(account)
        found[place] = found.get(place, 0) + available + held - borrowed
    return found


def changes(directory: Path, after_seq: int, to_seq: int) -> tuple[Changes, Register]:
    """What the events behind `after_seq` up to `to_seq` moved, by asset, party and cause."""
    found: Changes = {}
    register = Register()

    def move(account: int, asset: int, cause: str, amount: int) -> None:
        by_cause = found.setdefault((asset, party_of(account)), dict.fromkeys(CAUSES, 0))
        by_cause[cause] += amount

    for step in Source(directory).steps(to_seq):
        for at in places(step.words):
            kind, seq = step.words[at] & 255, step.words[at + 1]
            if kind == MESSAGE:
                event = registry.event_decoder.decode(message_at(step, at))
                register.fold(event)
                post = posted(event)
                if post is not None and after_seq < seq <= to_seq:
                    cause = "credit" if post.reason == CREDIT else "debit"
                    move(post.payer, post.asset_id, cause, -post.amount)
                    move(post.receiver, post.asset_id, cause, post.amount)
            elif kind == EventKind.TRADED and after_seq < seq <= to_seq:
                for account, asset, cause, amount in moved_by_fill(step, at, register):
                    move(account, asset, cause, amount)
            elif kind == EventKind.REFERRED and after_seq < seq <= to_seq:
                referrer, asset, amount = step.words[at + 5 : at + 8]
                move(codes.FEES_ACCOUNT, asset, "referral", -amount)
                move(referrer, asset, "referral", amount)
    return found, register


def moved_by_fill(step: Step, at: int, register: Register) -> Iterator[tuple[int, int, str, int]]:
    """Account, asset, cause and amount of all that one fill moved."""
    words = step.words
    market = register.markets[words[at + 2]]
    taker, maker = words[at + 11], words[at + 17]
    buyer, seller = (taker, maker) if words[at + 4] == codes.BUY else (maker, taker)
    for account, asset, amount in (
        (seller, market.base, -words[at + 7]),
        (buyer, market.base, words[at + 7]),
        (buyer, market.quote, -words[at + 8]),
        (seller, market.quote, words[at + 8]),
    ):
        yield account, asset, "trade", amount
    for account, fee, asset in ((taker, words[at + 13], words[at + 14]), (maker, words[at + 19], words[at + 20])):
        yield account, asset, "fee", -fee
        yield codes.FEES_ACCOUNT, asset, "fee", fee


def explained(journal: Path, snapshots: Path | None, from_seq: int, to_seq: int) -> list[Line]:
    """The balance sheet behind `from_seq` and behind `to_seq`, and what lies between. Raises NoSuchEntry and more."""
    opening = sheet(moment(journal, snapshots, from_seq).engine) if from_seq else {}
    closing = sheet(moment(journal, snapshots, to_seq).engine)
    found, register = changes(journal, from_seq, to_seq)
    lines = []
    for place in sorted(opening.keys() | closing.keys() | found.keys()):
        by_cause = found.get(place, dict.fromkeys(CAUSES, 0))
        first, last = opening.get(place, 0), closing.get(place, 0)
        rest = last - first - sum(by_cause.values())
        name = register.assets[place[0]][0]
        lines.append(Line(name, place[1], first, **by_cause, closing=last, unexplained=rest))
    return lines
