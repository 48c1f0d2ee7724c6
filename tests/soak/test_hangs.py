"""An engine that hangs leaves the gateway and starts again; one that is only busy is left alone.

On a lab that is up; LAB names it, otherwise the demo. SOAK_BUSY_S shortens the ten minutes of a busy engine.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.faults.lab_under_test import PATIENCE_S
from tests.rehearsal import wait_for
from tests.soak.lab_load import Site, Users, seconds, slowest

OUT_S = 15.0
# More than the engine takes at once, so that some always wait.
BUSY_USERS, BUSY_TOKENS = 16, 150
BUSY_S = 600.0
# The engine's two kinds of processes, as the GPU host sees them.
PROCESSES = {"engine core": "VLLM::Engine[C]ore", "API server": "vllm.entrypoints.openai.api[_]server"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = Site(tmp_path_factory.mktemp("lab"))
    found.well()
    yield found
    found.well()


@pytest.mark.parametrize("process", PROCESSES)
def test_a_frozen_engine_is_out_of_the_gateway_and_starts_again(site: Site, process: str) -> None:
    before = site.restarts()
    with Users(site, users=3) as users:
        time.sleep(3)
        site.signal("STOP", PROCESSES[process])
        frozen = time.monotonic()
        try:
            other = users.wait(lambda answer: answer.tier == "cpu" and answer.ended > frozen, 60)
            document = site.lab.doctor({})
            named = time.monotonic() - frozen
            wait_for("a restart", lambda: site.restarts() != before, timeout=PATIENCE_S)
            restarted = time.monotonic() - frozen
        finally:
            # It may have been restarted meanwhile.
            site.lab.inside("gpu", f"pkill -CONT -f '{PROCESSES[process]}' || true")
        back = users.wait(
            lambda answer: answer.tier == "gpu" and answer.sent > frozen + restarted, PATIENCE_S
        )
    assert other is not None
    out = other.ended - frozen
    later = [answer for answer in users.answers if answer.sent > frozen + OUT_S]
    failed = [answer.error for answer in users.answers if answer.error]
    print(
        f"\n{process} frozen: out of the gateway after {out:.1f} s, slowest answer"
        f" {slowest(users.answers):.1f} s, of those sent later than {OUT_S:g} s {slowest(later):.1f} s;"
        f" doctor named {document['fault']['layer']} after {named:.1f} s; restarted after {restarted:.0f} s;"
        f" {len(failed)} of {len(users.answers)} failed",
        flush=True,
    )
    # A stream that had begun may be cut.
    assert [error for error in failed if not error.startswith(("200", "ChunkedEncodingError"))] == []
    assert out <= OUT_S
    assert document["fault"]["layer"] == "engine", document["fault"]
    assert back is not None


def test_a_busy_engine_is_never_restarted(site: Site) -> None:
    before = site.restarts()
    with Users(site, BUSY_USERS, pause=0, tokens=BUSY_TOKENS) as users:
        end = time.monotonic() + seconds("SOAK_BUSY_S", BUSY_S)
        while time.monotonic() < end:
            time.sleep(10)
            assert site.restarts() == before
    tiers = Counter(answer.tier for answer in users.answers)
    failed = [answer.error for answer in users.answers if answer.error]
    print(
        f"\nbusy: {len(users.answers)} answers, {dict(tiers)}, slowest {slowest(users.answers):.1f} s,"
        f" {len(failed)} failed, restarts {site.restarts()}",
        flush=True,
    )
    assert failed == []
    assert set(tiers) == {"gpu"}
