"""The numbers of docs/size_a_gpu.md, as the planner computes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.planning.catalog.catalog import read_files
from ansible_collections.inference.stack.plugins.plugin_utils.planning.memory import formulas as memory
from ansible_collections.inference.stack.plugins.plugin_utils.planning.plan import compute
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.plan_text import model_text
from ansible_collections.inference.stack.plugins.plugin_utils.text.units import gib, size, whole

from tests.conftest import ROOT

CATALOG = read_files(ROOT / "catalog")
# New enough for every model of the catalog, with a CUDA that the tables know.
RELEASE = "0.26.0"
MODEL, GPU = "qwen3-8b-awq", "rtx-3060-12gb"
SMALL_CARDS = ("rtx-3060-12gb", "t4-16gb", "rtx-3090-24gb", "rtx-5090-32gb")
BIG_CARDS = ("a100-40gb", "l40s-48gb", "h100-80gb", "h200-141gb")
# As many of one kind as a host is thought to have at most.
MOST = 8


def plan_of(
    model: str, gpu: str, count: int = 1, catalog: Mapping[str, Any] | None = None, **entry: Any
) -> dict[str, Any]:
    """The plan of a site with one model and one host."""
    site = {
        "catalog": catalog or {},
        "models": [{"name": model, **entry}],
        "vllm_version": RELEASE,
        "hosts": [{"name": "gpu", "gpus": [{"gpu": gpu, "count": count}]}],
    }
    return compute(site, CATALOG)


def row_of(
    model: str, gpu: str, count: int = 1, catalog: Mapping[str, Any] | None = None, **entry: Any
) -> dict[str, Any] | None:
    """How the memory of that GPU is spent, or None where the planner refuses."""
    try:
        (row,) = plan_of(model, gpu, count, catalog, **entry)["memory"]
    except InvalidInput:
        return None
    return dict(row)


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def overheads() -> str:
    """What an engine needs beside weights and cache."""
    captured, eager = memory.overhead_bounds(eager=False), memory.overhead_bounds(eager=True)
    parts = (("CUDA context", "context"), ("activations", "activations"), ("CUDA graphs", "graphs"))
    rows = [
        [
            title,
            *(
                f"{gib(getattr(least, key))} to {gib(getattr(most, key))}"
                for least, most in (captured, eager)
            ),
        ]
        for title, key in parts
    ]
    return markdown(["GiB", "ordinary", "with `--enforce-eager`"], rows)


def worked_example() -> str:
    """The formula, step by step."""
    row = row_of(MODEL, GPU)
    model = CATALOG["models"][MODEL]
    assert row is not None
    shape = f"2 x {model['layers']} layers x {model['kv_heads']} KV heads x {model['head_dim']} x 2 bytes"
    share = model["gpu_memory_utilization"]
    steps = [
        ("requested", f"{share} of {gib(row['total_bytes'])} GiB", f"{gib(row['requested_bytes'])} GiB"),
        (
            "weights",
            f"the catalog's `weights_bytes`, {whole(row['weights_bytes'])}",
            f"- {gib(row['weights_bytes'])} GiB",
        ),
        ("CUDA context", "the least that is expected", f"- {gib(row['context_bytes'])} GiB"),
        ("activations", "the least that is expected", f"- {gib(row['activations_bytes'])} GiB"),
        ("CUDA graphs", "the model's `--enforce-eager` captures none", f"- {gib(row['graphs_bytes'])} GiB"),
        ("KV cache", "what is left", f"= {gib(row['kv_bytes'])} GiB"),
        ("one token", shape, size(row["kv_bytes_per_token"])),
        (
            "KV tokens",
            f"{gib(row['kv_bytes'])} GiB / {size(row['kv_bytes_per_token'])}",
            whole(row["kv_tokens"]),
        ),
        (
            "sequences at once",
            f"{whole(row['kv_tokens'])} / {whole(row['max_model_len'])}",
            f"{row['concurrency']}",
        ),
    ]
    return markdown(["step", "from", "result"], steps)


def worked_example_plan() -> str:
    """The same as plan.yml shows it."""
    plan = plan_of(MODEL, GPU)
    return "\n".join(["```text", *model_text(plan["vllm_models"][0], plan), "```"])


def turning_knobs() -> str:
    """What the worked example becomes with other settings."""
    settings: tuple[tuple[str, dict[str, Any]], ...] = (
        ("as in the catalog", {}),
        ("`max_model_len: 4096`", {"max_model_len": 4096}),
        ("`max_model_len: 16384`", {"max_model_len": 16384}),
        ("`max_model_len: 40960`", {"max_model_len": 40960}),
        ("`gpu_memory_utilization: 0.80`", {"gpu_memory_utilization": 0.80}),
        ("`gpu_memory_utilization: 0.95`", {"gpu_memory_utilization": 0.95}),
        ("`kv_cache_dtype: fp8`", {"kv_cache_dtype": "fp8"}),
    )
    rows = []
    for title, entry in settings:
        row = row_of(MODEL, GPU, **entry)
        numbers = (
            [whole(row["kv_tokens"]), f"{row['concurrency']}", row["verdict"]] if row else ["", "", "refused"]
        )
        rows.append([title, *numbers])
    return markdown(["entry of `inference_models`", "KV tokens", "sequences at once", "verdict"], rows)


def small_cards() -> str:
    return _matrix(SMALL_CARDS)


def big_cards() -> str:
    return _matrix(BIG_CARDS)


def _matrix(gpus: Sequence[str]) -> str:
    """Every model of the catalog on each of these cards."""
    names = {key: CATALOG["gpus"][key]["name"] for key in gpus}
    heads = ["model", "context", *(names[gpu] for gpu in gpus)]
    rows = [
        [f"`{model}`", whole(row.get("max_model_len")), *(_cell(model, gpu) for gpu in gpus)]
        for model, row in CATALOG["models"].items()
    ]
    return markdown(heads, rows)


def _cell(model: str, gpu: str) -> str:
    row = row_of(model, gpu, MOST, gpus="auto")
    if row is None:
        return "too old" if _would_fit_if_newer(model, gpu) else "too big"
    if row["kv_tokens"] is None:
        return "unknown"
    cards = "" if row["gpus"] == 1 else f"**{row['gpus']} cards:** "
    tight = "tight: " if row["verdict"] == "tight" else ""
    return f"{cards}{tight}{whole(row['kv_tokens'])} / {row['concurrency']}"


def _would_fit_if_newer(model: str, gpu: str) -> bool:
    """Whether only the card's compute capability is in the way, not its memory."""
    newer = {"gpus": {gpu: {"compute_capability": "9.0"}}}
    return row_of(model, gpu, MOST, newer, gpus="auto") is not None
