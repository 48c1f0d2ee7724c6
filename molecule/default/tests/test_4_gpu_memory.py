"""The card's memory follows the processes that live, so "freed" is true only when they are gone."""

from __future__ import annotations

from typing import Any

from tests.rehearsal import wait_for

READ = "nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits"


def used_mib(gpu: Any) -> int:
    return int(gpu.check_output(READ).strip())


def test_memory_is_held_by_the_engine_and_freed_with_it(cluster: Any, gpu: Any) -> None:
    assert used_mib(gpu) >= 10820
    cluster.scale("vllm-tiny-qwen3", 0)
    try:
        wait_for("memory freed", lambda: used_mib(gpu) < 1000, timeout=90)
    finally:
        cluster.scale("vllm-tiny-qwen3", 1)
        wait_for("engine back", lambda: cluster.available("vllm-tiny-qwen3", 1), timeout=300)
    assert used_mib(gpu) >= 10820
