# SPDX-License-Identifier: Apache-2.0
"""What the pods of a site ask of a node, and which nodes they may run on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .inputs.nodes import Node
from .inputs.wanted import MOST_REPLICAS, WantedModel
from .parts import Parts
from .reading.findings import Findings
from .reading.resources import LIMITS, REQUESTS, parse_quantity, read_resources
from .reading.tables import LARGEST, Table

FETCH = "vllm_fetch_models"
# The plan's argument.
ARGUMENT = "workloads"
_GPU_TOLERATIONS = [{"key": "gpu", "operator": "Equal", "value": "true", "effect": "NoSchedule"}]
_GPU_SELECTOR = {"nvidia.com/gpu": "true"}
# What decides where pods run: variables of an inventory, each with its role's default; a unit test compares.
DEFAULTS: dict[str, Any] = {
    "device_plugin_resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
    "device_plugin_node_selector": _GPU_SELECTOR,
    "device_plugin_tolerations": [
        *_GPU_TOLERATIONS,
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
    ],
    "litellm_resources": {"requests": {"cpu": "250m", "memory": "512Mi"}},
    "litellm_engine_proxy_resources": {"requests": {"cpu": "20m", "memory": "32Mi"}},
    "litellm_node_selector": {},
    "litellm_tolerations": [],
    "litellm_replicas": 1,
    "ollama_resources": {"requests": {"cpu": "500m", "memory": "2Gi"}},
    "ollama_node_selector": {},
    "ollama_tolerations": [],
    "open_webui_resources": {"requests": {"cpu": "100m", "memory": "768Mi"}},
    "open_webui_node_selector": {},
    "open_webui_tolerations": [],
    "vllm_node_selector": _GPU_SELECTOR,
    "vllm_tolerations": _GPU_TOLERATIONS,
    FETCH: True,
}
# Containers beside another one in its pod: the scheduler counts both.
_ASIDE = {"litellm": "litellm_engine_proxy_resources"}
# As roles/vllm/vars/main.yml asks for the watchdog of each engine; a unit test compares.
_WATCHDOG = {"requests": {"cpu": "10m", "memory": "32Mi"}}
# What k3s itself runs and requests (manifests/coredns.yaml and metrics-server), by its name in k3s_disable.
_PACKAGED = ("coredns", "metrics-server")
_PACKAGED_TOLERATIONS = (
    {"key": "CriticalAddonsOnly", "operator": "Exists"},
    {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"},
)


@dataclass(frozen=True)
class Pod:
    """Pods of one kind. ``variable`` changes what each asks for; it is empty where nothing does."""

    part: str
    variable: str
    role: str = ""
    millicpus: int = 0
    memory_bytes: int = 0
    gpus: int = 0
    count: int = 1
    on_every_node: bool = False
    selector: Mapping[str, str] | None = None
    tolerations: Sequence[Mapping[str, Any]] = ()
    # Whether a Job fetches its model.
    is_fetched: bool = False


@dataclass(frozen=True)
class Workloads:
    """The pods that always run, and those of each model."""

    always: tuple[Pod, ...]
    engine: Pod

    def engines(self, models: Sequence[WantedModel], rows: Sequence[Mapping[str, Any]]) -> list[Pod]:
        """One kind of pods for each model. ``rows`` are those of the role vllm."""
        return [_engine(self.engine, model, row) for model, row in zip(models, rows, strict=True)]

    def of_mode(
        self, mode: str, models: Sequence[WantedModel], rows: Sequence[Mapping[str, Any]]
    ) -> list[Pod]:
        """All pods that run at the same time in a mode."""
        pods = zip(models, self.engines(models, rows), strict=True)
        return [*(pod for model, pod in pods if model.mode == mode), *self.always]


def read_workloads(value: object, parts: Parts, nodes: Sequence[Node], findings: Findings) -> Workloads:
    """``value`` holds variables of the inventory by their names."""
    given = Table(value, ARGUMENT, findings)
    given.reject_unknown(DEFAULTS)
    table = Table(given.data, "", findings)
    disabled = {word for node in nodes for word in node.disabled}
    packaged = [
        Pod(
            f"k3s' {name}",
            "",
            millicpus=100,
            memory_bytes=70 * 1024**2,
            tolerations=_PACKAGED_TOLERATIONS,
        )
        for name in _PACKAGED
        if nodes and name not in disabled
    ]
    own = [
        _own(row.part, row.role, table)
        for row in parts.rows
        if row.wanted and row.name and f"{row.role}_resources" in DEFAULTS
    ]
    fetch = table.data.get(FETCH)
    engine = Pod("", "", "vllm", is_fetched=fetch is None or fetch is True, **_place("vllm", table))
    return Workloads((*packaged, *own), engine)


def _own(part: str, role: str, table: Table) -> Pod:
    variable = f"{role}_resources"
    replicas = table.data.get(f"{role}_replicas", DEFAULTS.get(f"{role}_replicas"))
    pod = Pod(part, variable, role, on_every_node=role == "device_plugin", **_place(role, table))
    variables = [variable, *([_ASIDE[role]] if role in _ASIDE else [])]
    return _asking(replace(pod, count=_count(replicas)), *(_resources(name, table) for name in variables))


def _resources(variable: str, table: Table) -> dict[str, dict[str, str]]:
    written = table.data.get(variable)
    return read_resources(Table(DEFAULTS[variable] if written is None else written, variable, table.findings))


def _count(value: Any) -> int:
    # The role's argument specification refuses what is no number. On a command line a number is a text.
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_REPLICAS
    return value if is_count else 1


def _place(role: str, table: Table) -> dict[str, Any]:
    selector = table.data.get(f"{role}_node_selector")
    tolerations = table.data.get(f"{role}_tolerations")
    selector = DEFAULTS[f"{role}_node_selector"] if selector is None else selector
    tolerations = DEFAULTS[f"{role}_tolerations"] if tolerations is None else tolerations
    listed = tolerations if isinstance(tolerations, (list, tuple)) else []
    return {
        "selector": {str(key): str(item) for key, item in selector.items()}
        if isinstance(selector, Mapping)
        else {},
        "tolerations": tuple(row for row in listed if isinstance(row, Mapping)),
    }


def _engine(engine: Pod, model: WantedModel, row: Mapping[str, Any]) -> Pod:
    pod = replace(
        engine,
        part=model.name,
        variable=f"{model.path}.resources",
        gpus=model.settings.gpus,
        count=model.replicas,
        selector={**(engine.selector or {}), **model.settings.node_selector},
    )
    return _asking(pod, row["resources"], _WATCHDOG)


def _asking(pod: Pod, *containers: Mapping[str, Mapping[str, str]]) -> Pod:
    """What the scheduler counts for a pod: a limit is also the request where there is none."""
    millicpus = memory_bytes = 0
    for resources in containers:
        asked = {**resources.get(LIMITS, {}), **resources.get(REQUESTS, {})}
        cpus, memory = (
            min(parse_quantity(str(asked.get(name, "0"))) or 0, LARGEST) for name in ("cpu", "memory")
        )
        millicpus += round(cpus * 1000)
        memory_bytes += round(memory)
    return replace(pod, millicpus=millicpus, memory_bytes=memory_bytes)


def transient(pods: Sequence[Pod]) -> Iterator[tuple[Pod, str]]:
    """Pods that run beside the others for a while, one at a time, and why."""
    for pod in pods:
        if pod.role == "litellm" and pod.count:
            yield replace(pod, count=1), "a new gateway starts before the old one stops"
    engine = next((pod for pod in pods if pod.role == "vllm"), None)
    if engine and engine.is_fetched:
        yield _fetching(engine), "a Job fetches each model"


def _fetching(engine: Pod) -> Pod:
    """As roles/vllm/templates/fetch_container.yml.j2 asks; a unit test compares."""
    return replace(
        engine, part="fetch", variable=FETCH, millicpus=100, memory_bytes=256 * 1024**2, gpus=0, count=1
    )
