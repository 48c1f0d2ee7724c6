# SPDX-License-Identifier: Apache-2.0
"""What a site is doing now, on one screen."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ...module_utils.errors import InvalidInput
from ..boundary.plain import plain
from ..diagnosis.site_status import OFF, SERVES
from ..text.tables import paragraph, table
from ..text.units import gib

FORMATS = ("table", "json")
WIDTH = 80
_MEASURED = ("last measured", "users", "tok/s", "TTFT ms", "TPOT ms", "when")


def status_report(document: Any, format: str = "table") -> str:
    """The document in the format that somebody asked for."""
    if format not in FORMATS:
        raise InvalidInput(f"status_format is {str(format)!r}.", f"Choose {' or '.join(FORMATS)}.")
    found = plain(document)
    if format == "json":
        return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    sections = (
        _head(found),
        _table(("host", "GPU", "GiB used", "driver", "node"), _hosts(found)),
        _table(("model", "state", "served as", "answered by"), _models(found)),
        _table(("tier", "backend", "models", "state"), _tiers(found)),
        _table(_MEASURED, _figures(found["figures"]), numbers=range(1, 5)),
        _table(("part", "version"), _versions(found["versions"])),
    )
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[int] = ()) -> list[str]:
    """Empty if there is nothing to show."""
    return table(heads, rows, numbers=numbers, width=WIDTH) if rows else []


def _head(found: Mapping[str, Any]) -> list[str]:
    serving = [row for row in found["models"] if row["state"] == SERVES]
    lines = [f"mode {found['mode']}, {len(serving)} of {len(found['models'])} models loaded"]
    if not found["cluster"]["answers"]:
        lines += paragraph(f"the cluster does not answer: {found['cluster']['reason']}", "! ", "  ", WIDTH)
    gateway = found["gateway"]
    if gateway["error"] or not gateway["alive"]:
        lines += paragraph(f"gateway {gateway['url']}: {gateway['error'] or 'no answer'}", "! ", "  ", WIDTH)
    else:
        lines.append(f"gateway {gateway['url']}")
    if gateway["public_url"] not in ("", gateway["url"]):
        lines.append(f"clients ask {gateway['public_url']}")
    for host in found["hosts"]:
        for problem in host["problems"]:
            lines += paragraph(f"{host['name']}: {problem}", "! ", "  ", WIDTH)
    return lines


def _hosts(found: Mapping[str, Any]) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for host in found["hosts"]:
        node = _node(host["node"])
        if host["reachable"] is False:
            node = f"no SSH; {node}"
        gpus = host["gpus"] or [{}]
        for index, gpu in enumerate(gpus):
            used = f"{gib(gpu['memory_used_bytes'])} of {gib(gpu['memory_total_bytes'])}" if gpu else "-"
            shown = (host["name"], host["driver"] or "-", node) if index == 0 else ("", "", "")
            rows.append((shown[0], str(gpu.get("name") or "-"), used, shown[1], shown[2]))
    return rows


def _node(node: Mapping[str, Any] | None) -> str:
    if node is None:
        return "none"
    words = ["ready" if node["ready"] else "NOT READY"]
    words += ["cordoned"] if node["unschedulable"] else []
    words += [f"offers {node['allocatable']}"] if node["allocatable"] else []
    return ", ".join(words)


def _models(found: Mapping[str, Any]) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for model in found["models"]:
        state = f"off, mode {model['mode']}" if model["state"] == OFF else model["state"]
        if model["wanted"]:
            state += f" {model['serving']}/{model['wanted']}"
        answered = _answer(model) if model["tier"] else (model["error"] or "-")
        rows.append((model["name"], state, model["served_name"], answered))
        if model["trouble"]:
            rows.append(("", "", "", model["trouble"]))
    return rows


def _answer(row: Mapping[str, Any]) -> str:
    return f"{row['tier']} in {float(row['latency_s'] or 0):.2f} s"


def _tiers(found: Mapping[str, Any]) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for tier in found["tiers"]:
        if tier["answers"]:
            state = f"answers in {float(tier['latency_s'] or 0):.2f} s"
        elif not tier["asked"]:
            state = "not asked"
        else:
            state = tier["error"] or "does not answer"
        rows.append((tier["name"], tier["backend"], ", ".join(tier["models"]), state))
    return rows


def _figures(figures: Iterable[Mapping[str, Any]]) -> list[Sequence[str]]:
    return [
        (
            str(row["model"]),
            str(row["max_concurrency"] or "-"),
            _number(row["output_throughput"]),
            _number(row["median_ttft_ms"]),
            _number(row["median_tpot_ms"]),
            str(row["time"] or "-"),
        )
        for row in figures
    ]


def _number(value: Any) -> str:
    return f"{value:.1f}" if isinstance(value, (int, float)) else "-"


def _versions(versions: Mapping[str, Any]) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    if versions["kubernetes"]:
        rows.append(("Kubernetes", versions["kubernetes"]))
    if versions["driver"]:
        rows.append(("NVIDIA driver", ", ".join(versions["driver"])))
    if versions["container_toolkit"]:
        rows.append(("container toolkit", ", ".join(versions["container_toolkit"])))
    rows += [(name, ", ".join(found)) for name, found in versions["images"].items() if found]
    return rows
