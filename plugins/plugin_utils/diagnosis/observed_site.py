# SPDX-License-Identifier: Apache-2.0
"""What was observed of a site, by the names that the layers use. What is missing is empty, never an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import yaml

from ...module_utils.mode.names import CONFIG_MAP
from ..boundary.plain import plain
from .gpu_problems import Problem, gpu_problems

# Parts by their names in the plan's table.
GATEWAY, CHAT, DEVICE_PLUGIN = "gateway", "chat", "device-plugin"
GPU_TIER, CLOUD_TIER = "gpu", "cloud"
# What programs beside the site read, and what names the model of a new chat.
FALLBACK_CONFIG, CHAT_MODELS = "llm-fallback-config", "DEFAULT_MODELS"
# Phases of a pod that has ended.
_ENDED = ("Failed", "Succeeded")


def bare_reason(text: Any) -> str:
    """A failure's message without Ansible's prefixes."""
    return str(text or "").replace("Task failed: ", "")


def _telling(pods: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Pods that have not ended, where there are any: what a reboot or an eviction left was replaced."""
    return [row for row in pods if row.get("phase") not in _ENDED] or list(pods)


class Host:
    """A host of the group gpu_hosts."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.name = str(row.get("name") or "")
        self.node = str(row.get("node") or self.name)
        self.address = str(row.get("address") or "")
        self.reachable = bool(row.get("reachable"))
        self.error = bare_reason(row.get("error"))
        self.labels: dict[str, str] = row.get("labels") or {}
        self.taints: list[str] = row.get("taints") or []
        self.gpu: dict[str, Any] = row.get("gpu") or {}
        self.stack: dict[str, Any] = row.get("stack") or {}

    @property
    def gpus(self) -> list[dict[str, Any]]:
        """GPUs that answer the driver."""
        return self.gpu.get("gpus") or []

    @property
    def driver_state(self) -> str:
        return str((self.gpu.get("driver") or {}).get("state") or "")

    @property
    def driver_version(self) -> str:
        return str((self.gpu.get("driver") or {}).get("loaded") or "")

    @property
    def runtime(self) -> dict[str, Any]:
        return self.stack.get("runtime") or {}

    @property
    def services(self) -> list[dict[str, Any]]:
        return self.stack.get("services") or []

    @cached_property
    def problems(self) -> list[Problem]:
        """What is wrong with card and driver."""
        return gpu_problems(self.gpu)

    def problems_of(self, layer: str) -> list[Problem]:
        return [problem for problem in self.problems if problem.layer == layer]

    def xids(self) -> list[dict[str, Any]]:
        return (self.stack.get("kernel_log") or {}).get("xids") or []


class Part:
    """A row of the plan's table of parts, and what the cluster has of its workload."""

    def __init__(self, row: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        self.part = str(row.get("part") or "")
        self.role = str(row.get("role") or "")
        self.name = str(row.get("name") or "")
        self.namespace = str(row.get("namespace") or "")
        self.where = f"{str(row.get('kind') or '').lower()} {self.name}"
        self.tier = str(row.get("tier") or "")
        self.is_wanted = bool(row.get("wanted"))
        self.workload = dict(found)

    @property
    def pods(self) -> list[dict[str, Any]]:
        return self.workload.get("pods") or []


class Model:
    """A model of the plan."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.name = str(row.get("name") or "")
        self.served_name = str(row.get("served_name") or "")
        self.deployment = str(row.get("deployment") or "")
        self.service = str(row.get("service") or "")
        self.mode = str(row.get("mode") or "")
        self.load_timeout = float(row.get("load_timeout") or 0)


class Site:
    """Everything at once."""

    def __init__(self, observations: Any) -> None:
        found = plain(observations) or {}
        self.plan: dict[str, Any] = found.get("plan") or {}
        self.hosts = [Host(row) for row in found.get("hosts") or []]
        self.cluster: dict[str, Any] = found.get("cluster") or {}
        self.gateway: dict[str, Any] = found.get("gateway") or {}
        self.now = float(found.get("now") or 0)
        # Where the inventory wants that ConfigMap, and what the registry's check said.
        self.fallback_config_namespace = str(found.get("fallback_config_namespace") or "")
        self.registry: dict[str, Any] = found.get("registry") or {}
        # A task that asked each pod keeps it as its item.
        self._engines: dict[str, dict[str, Any]] = {
            str((row.get("item") or {}).get("name")): row for row in found.get("engines") or []
        }
        self._watchdogs: dict[str, dict[str, Any]] = {
            str((row.get("item") or {}).get("name")): row["json"]
            for row in found.get("watchdogs") or []
            if isinstance(row.get("json"), dict)
        }

    @property
    def namespace(self) -> str:
        return str(self.plan.get("namespace") or "ml")

    @property
    def mode(self) -> str:
        """The mode that owns the GPU now; if the cluster does not say, the default mode."""
        recorded = (self.cluster.get("config_maps") or {}).get(CONFIG_MAP) or {}
        return str(recorded.get("mode") or self.plan.get("default_mode") or "")

    @property
    def cluster_answers(self) -> bool:
        return bool(self.cluster.get("answers"))

    @property
    def models(self) -> list[Model]:
        return [Model(row) for row in self.plan.get("vllm_models") or []]

    @property
    def wanted_models(self) -> list[Model]:
        """Models that should run in this mode."""
        return [model for model in self.models if model.mode == self.mode]

    @property
    def tiers(self) -> list[dict[str, Any]]:
        return self.plan.get("tiers") or []

    @property
    def lower_tiers(self) -> list[dict[str, Any]]:
        """Who answers when the GPU tier does not."""
        return [tier for tier in self.tiers if tier.get("name") != GPU_TIER]

    @property
    def nodes(self) -> list[dict[str, Any]]:
        return self.cluster.get("nodes") or []

    def node_of(self, host: Host) -> dict[str, Any] | None:
        """By name; a node that has another name is known by its address."""
        for node in self.nodes:
            if node.get("name") == host.node:
                return node
        return next((node for node in self.nodes if host.address in (node.get("addresses") or [])), None)

    @property
    def workloads(self) -> list[dict[str, Any]]:
        return self.cluster.get("workloads") or []

    def part(self, name: str) -> Part:
        """A part by its name in the plan's table; an empty one where the plan has none."""
        row = (self.plan.get("parts") or {}).get(name) or {}
        return Part(row, self._workload(row.get("kind"), row.get("name")))

    @property
    def parts(self) -> list[Part]:
        """All parts that run something, the models' engines aside."""
        engines = {model.name for model in self.models}
        rows = self.plan.get("parts") or {}
        return [self.part(name) for name, row in rows.items() if row.get("name") and name not in engines]

    def part_of_tier(self, tier: Mapping[str, Any]) -> Part | None:
        """The part that serves a tier in the cluster; None for a tier outside it."""
        rows = self.plan.get("parts") or {}
        found = (name for name, row in rows.items() if row.get("tier") == tier.get("name"))
        name = next(found, None)
        return self.part(name) if name else None

    def engine_workload(self, model: Model) -> dict[str, Any]:
        return self._workload("Deployment", model.deployment)

    def _workload(self, kind: Any, name: Any) -> dict[str, Any]:
        """Empty where it was not asked for or could not be."""
        for row in self.workloads:
            if (row.get("kind"), row.get("name")) == (kind, name):
                return {**row, "pods": _telling(row.get("pods") or [])}
        return {}

    def engine_of(self, pod: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the engine in a pod said to its own node; None where nobody asked."""
        return self._engines.get(str(pod.get("name")))

    def stall_of(self, pod: Mapping[str, Any]) -> str:
        """What the watchdog of an engine says when the engine makes no progress; otherwise empty."""
        verdict = self._watchdogs.get(str(pod.get("name"))) or {}
        return str(verdict.get("reason") or "hangs") if verdict.get("stalled") else ""

    def service_of_pods(self, model: Model) -> str:
        """The Service by which the gateway finds a model's engine."""
        rows = self.plan.get("litellm_engines") or []
        url = next((str(row.get("url")) for row in rows if row.get("name") == model.service), "")
        return (urlsplit(url).hostname or model.service).partition(".")[0]

    def served_names(self, model: Model) -> list[str]:
        """The names that a model's engines said; empty where nobody asked one."""
        asked = (self.engine_of(pod) or {} for pod in self.engine_workload(model).get("pods") or [])
        return sorted({str(name) for seen in asked for name in seen.get("models") or []})

    def _config_map(self, name: str) -> dict[str, str] | None:
        found = (self.cluster.get("config_maps") or {}).get(name)
        return found if isinstance(found, dict) else None

    @cached_property
    def gateway_settings(self) -> dict[str, Any] | None:
        """The gateway's configuration in LiteLLM's words; None where it could not be read."""
        try:
            found = yaml.safe_load((self._config_map(self.part(GATEWAY).name) or {})["config.yaml"])
        except (KeyError, yaml.YAMLError):
            return None
        return found if isinstance(found, dict) else None

    @property
    def chat_models(self) -> list[str]:
        """The models of a new chat."""
        told = (self.part(CHAT).workload.get("variables") or {}).get(CHAT_MODELS) or ""
        return [name.strip() for name in str(told).split(",") if name.strip()]

    @property
    def fallback_config(self) -> dict[str, str] | None:
        """The ConfigMap for programs beside the site."""
        return self._config_map(f"{self.fallback_config_namespace}/{FALLBACK_CONFIG}")

    def answers(self) -> Iterator[dict[str, Any]]:
        yield from self.gateway.get("answers") or []

    def answer_for(self, model: str) -> dict[str, Any] | None:
        return next((row for row in self.answers() if row.get("model") == model), None)
