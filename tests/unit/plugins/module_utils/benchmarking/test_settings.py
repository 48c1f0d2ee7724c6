"""Options that cannot be meant are refused by their names, and settings travel to other processes whole."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.settings import (
    Load,
    Settings,
    Target,
    Workload,
    check,
)
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput

GOOD = Settings(Target("http://host", "m"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"target": Target("http://host", "")}, "model is empty"),
        ({"target": Target("http://host", "m", request_timeout=0)}, "request_timeout must be above 0"),
        ({"workload": Workload(dataset="file")}, "dataset=file needs dataset_path"),
        ({"workload": Workload(dataset_path="/x")}, "dataset_path needs dataset=file"),
        ({"workload": Workload(dataset="shared_prefix")}, "dataset=shared_prefix needs prefix_tokens"),
        ({"workload": Workload(prefix_tokens=5)}, "prefix_tokens needs dataset=shared_prefix"),
        ({"workload": Workload(output_tokens=0)}, "output_tokens is 0 and must be at least 1"),
        ({"workload": Workload(spread=1)}, "spread is 1 and must be at least 0 and below 1"),
        ({"workload": Workload(extra_body={"stream": False})}, "extra_body must not set stream"),
        ({"load": Load(concurrency=0)}, "concurrency is 0 and must be at least 1"),
        ({"load": Load(concurrency=5000)}, "concurrency is 5000; one machine can be 4096 clients"),
        ({"load": Load(warmup=0)}, "warmup is 0 and must be at least 1"),
        ({"load": Load(request_rate=-1)}, "request_rate is -1 and must be at least 0"),
        ({"slo": {"itl": 5}}, "slo does not know itl. It knows ttft, tpot, e2el"),
        ({"slo": {"ttft": 0}}, "slo.ttft is 0 and must be milliseconds above 0"),
        ({"slo": {"ttft": True}}, "slo.ttft is True"),
        ({"expected_tier": "gpu"}, "tier_map has no address of tier 'gpu'"),
    ],
)
def test_what_cannot_be_meant_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        check(replace(GOOD, **change))
    assert told in str(raised.value)


def test_defaults_can_be_meant() -> None:
    check(GOOD)


def test_settings_travel_as_text() -> None:
    settings = replace(
        GOOD, slo={"ttft": 5.0}, workload=Workload(extra_body={"a": [1]}), load=Load(7, 9, 2.5)
    )
    assert Settings.from_plain(json.loads(json.dumps(settings.as_plain()))) == settings
