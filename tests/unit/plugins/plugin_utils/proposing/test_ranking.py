"""Which of several models is proposed."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.proposing.ranking import (
    MOST_CPU_PARAMETERS,
    Candidate,
    best,
    best_for_cpu,
    needs_bytes,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plugins.plugin_utils.planning.sites import RAW
from tests.unit.plugins.plugin_utils.proposing.found import GIB

PLAIN = Candidate("m", "fits", 8_000, ("chat",), 6_000, 1)
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        name=st.text("abc", min_size=1, max_size=3),
        verdict=st.sampled_from(["fits", "tight"]),
        parameters=st.integers(0, 5),
        capabilities=st.sampled_from([(), ("chat",), ("chat", "json")]),
        weights_bytes=st.integers(0, 5),
        gpus=st.just(1),
    ),
    unique_by=lambda found: found.name,
)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({}, {"verdict": "tight", "parameters": 9_000, "capabilities": ("chat", "json")}),
        ({}, {"parameters": 7_999, "capabilities": ("chat", "json")}),
        ({"capabilities": ("chat", "json")}, {"weights_bytes": 1}),
        ({}, {"weights_bytes": 6_001}),
        ({}, {"name": "n"}),
    ],
)
def test_what_counts_first(better: dict[str, object], worse: dict[str, object]) -> None:
    one, other = (dataclasses.replace(PLAIN, **changes) for changes in (better, worse))  # type: ignore[arg-type]
    assert best([one, other]) is one
    assert best([other, one]) is one


@given(CANDIDATES, st.randoms())
def test_the_order_of_the_catalog_does_not_matter(listed: list[Candidate], chance: object) -> None:
    shuffled = list(listed)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    found = best(listed)
    assert found == best(shuffled)
    assert (found is None) == (not listed)
    if found and any(one.verdict == "fits" for one in listed):
        assert found.verdict == "fits"


@given(st.integers(0, 256))
def test_a_model_of_the_cpu_tier_leaves_room(gib: int) -> None:
    rows = {name: dict(row) for name, row in RAW["models"].items()}
    name = best_for_cpu(rows, gib * GIB)
    fitting = [row for row in rows.values() if needs_bytes(row["parameters"]) * 2 <= gib * GIB]
    assert bool(name) == bool(fitting)
    if name:
        row = rows[name]
        assert row["ollama_name"] and row["parameters"] <= MOST_CPU_PARAMETERS
        assert row in fitting
        # A licence is accepted only where nothing else fits.
        assert not row["gated"] or all(other["gated"] for other in fitting)


def test_an_open_model_comes_before_a_larger_one_with_a_licence() -> None:
    row = {"ollama_name": "x", "parameters": 1_000, "gated": False}
    rows = {"open": row, "larger": row | {"parameters": 2_000, "gated": True}}
    assert best_for_cpu(rows, 64 * GIB) == "open"
    assert best_for_cpu({"larger": rows["larger"]}, 64 * GIB) == "larger"


def test_a_row_that_ollama_does_not_have_is_left_out() -> None:
    assert best_for_cpu({"a": {"parameters": 1}, "b": {"ollama_name": "b"}}, 64 * GIB) == ""
