# SPDX-License-Identifier: Apache-2.0
"""CPU and memory of a pod, in Kubernetes' own words."""

from __future__ import annotations

import re

from .tables import Table

REQUESTS, LIMITS = KINDS = ("requests", "limits")
_QUANTITY = re.compile(r"^([0-9]+(?:\.[0-9]+)?)([mkMGTPE]|[KMGTPE]i)?$")
_FACTORS = {
    "m": 0.001,
    **{unit: 1000.0**power for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": 1024.0**power for power, unit in enumerate("KMGTPE", start=1)},
}


def parse_quantity(text: str) -> float | None:
    """The number behind a quantity such as 500m, 2 or 16Gi, or None when it is none."""
    found = _QUANTITY.match(text.strip())
    if not found:
        return None
    number, unit = found.groups()
    return float(number) * _FACTORS.get(unit or "", 1.0)


def read_resources(table: Table) -> dict[str, dict[str, str]]:
    """Requests and limits as written. An API server refuses a request above its limit; so does the plan."""
    table.reject_unknown(KINDS)
    written = {kind: table.text_mapping(kind) for kind in KINDS if table.has(kind)}
    amounts: dict[str, dict[str, float]] = {REQUESTS: {}, LIMITS: {}}
    for kind, quantities in written.items():
        for resource, text in quantities.items():
            amount = parse_quantity(text)
            if amount is None:
                path = f"{table.at(kind)}.{resource}"
                table.findings.problem(path, f"is {text!r}", "Write a quantity such as 500m, 2 or 16Gi.")
            else:
                amounts[kind][resource] = amount
    for resource, limit in amounts[LIMITS].items():
        if amounts[REQUESTS].get(resource, 0) > limit:
            table.findings.problem(
                f"{table.at(REQUESTS)}.{resource}",
                f"is {written[REQUESTS][resource]}, above the limit of {written[LIMITS][resource]}",
                "Lower it, or raise the limit as well.",
            )
    return written
