"""What holds for every test: on CI a skipped test is a failure, and run.py is told the counts."""

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

ON_CI = os.environ.get("CI") == "true"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--counts-to", type=Path, default=None, help="write passed, failed and skipped to this file")


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that keeps its reason."""
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if ON_CI:
        refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if ON_CI:
        refuse_skip(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    path: Path | None = config.getoption("--counts-to")
    if path is not None:
        kinds = {name: len(reports) for name, reports in terminalreporter.stats.items()}
        counts = {
            "passed": kinds.get("passed", 0) + kinds.get("xfailed", 0),
            "failed": kinds.get("failed", 0) + kinds.get("error", 0) + kinds.get("xpassed", 0),
            "skipped": kinds.get("skipped", 0),
        }
        path.write_text(json.dumps(counts))
