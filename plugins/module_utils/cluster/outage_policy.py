# SPDX-License-Identifier: Apache-2.0
"""Cuts a workload off from the gateway by a NetworkPolicy, and lets it be reached again.

Policies only add what is allowed, so none can take back that the workload's own one lets the gateway in. But
nothing limits yet where the gateway may send. One policy of the drill allows it everything but the workloads
that are cut off; with one policy each, every one would allow what the others leave out.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from ..errors import ProbeFailed
from .drilled_workload import APPLY, FIELD_MANAGER, Changer, Workload, read_workload, running_pods

NAME = "inference-drill"
_NOTE = "inference.stack/cut-off"
_API_VERSION = "networking.k8s.io/v1"
_EVERYWHERE = {4: "0.0.0.0/0", 6: "::/0"}


class CutOff(NamedTuple):
    """A workload's pods: some networks know them by labels, others by addresses."""

    labels: Mapping[str, str]
    addresses: tuple[str, ...]


def block(api: Changer, workload: Workload, gateway: Workload) -> None:
    found = _cut_off(api, workload.namespace)
    labels = _labels(read_workload(api, workload))
    found[workload.deployment] = CutOff(labels, _addresses(running_pods(api, workload)))
    _apply(api, gateway, found)


def unblock(api: Changer, workload: Workload) -> None:
    """Does no harm where it is undone already."""
    policy = api.read(_API_VERSION, "NetworkPolicy", workload.namespace, NAME)
    if policy is None:
        return
    found = _read(policy)
    found.pop(workload.deployment, None)
    if not found:
        api.change("DELETE", _path(workload.namespace))
        return
    _write(api, workload.namespace, policy["spec"]["podSelector"], found)


def everything_but(cut_off: Iterable[CutOff]) -> list[dict[str, Any]]:
    """The peers of a policy. A pod is none of those cut off when of each one label at least differs.

    Some networks (Cilium) never take a pod for an address; there the first kind of peer decides. For all
    others, an address of the second kind could be a pod, so theirs are left out.
    """
    parts = list(cut_off)
    pods = [
        {
            "namespaceSelector": {},
            "podSelector": {
                "matchExpressions": [
                    {"key": key, "operator": "NotIn", "values": [value]} for key, value in choice
                ]
            },
        }
        for choice in itertools.product(*(sorted(part.labels.items()) for part in parts))
    ]
    addresses = sorted({address for part in parts for address in part.addresses})
    families: dict[int, list[str]] = {}
    for address in addresses:
        version = 6 if ":" in address else 4
        families.setdefault(version, []).append(f"{address}/{128 if version == 6 else 32}")
    blocks = [
        {"ipBlock": {"cidr": _EVERYWHERE[version], "except": found}} for version, found in families.items()
    ]
    return [*pods, *blocks]


def _apply(api: Changer, gateway: Workload, cut_off: Mapping[str, CutOff]) -> None:
    selector = {"matchLabels": dict(_labels(read_workload(api, gateway)))}
    _write(api, gateway.namespace, selector, cut_off)


def _write(api: Changer, namespace: str, selector: Mapping[str, Any], cut_off: Mapping[str, CutOff]) -> None:
    body = {
        "apiVersion": _API_VERSION,
        "kind": "NetworkPolicy",
        "metadata": {
            "name": NAME,
            "namespace": namespace,
            "annotations": {
                _NOTE: json.dumps({name: part._asdict() for name, part in sorted(cut_off.items())})
            },
        },
        "spec": {
            "podSelector": dict(selector),
            "policyTypes": ["Egress"],
            "egress": [{"to": everything_but(cut_off.values())}],
        },
    }
    query = {"fieldManager": FIELD_MANAGER, "force": "true"}
    api.change("PATCH", _path(namespace), query, body, APPLY)


def _cut_off(api: Changer, namespace: str) -> dict[str, CutOff]:
    return _read(api.read(_API_VERSION, "NetworkPolicy", namespace, NAME) or {})


def _read(policy: Mapping[str, Any]) -> dict[str, CutOff]:
    noted = ((policy.get("metadata") or {}).get("annotations") or {}).get(_NOTE) or "{}"
    try:
        return {
            str(name): CutOff(dict(part["labels"]), tuple(part["addresses"]))
            for name, part in json.loads(noted).items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        # Somebody else wrote it. It still is the drill's, by its name, and goes.
        return {}


def _labels(deployment: Mapping[str, Any]) -> Mapping[str, str]:
    labels = ((deployment.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    if not labels:
        name = (deployment.get("metadata") or {}).get("name")
        raise ProbeFailed(f"Deployment {name} has no matchLabels that would name its pods")
    return {str(key): str(value) for key, value in labels.items()}


def _addresses(pods: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    found = {
        str(row["ip"])
        for pod in pods
        for row in (pod.get("status") or {}).get("podIPs") or []
        if row.get("ip")
    }
    if not found:
        raise ProbeFailed("None of its pods has an address yet, so none can be cut off")
    return tuple(sorted(found))


def _path(namespace: str) -> str:
    return f"/apis/{_API_VERSION}/namespaces/{quote(namespace)}/networkpolicies/{NAME}"
