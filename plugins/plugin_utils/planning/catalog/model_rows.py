# SPDX-License-Identifier: Apache-2.0
"""The form of the catalog's rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..reading.resources import read_resources
from ..reading.tables import Table
from ..reading.versions import Driver, Release, numbers

GIB = 1024**3
MIB = 1024**2
CAPABILITIES = ("chat", "json", "tools", "reasoning")
CONFIDENCE = ("verified", "stated", "inferred", "recalled")
PROBES = ("startup", "readiness", "liveness")
PROBE_TIMINGS = (
    *("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold"),
    "terminationGracePeriodSeconds",
)
COSTS = ("input", "output")
DEFAULT_UTILIZATION = 0.90
DEFAULT_LOAD_TIMEOUT = 600
DEFAULT_CONTEXT = 8192
AUTO = "auto"  # as the number of a model's GPUs: as few as hold it
DTYPES = ("auto", "bfloat16", "float16", "float32", "half")
# Those whose width the plan knows.
KV_CACHE_DTYPES = ("auto", "fp8", "fp8_e4m3", "fp8_e5m2", "bfloat16", "float16")

_SECRET_NAME = re.compile(r"(^|_)(TOKEN|PASSWORD|SECRET|API_?KEY|ACCESS_KEY)$", re.IGNORECASE)
_HUB_TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")

PROVENANCE = ("source", "confidence", "recalled", "notes")
MODEL_KEYS = (
    *("display_name", "repository", "revision", "tokenizer", "ollama_name", "parameters", "weights_bytes"),
    *("download_bytes", "layers", "attention_heads", "kv_heads", "head_dim", "hidden_size", "quantization"),
    *("dtype", "kv_cache_dtype", "max_model_len", "max_num_seqs", "gpu_memory_utilization", "gpus"),
    *("arguments", "environment", "node_selector", "tool_parser", "reasoning_parser", "capabilities"),
    *("floor_tokens_per_second", "concurrent_users", "cost_per_1k_tokens", "licence", "gated"),
    *("load_timeout", "probes", "resources", "min_vllm", "archive_url", "archive_checksum"),
    *PROVENANCE,
)
# What vLLM, Kubernetes and config.json call some of these.
MEANT = {
    "tensor_parallel_size": "gpus",
    "tool_call_parser": "tool_parser",
    "model": "repository",
    "num_hidden_layers": "layers",
    "num_attention_heads": "attention_heads",
    "num_key_value_heads": "kv_heads",
    "max_position_embeddings": "max_model_len",
    "enforce_eager": "arguments",
    "trust_remote_code": "arguments",
    "env": "environment",
    "nodeSelector": "node_selector",
    "license": "licence",
    # Everybody could read a token in an argument.
    "hf_token": "the variable vllm_hf_token",
}
GPU_KEYS = ("name", "memory_gib", "memory_mib", "compute_capability", "class", "pci_ids", *PROVENANCE)
GPU_CLASS_KEYS = ("forward_compatibility", "named_by_images", *PROVENANCE)


@dataclass(frozen=True)
class CatalogModel:
    """What is known about a model, and how it is served unless a site says otherwise. None means unknown."""

    name: str
    repository: str
    display_name: str = ""
    revision: str = ""
    tokenizer: str = ""
    ollama_name: str = ""
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
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tool_parser: str = ""
    reasoning_parser: str = ""
    capabilities: tuple[str, ...] = ()
    floor_tokens_per_second: Mapping[str, float] = field(default_factory=dict)
    concurrent_users: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    cost_per_1k_tokens: Mapping[str, float] = field(default_factory=dict)
    licence: str = ""
    gated: bool = False
    load_timeout: int = DEFAULT_LOAD_TIMEOUT
    probes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
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
    pci_ids: tuple[str, ...] = ()
    family: GpuClass | None = None
    since: CapabilityFloor | None = None


@dataclass(frozen=True)
class CapabilityFloor:
    """The toolkit and the driver that cards of a compute capability came with."""

    capability: tuple[int, ...]
    cuda: tuple[int, ...]
    driver: Driver


@dataclass(frozen=True)
class GpuClass:
    """What the driver grants cards of a class. None means that it differs from card to card."""

    key: str
    forward_compatibility: bool | None
    named_by_images: bool | None


def read_capability(table: Table, key: str) -> tuple[int, ...] | None:
    text = table.text(key)
    if not text:
        return None
    try:
        return numbers(text)
    except ValueError:
        table.wrong(key, 'a compute capability such as "8.6"')
        return None


def _inner(table: Table, key: str) -> Table:
    return Table(table.mapping(key), table.at(key), table.findings)


def _probes(table: Table) -> dict[str, dict[str, int]]:
    inner = _inner(table, "probes")
    inner.reject_unknown(PROBES)
    timings: dict[str, dict[str, int]] = {}
    for name in PROBES:
        if inner.has(name):
            probe = _inner(inner, name)
            probe.reject_unknown(PROBE_TIMINGS)
            timings[name] = {
                key: number for key in PROBE_TIMINGS if (number := probe.integer(key)) is not None
            }
    return timings


def _gpus(table: Table) -> int:
    written = table.data.get("gpus")
    if written == AUTO:
        return 0
    if isinstance(written, str):
        table.wrong("gpus", f"a whole number or {AUTO}")
        return 1
    return table.integer("gpus", 1, minimum=1) or 1


def _environment(table: Table) -> dict[str, str]:
    """Variables of the engine. A secret is refused: plans and pods are read by many."""
    words = table.text_mapping("environment", secret=True)
    for name, value in words.items():
        if value and _SECRET_NAME.search(name):
            ways = "Set vllm_hf_token." if name in _HUB_TOKENS else "Mount a Secret by vllm_extra_volumes."
            table.findings.problem(
                f"{table.at('environment')}.{name}", "is a secret, and a plan contains no secrets", ways
            )
    return words


def _floors(table: Table) -> dict[str, float]:
    """Tokens per second and kind of GPU."""
    inner = _inner(table, "floor_tokens_per_second")
    return {gpu: floor for gpu in inner.data if (floor := inner.number(gpu, minimum=1)) is not None}


def _users(table: Table) -> dict[str, tuple[int, int]]:
    """Least and most users at a time, by kind of GPU (``2x a100-80gb`` for two of them)."""
    inner = _inner(table, "concurrent_users")
    users: dict[str, tuple[int, int]] = {}
    for gpus, written in inner.data.items():
        pair = tuple(written) if isinstance(written, (list, tuple)) else ()
        if len(pair) == 2 and all(type(number) is int for number in pair) and 1 <= pair[0] <= pair[1]:
            users[gpus] = (pair[0], pair[1])
        else:
            inner.wrong(gpus, "the least and the most users", "Write two whole numbers, as in [4, 8].")
    return users


def _costs(table: Table) -> dict[str, float]:
    inner = _inner(table, "cost_per_1k_tokens")
    inner.reject_unknown(COSTS)
    return {key: inner.number(key) or 0.0 for key in COSTS}


def read_model(name: str, table: Table, also: tuple[str, ...] = ()) -> CatalogModel:
    """One model; ``also`` names keys that belong to the caller."""
    table.reject_unknown((*MODEL_KEYS, *also), MEANT)
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
        ollama_name=table.text("ollama_name"),
        parameters=table.integer("parameters", minimum=1),
        weights_bytes=table.integer("weights_bytes", minimum=1),
        download_bytes=table.integer("download_bytes", minimum=1),
        layers=table.integer("layers", minimum=1),
        attention_heads=table.integer("attention_heads", minimum=1),
        kv_heads=table.integer("kv_heads", minimum=1),
        head_dim=table.integer("head_dim", minimum=1),
        hidden_size=table.integer("hidden_size", minimum=1),
        quantization=table.text("quantization"),
        dtype=table.choice("dtype", DTYPES, "") if table.has("dtype") else "",
        kv_cache_dtype=table.choice("kv_cache_dtype", KV_CACHE_DTYPES, "")
        if table.has("kv_cache_dtype")
        else "",
        max_model_len=table.integer("max_model_len", DEFAULT_CONTEXT, minimum=1) or DEFAULT_CONTEXT,
        max_num_seqs=table.integer("max_num_seqs", minimum=1),
        gpu_memory_utilization=table.fraction("gpu_memory_utilization", DEFAULT_UTILIZATION),
        gpus=_gpus(table),
        arguments=table.texts("arguments"),
        environment=_environment(table),
        node_selector=table.text_mapping("node_selector"),
        tool_parser=table.text("tool_parser"),
        reasoning_parser=table.text("reasoning_parser"),
        capabilities=capabilities,
        floor_tokens_per_second=_floors(table),
        concurrent_users=_users(table),
        cost_per_1k_tokens=_costs(table),
        licence=table.text("licence"),
        gated=table.flag("gated"),
        load_timeout=table.integer("load_timeout", DEFAULT_LOAD_TIMEOUT, minimum=1) or DEFAULT_LOAD_TIMEOUT,
        probes=_probes(table),
        resources=read_resources(_inner(table, "resources")),
        min_vllm=min_vllm,
        archive_url=table.text("archive_url"),
        archive_checksum=checksum,
    )


def read_gpu(
    key: str,
    table: Table,
    classes: Mapping[str, GpuClass],
    floors: Iterable[CapabilityFloor],
) -> Gpu:
    table.reject_unknown(GPU_KEYS)
    reported = table.integer("memory_mib", minimum=1)
    nominal = table.integer("memory_gib", minimum=1)
    memory = reported * MIB if reported else (nominal * GIB if nominal else None)
    capability = read_capability(table, "compute_capability")
    since = [floor for floor in floors if capability and floor.capability <= capability]
    return Gpu(
        key=key,
        name=table.text("name", key),
        nominal_gib=nominal,
        memory_bytes=memory,
        compute_capability=capability,
        pci_ids=tuple(pci_id.lower() for pci_id in table.texts("pci_ids")),
        family=classes.get(table.choice("class", classes, "")) if table.has("class") else None,
        since=max(since, key=lambda floor: floor.capability, default=None),
    )


def read_capability_floor(key: str, table: Table) -> CapabilityFloor | None:
    table.reject_unknown(("since_cuda", "since_driver", *PROVENANCE))
    capability = read_capability(Table({key: key}, table.path, table.findings), key)
    cuda = read_capability(table, "since_cuda")
    driver = Driver.parse(table.text("since_driver"))
    if capability and cuda and driver:
        return CapabilityFloor(capability, cuda, driver)
    table.findings.problem(
        table.path, "must be keyed by a compute capability and hold since_cuda and since_driver in quotes"
    )
    return None


def read_gpu_class(key: str, table: Table) -> GpuClass:
    table.reject_unknown(GPU_CLASS_KEYS)
    return GpuClass(
        key=key,
        forward_compatibility=_known_flag(table, "forward_compatibility"),
        named_by_images=_known_flag(table, "named_by_images"),
    )


def _known_flag(table: Table, key: str) -> bool | None:
    return table.flag(key) if table.has(key) else None
