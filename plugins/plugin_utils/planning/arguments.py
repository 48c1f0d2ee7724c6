# SPDX-License-Identifier: Apache-2.0
"""The command line of one vLLM engine, in the dialect of the release that runs it."""

from __future__ import annotations

from .catalog.catalog import Catalog
from .catalog.parser_rows import name_on
from .inputs.wanted import WantedModel
from .reading.findings import Findings
from .reading.versions import Release

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
# Used by Services, probes and network policies, so it cannot differ for one model.
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
    """At least two decimal places: 0.9 becomes 0.90, as everywhere else."""
    short = f"{value:.2f}"
    return short if float(short) == value else repr(value)


def _parsers(model: WantedModel, release: Release | None, catalog: Catalog, findings: Findings) -> list[str]:
    tools = _tools(model, release, catalog, findings)
    return tools + _reasoning(model, release, catalog, findings, beside_tools=bool(tools))


def _tools(model: WantedModel, release: Release | None, catalog: Catalog, findings: Findings) -> list[str]:
    wanted = model.settings.tool_parser
    if "tools" not in model.settings.capabilities:
        return []
    if not wanted:
        findings.warn(
            f"{model.path}: {model.name} has the capability tools but no tool_parser; tools stay off."
        )
        return []
    parser = name_on(release, wanted, catalog.tool_parsers)
    if not parser:
        findings.warn(
            f"{model.path}: vLLM {release} has no parser for the tool calls of {model.name}; tools stay off."
        )
        return []
    return ["--enable-auto-tool-choice", "--tool-call-parser", parser]


def _reasoning(
    model: WantedModel,
    release: Release | None,
    catalog: Catalog,
    findings: Findings,
    beside_tools: bool,
) -> list[str]:
    wanted = model.settings.reasoning_parser
    if "reasoning" not in model.settings.capabilities or not wanted:
        return []
    if beside_tools and not catalog.release_has("reasoning-with-tools", release):
        findings.warn(
            f"{model.path}: vLLM {release} cannot parse tools and reasoning together; reasoning stays in the "
            "content of answers."
        )
        return []
    parser = name_on(release, wanted, catalog.reasoning_parsers)
    if not parser:
        findings.warn(f"{model.path}: vLLM {release} has no parser for the reasoning of {model.name}.")
        return []
    switch = ["--enable-reasoning"] if catalog.release_has("--enable-reasoning", release) else []
    return [*switch, "--reasoning-parser", parser]


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
