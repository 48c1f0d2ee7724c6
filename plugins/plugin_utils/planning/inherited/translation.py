# SPDX-License-Identifier: Apache-2.0
"""Reads inventories of older projects in their own words. Findings name those words.

Two forms are known: one chosen model (vllm_model_name and the variables beside it), and inference_models with
entries in the words of a Helm chart (inherited_list). What they mean here: docs/inherited_inventories.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..catalog import catalog as catalogs
from ..inputs import hardware
from ..inputs.wanted import VARIABLES, read_hosts
from ..reading.findings import Findings, suggest
from ..reading.tables import Table
from ..reading.versions import numbers
from .model_list import DOCUMENT, gpus_of, is_inherited, put, translate_list

MODELS, TIERS, CATALOG = VARIABLES["models"], VARIABLES["tiers"], VARIABLES["catalog"]
DEFAULT_MODEL = "gpt-oss-120b"
BACKENDS = ("vllm", "ollama")
CONFIGS = "vllm_model_configs"
CACHE_TYPE = "vllm_kv_cache_dtype"
FP8 = "fp8"
# Below it, attention kernels of current releases do not read an fp8 cache (vLLM issue 26431).
FP8_CAPABILITY = "8.9"
# Variable of the form -> key of an entry.
WORDS = {
    "vllm_dtype": "dtype",
    "vllm_gpu_memory_utilization": "gpu_memory_utilization",
    CACHE_TYPE: "kv_cache_dtype",
    "vllm_cpu_request": "resources.requests.cpu",
    "vllm_memory_request": "resources.requests.memory",
    "vllm_cpu_limit": "resources.limits.cpu",
    "vllm_memory_limit": "resources.limits.memory",
}
_GPU_WORDS = ("vllm_gpu_count", "vllm_tensor_parallel_size")
_STORAGE = ("vllm_storage_size", "vllm_storage_class")
VARIABLES_OF_THE_FORM = (
    *("vllm_model_name", "llm_backend", "enable_chat", CONFIGS),
    *(*WORDS, *_GPU_WORDS, *_STORAGE),
)
# Key of a model's settings below vllm_model_configs -> key of a catalog row.
CONFIG_WORDS = {
    "repository": "repository",
    "quantization": "quantization",
    "max_model_len": "max_model_len",
    "max_num_seqs": "max_num_seqs",
    "tool_call_parser": "tool_parser",
}


def translate(
    arguments: Mapping[str, Any], raw_catalog: Mapping[str, Mapping[str, Any]], findings: Findings
) -> dict[str, Any]:
    """The same arguments in the words of this collection. Arguments in these words stay as they are."""
    table = Table(arguments.get("inherited"), "inherited", findings)
    table.reject_unknown(VARIABLES_OF_THE_FORM)
    said = {key: table.data[key] for key in VARIABLES_OF_THE_FORM if table.has(key)}
    written = Table(said, "", findings)
    models = arguments.get("models")
    known = catalogs.merge(raw_catalog.get("models", {}), _own_rows(arguments))
    if written.data:
        return _one_model(written, arguments, known, raw_catalog, findings)
    if isinstance(models, (list, tuple)) and any(is_inherited(entry) for entry in models):
        entries, rows = translate_list(list(models), known, findings)
        return {**arguments, "models": entries, "catalog": _below(rows, arguments.get("catalog"))}
    return dict(arguments)


def _own_rows(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    own = arguments.get("catalog")
    rows = own.get("models") if isinstance(own, Mapping) else None
    return {str(name): row for name, row in rows.items()} if isinstance(rows, Mapping) else {}


def _below(rows: Mapping[str, Any], own: object) -> Any:
    """Translated rows below those that the site wrote itself; what is no mapping is told by its reader."""
    if not rows or not isinstance(own, (Mapping, type(None))):
        return own
    return catalogs.merge({"models": rows}, own or {})


def _one_model(
    written: Table,
    arguments: Mapping[str, Any],
    known: Mapping[str, Any],
    raw_catalog: Mapping[str, Mapping[str, Any]],
    findings: Findings,
) -> dict[str, Any]:
    _refuse_both_forms(written, arguments, findings)
    _tell_what_is_left_out(written, findings)
    backend = written.choice("llm_backend", BACKENDS, BACKENDS[0])
    name = written.text("vllm_model_name", DEFAULT_MODEL)
    rows = _rows(written, findings)
    merged = catalogs.merge(known, rows)
    if name not in merged:
        findings.problem("vllm_model_name", f"{name!r} is not in the catalog", suggest(name, merged))
        # Any tier will do: a site whose model is unknown gets no other finding.
        return {**arguments, "models": [], "tiers": {"cpu": {"model": name}}}
    catalog = _below(rows, arguments.get("catalog"))
    if backend == "ollama":
        tiers = _ollama_tier(written, merged[name], findings)
        return {**arguments, "models": [], "tiers": tiers, "catalog": catalog}
    translated = {**arguments, "catalog": catalog}
    fp8 = not written.has(CACHE_TYPE) and _reads_fp8(translated, raw_catalog, findings)
    return {**translated, "models": [_entry(written, name, fp8, findings)]}


def _refuse_both_forms(written: Table, arguments: Mapping[str, Any], findings: Findings) -> None:
    first = next(iter(written.data))
    fix = f"Keep one of them: {DOCUMENT}."
    if arguments.get("models"):
        findings.problem(first, f"and {MODELS} choose models in two forms", fix)
    if written.has("llm_backend") and arguments.get("tiers"):
        findings.problem("llm_backend", f"and {TIERS} choose who answers in two forms", fix)


def _tell_what_is_left_out(written: Table, findings: Findings) -> None:
    if written.flag("enable_chat"):
        findings.warn(
            "enable_chat: Open WebUI comes with the site, and wants an entry named chat in litellm_keys and "
            "open_webui_secret_key: docs/chat.md."
        )
    for variable in _STORAGE:
        if written.has(variable):
            findings.warn(
                f"{variable} has no counterpart yet. Models are in model_cache_path of the GPU hosts, whose "
                "free space is checked."
            )


def _rows(written: Table, findings: Findings) -> dict[str, dict[str, Any]]:
    """vllm_model_configs as rows of the catalog."""
    rows: dict[str, dict[str, Any]] = {}
    configs = Table(written.mapping(CONFIGS), CONFIGS, findings)
    for name in configs.data:
        config = Table(configs.data[name], f"{CONFIGS}.{name}", findings)
        config.reject_unknown(CONFIG_WORDS)
        rows[name] = {
            key: config.data[word] for word, key in CONFIG_WORDS.items() if config.data.get(word) is not None
        }
        findings.call({f"{CATALOG}.models.{name}": f"{CONFIGS}.{name}"})
        findings.call({f"{CATALOG}.models.{name}.tool_parser": f"{CONFIGS}.{name}.tool_call_parser"})
    return rows


def _ollama_tier(written: Table, row: object, findings: Findings) -> dict[str, Any]:
    model = str(row.get("ollama_name") or "") if isinstance(row, Mapping) else ""
    if not written.has("vllm_model_name") or not model:
        findings.problem(
            "llm_backend",
            "is 'ollama', whose model this form does not name",
            f"Set {TIERS}: {{cpu: {{backend: ollama, model: qwen3:4b}}}} in its place.",
        )
    findings.warn(f"llm_backend: Ollama answers from the CPU here, with {model or 'its own model'}.")
    return {"cpu": {"backend": "ollama", "model": model or DEFAULT_MODEL}}


def _entry(written: Table, name: str, fp8: bool, findings: Findings) -> dict[str, Any]:
    path = f"{MODELS}[0]"
    entry: dict[str, Any] = {"name": name}
    findings.call({MODELS: "vllm_model_name", path: "vllm_model_name"})
    for word, key in WORDS.items():
        if written.has(word):
            put(entry, key, written.data[word])
        findings.call({f"{path}.{key}": word})
    count, blamed = gpus_of(written.data, {word: word for word in _GPU_WORDS}, findings)
    findings.call({f"{path}.gpus": blamed})
    findings.reword({"gpus": _GPU_WORDS[0], "max_model_len": f"{CONFIGS}.{name}.max_model_len"})
    if count is not None:
        entry["gpus"] = count
    if fp8:
        entry["kv_cache_dtype"] = FP8
    return entry


def _reads_fp8(
    arguments: Mapping[str, Any], raw_catalog: Mapping[str, Mapping[str, Any]], findings: Findings
) -> bool:
    """The form's default is an fp8 cache; cards that cannot read one keep the model's own type."""
    unheard = Findings()
    catalog = catalogs.build(raw_catalog, arguments.get("catalog"), unheard)
    gpus = hardware.resolve(read_hosts(arguments.get("hosts"), unheard), catalog, unheard).kinds
    old = [
        gpu.name
        for gpu in gpus
        if gpu.compute_capability and gpu.compute_capability < numbers(FP8_CAPABILITY)
    ]
    if old:
        findings.warn(
            f"{CACHE_TYPE}: {', '.join(old)} does not read an fp8 KV cache on every release of vLLM (below "
            f"compute capability {FP8_CAPABILITY}), so the cache keeps the model's type. For fp8, set "
            f"{CACHE_TYPE}: fp8."
        )
    return not old
