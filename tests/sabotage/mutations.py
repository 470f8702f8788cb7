"""Small acts of sabotage: a line each, in the core, the journal, snapshots, recovery and audit; all must be found out.

A mutation is a file, what stands there, what shall stand there instead, and the tests that have to fail then. The core
runs interpreted, so nothing is compiled.
"""

from tests.sabotage.mutation import CHECKS, FEES, LIST_CHECKS, LISTS, MATCHING, TERMS, TRADING, Mutation
from tests.sabotage.tables import TABLE_MUTATIONS

ENCODING = "exchange/core/matching/encoding.py"
WORLDS = ("tests/simulation/test_simulation.py", "-k", "few")
JOURNAL = ("tests/unit/journal",)
SNAPSHOTS = ("tests/unit/snapshots",)
RUNTIME = ("tests/unit/runtime",)
AUDIT = ("tests/unit/audit",)
STORE = ("tests/unit/store",)
SCENARIOS = ("tests/golden/test_golden.py",)
EVERY_STOP = ("tests/golden/test_every_order.py", "-k", "STOP_LOSS_LIMIT")
REMEMBERED = ("tests/property/test_remembering.py",)
BOUNDS = ("tests/property/test_bounds.py", "-k", "tick_ends or arms")


EVERY_LINE = ("tests/golden/test_every_line.py",)
STATES = ("tests/golden/test_market_states.py",)
AUCTIONS = ("tests/property/test_auction.py", "-k", "best")
FEE_TERMS = ("tests/golden/test_golden.py",)


MUTATIONS = (
    # What a market takes.
    Mutation("no maker in post-only", TERMS, "status == codes.AUCTION and order_type", "order_type", STATES),
    Mutation("a closed market takes orders", TERMS, "return True\n    order_type", "pass\n    order_type", STATES),
    Mutation("what waits must be GTC", TERMS, "order_type == codes.LIMIT and time", "time", STATES),
    # Transfers.
    Mutation(
        "a transfer to oneself",
        "exchange/core/matching/transfers.py",
        "return taker.seat.account != maker.seat.account",
        "return True",
        FEE_TERMS,
    ),
    Mutation(
        "whoever is met hands over",
        "exchange/core/matching/transfers.py",
        " or maker.flags.self_trade != codes.TRANSFER",
        "",
        FEE_TERMS,
    ),
    Mutation("a walk misses transfers", TRADING, "order.flags.self_trade == codes.TRANSFER and", "0 and", FEE_TERMS),
    # Fee terms.
    Mutation("volume stays", FEES, "payer.days[(day - number) % codes.VOLUME_DAYS] = 0", "pass", FEE_TERMS),
    Mutation("a bound has to be passed", FEES, "volume >= self.bounds[tier]", "volume > self.bounds[tier]", FEE_TERMS),
    Mutation("a tax is discounted", FEES, "self.discount_ppm) + extra", "self.discount_ppm)", FEE_TERMS),
    Mutation("a fee is paid with what is not there", FEES, "cell.available >= fee", "cell.available >= 0", FEE_TERMS),
    Mutation("a rebate is shared, too", FEES, "events.taker_fee - rebate)", "events.taker_fee)", FEE_TERMS),
    Mutation("a market's special hides one's own", FEES, "rates.get(market_id)", "None", FEE_TERMS),
    Mutation("an operator's tier is lost", FEES, "max(payer.granted, self", "max(0, self", FEE_TERMS),
    # The core.
    Mutation("a maker's fee is forgotten", TRADING, "paid - maker_fee", "paid", WORLDS),
    Mutation("a taker pays the maker's fee", TRADING, "market.taker_ppm[taker", "market.maker_ppm[taker", WORLDS),
    Mutation("a taker pays no fee", TRADING, "self.taker_fees += taker_fee", "self.taker_fees += 0", WORLDS),
    Mutation(
        "fees are kept from the venue",
        TRADING,
        "sides.fees_of_taker(market, side).available += self.taker_fees",
        "pass",
        WORLDS,
    ),
    Mutation(
        "too much is traded",
        TRADING,
        "min(taker.remaining - self.kept_back, shown_of(maker))",
        "shown_of(maker)",
        WORLDS,
    ),
    Mutation("a maker gives nothing", TRADING, "given.held -= received", "pass", WORLDS),
    Mutation("a maker's hold is not lessened", TRADING, "maker.held -= received", "pass", WORLDS),
    Mutation("a level forgets a fill", TRADING, "maker.level.quantity -= quantity", "pass", WORLDS),
    Mutation(
        "an unfilled order is forgotten",
        TRADING,
        "        if order.remaining == 0:\n            self.unqueue",
        "        if order.remaining <= 1:\n            self.unqueue",
        WORLDS,
    ),
    Mutation("a filled order stays", TRADING, "            self.forget(order)", "            pass", WORLDS),
    Mutation(
        "a resting order holds what it held",
        TRADING,
        "        self.release_claim(order, kept)\n        is_new = True",
        "        is_new = True",
        WORLDS,
    ),
    Mutation(
        "owners of one group trade",
        TRADING,
        "not same_owner(order.seat.account, account)",
        "order.seat.account is not account",
        WORLDS,
    ),
    Mutation(
        "the taker's mode is mixed up",
        TRADING,
        "mode == codes.EXPIRE_TAKER or mode == codes.EXPIRE_BOTH",
        "mode == codes.EXPIRE_TAKER",
        WORLDS,
    ),
    Mutation(
        "a maker that was prevented stays",
        TRADING,
        "mode == codes.EXPIRE_MAKER or mode == codes.EXPIRE_BOTH",
        "mode == codes.EXPIRE_BOTH",
        WORLDS,
    ),
    Mutation(
        "an iceberg's part keeps its place",
        TRADING,
        "        self.pool.dequeue(order)\n        self.pool.enqueue(level, order)\n        self.events.refilled",
        "        self.events.refilled",
        WORLDS,
    ),
    Mutation("an iceberg hides its next part", TRADING, "level.quantity += details.shown", "pass", WORLDS),
    Mutation(
        "a walk goes on where it is blocked",
        TRADING,
        "                self.blocked = True\n                return lots",
        "                return lots",
        EVERY_LINE,
    ),
    Mutation("what is hidden counts as ahead", TRADING, "shown_of(order) if only_shown else ", "", EVERY_LINE),
    Mutation("a trade is not counted", TRADING, "market.trades += 1", "market.trades += 0", WORLDS),
    Mutation("the last price is forgotten", TRADING, "market.last_price = maker.price", "pass", WORLDS),
    Mutation("nobody hears of a price", TRADING, "self.triggers.touch(market, maker.price)", "pass", WORLDS),
    Mutation(
        "a fill-or-kill order fills in part",
        MATCHING,
        "if self.is_fillable(market, order, key):",
        "if True:",
        WORLDS,
    ),
    Mutation(
        "orders that wait never enter",
        MATCHING,
        "if market.waiting and market.trades != trades:",
        "if False:",
        WORLDS,
    ),
    Mutation(
        "a snapshot forgets who falls",
        ENCODING,
        "        write_side(market.falling, writer)\n",
        "        write_side(market.rising, writer)\n",
        WORLDS,
    ),
    Mutation(
        "a snapshot forgets a trigger",
        ENCODING,
        "order.details.trigger_price = reader.take()",
        "order.details.trigger_price = reader.take() * 0",
        WORLDS,
    ),
    Mutation(
        "a post-only order takes",
        CHECKS,
        "self.crosses = 1 if sides.best_key_against(market, side) >= self.worst_key else 0",
        "self.crosses = 0",
        WORLDS,
    ),
    Mutation(
        "more orders than may be",
        CHECKS,
        "if self.seat.open_orders >= market.max_orders:",
        "if self.seat.open_orders > market.max_orders:",
        WORLDS,
    ),
    Mutation("an amendment may grow", CHECKS, "if row.quantity >= order.quantity:", "if False:", WORLDS),
    # Lists, orders that end by themselves, what is remembered, limits.
    Mutation("a stop may stand at the last price", LIST_CHECKS, "below >= last_price", "below > last_price", SCENARIOS),
    Mutation("a list counts as one order", LIST_CHECKS, "open_here + legs >", "open_here + 1 >", SCENARIOS),
    Mutation(
        "a pending order is asked of the market's status",
        LIST_CHECKS,
        "number < first_pending",
        "number <= first_pending",
        SCENARIOS,
    ),
    Mutation("a pair holds twice", LISTS, "max(0, self.second_need - self.first_need)", "self.second_need", SCENARIOS),
    Mutation(
        "the dearer leg is not asked for",
        LISTS,
        "max(self.first_need, self.second_need) > cell",
        "self.first_need > cell",
        SCENARIOS,
    ),
    Mutation(
        "what trades reached is forgotten",
        LISTS,
        "max(market.last_price, market.reach_up)",
        "market.last_price",
        SCENARIOS,
    ),
    Mutation(
        "a leg that works lets the other be",
        LISTS,
        "elif happened & codes.LEG_STARTED:",
        "elif False:",
        SCENARIOS,
    ),
    Mutation("the other leg is not amended", LISTS, "sibling.details.amends += 1", "pass", SCENARIOS),
    Mutation(
        "an order ends a moment late",
        "exchange/core/matching/due.py",
        "-level.key <= now_ns",
        "-level.key < now_ns",
        EVERY_STOP,
    ),
    Mutation(
        "a filled order stays due",
        TRADING,
        "            if order.details.due_level:\n                self.due.remove(order)\n            self.forget",
        "            self.forget",
        EVERY_STOP,
    ),
    Mutation(
        "a tick ends whatever is due",
        "exchange/core/timers.py",
        "while steps < codes.CASCADE_MAX and has_due_order",
        "while has_due_order",
        BOUNDS,
    ),
    Mutation(
        "an account arms too many sessions",
        "exchange/core/disconnects.py",
        ">= SESSIONS_MAX",
        "> SESSIONS_MAX",
        BOUNDS,
    ),
    Mutation(
        "a refused order is remembered",
        "exchange/core/remembering.py",
        "        if order_id:",
        "        if True:",
        REMEMBERED,
    ),
    Mutation(
        "anybody asks again",
        "exchange/core/remembering.py",
        "code = cold.refused_sender(matching, at)",
        "code = 0",
        REMEMBERED,
    ),
    Mutation(
        "an order in the last market does not count",
        "exchange/core/matching/limits.py",
        "range(1, self.markets + 1)",
        "range(1, self.markets)",
        SCENARIOS,
    ),
    Mutation(
        "a rule is for one market",
        "exchange/core/rules.py",
        "    for market in state.matching.markets:\n",
        "    for market in list(state.matching.markets)[:1]:\n",
        ("tests/property/test_rule_versions.py",),
    ),
    # The journal.
    Mutation("a batch is not synced", "journal/beside.py", "        disk.fdatasync(fd)\n", "        pass\n", WORLDS),
    Mutation("a short write counts as one", "journal/beside.py", "if written != size:", "if False:", JOURNAL),
    Mutation(
        "the second process goes on after a failure",
        "journal/beside.py",
        "        os._exit(1)",
        "        pass",
        JOURNAL,
    ),
    Mutation(
        "a checksum is not audited",
        "journal/verify.py",
        "if crc32(frame.payload) != header.payload_checksum:",
        "if False:",
        JOURNAL,
    ),
    Mutation("a payload is not hashed", "journal/frame.py", "    digest.update(payload)\n", "", JOURNAL),
    Mutation(
        "a checksum is not looked at",
        "journal/scan.py",
        "if not is_chained and crc32(payload) != checksum:",
        "if False:",
        JOURNAL,
    ),
    Mutation(
        "a broken chain is read on",
        "journal/scan.py",
        "not hashes or next_chain(",
        "True or next_chain(",
        JOURNAL,
    ),
    Mutation(
        "a stale seq is accepted",
        "journal/scan.py",
        "elif first_seq != position.next_seq:",
        "elif False:",
        JOURNAL,
    ),
    Mutation("an epoch falls", "journal/scan.py", "elif epoch < position.epoch:", "elif False:", JOURNAL),
    Mutation(
        "damage before a note is torn",
        "journal/scan.py",
        "        if header.kind == NOTE:\n            return Verdict(dirty",
        "        if False:\n            return Verdict(dirty",
        JOURNAL,
    ),
    Mutation("a torn tail is not kept", "journal/writer.py", "journal.torn = cut(", "_ = (", JOURNAL),
    Mutation(
        "the last batch is trusted",
        "journal/writer.py",
        "            write_again(disk, fd, position)\n",
        "",
        JOURNAL,
    ),
    Mutation(
        "a segment is not synced",
        "journal/segment.py",
        "            disk.fdatasync(fd)\n",
        "            pass\n",
        JOURNAL,
    ),
    Mutation(
        "what was applied is set aside",
        "journal/quarantine.py",
        "if known_applied_seq >= seq:",
        "if False:",
        JOURNAL,
    ),
    Mutation(
        "a head is not met",
        "journal/verify.py",
        "if open_heads.pop(last_seq, chain) != chain:",
        "if False:",
        JOURNAL,
    ),
    Mutation(
        "a second writer may open",
        "journal/disk.py",
        "fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _WRITER)",
        "pass",
        JOURNAL,
    ),
    # Snapshots and recovery.
    Mutation(
        "a snapshot's checksum is not looked at",
        "snapshots/store.py",
        "if file.read(CHECKSUM_BYTES) != digest.digest():",
        "if False:",
        SNAPSHOTS,
    ),
    Mutation(
        "another journal's snapshot is taken",
        "snapshots/store.py",
        "if snapshot.header.journal_id != journal_id:",
        "if False:",
        SNAPSHOTS,
    ),
    Mutation(
        "a snapshot is not renamed durably",
        "snapshots/store.py",
        "    sync_directory(path.parent)\n",
        "",
        SNAPSHOTS,
    ),
    Mutation(
        "notes are forgotten in recovery",
        "exchange/runtime/recovery.py",
        "engine = Engine(secrets.token_bytes(16), notes)",
        "engine = Engine(secrets.token_bytes(16))",
        RUNTIME,
    ),
    Mutation(
        "the queue has no end",
        "exchange/runtime/sequencer.py",
        "if wanted > self.capacity:",
        "if False:",
        RUNTIME,
    ),
    Mutation(
        "a backup's last piece may be missing",
        "exchange/store/backup.py",
        "MORE if self.left else LAST",
        "MORE",
        STORE,
    ),
    Mutation("anybody's fills are older", "exchange/audit/book.py", "if oldest != maker_id:", "if False:", AUDIT),
    Mutation(
        "an auction trades between steps",
        "exchange/core/matching/auction.py",
        "below = nearest - nearest % step",
        "below = nearest",
        AUCTIONS,
    ),
    *TABLE_MUTATIONS,
)
