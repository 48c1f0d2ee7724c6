"""Figures against a server that knows when it sent what; `make bench` measures how close they come."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.settings import Load

from tests.bench.client import lags, paced, ratios, start_up

NEAR = pytest.approx(1, abs=0.2)  # a busy machine disturbs both sides, and not alike


@pytest.mark.parametrize(
    "load", [Load(4, 8, processes=2), Load(8, 8, request_rate=10.0)], ids=["closed", "open"]
)
def test_figures_are_near_the_truth(load: Load) -> None:
    with paced("--first-ms", "150", "--gap-ms", "10", "--jitter", "0.3") as server:
        found = ratios(server, load, tokens=40)
    medians = {name: ratio for name, ratio in found.items() if not name.endswith("p99")}
    assert medians == dict.fromkeys(("throughput", "ttft p50", "tpot p50", "itl p50"), NEAR)


def test_chunks_are_noted_after_they_were_sent() -> None:
    with paced("--first-ms", "20", "--gap-ms", "5") as server:
        late, _ = lags(server, 4, seconds=1)
    assert 0 < late < 1000


def test_many_streams_start_soon() -> None:
    with paced("--first-ms", "0", "--gap-ms", "5") as server:
        took, empty = start_up(server, 128)
    assert empty < took < 10
