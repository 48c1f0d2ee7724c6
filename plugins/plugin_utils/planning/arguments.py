# SPDX-License-Identifier: Apache-2.0
"""The command line of one vLLM engine, in the dialect of the release that runs it."""

from __future__ import annotations

from .catalog import Catalog
from .findings import Findings
from .inputs import WantedModel
from .versions import Release

# Flags that the plan sets itself, and the key of a model's row that decides each one.
OWNED_FLAGS = {
    "--model": "repository",
    "--served-model-name": "served_name",
    "--revision": "revision",
    "--tokenizer": "tokenizer",
    "--quantization": "quantization",
    "--dtype": "dtype",
    "--kv-cache-dtype": "kv_cache_dtype",
    "--max-model-len": "max_model_len",
    "--max-num-seqs": "max_num_seqs",
    "--gpu-memory-utilization": "gpu_memory_utilization",
    "--tensor-parallel-size": "gpus",
    "--tool-call-parser": "tool_parser",
    "--reasoning-parser": "reasoning_parser",
    "--enable-auto-tool-choice": "capabilities",
    "--enable-reasoning": "capabilities",
}
# Belongs to Services, probes and network policies, and cannot move for one model alone.
_FIXED_FLAGS = ("--port", "--host", "--api-key")


def engine_arguments(
    model: WantedModel, release: Release | None, catalog: Catalog, findings: Findings
) -> list[str]:
    """What the engine is started with. The same inventory gives the same list, in the same order."""
    settings = model.settings
    words = ["--model", settings.repository, "--served-model-name", model.served_name]
    optional = (
        ("--revision", settings.revision),
        ("--tokenizer", settings.tokenizer),
        ("--quantization", settings.quantization),
        ("--dtype", settings.dtype),
        ("--kv-cache-dtype", settings.kv_cache_dtype),
    )
    for flag, value in optional:
        if value:
            words += [flag, value]
    words += ["--max-model-len", str(settings.max_model_len)]
    if settings.max_num_seqs:
        words += ["--max-num-seqs", str(settings.max_num_seqs)]
    words += ["--gpu-memory-utilization", _decimal(settings.gpu_memory_utilization)]
    if settings.gpus > 1:
        words += ["--tensor-parallel-size", str(settings.gpus)]
    words += _parsers(model, release, catalog, findings)
    return words + _extra(model, findings)


def _decimal(value: float) -> str:
    """At least two places, so that 0.9 reads 0.90 as everywhere else."""
    short = f"{value:.2f}"
    return short if float(short) == value else repr(value)


def _parsers(model: WantedModel, release: Release | None, catalog: Catalog, findings: Findings) -> list[str]:
    settings = model.settings
    tools = "tools" in settings.capabilities
    words: list[str] = []
    if tools and settings.tool_parser:
        words += ["--enable-auto-tool-choice", "--tool-call-parser", settings.tool_parser]
    elif tools:
        findings.warn(
            f"{model.path}: {model.name} has the capability tools but no tool_parser; tools stay off."
        )
    if "reasoning" not in settings.capabilities or not settings.reasoning_parser:
        return words
    if words and not catalog.release_has("reasoning-with-tools", release):
        findings.warn(
            f"{model.path}: vLLM {release} cannot parse tools and reasoning together; reasoning stays in the "
            "content of answers."
        )
        return words
    parser = _reasoning_parser(settings.reasoning_parser, release, catalog)
    if not parser:
        findings.warn(f"{model.path}: vLLM {release} has no parser for the reasoning of {model.name}.")
        return words
    if catalog.release_has("--enable-reasoning", release):
        words.append("--enable-reasoning")
    return [*words, "--reasoning-parser", parser]


def _reasoning_parser(wanted: str, release: Release | None, catalog: Catalog) -> str:
    """The parser's name on this release: its own, that of the one before it, or none."""
    seen: set[str] = set()
    while wanted and wanted not in seen:
        seen.add(wanted)
        row = catalog.reasoning_parsers.get(wanted)
        since = Release.parse(str(row["since"])) if row and row.get("since") else None
        if row is None or release is None or since is None or since <= release:
            return wanted
        wanted = str(row.get("before") or "")
    return ""


def _extra(model: WantedModel, findings: Findings) -> list[str]:
    """Flags of the catalog row and the inventory entry, each one once."""
    words: list[str] = []
    for word in model.settings.arguments:
        flag = word.split("=", 1)[0]
        if flag in OWNED_FLAGS:
            findings.problem(
                f"{model.path}.arguments",
                f"{flag} is set from the model's {OWNED_FLAGS[flag]}",
                f"Set {OWNED_FLAGS[flag]} instead.",
            )
        elif flag in _FIXED_FLAGS:
            findings.problem(f"{model.path}.arguments", f"{flag} is fixed", "Remove it.")
        elif not (word.startswith("--") and word in words):
            words.append(word)
    return words
