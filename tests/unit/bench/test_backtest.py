"""Backtests: the strategy stands in the true queue, hears late, pays fees, and leaves a journal that verifies."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from bench import outcome, rows, venue
from bench.background import Drawn, Recorded
from bench.backtest import Backtest, Latency, Mark, Result
from bench.replay import Hasty
from bench.shape import QUOTE_FUNDS, START_NS, Funding, Shape
from bench.strategies.market_maker import MarketMaker
from bench.strategies.momentum import Momentum
from bench.strategy import BUY, SELL, Cancel, Ended, Event, Fill, Order, Place, Quote, Terms
from exchange.core.engine import MESSAGES, ROWS
from exchange.core.matching import codes
from exchange.messages import registry
from exchange.ops import audit, backtest, replay
from exchange.verifier import __main__ as verifier
from journal.reader import read
from journal.writer import Journal

SYMBOL = "BASE1QUOTE"
PURSE = (10**11, 10**14)
ALICE, BOB = codes.FIRST_ACCOUNT, codes.FIRST_ACCOUNT + 1
STEP_NS = 1_000_000_000
PROMPT = Latency(feed_ns=1_000_000, order_ns=2_000_000, jitter_ns=0)


class Script:
    """Does once what it is told to do at the first quote, and remembers all that it hears."""

    def __init__(self, orders: list[Order]) -> None:
        self.orders = orders
        self.heard: list[Event] = []

    def on_event(self, event: Event) -> Iterable[Order]:
        self.heard.append(event)
        orders, self.orders = self.orders, []
        return orders


def recording(directory: Path, commands: list[bytes]) -> int:
    """A journal of a market with Alice and Bob in it, then one command a second; returns the seq before them."""
    shape = Shape(1, 0, 0, accounts=2)
    funding = [Funding(each, asset, QUOTE_FUNDS) for each in (ALICE, BOB) for asset in (1, 2)]
    setup = [venue.genesis(), *venue.setup(shape, funding)]
    with Journal.create(directory, created_ns=1, segment_bytes=1 << 20, journal_id=bytes(16), disk=Hasty()) as journal:
        journal.append([(MESSAGES, 1, 1, len(setup), registry.encode_commands(setup))], START_NS, 0)
        for number, row in enumerate(commands, 1):
            journal.append([(ROWS, 1, journal.next_seq, 1, row)], START_NS + number * STEP_NS, 0)
    return len(setup)


def limit(account: int, side: int, price: int, quantity: int, name: str) -> bytes:
    return rows.place(1, account, side, codes.LIMIT, codes.GTC, price, quantity, rows.packed_id(name))


def among(tmp_path: Path, commands: list[bytes], orders: list[Order]) -> tuple[Script, Result]:
    """What a script hears among recorded commands, after an ask of Bob's at 200 that makes the first quote."""
    script = Script(orders)
    commands = [limit(BOB, SELL, 200, 1, "first"), *commands]
    from_seq = recording(tmp_path / "then/journal", commands)
    recorded = Recorded(tmp_path / "then/journal", from_seq)
    out = tmp_path / "now/journal"
    result = Backtest(lambda terms: script, recorded, out, SYMBOL, PROMPT, PURSE).run()
    check(result)
    return script, result


def check(result: Result) -> None:
    """Replay, audit and verifier come to the state that the run says."""
    assert replay.main([str(result.journal.parent), "--quiet"]) == 0
    assert audit.main([str(result.journal.parent)]) == 0
    model, _ = verifier.replay(result.journal)
    assert model.state_hash().hex() == result.state_hash


def fills(script: Script) -> list[Fill]:
    return [event for event in script.heard if isinstance(event, Fill)]


def test_an_order_stands_behind_those_that_were_there_and_is_filled_in_its_turn(tmp_path: Path) -> None:
    commands = [
        limit(ALICE, BUY, 100, 10, "before"),
        limit(ALICE, BUY, 100, 3, "behind"),
        limit(BOB, SELL, 100, 12, "sold"),
        limit(BOB, SELL, 100, 4, "more"),
    ]
    # The first quote comes before Alice's first order: the script waits until that has come by being late itself.
    late = Latency(feed_ns=STEP_NS + STEP_NS // 2, order_ns=1, jitter_ns=0)
    script = Script([Place("mine", BUY, 5, 100)])
    from_seq = recording(tmp_path / "then/journal", [limit(BOB, SELL, 200, 1, "first"), *commands])
    recorded = Recorded(tmp_path / "then/journal", from_seq)
    result = Backtest(lambda terms: script, recorded, tmp_path / "now/journal", SYMBOL, late, PURSE).run()
    check(result)
    assert [(fill.quantity, fill.left, fill.is_maker) for fill in result.fills] == [(2, 3, True), (3, 0, True)]


def test_own_orders_change_what_others_meet_and_recorded_ids_still_name_the_same_orders(tmp_path: Path) -> None:
    """Alice cancels her second order by its number, which is another one here."""
    commands = [
        limit(ALICE, BUY, 90, 1, "a"),
        limit(ALICE, BUY, 91, 1, "b"),
        rows.cancel(1, ALICE, 3, rows.packed_id("c")),
        limit(BOB, SELL, 90, 1, "d"),
    ]
    script, _ = among(tmp_path, commands, [Place("mine", BUY, 1, 95)])
    # Bob meets the script's better price; Alice's cancel took hers at 91.
    assert [(fill.price, fill.quantity) for fill in fills(script)] == [(95, 1)]
    quotes = [event for event in script.heard if isinstance(event, Quote)]
    assert [quote.bid for quote in quotes][-1] == 90


def test_events_and_orders_are_as_late_as_the_model_says(tmp_path: Path) -> None:
    script, result = among(tmp_path, [limit(ALICE, BUY, 10, 1, "later")], [Place("mine", SELL, 1, 150)])
    began = START_NS + STEP_NS
    quotes = [event for event in script.heard if isinstance(event, Quote)]
    there = began + PROMPT.feed_ns + PROMPT.order_ns
    assert [(quote.ts_ns, quote.ask) for quote in quotes[:2]] == [(began, 200), (there, 150)]
    assert there in [frame.header.ts_ns for frame in read(result.journal, workers=0)]


def test_a_cancel_a_refusal_and_an_unfilled_order_are_told(tmp_path: Path) -> None:
    orders: list[Order] = [
        Place("stays", BUY, 1, 50),
        Cancel("stays"),
        Place("crosses", BUY, 1, 250, post_only=True),
        Place("at once", BUY, 5, 120, immediate=True),
        Place("whatever it costs", BUY, 2),
    ]
    script, result = among(tmp_path, [limit(ALICE, BUY, 10, 1, str(number)) for number in range(3)], orders)
    ends = [(event.name, event.reason) for event in script.heard if isinstance(event, Ended)]
    assert ends == [
        ("stays", "BY_REQUEST"),
        ("crosses", "WOULD_TAKE"),
        ("at once", "UNFILLED_IOC"),
        ("whatever it costs", "NO_LIQUIDITY"),
    ]
    assert (result.placed, result.refused) == (4, 1)
    (fill,) = fills(script)
    assert (fill.price, fill.quantity, fill.is_maker) == (200, 1, False)
    assert fill.fee > 0


def test_who_does_nothing_changes_nothing(tmp_path: Path) -> None:
    commands = [limit(ALICE, BUY, 100, 3, "a"), limit(BOB, SELL, 100, 1, "b"), rows.cancel(1, ALICE, 2, rows.NO_ID)]
    _, result = among(tmp_path, commands, [])
    assert result.fills == []
    assert result.marks == [] or result.marks[-1].made == 0


@pytest.mark.parametrize("make", [MarketMaker, Momentum])
def test_the_same_seed_gives_the_same_journal_and_another_one_another(tmp_path: Path, make: type) -> None:
    hashes = []
    for number, seed in enumerate((1, 1, 2)):
        out = tmp_path / str(number) / "journal"
        run = Backtest(make, Drawn(seed, 3_000, 200), out, SYMBOL, Latency(), PURSE, seed)
        result = run.run()
        check(result)
        hashes.append(result.state_hash)
        assert result.placed
    assert hashes[0] == hashes[1] != hashes[2]


def test_the_command_shows_what_came_of_it_and_draws_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.py"
    own.write_text((Path(backtest.__file__).parents[2] / "bench/strategies/market_maker.py").read_text())
    page = tmp_path / "page.html"
    given = ["--out", str(tmp_path / "out"), "--commands", "3000", "--html", str(page)]
    assert backtest.main([str(own), *given]) == 0
    assert "deepest drawdown" in capsys.readouterr().out
    text = page.read_text()
    assert text.count("<svg") == 4
    assert "http" not in text
    assert backtest.main([str(own), *given]) == 1
    assert "is there already" in capsys.readouterr().err
    assert backtest.main(["nobody", "--out", str(tmp_path / "other")]) == 1
    assert "there is no strategy 'nobody'" in capsys.readouterr().err


def test_terms_are_those_of_the_market(tmp_path: Path) -> None:
    found: list[Terms] = []
    from_seq = recording(tmp_path / "then/journal", [])

    def make(terms: Terms) -> Script:
        found.append(terms)
        return Script([])

    Backtest(make, Recorded(tmp_path / "then/journal", from_seq), tmp_path / "now", SYMBOL, PROMPT, PURSE).run()
    assert found == [Terms(SYMBOL, 1_000, 10)]


def test_numbers_of_a_run_are_what_they_say() -> None:
    """Bought 2 lots at 100 and sold 1 at 110, while the middle goes 100, 104, 90."""
    second = 10**9
    marks = [Mark(0, 100.0, 0.0, 0.0), Mark(second, 104.0, 80.0, 2.0), Mark(11 * second, 90.0, -20.0, 1.0)]
    bought = Fill(0, "a", BUY, 100, 2, 0, 500, is_maker=True)
    sold = Fill(second, "b", SELL, 110, 1, 0, 7, is_maker=False)
    terms = Terms(SYMBOL, 1_000, 10)
    result = Result(Path("nowhere"), "", 3, terms, marks, [bought, sold], 2, 0, 8)
    after = dict(outcome.mark_outs(result))
    # After a second: (104 - 100) on two lots, (110 - 104) on one. After ten: (110 - 90) on the one; 10 s behind the
    # first fill the middle was still 104.
    assert after["1 s"] == pytest.approx((4 * 2 + 6) / 3)
    assert after["10 s"] == pytest.approx((4 * 2 + 20) / 3)
    assert outcome.drawdown([mark.made for mark in marks]) == 100.0
    assert [outcome.fee_in_quote(result, fill) for fill in result.fills] == [500.0, 7.0]
