# SPDX-License-Identifier: Apache-2.0
"""Compares a node's labels and taints with the wanted ones. Pure.

k3s applies labels and taints at a node's first registration only, so later changes are made with kubectl. An
annotation records what was set, so that what leaves the inventory leaves the node, and nothing else does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

ANNOTATION = "inference.stack/k3s-node-settings"
# The kubelet may not give itself labels of these domains; a server sets them instead.
_RESERVED_LABEL = re.compile(r"([^/]*\.)?(kubernetes|k8s)\.io/")
_TAINT = re.compile(r"([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)")


class Changes(NamedTuple):
    """What to tell kubectl."""

    labels: list[str]
    """Words for ``kubectl label``: key=value sets one, key- removes one."""
    taints: list[str]
    """Words for ``kubectl taint``: key=value:Effect sets one, key:Effect- removes one."""
    annotation: str
    """The word for ``kubectl annotate``; empty where the record is right."""
    beyond_kubelet: list[str]
    """Those of ``labels`` and ``taints`` that only an administrator may change."""


def compare(node: Mapping[str, Any], labels: Mapping[str, Any], taints: Iterable[str]) -> Changes:
    """What the node (the API server's document) still lacks, and what it keeps of earlier runs."""
    metadata = node.get("metadata") or {}
    taints = list(taints)
    record = {"labels": sorted(labels), "taints": sorted(map(_key_and_effect, taints))}
    recorded = _recorded((metadata.get("annotations") or {}).get(ANNOTATION))
    label_changes = _label_changes(metadata.get("labels") or {}, labels, recorded["labels"])
    taint_changes = _taint_changes((node.get("spec") or {}).get("taints") or [], taints, recorded["taints"])
    return Changes(
        labels=label_changes,
        taints=taint_changes,
        annotation="" if record == recorded else f"{ANNOTATION}={json.dumps(record, sort_keys=True)}",
        beyond_kubelet=[*taint_changes, *filter(is_reserved, label_changes)],
    )


def registration_labels(labels: Mapping[str, Any]) -> list[str]:
    """The labels that a node may give itself when it registers, as key=value."""
    return [f"{key}={value}" for key, value in labels.items() if not is_reserved(key)]


def is_reserved(label: str) -> bool:
    """Whether only an administrator may set this label."""
    return _RESERVED_LABEL.match(label) is not None


def _label_changes(now: Mapping[str, str], wanted: Mapping[str, Any], recorded: Iterable[str]) -> list[str]:
    differing = [f"{key}={value}" for key, value in wanted.items() if now.get(key) != value]
    return differing + [f"{key}-" for key in recorded if key in now and key not in wanted]


def _taint_changes(
    now: Iterable[Mapping[str, Any]], wanted: Iterable[str], recorded: Iterable[str]
) -> list[str]:
    texts = [_taint_text(taint) for taint in now]
    # An empty value is written as none: key=:Effect is key:Effect.
    plain = [taint.replace("=:", ":") for taint in wanted]
    differing = [taint for taint in plain if taint not in texts]
    kept = set(map(_key_and_effect, plain))
    present = set(map(_key_and_effect, texts))
    return differing + [f"{taint}-" for taint in recorded if taint in present and taint not in kept]


def _taint_text(taint: Mapping[str, Any]) -> str:
    value = taint.get("value")
    return f"{taint.get('key')}{'=' + value if value else ''}:{taint.get('effect')}"


def _key_and_effect(taint: str) -> str:
    """What identifies a taint; a node has one value for each."""
    found = _TAINT.fullmatch(taint)
    return f"{found[1]}:{found[3]}" if found else taint


def _recorded(annotation: Any) -> dict[str, list[str]]:
    """What an earlier run noted; nothing where the note cannot be read."""
    try:
        found = json.loads(annotation or "{}")
    except ValueError:
        found = {}
    found = found if isinstance(found, dict) else {}
    return {key: list(map(str, found.get(key) or [])) for key in ("labels", "taints")}
