# SPDX-License-Identifier: Apache-2.0
"""The plan as a person reads it: aligned text for a terminal. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..text.tables import paragraph, phrases, table
from ..text.units import UNKNOWN, gib, many, size, whole
from .change_text import changes_text, summary_text

# Kinds of GPUs that fit side by side.
_KINDS_BESIDE = 3
_MEMORY = (
    ("weights", "weights_bytes"),
    ("activations", "activations_bytes"),
    ("CUDA context", "context_bytes"),
    ("CUDA graphs", "graphs_bytes"),
    ("KV cache", "kv_bytes"),
    ("= requested", "requested_bytes"),
    ("free", "free_bytes"),
    ("= whole card", "total_bytes"),
)
_TOKENS = (
    ("context", "max_model_len"),
    ("KV cache", "kv_tokens"),
    ("longest context", "longest_context"),
)
# Addresses are in the document only: they are too long for a line.
_SOURCE = re.compile(r" \(https?://\S+\)")
_VERDICTS = {
    "fits": "fits",
    "tight": "fits tightly",
    "too_small": "too small",
    "unknown": "unknown",
}


def plan_text(document: Mapping[str, Any]) -> str:
    """The whole document, section by section, the most important one last: what would change."""
    plan, observed, comparison = document["plan"], document["observed"], document["comparison"]
    sections = (
        _head(plan),
        *(model_text(model, plan) for model in plan["vllm_models"]),
        _hosts(plan, observed),
        _modes(plan),
        _nodes(plan),
        _downloads(comparison["downloads"]),
        list(changes_text(comparison)),
        _warnings([*plan["warnings"], *observed["warnings"]]),
        list(summary_text(comparison)),
    )
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _head(plan: Mapping[str, Any]) -> list[str]:
    lines = [f"Namespace {plan['namespace']}, default mode {plan['default_mode']}"]
    lines += _front_doors(plan)
    if not plan["vllm_models"]:
        return lines
    verdict = plan["image_verdict"]
    lines += paragraph(f"{verdict['image']}, CUDA {verdict['cuda'] or 'unknown'}, allowed because", "Image  ")
    for reason in verdict["because"]:
        lines += paragraph(_SOURCE.sub("", reason), "  - ")
    return lines


def _front_doors(plan: Mapping[str, Any]) -> list[str]:
    """The addresses that clients outside use. An open node port beside one takes keys in clear."""
    rows = [row for row in plan["parts"].values() if row["wanted"] and row["public_url"]]
    ports = {row["part"]: f", also port {row['node_port']} of the nodes" for row in rows if row["node_port"]}
    return [f"{row['part'].capitalize()} {row['public_url']}{ports.get(row['part'], '')}" for row in rows]


def model_text(model: Mapping[str, Any], plan: Mapping[str, Any]) -> list[str]:
    rows = [row for row in plan["memory"] if row["model"] == model["name"]]
    lines = paragraph(
        f"{model['name']}: {model['repository']}, mode {model['mode']}, {_replicas(model)}", "MODEL  "
    )
    lines += phrases(_names(model, plan), "  names      ")
    for gate in (row for row in plan["gated"] if row["model"] == model["name"]):
        lines += paragraph(f"{gate['licence']}, to be accepted at {gate['licence_page']}", "  licence    ")
    known = [row for row in rows if row["gpu"]]
    for start in range(0, len(known), _KINDS_BESIDE):
        lines += list(_memory(known[start : start + _KINDS_BESIDE], plan))
    if not known:
        lines.append(f"  memory     not compared, no GPU is known; weights {size(rows[0]['weights_bytes'])}")
    lines += phrases(_flags(model["arguments"]), "  arguments  ")
    if model["environment"]:
        pairs = [f"{name}={value}" for name, value in sorted(model["environment"].items())]
        lines += phrases(pairs, "  variables  ")
    return lines


def _names(model: Mapping[str, Any], plan: Mapping[str, Any]) -> list[str]:
    """What clients may call it, the served name first."""
    aliases = [name for name, served in plan["litellm_aliases"].items() if served == model["served_name"]]
    names = [model["served_name"], *aliases]
    return [*(f"{name}," for name in names[:-1]), names[-1]]


def _replicas(model: Mapping[str, Any]) -> str:
    gpus = many(model["gpus"], "GPU")
    count = int(model.get("replicas") or 1)
    return gpus if count == 1 else f"{count} replicas of {gpus}"


def _memory(rows: Sequence[Mapping[str, Any]], plan: Mapping[str, Any]) -> Iterator[str]:
    """One column per kind of GPU, then what the KV cache holds."""
    names = _gpu_names(plan)
    heads = [f"{row['gpus']} x {names[row['gpu']]}" for row in rows]
    body = [[f"  {label}", *(gib(row[key]) for row in rows)] for label, key in _MEMORY]
    body.append(["tokens", *[""] * len(rows)])
    body += [[f"  {label}", *(whole(row[key]) for row in rows)] for label, key in _TOKENS]
    body.append(["sequences at once", *(_concurrency(row["concurrency"]) for row in rows)])
    body.append(["verdict", *(_VERDICTS[row["verdict"]] for row in rows)])
    yield from table(["GiB per GPU", *heads], body, "  ", range(1, len(rows) + 1))


def _concurrency(sequences: float | None) -> str:
    return UNKNOWN if sequences is None else f"{sequences:.1f}"


def _gpu_names(plan: Mapping[str, Any]) -> dict[str, str]:
    return {gpu["gpu"]: gpu["name"] for host in plan["hosts"] for gpu in host["gpus"]}


def _flags(arguments: Sequence[str]) -> list[str]:
    """Each flag with its values, so that no line ends between them."""
    found: list[str] = []
    for word in arguments:
        if word.startswith("--") or not found:
            found.append(word)
        else:
            found[-1] += f" {word}"
    return found


def _hosts(plan: Mapping[str, Any], observed: Mapping[str, Any]) -> list[str]:
    seen = {row["name"]: row for row in observed["hosts"]}
    rows, notes = [], []
    for host in plan["hosts"]:
        found = seen[host["name"]]
        gpus = ", ".join(f"{gpu['count']} x {gpu['name']}" for gpu in host["gpus"])
        rows.append(
            [host["name"], gpus or UNKNOWN, host["driver"] or "any", _found(found), host["cuda"] or UNKNOWN]
        )
        told = [_link(found), *found["reasons"], *found["problems"]] if found["asked"] else [found["reason"]]
        notes += [f"{host['name']}: {text}" for text in told]
    if not rows:
        return []
    heads = ["host", "GPUs", "driver wanted", "driver found", "CUDA of the image"]
    lines = ["HOSTS", *table(heads, rows, "  ")]
    for note in notes:
        lines += paragraph(note, "  - ")
    return lines


def _found(row: Mapping[str, Any]) -> str:
    if not row["asked"]:
        return UNKNOWN
    if not row["driver_found"]:
        return "none"
    return f"{row['driver_found']} (CUDA {row['cuda_driver']})" if row["cuda_driver"] else row["driver_found"]


def _link(row: Mapping[str, Any]) -> str:
    parts = [_pcie(link) for link in row["links"]]
    for device in row["thunderbolt"]:
        title = " ".join(part for part in (device["vendor"], device["name"]) if part) or "device"
        state = "" if device["is_authorized"] else ", not authorised"
        parts.append(f"Thunderbolt {title}{state}")
    return "; ".join(parts) or "no GPU on the PCI bus"


def _pcie(link: Mapping[str, Any]) -> str:
    lanes, most = link["width_lanes"], link["width_max_lanes"]
    text = " ".join(["PCIe", *([link["pcie_generation"]] if link["pcie_generation"] else [])])
    if not lanes:
        return text
    return f"{text} x{lanes} of x{most}" if most and lanes < most else f"{text} x{lanes}"


def _modes(plan: Mapping[str, Any]) -> list[str]:
    rows = []
    for mode in dict.fromkeys([plan["default_mode"], *plan["modes"]]):
        owners = [_owner(row) for row in plan["placement"] if row["mode"] == mode]
        title = f"{mode} (default)" if mode == plan["default_mode"] else mode
        rows.append([title, ", ".join(owners) or "no other model of this site"])
    return ["MODES", *table(["mode", "owns the GPUs"], rows, "  ")]


def _nodes(plan: Mapping[str, Any]) -> list[str]:
    """What pods ask of each node at the same time, in the mode that asks for the most, and what it has."""
    rows = []
    for node in plan["nodes"]:
        most: Mapping[str, Any] = max(node["modes"], key=lambda mode: _fullness(mode, node), default={})
        cpus = [UNKNOWN if row.get("cpus") is None else f"{row['cpus']:g}" for row in (most, node)]
        memory = [size(row.get("memory_bytes")) for row in (most, node)]
        rows.append([node["name"], *cpus, *memory, most.get("mode", UNKNOWN)])
    heads = ["node", "CPU asked", "of", "memory asked", "of", "in mode"]
    lines = ["NODES", *table(heads, rows, "  ", (1, 2, 3, 4))] if rows else []
    unknown = [node["name"] for node in plan["nodes"] if None in (node["cpus"], node["memory_bytes"])]
    if unknown:
        lines += paragraph(f"CPU and memory of {', '.join(unknown)} are unknown, and not compared.", "  - ")
    return lines


def _fullness(mode: Mapping[str, Any], node: Mapping[str, Any]) -> float:
    return max(float(mode[key]) / (node[key] or 1) for key in ("cpus", "memory_bytes"))


def _owner(row: Mapping[str, Any]) -> str:
    name = row["model"] if not row["replica"] else f"{row['model']} (replica {row['replica'] + 1})"
    if not row["host"]:
        return f"{name} ({many(row['gpus'], 'GPU')})"
    return f"{name} on {row['host']} ({row['gpus']} x {row['gpu']})"


def _downloads(hosts: Sequence[Mapping[str, Any]]) -> list[str]:
    rows: list[list[str]] = []
    for host in hosts:
        missing = [[item["repository"], size(item["bytes"]), "", ""] for item in host["missing"]]
        missing += [[item["image"], size(item["bytes"]), "", ""] for item in host["images"]]
        disk = [size(host["free_bytes"]), size(host["left_bytes"])]
        if len(missing) == 1:
            missing[0][2:] = disk
        else:
            missing.append(["together" if missing else "nothing is missing", _total(host), *disk])
        rows += [[host["host"] if first == 0 else "", *row] for first, row in enumerate(missing)]
    heads = ["host", "model", "to download", "free now", "free then"]
    lines = ["DOWNLOADS", *table(heads, rows, "  ", (2, 3, 4))] if rows else []
    for host in hosts:
        if not host["known"]:
            lines += paragraph(f"{host['host']} did not answer: some of it may be there already.", "  - ")
        if host["unneeded_bytes"]:
            told = f"{host['host']} has {size(host['unneeded_bytes'])} in its cache that no model needs"
            lines += paragraph(f"{told}: see playbooks/prune_models.yml --check.", "  - ")
    return lines


def _total(host: Mapping[str, Any]) -> str:
    total = size(host["bytes"] + sum(item["bytes"] for item in host["images"]))
    return total if host["complete"] else f"{total} and more"


def _warnings(found: Sequence[str]) -> list[str]:
    lines = ["WARNINGS"] if found else []
    for text in found:
        lines += paragraph(text, "  - ")
    return lines
