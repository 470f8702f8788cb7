"""The core built with bounds checks and sanitizers, on the flows of the differential tests: nothing read or written
beside its memory, and the same events and hashes as the build in use."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from exchange.ops import build
from tests import flows
from tests.trio import COMPILED, Trio

FLOWS = 60
STEPS = 60
# What runs in the debug build's process. It applies the recorded entries, half of each flow on a restored state.
SCRIPT = """
import hashlib, pickle, sys
from exchange.core import encoding, engine, ledger
from exchange.core.matching import matching

assert matching.__file__.startswith(sys.argv[2]) and matching.__file__.endswith(".so"), matching.__file__
with open(sys.argv[1], "rb") as file:
    recorded = pickle.load(file)
for quarantined, entries, expected_events, expected_hash in recorded:
    core = engine.Engine(b"debug build 0123", dict.fromkeys(quarantined, ""))
    digest = hashlib.sha256()
    for number, (kind, payload, ts_ns) in enumerate(entries):
        core.apply(kind, payload, core.seq + 1, ts_ns)
        digest.update(core.take_events())
        if number == len(entries) // 2:
            restored = encoding.restore(b"another 01234567", b"".join(encoding.sections(core.state)))
            restored.seq = core.seq
            core.state = restored
    ledger.check_sums(core.state)
    ledger.check_claims(core.state)
    assert digest.digest() == expected_events
    assert encoding.state_hash(core.state) == expected_hash
print("same", len(recorded))
"""


def record() -> list[tuple[tuple[int, ...], list[flows.Entry], bytes, bytes]]:
    """Run flows through the build in use and the verifier; return entries, digests of events and last hashes."""
    recorded = []
    for seed in range(FLOWS):
        random = Random(seed)
        wild_percent = random.choice([0, 10, 40])
        knobs = flows.Knobs(
            random.randint(1, 3), random.randint(2, 6), seed, wild_percent, random.randint(1, 6), 1_000,
            0, 0.2, seed % 2 * 0.3, seed // 2 % 2, 0.2,
        )  # fmt: skip
        quarantined = tuple(random.sample(range(20, 300), 2))
        trio = Trio(quarantined, (COMPILED,))
        digest = sha256()
        entries = []
        for entry in flows.entries(knobs, trio.venue, [random.randrange(1 << 32) for _ in range(STEPS)]):
            entries.append(entry)
            digest.update(trio.apply(entry))
        recorded.append((quarantined, entries, digest.digest(), trio.check_state()))
    return recorded


def small_venues_taken_for_large(folder: Path) -> Path:
    """Sources that ask for memory ahead as in large venues, once a flow's has a few orders and a second market."""
    build.copy_sources(folder)
    codes = folder / "exchange/core/matching/codes.pxd"
    text = codes.read_text()
    for known, small in [("WARM_FROM = 20000", "WARM_FROM = 20"), ("WARM_MARKETS_FROM = 100", "WARM_MARKETS_FROM = 1")]:
        assert known in text
        text = text.replace(known, small)
    codes.write_text(text)
    return folder


@pytest.mark.timeout(300)
def test_a_debug_build_says_the_same_and_touches_nothing_it_should_not(tmp_path: Path) -> None:
    into = tmp_path / "debug"
    sources = small_venues_taken_for_large(tmp_path / "sources")
    build.build(sources, (build.CORE,), debug=True, into=into, say=lambda line: None)
    flow_file, script = tmp_path / "flows", tmp_path / "apply_flows.py"
    recorded = record()
    flow_file.write_bytes(pickle.dumps([(a, [tuple(entry) for entry in b], c, d) for a, b, c, d in recorded]))
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-P", str(script), str(flow_file), str(into)],
        cwd=into,
        env=os.environ | build.debug_environment(into),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-6_000:]
    assert done.stdout == f"same {FLOWS}\n"
    assert not done.stderr, done.stderr[-6_000:]
