"""Whatever stands in an inventory: the site is planned, or refused with a message for a person."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan

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


def own_form() -> dict[str, Any]:
    """A site that says something in every variable, so that every reader is reached."""
    model = {
        "name": "qwen3-8b-awq",
        "mode": "ml",
        "aliases": ["vllm-qwen"],
        "served_name": "qwen",
        "requirements": ["REQ-1"],
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
    node = {
        "name": "worker",
        "is_server": True,
        "cpus": 8,
        "memory_bytes": 32 * 2**30,
        "labels": {"nvidia.com/gpu": "true"},
        "taints": ["gpu=true:PreferNoSchedule"],
        "kubelet_arguments": ["system-reserved=cpu=500m,memory=1Gi", "eviction-hard=memory.available<5%"],
        "disabled": ["traefik"],
    }
    changes = {
        "models": [model, {"name": "mine", "mode": "b"}],
        "catalog": catalog,
        "hosts": [host],
        "vllm_image": "vllm/vllm-openai:v0.8.5.post1",
        "vllm_image_cuda": "12.4",
        "litellm_image": "ghcr.io/berriai/litellm:v1.108.14",
        "min_gpu_memory_gb": 8,
        "allow_unknown": True,
        "nodes": [node],
        "workloads": {
            "litellm_replicas": 2,
            "litellm_resources": {"requests": {"cpu": "250m"}, "limits": {"memory": "1Gi"}},
            "ollama_node_selector": {"nvidia.com/gpu": "true"},
            "ollama_tolerations": [{"key": "gpu", "operator": "Exists"}],
        },
        "parts": {
            "inference_chat": True,
            "vllm_port": 9000,
            "ollama_service_name": "cpu-llm",
            "litellm_service_type": "NodePort",
            "litellm_node_port": 30401,
            "device_plugin_namespace": "gpu",
            "model_cache_path": ["/srv/models"],
        },
    }
    return home_lab(**changes)


def chosen_model() -> dict[str, Any]:
    """The words of an older project for one model."""
    older = {
        "vllm_model_name": "qwen3-8b-awq",
        "llm_backend": "vllm",
        "enable_chat": False,
        "vllm_model_configs": {"qwen3-8b-awq": {"max_model_len": 4096, "max_num_seqs": 4}},
        "vllm_dtype": "half",
        "vllm_kv_cache_dtype": "auto",
        "vllm_gpu_memory_utilization": 0.9,
        "vllm_cpu_request": 2,
        "vllm_memory_request": "8Gi",
        "vllm_gpu_count": 1,
        "vllm_tensor_parallel_size": 1,
    }
    return home_lab(models=[], tiers=None, inherited=older)


def list_of_a_chart() -> dict[str, Any]:
    """A list of models in the words of a Helm chart."""
    config = {"maxModelLen": 4096, "dtype": "half", "tensorParallelSize": 1, "gpuMemoryUtilization": 0.9}
    entry = {
        "name": "qwen",
        "modelURL": "Qwen/Qwen3-8B-AWQ",
        "replicaCount": 1,
        "requestCPU": 2,
        "requestMemory": "8Gi",
        "limitMemory": "16Gi",
        "requestGPU": 1,
        "vllmConfig": config,
    }
    return home_lab(models=[entry])


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        found += paths(inner, (*path, step))
    return found


@dataclass(frozen=True)
class Place:
    """One value of one of the sites."""

    build: Callable[[], dict[str, Any]]
    path: tuple[Any, ...]

    def get(self) -> Any:
        return self._follow(self.build(), self.path)

    def put(self, value: Any) -> dict[str, Any]:
        """The site with that value replaced."""
        site = self.build()
        self._follow(site, self.path[:-1])[self.path[-1]] = value
        return site

    def add(self, key: Any, value: Any) -> dict[str, Any]:
        """The site with one more value below that one, where it can have any."""
        site = self.build()
        holder = self._follow(site, self.path)
        if isinstance(holder, dict):
            holder[key] = value
        elif isinstance(holder, list):
            holder.append(value)
        return site

    def is_number(self) -> bool:
        return isinstance(self.get(), (int, float)) and not isinstance(self.get(), bool)

    def __str__(self) -> str:
        return f"{self.build.__name__}.{'.'.join(map(str, self.path))}"

    @staticmethod
    def _follow(value: Any, path: tuple[Any, ...]) -> Any:
        for step in path:
            value = value[step]
        return value


SITES = (own_form, chosen_model, list_of_a_chart)
PLACES = [Place(build, path) for build in SITES for path in paths(build())]


def planned_or_refused(wanted: dict[str, Any]) -> None:
    try:
        json.dumps(plan(wanted), allow_nan=False)
    except InvalidInput as error:
        assert str(error).strip()


@pytest.mark.parametrize("build", SITES)
def test_the_sites_that_are_broken_below_are_whole(build: Callable[[], dict[str, Any]]) -> None:
    assert plan(build())["vllm_models"]


@pytest.mark.parametrize("place", [place for place in PLACES if place.is_number()], ids=str)
def test_a_number_beyond_all_bounds_is_planned_or_refused(place: Place) -> None:
    for number in (10**400, -(10**400), float("inf"), float("nan"), 0, -1):
        planned_or_refused(place.put(number))


@settings(max_examples=300)
@given(st.sampled_from(PLACES), VALUES)
def test_a_site_with_garbage_in_one_place_is_planned_or_refused(place: Place, garbage: Any) -> None:
    planned_or_refused(place.put(garbage))


@settings(max_examples=100)
@given(st.sampled_from(PLACES), st.text(max_size=10) | st.integers(), VALUES)
def test_a_site_with_a_key_too_many_is_planned_or_refused(place: Place, key: Any, garbage: Any) -> None:
    planned_or_refused(place.add(key, garbage))


@settings(max_examples=80)
@given(st.sampled_from([place for place in PLACES if len(place.path) == 1]), VALUES)
def test_a_variable_that_is_garbage_is_planned_or_refused(place: Place, garbage: Any) -> None:
    planned_or_refused(place.put(garbage))
