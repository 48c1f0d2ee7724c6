# SPDX-License-Identifier: Apache-2.0
"""Options of the module llm_benchmark, and what they mean together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..probing.server_options import SERVER_OPTIONS, TIER_OPTIONS, read_tiers
from .settings import DATASETS, RANDOM, SLOS, Load, Settings, Target, Workload, check

TARGET: dict[str, dict[str, Any]] = {
    **SERVER_OPTIONS,
    "model": {"type": "str", "required": True},
    "request_timeout": {"type": "float", "default": 300.0},
    "proxy": {"type": "str", "default": ""},
}
WORKLOAD: dict[str, dict[str, Any]] = {
    "dataset": {"type": "str", "choices": list(DATASETS), "default": RANDOM},
    "dataset_path": {"type": "path"},
    "input_tokens": {"type": "int", "default": 128, "no_log": False},
    "output_tokens": {"type": "int", "default": 128, "no_log": False},
    "prefix_tokens": {"type": "int", "default": 0, "no_log": False},
    "spread": {"type": "float", "default": 0.0},
    "ignore_eos": {"type": "bool", "default": False},
    "unique_prompts": {"type": "bool", "default": True},
    "extra_body": {"type": "dict", "default": {}},
    "seed": {"type": "int", "default": 0},
}
LOAD: dict[str, dict[str, Any]] = {
    "concurrency": {"type": "int", "default": 1},
    "requests": {"type": "int", "default": 32},
    "request_rate": {"type": "float", "default": 0.0},
    "duration": {"type": "float", "default": 0.0},
    "warmup": {"type": "int", "default": 1},
    "processes": {"type": "int", "default": 0},
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    **TARGET,
    **WORKLOAD,
    **LOAD,
    **TIER_OPTIONS,
    "slo": {"type": "dict", "options": {name: {"type": "float"} for name in SLOS}},
    "expected_tier": {"type": "str", "default": ""},
    "details": {"type": "bool", "default": False},
}


def read_settings(params: Mapping[str, Any]) -> Settings:
    """What to measure. Raises InvalidInput for impossible options."""

    def chosen(options: Mapping[str, Any]) -> dict[str, Any]:
        return {name: "" if params[name] is None else params[name] for name in options}

    settings = Settings(
        target=Target(**chosen(TARGET)),
        workload=Workload(**chosen(WORKLOAD)),
        load=Load(**chosen(LOAD)),
        slo={name: limit for name, limit in (params["slo"] or {}).items() if limit is not None},
        tier_map=read_tiers(params),
        expected_tier=params["expected_tier"],
    )
    check(settings)
    return settings
