"""The parts of docs/add_a_model.md that follow from the import, the schema and the planner."""

from __future__ import annotations

import json
from typing import Any

import yaml
from ansible_collections.inference.stack.plugins.plugin_utils.planning.catalog.catalog import merge
from ansible_collections.inference.stack.plugins.plugin_utils.planning.models.folder import catalog_row
from ansible_collections.inference.stack.plugins.plugin_utils.planning.plan import compute
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.plan_text import model_text

from tests.conftest import ROOT
from tests.doc_blocks.size_a_gpu import CATALOG, RELEASE, markdown

REPOSITORY, GPU = "Qwen/Qwen3-4B", "rtx-3060-12gb"
# What decides the numbers in that repository's config.json, and the size in its index.
CONFIG = {
    "head_dim": 128,
    "hidden_size": 2560,
    "intermediate_size": 9728,
    "max_position_embeddings": 40960,
    "model_type": "qwen3",
    "num_attention_heads": 32,
    "num_hidden_layers": 36,
    "num_key_value_heads": 8,
    "rms_norm_eps": 1e-06,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
    "vocab_size": 151936,
}
TOTAL_SIZE = 8044936192
# What a person adds after reading the model's card.
ADDED = {
    "max_model_len": 8192,
    "arguments": ["--enforce-eager"],
    "tool_parser": "hermes",
    "reasoning_parser": "qwen3",
    "capabilities": ["chat", "json", "tools", "reasoning"],
    "min_vllm": "0.8.4",
    "licence": "apache-2.0",
}


def _row() -> dict[str, dict[str, Any]]:
    index = json.dumps({"metadata": {"total_size": TOTAL_SIZE}})
    return catalog_row({"origin": REPOSITORY, "config": json.dumps(CONFIG), "index": index}, REPOSITORY)


def _completed() -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = merge(_row(), dict.fromkeys(_row(), ADDED))
    return rows


def _yaml(value: Any) -> str:
    return f"```yaml\n{yaml.safe_dump(value, sort_keys=False, width=118)}```"


def imported_row() -> str:
    """What the import prints."""
    return _yaml(_row())


def completed_row() -> str:
    """The row after a person has completed it, where an inventory keeps it."""
    return _yaml({"inference_catalog": {"models": _completed()}})


def planned_row() -> str:
    """How the planner sees the completed row on a card."""
    rows = _completed()
    site = {
        "models": list(rows),
        "catalog": {"models": rows},
        "vllm_version": RELEASE,
        "hosts": [{"name": "gpu", "gpus": [{"gpu": GPU, "count": 1}]}],
    }
    plan = compute(site, CATALOG)
    return "\n".join(["```text", *model_text(plan["vllm_models"][0], plan), "```"])


def model_keys() -> str:
    """Every key of a row, in the words of the schema that editors show."""
    schema = json.loads((ROOT / "catalog" / "schemas" / "models.schema.json").read_text("utf-8"))
    common = json.loads((ROOT / "catalog" / "schemas" / "common.schema.json").read_text("utf-8"))
    model = schema["$defs"]["model"]
    rows = []
    for key, entry in model["properties"].items():
        shared = common["$defs"].get(str(entry.get("$ref", "")).rsplit("/", 1)[-1], {})
        needed = "yes" if key in model["required"] else ""
        rows.append(
            [f"`{key}`", needed, (entry.get("description") or shared["description"]).replace("|", "\\|")]
        )
    return markdown(["key", "in every row of the catalog", "meaning"], rows)
