# SPDX-License-Identifier: Apache-2.0
"""The form of the catalog's rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .reading import Table
from .versions import Release, numbers

GIB = 1024**3
MIB = 1024**2
CAPABILITIES = ("chat", "json", "tools", "reasoning")
CONFIDENCE = ("verified", "stated", "inferred", "recalled")
PROBES = ("startup", "readiness", "liveness")
DEFAULT_UTILIZATION = 0.90
DEFAULT_LOAD_TIMEOUT = 600
DEFAULT_CONTEXT = 8192
AUTO = "auto"  # as the number of a model's GPUs: as few as hold it

_PROVENANCE = ("source", "confidence", "recalled", "notes")
MODEL_KEYS = (
    *("display_name", "repository", "revision", "tokenizer", "parameters", "weights_bytes", "download_bytes"),
    *(
        "layers",
        "attention_heads",
        "kv_heads",
        "head_dim",
        "hidden_size",
        "quantization",
        "dtype",
        "kv_cache_dtype",
    ),
    *("max_model_len", "max_num_seqs", "gpu_memory_utilization", "gpus", "arguments", "environment"),
    *("tool_parser", "reasoning_parser", "capabilities", "floor_tokens_per_second", "licence", "gated"),
    *("load_timeout", "probes", "resources", "min_vllm", "archive_url", "archive_checksum"),
    *_PROVENANCE,
)
GPU_KEYS = ("name", "memory_gib", "memory_mib", "compute_capability", "class", "pci_ids", *_PROVENANCE)
RELEASE_KEYS = (
    *("last", "cuda", "image_variants", "torch", "engine", "min_compute_capability", "cuda_compat"),
    *_PROVENANCE,
)


@dataclass(frozen=True)
class CatalogModel:
    """What is known about a model, and how it is served unless a site says otherwise. None means unknown."""

    name: str
    repository: str
    display_name: str = ""
    revision: str = ""
    tokenizer: str = ""
    parameters: int | None = None
    weights_bytes: int | None = None
    download_bytes: int | None = None
    layers: int | None = None
    attention_heads: int | None = None
    kv_heads: int | None = None
    head_dim: int | None = None
    hidden_size: int | None = None
    quantization: str = ""
    dtype: str = ""
    kv_cache_dtype: str = ""
    max_model_len: int = DEFAULT_CONTEXT
    max_num_seqs: int | None = None
    gpu_memory_utilization: float = DEFAULT_UTILIZATION
    gpus: int = 1  # 0 until the plan has settled `auto`
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    tool_parser: str = ""
    reasoning_parser: str = ""
    capabilities: tuple[str, ...] = ()
    floor_tokens_per_second: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""
    gated: bool = False
    load_timeout: int = DEFAULT_LOAD_TIMEOUT
    probes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    resources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    min_vllm: Release | None = None
    archive_url: str = ""
    archive_checksum: str = ""


@dataclass(frozen=True)
class Gpu:
    """A kind of GPU."""

    key: str
    name: str
    nominal_gib: int | None
    memory_bytes: int | None
    compute_capability: tuple[int, ...] | None
    kind: str = ""
    pci_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReleaseRange:
    """Releases of vLLM whose official images share one build."""

    first: Release
    last: Release
    cuda: str
    min_compute_capability: tuple[int, ...] | None


def _capability(table: Table, key: str) -> tuple[int, ...] | None:
    text = table.text(key)
    if not text:
        return None
    try:
        return numbers(text)
    except ValueError:
        table.wrong(key, 'a compute capability such as "8.6"')
        return None


def _probes(table: Table) -> dict[str, dict[str, Any]]:
    inner = Table(table.mapping("probes"), table.at("probes"), table.findings)
    inner.reject_unknown(PROBES)
    return {name: inner.mapping(name) for name in PROBES if inner.has(name)}


def _resources(table: Table) -> dict[str, dict[str, str]]:
    inner = Table(table.mapping("resources"), table.at("resources"), table.findings)
    inner.reject_unknown(("requests", "limits"))
    return {name: inner.text_mapping(name) for name in ("requests", "limits") if inner.has(name)}


def read_model(name: str, table: Table, also: tuple[str, ...] = ()) -> CatalogModel:
    """One model; ``also`` names keys that belong to the caller."""
    table.reject_unknown((*MODEL_KEYS, *also))
    if table.has("confidence"):
        table.choice("confidence", CONFIDENCE, CONFIDENCE[-1])
    repository = table.text("repository")
    if not repository:
        table.missing("repository", "Name the model's repository, for instance Qwen/Qwen3-8B-AWQ.")
    capabilities = table.texts("capabilities")
    for capability in capabilities:
        if capability not in CAPABILITIES:
            table.findings.problem(
                table.at("capabilities"), f"{capability!r} is not one of {', '.join(CAPABILITIES)}"
            )
    oldest = table.text("min_vllm")
    min_vllm = Release.parse(oldest) if oldest else None
    if oldest and min_vllm is None:
        table.wrong("min_vllm", 'a release such as "0.8.4"')
    checksum = table.text("archive_checksum")
    if table.text("archive_url") and not checksum:
        table.missing("archive_checksum", 'An archive needs its checksum: "sha256:…".')
    return CatalogModel(
        name=name,
        repository=repository,
        display_name=table.text("display_name", name),
        revision=table.text("revision"),
        tokenizer=table.text("tokenizer"),
        parameters=table.integer("parameters", minimum=1),
        weights_bytes=table.integer("weights_bytes", minimum=1),
        download_bytes=table.integer("download_bytes", minimum=1),
        layers=table.integer("layers", minimum=1),
        attention_heads=table.integer("attention_heads", minimum=1),
        kv_heads=table.integer("kv_heads", minimum=1),
        head_dim=table.integer("head_dim", minimum=1),
        hidden_size=table.integer("hidden_size", minimum=1),
        quantization=table.text("quantization"),
        dtype=table.text("dtype"),
        kv_cache_dtype=table.text("kv_cache_dtype"),
        max_model_len=table.integer("max_model_len", DEFAULT_CONTEXT, minimum=1) or DEFAULT_CONTEXT,
        max_num_seqs=table.integer("max_num_seqs", minimum=1),
        gpu_memory_utilization=table.fraction("gpu_memory_utilization", DEFAULT_UTILIZATION),
        gpus=0 if table.data.get("gpus") == AUTO else table.integer("gpus", 1, minimum=1) or 1,
        arguments=table.texts("arguments"),
        environment=table.text_mapping("environment"),
        tool_parser=table.text("tool_parser"),
        reasoning_parser=table.text("reasoning_parser"),
        capabilities=capabilities,
        floor_tokens_per_second=table.mapping("floor_tokens_per_second"),
        licence=table.text("licence"),
        gated=table.flag("gated"),
        load_timeout=table.integer("load_timeout", DEFAULT_LOAD_TIMEOUT, minimum=1) or DEFAULT_LOAD_TIMEOUT,
        probes=_probes(table),
        resources=_resources(table),
        min_vllm=min_vllm,
        archive_url=table.text("archive_url"),
        archive_checksum=checksum,
    )


def read_gpu(key: str, table: Table) -> Gpu:
    table.reject_unknown(GPU_KEYS)
    reported = table.integer("memory_mib", minimum=1)
    nominal = table.integer("memory_gib", minimum=1)
    memory = reported * MIB if reported else (nominal * GIB if nominal else None)
    return Gpu(
        key=key,
        name=table.text("name", key),
        nominal_gib=nominal,
        memory_bytes=memory,
        compute_capability=_capability(table, "compute_capability"),
        kind=table.text("class"),
        pci_ids=tuple(pci_id.lower() for pci_id in table.texts("pci_ids")),
    )


def read_release_range(key: str, table: Table) -> ReleaseRange | None:
    table.reject_unknown(RELEASE_KEYS)
    first = Release.parse(key)
    last = Release.parse(table.text("last", key))
    if first is None or last is None:
        table.findings.problem(table.path, "must be keyed by a release and name the last one of its range")
        return None
    return ReleaseRange(first, last, table.text("cuda"), _capability(table, "min_compute_capability"))
