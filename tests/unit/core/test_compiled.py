"""The compiled part of the core held against its plain sources, and against what is promised of its containers."""

import hashlib
import json
import re
import subprocess
import sys
from array import array
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from exchange.core.matching import codes, cold, encoding, matching, records
from exchange.core.matching.market import Market
from exchange.ops import build

FOLDER = build.find_folder(build.ROOT, build.CORE.package)
IS_COMPILED = not matching.__file__.endswith(".py")
compiled_only = pytest.mark.skipif(not IS_COMPILED, reason="the core runs interpreted")
SECRET = bytes(range(0xF0, 0x100))
START_NS = 1_700_000_000_000_000_000
ACCOUNTS = range(16, 1_016)


def structs() -> dict[str, list[tuple[str, str, str]]]:
    """Type, name and, of an array, length of every field of the structs in records.pxd."""
    text = (FOLDER / "records.pxd").read_text()
    found = re.findall(r"^cdef struct (\w+):\n((?:    .+\n|\n(?=    ))+)", text, re.MULTILINE)
    lines = {
        name: re.findall(r"^    (.+?\*?) ?(?<=[ *])(\w+(?:, \w+)*)(?:\[(\d+)\])?$", fields, re.MULTILINE)
        for name, fields in found
    }
    return {
        name: [(kind, field, length) for kind, several, length in fields for field in several.split(", ")]
        for name, fields in lines.items()
    }


def words(name: str) -> int:
    """How many words a struct has."""
    sizes = {"ClientId": 5, "Seat": 8, "Cell": 8, "unsigned char": 0.125}
    return int(sum(sizes.get(kind, 1) * int(length or 1) for kind, _, length in structs()[name]))


def test_codes_mean_the_same_numbers_to_python_and_to_the_compiler() -> None:
    text = (FOLDER / "codes.pxd").read_text()
    compiled = {name: int(number) for name, number in re.findall(r"^    (\w+) = (-?\d+)$", text, re.MULTILINE)}
    assert compiled == {name: value for name, value in vars(codes).items() if name.isupper()}


def test_records_have_the_same_fields_in_python_and_in_c() -> None:
    plain = {name: slots for name, value in vars(records).items() if (slots := getattr(value, "__slots__", None))}
    # An array is a container's own business.
    compiled = {name: tuple(field for _, field, length in fields if not length) for name, fields in structs().items()}
    del compiled["ClientId"]
    assert compiled == plain


@pytest.mark.parametrize("name", ["Accepted", "Rested", "Traded", "Canceled", "Rejected", "Prevented", "StrategyNoted"])
def test_the_head_of_an_event_tells_its_length(name: str) -> None:
    code = re.sub(r"(?<!^)([A-Z])", r"_\1", name).upper()
    assert getattr(codes, code) >> 8 == words(name)


def test_rows_and_extensions_have_the_length_their_codes_tell() -> None:
    assert (words("Row"), words("Reference"), words("Strategy"), words("Flags")) == (
        codes.ROW_WORDS, codes.EXTENSION_WORDS, codes.EXTENSION_WORDS, 1,
    )  # fmt: skip


def test_what_matching_touches_most_fills_whole_cache_lines() -> None:
    assert [words(name) for name in ("Order", "Level", "Seat", "Cell", "Account")] == [24, 8, 8, 8, 32]


# What generated C may use of Python where an order is worked on: counting references and raising what means that we
# are wrong. Whatever makes, looks up or calls an object is none of it.
HARMLESS = re.compile(
    r"PyErr_(Occurred|SetString)|Py_(INCREF|DECREF|XDECREF|XINCREF|True|False|None)|__PYX_ERR|"
    r"__Pyx_(X?(INCREF|DECREF|GIVEREF|GOTREF)|X?DECREF_SET|AddTraceback|WriteUnraisable|Raise|RefNanny\w*|"
    r"(add|sub|mul|lshift)_\w*checking_overflow|NewRef)|__Pyx_pymutex\w*"
)
HOT = {
    "matching": [
        "Matching_apply_rare", "Matching_place", "Matching_enter", "Matching_is_fillable", "Matching_draft",
        "Matching_conclude", "Matching_settle_lists",
        "Matching_fire", "Matching_trigger", "Matching_take", "Matching_range_key",
        "Matching_amend", "Matching_cancel_replace", "Matching_finish", "Matching_cancel", "Matching_named_order",
        "Matching_cancel_all", "Matching_note_emptied",
    ],
    "trading": [
        "same_owner", "fee_of", "rebate_of", "waits", "shown_of", "Trading_walk", "Trading_open_to", "Trading_match",
        "Trading_prevent", "Trading_decrement", "Trading_shrink", "Trading_refill", "Trading_trade",
        "Trading_leave_or_refill", "Trading_keep_taken", "Trading_settle_taker", "Trading_cover", "Trading_rest",
        "Trading_forget", "Trading_cancel", "Trading_release_claim", "Trading_queue", "Trading_unqueue",
        "Trading_take_seat", "Trading_leave_seat",
    ],
    "checks": [
        "malformed", "malformed_place", "malformed_terms", "malformed_amounts", "malformed_cancel", "wrong_price",
        "wrong_quantity",
        "wrong_market_quantity", "wrong_percent_price", "is_outside", "Checks_wrong_stop", "Checks_wrong_terms",
        "Checks_too_many", "Checks_wrong_quantities", "Checks_refused_order",
        "Checks_refused_extras",
        "Checks_refused_cancel", "Checks_refused_amend", "Checks_wrong_target", "Checks_wrong_amendment",
        "Checks_refused_cancel_all", "Checks_refused_sender", "Checks_wrong_order", "Checks_wrong_limit",
        "Checks_wrong_pegged",
        "Checks_wrong_market", "Checks_wrong_mode_or_client_id", "Checks_spendable", "Checks_wrong_iceberg",
    ],
    "terms": [
        "malformed_trigger", "malformed_iceberg", "malformed_replace", "malformed_amend", "wrong_market_notional",
        "is_closed", "is_switched_off", "wrong_trailing", "waiting_orders", "wrong_parts", "wrong_position",
        "icebergs", "note_details", "unsupported_place", "malformed_extensions", "allowed_extensions",
    ],
    "lists": [
        "Lists_place", "Lists_begin", "Lists_draft", "Lists_work", "Lists_settle", "Lists_end_others", "Lists_end_leg",
        "Lists_close", "Lists_start", "Lists_enter", "Lists_refused_entry", "Lists_admit", "Lists_amended",
        "Lists_cancel", "Lists_cancel_named", "Lists_size", "Lists_takes_price",
    ],
    "contingency": [
        "is_stop", "is_target", "are_pair", "wrong_prices", "switches_of",
        "ListChecks_refused", "ListChecks_malformed",
        "ListChecks_malformed_leg", "ListChecks_refused_by_market", "ListChecks_too_many", "ListChecks_wrong_names",
        "ListChecks_wrong_legs", "ListChecks_wrong_pending_row", "ListChecks_wrong_terms", "ListChecks_wrong_priced",
        "ListChecks_refused_price",
    ],
    "links": [
        "Links_add", "Links_forget", "Links_find", "Links_count", "Links_link", "Links_unlink", "Links_traded",
        "Links_lost", "Links_filled", "Links_ended", "Links_touch", "Links_take_touched", "Links_make_ready",
        "Links_take_ready",
    ],
    "guards": ["trips"],
    "pegs": ["malformed_peg", "refused_peg", "price_of", "note_peg", "enters_at", "choose", "postpone", "take_price"],
    "transfers": ["is_due", "hand_over"],
    "proceeds": ["are_kept", "keep", "common_step", "lots_of", "has_no_price", "is_unpriced"],
    "fees": [
        "Fees_tier_for", "Fees_roll", "Fees_note_volume", "Fees_settle_tier", "Fees_charge",
        "Fees_share", "Fees_post", "Fees_has_available", "Fees_tell_shares", "Fees_rebate",
    ],
    "limits": ["Limits_refused", "Limits_wrong_size", "Limits_too_many", "Limits_count"],
    "due": ["DueOrders_put", "DueOrders_remove", "DueOrders_first_due"],
    "events": [
        "Events_accepted", "Events_rested", "Events_traded", "Events_canceled", "Events_rejected", "Events_entered",
        "Events_list_changed",
    ],
    "triggers": [
        "is_above", "fires_above", "behind", "Triggers_wait", "Triggers_line_up", "Triggers_leave", "Triggers_touch",
        "Triggers_follow", "Triggers_move", "Triggers_is_set_off", "Triggers_note_next", "Triggers_pending",
        "Triggers_settle",
    ],
    "auction": ["Auction_consider", "Auction_is_better", "Auction_trade_at"],
    "arithmetic": ["mul_ppm", "distance", "upper_bound"],
    "average": ["note_trade", "widen_bounds", "set_bounds", "lay_bounds", "move_on", "average_price", "late_average"],
}  # fmt: skip
TRANSLATE = """
import json, sys
from Cython.Build import cythonize
from exchange.ops.compile import TYPED
root, names, to = json.loads(sys.argv[1])
cythonize([f"{root}/{name}.py" for name in names], compiler_directives=TYPED, build_dir=to, quiet=True)
"""


def bodies(c_source: str) -> dict[str, str]:
    """The C of every function of the package that is in a source, by `Class_method` or its own name."""
    mangled = r"__pyx_f_8exchange_4core_8matching_\d+[a-z]+_(?:\d+(?=[A-Z]))?(\w+)"
    found = {}
    for head in re.finditer(rf"^static [^;{{}}\n]*?\b{mangled}\([^;{{}}]*?\) \{{\n", c_source, re.MULTILINE):
        found[head[1]] = c_source[head.end() : c_source.index("\n}\n", head.end())]
    return found


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """The C functions of the hot modules, translated anew by the recipe of the build."""
    pytest.importorskip("Cython")
    to = tmp_path_factory.mktemp("generated")
    argument = json.dumps([str(FOLDER.relative_to(build.ROOT)), list(HOT), str(to)])
    command = [sys.executable, "-c", TRANSLATE, argument]
    subprocess.run(command, cwd=build.ROOT, check=True, capture_output=True, env=None)
    return {name: bodies(next(to.rglob(f"{name}.c")).read_text()) for name in HOT}


def python_calls(body: str) -> set[str]:
    code = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
    used = re.findall(r"\b((?:Py|_Py|__Pyx|__PYX)[A-Za-z_]\w*)\(", code)
    return {name for name in used if not HARMLESS.fullmatch(name)}


@pytest.mark.parametrize("module", HOT)
def test_hot_lines_make_no_python_call(generated: dict[str, dict[str, str]], module: str) -> None:
    functions = generated[module]
    assert set(HOT[module]) <= set(functions)
    assert {name: calls for name in HOT[module] if (calls := python_calls(functions[name]))} == {}


def test_a_python_call_in_a_hot_line_would_be_found(generated: dict[str, dict[str, str]]) -> None:
    assert "PyTuple_New" in python_calls(generated["matching"]["Matching_balance"])


class Flow:
    """A market with 1,000 rich accounts, and rows made by columns: 16 words a row, a client id from its number."""

    def __init__(self, secret: bytes = SECRET) -> None:
        self.matching = matching.Matching(secret)
        for account in range(1, 6):
            self.matching.open_account(account, codes.SYSTEM, codes.ACTIVE, 0, 0, 0)
        self.market = self.list_market()
        for account in ACCOUNTS:
            self.matching.open_account(account, codes.SPOT, codes.ACTIVE, 0, 0, 0)
            self.matching.move(codes.EXTERNAL_ACCOUNT, account, 1, 1 << 52)
            self.matching.move(codes.EXTERNAL_ACCOUNT, account, 2, 1 << 52)
        self.seq = 0
        self.taken = array("q")

    def list_market(self) -> Market:
        market = self.matching.list_market(2, 1, 1, 1)
        market.status = codes.TRADING
        market.max_price = market.max_quantity = 1 << 40
        return market

    def apply(self, rows: "array[int]") -> None:
        run = rows.tobytes()
        assert self.matching.apply_rows(run, 0, self.seq + 1, START_NS + self.seq) * 8 == len(run)
        self.seq += len(rows) // codes.ROW_WORDS
        self.taken = array("q", self.matching.events.buffer.take())
        assert self.taken[0] & 255 != codes.REJECTED & 255

    def place(self, side: int, prices: list[int], client_ids: list[int], word: int = 0, market: int = 1) -> None:
        """Place an order of 1 lot at each price; `client_ids` go into that word of the client id."""
        self.apply(self.orders(side, prices, client_ids, word, market))

    def orders(
        self, side: int, prices: list[int], client_ids: list[int], word: int = 0, market: int = 1
    ) -> "array[int]":
        rows = array("q", bytes(len(prices) * codes.ROW_WORDS * 8))
        step = codes.ROW_WORDS
        rows[0::step] = rows[1::step] = rows[8::step] = array("q", [1]) * len(prices)
        rows[3::step] = array("q", [market]) * len(prices)
        rows[4::step] = array("q", (ACCOUNTS[number % 1_000] for number in range(len(prices))))
        rows[6::step] = array("q", [side | codes.LIMIT << 8 | codes.GTC << 16]) * len(prices)
        rows[7::step] = array("q", prices)
        rows[11::step] = array("q", [1]) * len(prices)
        rows[11 + word :: step] = array("q", client_ids)
        return rows

    def cancel_by_name(self, names: list[tuple[int, int]]) -> list[int]:
        """Cancel by pairs of account and the number of a client id; returns the order ids, 0 where none was found."""
        rows = array("q")
        for account, name in names:
            row = [codes.CANCEL, 1, 1, 1, account, *[0] * 11]
            rows.extend([*row, codes.REFERENCE, name, *[0] * 6])
        self.matching.apply_rows(rows.tobytes(), 0, self.seq + 1, START_NS + self.seq)
        self.seq += len(names)
        self.taken = array("q", self.matching.events.buffer.take())
        found, at = [], 0
        while at < len(self.taken):
            found.append(self.taken[at + 4] if self.taken[at] == codes.CANCELED else 0)
            at += self.taken[at] >> 8
        return found

    def cancel(self, order_ids: list[int], accounts: list[int]) -> None:
        rows = array("q", bytes(len(order_ids) * codes.ROW_WORDS * 8))
        step = codes.ROW_WORDS
        rows[0::step] = array("q", [codes.CANCEL]) * len(order_ids)
        rows[1::step] = rows[3::step] = array("q", [1]) * len(order_ids)
        rows[4::step] = array("q", accounts)
        rows[10::step] = array("q", order_ids)
        self.apply(rows)


@compiled_only
def test_a_million_resting_orders_move_few_slots_at_a_time_and_take_at_most_250_bytes_each() -> None:
    """Growth without a stall: no command pays for those before it."""
    flow = Flow()
    random = Random(5)
    run = 5_000
    for first in range(1, 1_000_001, run):
        prices = [100_000 + random.randrange(200_000) for _ in range(run)]
        before = cold.moved(flow.matching)
        flow.place(codes.BUY, prices, list(range(first, first + run)))
        assert cold.moved(flow.matching) - before <= 16 * run
        for number in range(20):
            before = cold.moved(flow.matching)
            flow.place(codes.SELL, [500_000 + random.randrange(200_000)], [(1 << 40) + first + number])
            assert cold.moved(flow.matching) - before <= 64
    orders = flow.market.resting
    assert orders == 1_004_000
    assert cold.memory(flow.matching) / orders <= 250


@compiled_only
def test_what_is_restored_is_put_where_it_stays() -> None:
    """The tables of a snapshot's records are opened before they come: nothing is moved twice to grow."""
    flow = Flow()
    flow.place(codes.BUY, [100_000 + number for number in range(5_000)], list(range(1, 5_001)))
    assert cold.moved(flow.matching)
    restored = matching.Matching(bytes(16))
    for number, content in encoding.sections(flow.matching, ACCOUNTS[-1] + 1, 1):
        encoding.restore(restored, number, content)
    encoding.remember_orders(restored)
    # (What is left are seats and levels, whose number a snapshot does not tell beforehand.)
    assert cold.moved(restored) < 8_000 < cold.moved(flow.matching) - 2 * 5_000
    assert encoding.sections(restored, ACCOUNTS[-1] + 1, 1) == encoding.sections(flow.matching, ACCOUNTS[-1] + 1, 1)


def test_orders_are_restored_by_age_however_far_apart_their_ids_are() -> None:
    """Ids further apart than there are places for orders stand in no order in these."""
    flow = Flow()
    random = Random(7)
    numbers = list(range(1, 5_001))
    flow.place(codes.BUY, random.sample(range(100_000, 200_000), len(numbers)), numbers)
    gone = [number for number in numbers if random.random() < 0.8]
    cancels = flow.orders(codes.BUY, [0] * len(gone), [0] * len(gone))
    step = codes.ROW_WORDS
    cancels[0::step] = array("q", [codes.CANCEL]) * len(gone)
    cancels[4::step] = array("q", (ACCOUNTS[(number - 1) % 1_000] for number in gone))
    cancels[6::step] = cancels[8::step] = array("q", bytes(8 * len(gone)))
    cancels[10::step] = array("q", gone)
    flow.apply(cancels)
    restored = matching.Matching(bytes(16))
    for number, content in encoding.sections(flow.matching, ACCOUNTS[-1] + 1, 1):
        encoding.restore(restored, number, content)
    encoding.remember_orders(restored)
    left = cold.all_orders(flow.matching)
    assert len(left) == len(numbers) - len(gone)
    assert cold.all_orders(restored) == left
    for account in ACCOUNTS:
        assert cold.orders_of(restored, account, 1) == cold.orders_of(flow.matching, account, 1)


ORDERS: dict[str, Callable[[list[int], Random], list[int]]] = {
    "descending": lambda keys, random: sorted(keys, reverse=True),
    "ascending": lambda keys, random: sorted(keys),
    "at random": lambda keys, random: random.sample(keys, len(keys)),
    "from the middle": lambda keys, random: sorted(keys, key=lambda key: abs(key - 1_000_000)),
    "from both ends": lambda keys, random: sorted(keys, key=lambda key: -abs(key - 1_000_000)),
}


@compiled_only
@pytest.mark.parametrize(
    ("placing", "canceling"), [*pairwise(ORDERS), ("from both ends", "descending"), ("descending", "descending")]
)
def test_a_ladder_is_a_sorted_list_in_whatever_order_levels_come_and_go(placing: str, canceling: str) -> None:
    """More than 100,000 levels a side, better and worse ones, compared whole after every quarter that goes."""
    random = Random(9)
    prices = random.sample(range(1, 2_000_000), 101_000)
    flow = Flow()
    placed = ORDERS[placing](prices, random)
    flow.place(codes.BUY, placed, list(range(1, len(placed) + 1)))
    assert flow.market.bids.count == len(prices)
    assert cold.depth(flow.market, codes.BUY, 1 << 40) == [(price, 1) for price in sorted(prices, reverse=True)]
    id_of = {price: number + 1 for number, price in enumerate(placed)}
    going = ORDERS[canceling](prices, random)
    quarter = len(going) // 4 + 1
    for first in range(0, len(going), quarter):
        ids = [id_of[price] for price in going[first : first + quarter]]
        flow.cancel(ids, [ACCOUNTS[(number - 1) % 1_000] for number in ids])
        left = sorted(going[first + quarter :], reverse=True)
        assert cold.depth(flow.market, codes.BUY, 1 << 40) == [(price, 1) for price in left]
    assert flow.market.bids.memory() <= 1_024 + 8_192


@compiled_only
def test_a_ladder_is_a_sorted_list_while_levels_come_and_go_at_random() -> None:
    random = Random(11)
    flow = Flow()
    resting: dict[int, tuple[int, int]] = {}
    levels: Counter[int] = Counter()
    for turn in range(60):
        prices = [random.randrange(1, 40_000 if turn % 2 else 400) for _ in range(2_000)]
        first = flow.matching.next_order_id
        flow.place(codes.SELL, prices, list(range(first, first + len(prices))))
        for number, price in enumerate(prices):
            resting[first + number] = (ACCOUNTS[number % 1_000], price)
        levels.update(prices)
        gone = random.sample(sorted(resting), random.randrange(len(resting)))
        flow.cancel(gone or [first], [resting[order_id][0] for order_id in gone or [first]])
        levels.subtract(resting.pop(order_id)[1] for order_id in gone or [first])
        expected = sorted((price, count) for price, count in levels.items() if count)
        assert cold.depth(flow.market, codes.SELL, 1 << 40) == expected


@compiled_only
@pytest.mark.parametrize("word", range(5))
@pytest.mark.parametrize("shift", [20, 40])
def test_client_ids_chosen_to_collide_in_a_plain_table_spread_all_the_same(word: int, shift: int) -> None:
    """Ids that differ only in high bits share a line of any table that takes them modulo its size. (With some six to a
    line as chance has it, a few lines have a second one behind them, and now and then a third.)
    """
    flow = Flow()
    ids = [number << shift for number in range(1, 20_001)]
    flow.place(codes.BUY, [100] * len(ids), ids, word)
    assert cold.fullest_line(flow.matching) <= 24
    for number in (0, 9_999, 19_999):
        client_id = [1, 0, 0, 0, 0]
        client_id[word] = ids[number]
        account = ACCOUNTS[number % 1_000]
        found = cold.order_by_client_id(flow.matching, account, array("q", client_id).tobytes())
        assert found is not None
        assert found["order_id"] == number + 1
    flow.cancel(list(range(1, len(ids) + 1)), [ACCOUNTS[number % 1_000] for number in range(len(ids))])
    assert cold.fullest_line(flow.matching) == 0


@compiled_only
def test_a_client_id_is_found_while_its_order_is_open_whoever_shares_its_line() -> None:
    """Orders leave lines, and those behind them, wherever they stand; no more lines open, so that many are shared."""
    random = Random(13)
    flow = Flow()
    opened: dict[int, tuple[int, int]] = {}
    names = fullest = 0
    for turn in range(40):
        first = flow.matching.next_order_id
        numbers = range(4_000 - len(opened))
        flow.place(codes.BUY, [100] * len(numbers), [names + number + 1 for number in numbers])
        opened |= {first + number: (ACCOUNTS[number % 1_000], names + number + 1) for number in numbers}
        names += len(numbers)
        fullest = max(fullest, cold.fullest_line(flow.matching))
        gone = random.sample(sorted(opened), random.randrange(1, len(opened)))
        if turn % 2:
            flow.cancel(gone, [opened[order_id][0] for order_id in gone])
        else:
            assert flow.cancel_by_name([opened[order_id] for order_id in gone]) == gone
        ended = [opened.pop(order_id) for order_id in gone]
        assert flow.cancel_by_name(ended) == [0] * len(ended), "neither is one found that has ended"
    assert fullest >= 10, "seven have room in a line: none had one behind it"


@compiled_only
@pytest.mark.parametrize("first", [1, 2, 255, 256, 257, 600])
@pytest.mark.parametrize("others", [0, 2, 8])
def test_an_account_finds_its_seat_in_whatever_market(first: int, others: int) -> None:
    """Four seats are at hand, by the lowest byte of their market's number, and the others in buckets."""
    random = Random(first)
    flow = Flow()
    listed = [flow.market, *(flow.list_market() for _ in range(1_099))]
    markets = [first, *random.sample(range(1, 1_101), others), *range(first % 256 or 256, 1_101, 256)]
    placed: dict[int, list[int]] = {market: [] for market in markets}
    for turn in range(5):
        for market in markets:
            placed[market].append(flow.matching.next_order_id)
            flow.place(codes.BUY, [100 + turn], [flow.matching.next_order_id], market=market)
    for market in listed:
        found = [order["order_id"] for order in cold.orders_of(flow.matching, ACCOUNTS[0], market.id)]
        assert found == placed.get(market.id, [])


@pytest.mark.parametrize(
    "portions",
    [
        [1] * 300,
        [100] * 3,
        [200] * 5,
        [300] * 6,
        [5_000],
        [3_000, 3, 400, 1_500, 97],
        [40, 20_000, 1, 1, 600, 600, 30_000, 5, 700, 9_000, 30],
    ],
)
def test_events_are_the_same_in_whatever_portions_they_are_taken(portions: list[int]) -> None:
    """Few are copied, of many the memory itself is handed out: nobody writes to it any more."""
    count = sum(portions)
    one, other = Flow(), Flow()
    rows = one.orders(codes.BUY, [100_000 + number % 500 for number in range(count)], list(range(1, count + 1)))
    taken, digests, at = [], [], 0
    for portion in portions:
        run = rows[at * codes.ROW_WORDS : (at + portion) * codes.ROW_WORDS].tobytes()
        one.matching.apply_rows(run, 0, at + 1, START_NS)
        taken.append(one.matching.events.buffer.take())
        digests.append(hashlib.sha256(taken[-1]).digest())
        at += portion
    assert one.matching.events.buffer.take() == b""
    assert [hashlib.sha256(portion).digest() for portion in taken] == digests
    other.matching.apply_rows(rows.tobytes(), 0, 1, START_NS)
    assert b"".join(taken) == other.matching.events.buffer.take()


@compiled_only
def test_no_secret_shows_in_events() -> None:
    """Nor does any make a sum of the hash too great, whatever the words of the ids are."""
    events = []
    for secret in (bytes(16), SECRET, b"\xff" * 16):
        flow = Flow(secret)
        for word, ids in enumerate(([1 << 62, 1 << 61], [-1, -(1 << 63)], [7, 8], [9, 10], [(1 << 63) - 1, 11])):
            flow.place(codes.BUY, [100, 100], ids, word)
            events.append(flow.taken.tobytes())
    assert events[:5] == events[5:10] == events[10:]


def test_the_compiled_form_is_what_runs_here() -> None:
    names = {Path(module.source).stem for module in build.find_modules()}
    assert {"matching", "trading", "checks", "events", "ladder", "indexes"} <= names
    assert IS_COMPILED or build.missing_tools() or not build.is_required()
