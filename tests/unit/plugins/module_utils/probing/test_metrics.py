"""Figures keep one name over vLLM's releases."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.module_utils.probing.metrics import NAMES, missing, read

OLD = """\
# HELP vllm:num_requests_running Number of requests currently running on GPU.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{model_name="Qwen/Qwen3-8B-AWQ"} 2.0
vllm:num_requests_waiting{model_name="Qwen/Qwen3-8B-AWQ"} 0.0
vllm:gpu_cache_usage_perc{model_name="Qwen/Qwen3-8B-AWQ"} 0.25
vllm:prompt_tokens_total{model_name="Qwen/Qwen3-8B-AWQ"} 3.1e+03
vllm:generation_tokens_total{model_name="Qwen/Qwen3-8B-AWQ"} 812.0
vllm:time_to_first_token_seconds_sum{model_name="Qwen/Qwen3-8B-AWQ"} 1.5
vllm:time_to_first_token_seconds_bucket{le="0.001",model_name="Qwen/Qwen3-8B-AWQ"} 0.0
vllm:time_to_first_token_seconds_count{model_name="Qwen/Qwen3-8B-AWQ"} 12.0
"""
NEW = OLD.replace("gpu_cache_usage_perc", "kv_cache_usage_perc")


@pytest.mark.parametrize("page", [OLD, NEW])
def test_old_and_new_names_mean_the_same(page: str) -> None:
    figures = read(page)
    assert figures == {
        "requests_running": 2.0,
        "requests_waiting": 0.0,
        "cache_usage": 0.25,
        "prompt_tokens": 3100.0,
        "generated_tokens": 812.0,
        "first_token_seconds_sum": 1.5,
        "first_token_seconds_count": 12.0,
    }
    assert missing(figures) == []


def test_engines_of_one_server_are_added_up() -> None:
    page = 'vllm:num_requests_running{engine="0"} 1\nvllm:num_requests_running{engine="1"} 3\n'
    assert read(page) == {"requests_running": 4.0}


@pytest.mark.parametrize(
    "page", ["", "<html>", "python_gc_objects_collected_total 12", "vllm:num_requests x"]
)
def test_other_pages_lack_everything(page: str) -> None:
    assert read(page) == {}
    assert len(missing({})) == len(NAMES)


def test_what_was_never_measured_is_left_out() -> None:
    assert read("vllm:kv_cache_usage_perc NaN") == {}
