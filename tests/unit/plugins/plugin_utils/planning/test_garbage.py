"""Whatever stands in an inventory: the site is planned, or refused with a message for a person."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan

# The machine that runs this may be busy: deadlines would find that instead of faults.
settings.register_profile("garbage", deadline=None, suppress_health_check=[HealthCheck.too_slow])
PROFILE = settings.get_profile("garbage")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 2**63, 0, -1])
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        ["", " ", "auto", "570", "0.8.5.post1", "gaming", "ml", "a/b:c@d", "1.2.3.4.5", "{{ x }}", "\n", "\0"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)


def valid() -> dict[str, Any]:
    """A site that says something in every variable, so that every reader is reached."""
    model = {
        "name": "qwen3-8b-awq",
        "mode": "ml",
        "aliases": ["vllm-qwen"],
        "served_name": "qwen",
        "requirements": ["FR1"],
        "max_model_len": 4096,
        "gpu_memory_utilization": 0.9,
        "gpus": 1,
        "replicas": 1,
        "arguments": ["--enforce-eager"],
        "environment": {"A": "b"},
        "capabilities": ["chat"],
        "probes": {"liveness": {"periodSeconds": 10}},
        "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "8Gi"}},
        "load_timeout": 60,
        "min_vllm": "0.8.4",
        "quantization": "awq_marlin",
        "dtype": "half",
        "kv_cache_dtype": "fp8",
        "floor_tokens_per_second": {"rtx-3060-12gb": 30},
        "concurrent_users": {"rtx-3060-12gb": [1, 4]},
        "cost_per_1k_tokens": {"input": 0.1, "output": 0.2},
        "archive_url": "https://mirror.example/a.tar",
        "archive_checksum": "sha256:" + "0" * 64,
    }
    catalog = {
        "models": {
            "mine": {"repository": "me/mine", "layers": 2, "kv_heads": 2, "head_dim": 64, "weights_bytes": 9}
        },
        "gpus": {
            "card": {"memory_gib": 8, "compute_capability": "8.6", "class": "geforce", "pci_ids": ["ffff"]}
        },
        "vllm_releases": {"0.99.0": {"last": "0.99.1", "cuda": "13.0.2", "min_compute_capability": "7.5"}},
        "cuda": {"13.2": {"minimum_driver": "600.1"}},
    }
    host = {
        "name": "worker",
        "gpus": [{"gpu": "rtx-3060-12gb", "count": 1}],
        "pci_ids": ["10de:2504"],
        "driver": "580.95.05",
    }
    changes = {
        "models": [model, {"name": "mine", "mode": "b"}],
        "catalog": catalog,
        "hosts": [host],
        "vllm_image": "vllm/vllm-openai:v0.8.5.post1",
        "vllm_image_cuda": "12.4",
        "litellm_image": "ghcr.io/berriai/litellm:v1.82.6",
        "min_gpu_memory_gb": 8,
        "allow_unknown": True,
    }
    return home_lab(**changes)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        found += paths(inner, (*path, step))
    return found


def planned_or_refused(wanted: dict[str, Any]) -> None:
    try:
        json.dumps(plan(wanted), allow_nan=False)
    except InvalidInput as error:
        assert str(error).strip()


def put(value: Any, path: tuple[Any, ...]) -> dict[str, Any]:
    """The whole site with one value replaced."""
    wanted = valid()
    inner: Any = wanted
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return wanted


def numbers() -> list[tuple[Any, ...]]:
    """Where the whole site has a number."""
    found = []
    for path in paths(valid()):
        value: Any = valid()
        for step in path:
            value = value[step]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            found.append(path)
    return found


def test_the_site_that_is_broken_below_is_whole() -> None:
    assert plan(valid())["vllm_models"]


@pytest.mark.parametrize("path", numbers(), ids=lambda path: ".".join(map(str, path)))
def test_a_number_beyond_all_bounds_is_planned_or_refused(path: tuple[Any, ...]) -> None:
    for number in (10**400, -(10**400), float("inf"), float("nan"), 0, -1):
        planned_or_refused(put(number, path))


@settings(PROFILE, max_examples=250)
@given(st.sampled_from(paths(valid())), VALUES)
def test_a_site_with_garbage_in_one_place_is_planned_or_refused(path: tuple[Any, ...], garbage: Any) -> None:
    planned_or_refused(put(garbage, path))


@settings(PROFILE, max_examples=80)
@given(st.sampled_from(paths(valid())), st.text(max_size=10) | st.integers(), VALUES)
def test_a_site_with_a_key_too_many_is_planned_or_refused(
    path: tuple[Any, ...], key: Any, garbage: Any
) -> None:
    wanted = valid()
    inner: Any = wanted
    for step in path:
        inner = inner[step]
    if isinstance(inner, dict):
        inner[key] = garbage
    elif isinstance(inner, list):
        inner.append(garbage)
    planned_or_refused(wanted)


@settings(PROFILE, max_examples=80)
@given(st.sampled_from(sorted(valid())), VALUES)
def test_a_variable_that_is_garbage_is_planned_or_refused(variable: str, garbage: Any) -> None:
    planned_or_refused({**valid(), variable: garbage})
