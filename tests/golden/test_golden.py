"""Every golden scenario gives the outcomes that are written in it."""

from pathlib import Path

import pytest

from tests.golden import scenario

SCENARIOS = sorted(Path(__file__).parent.rglob("*.txt"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_scenario(path: Path) -> None:
    assert scenario.run(path) == path.read_text()


def test_a_wrong_outcome_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "wrong.txt"
    path.write_text("alice has 1 BTC\nalice owns -> 2 BTC\n")
    assert scenario.run(path) == "alice has 1 BTC\nalice owns -> 1 BTC\n"
