# SPDX-License-Identifier: Apache-2.0
"""Lets a pod answer instead of a workload, late or with errors, and sends it away again.

It runs Python in the gateway's own image, so it needs nothing of the engine's, and the engine goes on
undisturbed. The workload's headless Service, by which the gateway finds its pods, leads to it meanwhile.
"""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from ..errors import DeadlineExceeded, ProbeFailed
from . import substitute_engine
from .api import Refused
from .drilled_workload import FIELD_MANAGER, MERGE, Changer, Workload, read_workload
from .objects import FIELD_MANAGER as OWNER

LABEL = "inference.stack/drill"
_LONGEST_NAME = 63
_START_S = 180.0
_LOOK_S = 0.5
# What is under way ends there: the gateway learns late that the names lead elsewhere.
_DRAIN_S = 30
_NOBODY = 65534


def services_of(api: Changer, workload: Workload, deployment: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The headless Services of a workload's pods, each with the selector that leads to them."""
    labels = (deployment["spec"]["template"].get("metadata") or {}).get("labels") or {}
    path = f"/api/v1/namespaces/{quote(workload.namespace)}/services"
    found = [
        {"name": str(row["metadata"]["name"]), "selector": dict(row["spec"]["selector"])}
        for row in (api.get(path) or {}).get("items") or []
        if row["spec"].get("clusterIP") == "None"
        and row["spec"].get("selector")
        and row["spec"]["selector"].items() <= labels.items()
    ]
    if not found:
        raise ProbeFailed(
            f"No headless Service leads to the pods of {workload.namespace}/{workload.deployment}",
            "Run playbooks/site.yml first, or choose another way.",
        )
    return found


def start(api: Any, entry: Mapping[str, Any]) -> None:
    """Nobody is led to it yet."""
    workload = Workload.of(entry)
    engine = read_workload(api, workload)
    gateway = read_workload(api, Workload(workload.namespace, str(entry["gateway"])))
    _start(api, workload, pod_of(workload, engine, gateway, entry["delay"], entry["failing"]))


def step_in(api: Any, entry: Mapping[str, Any]) -> None:
    workload = Workload.of(entry)
    for service in entry["services"]:
        selector = {**dict.fromkeys(service["selector"]), LABEL: name_of(workload)}
        _point(api, workload.namespace, str(service["name"]), selector, FIELD_MANAGER)


def step_out(api: Any, entry: Mapping[str, Any]) -> None:
    """Does no harm where it is undone already."""
    workload = Workload.of(entry)
    for service in entry["services"]:
        name = str(service["name"])
        found = api.get(_service_path(workload.namespace, name)) or {}
        if LABEL in ((found.get("spec") or {}).get("selector") or {}):
            _point(api, workload.namespace, name, {LABEL: None, **service["selector"]}, OWNER)
    api.change("DELETE", _path(workload))


def name_of(workload: Workload) -> str:
    """Of the pod, which is also what its label says."""
    return f"inference-drill-{workload.deployment}"[:_LONGEST_NAME].rstrip("-.")


def pod_of(
    workload: Workload,
    engine: Mapping[str, Any],
    gateway: Mapping[str, Any],
    delay: float,
    failing: bool,
) -> dict[str, Any]:
    """It listens where the engine's pods do, under the same names, and runs where the gateway does."""
    engine_spec, host_spec = (row["spec"]["template"]["spec"] for row in (engine, gateway))
    containers = [*(engine_spec.get("initContainers") or []), *engine_spec["containers"]]
    ports = [dict(port) for row in containers for port in row.get("ports") or []]
    image = host_spec["containers"][0]
    numbers = sorted({int(port["containerPort"]) for port in ports})
    settings = {"ports": numbers, "delay": delay, "failing": failing}
    spec = {
        key: host_spec[key] for key in ("nodeSelector", "tolerations", "imagePullSecrets") if key in host_spec
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name_of(workload),
            "namespace": workload.namespace,
            "labels": {LABEL: name_of(workload)},
        },
        "spec": {
            **spec,
            "restartPolicy": "Always",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            # Python as the first process of a container hears no SIGTERM, so it answers until this is over.
            "terminationGracePeriodSeconds": int(max(_DRAIN_S, delay + _DRAIN_S)),
            "containers": [
                {
                    "name": "engine",
                    "image": image["image"],
                    "imagePullPolicy": image.get("imagePullPolicy", "IfNotPresent"),
                    "command": ["python3", "-I", "-u", "-c", inspect.getsource(substitute_engine)],
                    "args": [json.dumps(settings)],
                    "ports": ports,
                    "readinessProbe": {
                        "httpGet": {"path": "/health", "port": numbers[0]},
                        "periodSeconds": 1,
                        "timeoutSeconds": 5,
                    },
                    "resources": {"requests": {"cpu": "20m", "memory": "48Mi"}},
                    "securityContext": {
                        "runAsUser": _NOBODY,
                        "runAsGroup": _NOBODY,
                        "runAsNonRoot": True,
                        "readOnlyRootFilesystem": True,
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                }
            ],
        },
    }


def _start(api: Any, workload: Workload, pod: Mapping[str, Any]) -> None:
    end = time.monotonic() + _START_S
    collection = f"/api/v1/namespaces/{quote(workload.namespace)}/pods"
    while True:
        try:
            api.change("POST", collection, {"fieldManager": FIELD_MANAGER}, pod)
            break
        except Refused as refusal:
            if refusal.status != 409 or time.monotonic() >= end:
                raise
        # One of an earlier drill that still answers what was under way.
        api.change("DELETE", _path(workload), {"gracePeriodSeconds": "0"})
        time.sleep(_LOOK_S)
    while not _is_ready(found := api.get(_path(workload)) or {}):
        if time.monotonic() >= end:
            raise DeadlineExceeded(
                f"Pod {workload.namespace}/{name_of(workload)}, which should answer instead of the engine, is"
                f" not ready within {_START_S:g} s: {_trouble(found)}",
                "It runs python3 in the gateway's image, on a node where the gateway may run.",
            )
        time.sleep(_LOOK_S)


def _is_ready(pod: Mapping[str, Any]) -> bool:
    return any(
        row.get("type") == "Ready" and row.get("status") == "True"
        for row in (pod.get("status") or {}).get("conditions") or []
    )


def _trouble(pod: Mapping[str, Any]) -> str:
    status = pod.get("status") or {}
    rows: Iterable[Mapping[str, Any]] = status.get("containerStatuses") or []
    for row in rows:
        state = (
            (row.get("state") or {}).get("waiting") or (row.get("lastState") or {}).get("terminated") or {}
        )
        if state:
            return f"{state.get('reason')} {state.get('message') or ''}".strip()
    for row in status.get("conditions") or []:
        if row.get("status") != "True" and row.get("message"):
            return str(row["message"])
    return str(status.get("phase") or "it is gone")


def _point(
    api: Changer, namespace: str, service: str, selector: Mapping[str, str | None], manager: str
) -> None:
    path = _service_path(namespace, service)
    api.change("PATCH", path, {"fieldManager": manager}, {"spec": {"selector": dict(selector)}}, MERGE)


def _service_path(namespace: str, service: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace)}/services/{quote(service)}"


def _path(workload: Workload) -> str:
    return f"/api/v1/namespaces/{quote(workload.namespace)}/pods/{quote(name_of(workload))}"
