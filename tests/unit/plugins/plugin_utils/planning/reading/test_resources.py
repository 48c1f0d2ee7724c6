"""CPU and memory as Kubernetes writes them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.findings import Findings
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.resources import (
    parse_quantity,
    read_resources,
)
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.tables import Table


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2),
        ("0.5", 0.5),
        ("500m", 0.5),
        ("16Gi", 16 * 1024**3),
        ("16G", 16e9),
        ("1k", 1000),
        (" 4Mi ", 4 * 1024**2),
        ("16GB", None),
        ("16 Gi", None),
        ("Gi", None),
        ("-1", None),
        ("1K", None),
        ("", None),
    ],
)
def test_quantities(text: str, number: float | None) -> None:
    assert parse_quantity(text) == number


def read(written: dict[str, Any]) -> tuple[dict[str, dict[str, str]], list[str]]:
    findings = Findings()
    found = read_resources(Table(written, "resources", findings))
    return found, [str(problem) for problem in findings.problems]


def test_what_was_written_stays_as_it_was() -> None:
    written = {"requests": {"cpu": 2, "memory": "8Gi"}, "limits": {"memory": "8192Mi"}}
    assert read(written) == ({"requests": {"cpu": "2", "memory": "8Gi"}, "limits": {"memory": "8192Mi"}}, [])


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"requests": {"memory": "16GB"}}, "resources.requests.memory: is '16GB'. Write a quantity"),
        (
            {"requests": {"memory": "9Gi"}, "limits": {"memory": "8Gi"}},
            "resources.requests.memory: is 9Gi, above the limit of 8Gi. Lower it, or raise the limit",
        ),
        ({"request": {}}, "resources.request: is not a known key. Did you mean requests"),
        ({"limits": {"cpu": True}}, "resources.limits.cpu: must be text"),
    ],
)
def test_what_an_api_server_would_refuse_is_told(written: dict[str, Any], told: str) -> None:
    _, (problem,) = read(written)
    assert told in problem
