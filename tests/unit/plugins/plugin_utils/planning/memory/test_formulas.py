"""The formulas against figures that were read elsewhere."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.planning.memory import formulas as memory

from tests.unit.plugins.plugin_utils.planning.sites import CATALOG, GIB

KIB = 1024


@pytest.mark.parametrize(
    ("layers", "heads", "dim", "kib"),
    [
        (36, 8, 128, 144),  # Qwen3 8B
        (28, 4, 128, 56),  # Qwen2.5 7B and the R1 distill
        (32, 8, 128, 128),  # Llama 3 8B, Mistral 7B
        (28, 8, 128, 112),  # Llama 3.2 3B
        (80, 8, 128, 320),  # Llama 3.1 70B
        (64, 8, 128, 256),  # QwQ 32B
        (36, 8, 64, 72),  # gpt-oss 120B
        (24, 8, 64, 48),  # gpt-oss 20B
        (34, 4, 256, 136),  # Gemma 3 4B
    ],
)
def test_cache_per_token(layers: int, heads: int, dim: int, kib: int) -> None:
    assert memory.kv_bytes_per_token(layers, heads, dim) == kib * KIB
    assert memory.kv_bytes_per_token(layers, heads, dim, width=1) == kib * KIB // 2


@pytest.mark.parametrize(("gpus", "share"), [(1, 1), (2, 2), (4, 4), (8, 8), (16, 8)])
def test_heads_spread_until_each_gpu_has_one(gpus: int, share: int) -> None:
    assert memory.kv_bytes_per_token(80, 8, 128, gpus=gpus) * share == 320 * KIB


@pytest.mark.parametrize(
    ("dtype", "cache", "width"),
    [("", "", 2), ("bfloat16", "auto", 2), ("float32", "", 4), ("", "fp8", 1), ("float32", "fp8_e4m3", 1)],
)
def test_width_of_a_number(dtype: str, cache: str, width: int) -> None:
    assert memory.width_of(dtype, cache) == width


@pytest.mark.parametrize(
    ("context", "verdict"), [(8192, "fits"), (21_000, "fits"), (25_000, "tight"), (30_001, "too_small")]
)
def test_verdicts(context: int, verdict: str) -> None:
    found = memory.budget(
        total=12 * GIB,
        utilization=0.9,
        weights=6098853561,
        per_token=144 * KIB,
        max_model_len=context,
        eager=True,
    )
    assert found.verdict == verdict
    assert found.longest_context == 29_952


def test_graphs_cost_memory() -> None:
    eager, graphs = (memory.overhead_bounds(eager) for eager in (True, False))
    assert all(with_graphs.total > without.total for without, with_graphs in zip(eager, graphs, strict=True))


def test_nothing_left_is_not_less_than_nothing() -> None:
    found = memory.budget(
        total=GIB, utilization=0.9, weights=5 * GIB, per_token=1, max_model_len=1, eager=True
    )
    assert (found.kv, found.kv_tokens, found.verdict) == (0, 0, "too_small")


def test_the_catalog_lies_where_the_tests_look() -> None:
    assert (CATALOG / "models.yml").is_file()
