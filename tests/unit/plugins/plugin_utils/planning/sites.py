"""Sites that tests begin with, and the catalog that is shipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.planning.catalog.catalog import read_files
from ansible_collections.inference.stack.plugins.plugin_utils.planning.plan import compute

CATALOG = Path(__file__).parents[5] / "catalog"
RAW = read_files(CATALOG)
GIB = 1024**3


def home_lab(**changes: Any) -> dict[str, Any]:
    """One GPU, two modes, three tiers."""
    site: dict[str, Any] = {
        "models": [
            {"name": "qwen3-8b-awq", "mode": "ml", "aliases": ["vllm-qwen"]},
            {"name": "deepseek-r1-distill-qwen-7b-awq", "mode": "r1"},
        ],
        "default_mode": "ml",
        "tiers": {
            "gpu": {"backend": "vllm"},
            "cpu": {"backend": "ollama", "model": "qwen3:4b"},
            "cloud": {"backend": "openai", "model": "gpt-4o-mini", "api_key": "geheim-4711"},
        },
        "vllm_version": "0.8.5.post1",
        "namespace": "ml",
        "hosts": [{"name": "worker", "gpus": [{"gpu": "rtx-3060-12gb", "count": 1}], "pci_ids": []}],
    }
    return {**site, **changes}


def one(**changes: Any) -> dict[str, Any]:
    """The home lab with one model, whose entry gets ``changes``."""
    return home_lab(models=[{"name": "qwen3-8b-awq", **changes}])


def plan(site: dict[str, Any]) -> dict[str, Any]:
    return compute(site, RAW)


def refusal(site: dict[str, Any]) -> str:
    """What a person reads when the site cannot be planned."""
    with pytest.raises(InvalidInput) as raised:
        plan(site)
    return str(raised.value)


def option(arguments: list[str], flag: str) -> str:
    return arguments[arguments.index(flag) + 1]
