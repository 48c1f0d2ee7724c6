# SPDX-License-Identifier: Apache-2.0
"""Why an engine does not come up, read from its log: the cause, the line that tells it, and what to do.

Engines end with a general error, and the line with the cause is far above it. Rules are tried in their
order over the whole log, so what causes other messages stands before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..openai_api.failures import redact

_SHOWN = 300  # characters of the line with the cause
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Diagnosis:
    """A cause by its short name, in words, and with a fix."""

    cause: str
    told: str
    fix: str
    line: str

    def __str__(self) -> str:
        return f"{self.told}. {self.fix}"


@dataclass(frozen=True)
class _Rule:
    """Words in braces of ``told`` and ``fix`` are the pattern's groups."""

    cause: str
    pattern: re.Pattern[str]
    told: str
    fix: str


def _rule(cause: str, pattern: str, told: str, fix: str) -> _Rule:
    return _Rule(cause, re.compile(pattern), told, fix)


_RULES = (
    # --- before the model is there ---
    _rule(
        "unknown_argument",
        r"error: (?:unrecognized arguments|argument \S+: invalid choice): ?(?P<words>[^\n]{1,120})",
        "this release of vLLM does not know the argument {words}",
        "Remove it from the model's arguments, or choose a release that knows it (inference_vllm_version)",
    ),
    _rule(
        "gated_repository",
        r"Cannot access gated repo|GatedRepoError|is a gated repo|awaiting a review from the repo authors",
        "the model's repository is gated and the token has no access to it (HTTP 401 or 403)",
        "Accept the licence on the model's page with the token's account, and set vllm_hf_token",
    ),
    _rule(
        "offline_cache_missing",
        r"outgoing traffic has been disabled|OfflineModeIsEnabled|offline mode is enabled"
        r"|cached snapshot folder|CacheNotFound",
        "the model cache lacks files of the model, and downloads are switched off (HF_HUB_OFFLINE)",
        "Fill the cache: run the playbook with --tags hosts, or copy the model below model_cache_path",
    ),
    _rule(
        "hub_unreachable",
        r"couldn't connect to '?https://huggingface\.co|Max retries exceeded with url: \S*huggingface"
        r"|Failed to resolve 'huggingface\.co'",
        "the Hugging Face Hub cannot be reached from the pod",
        "Check DNS and the pod's Internet access, or fill the model cache and set HF_HUB_OFFLINE to 1",
    ),
    _rule(
        "unsupported_architecture",
        r"Model architectures? (?P<names>\[?'?\w[^\]]{0,80}?'?\]?) (?:are|is) not supported"
        r"|has model type `(?P<kind>[\w.-]+)` but Transformers does not recognize",
        "this release of vLLM cannot load the model's architecture ({names}{kind})",
        "Choose a newer release (inference_vllm_version), or another model",
    ),
    _rule(
        "tokenizer_missing",
        r"Can't load tokenizer for '(?P<name>[^']{1,120})'|Unable to load vocabulary"
        r"|Couldn't instantiate the backend tokenizer",
        "the tokenizer {name} cannot be loaded",
        "Set tokenizer of the model to a repository that has one, and check that the cache has its files",
    ),
    # --- the GPU and its driver ---
    _rule(
        "cuda_803",
        r"Error 803|system has unsupported display driver / cuda driver combination",
        "CUDA error 803: the image's CUDA libraries and the host's driver are not compatible",
        "Install the driver branch that the release needs, or choose a release for this driver: "
        "playbooks/plan.yml names it",
    ),
    _rule(
        "cuda_804",
        r"Error 804|forward compatibility was attempted on non supported HW",
        "CUDA error 804: the image needs a newer driver, and only data-centre cards can run without one",
        "Install a newer driver on the GPU host, or choose an older inference_vllm_version: "
        "playbooks/plan.yml names it",
    ),
    _rule(
        "cuda_802",
        r"Error 802|system not yet initialized",
        "CUDA error 802: the GPUs' fabric is not initialised",
        "Install and start nvidia-fabricmanager in the driver's own version on the GPU host",
    ),
    _rule(
        "driver_too_old",
        r"NVIDIA driver on your system is too old(?: \(found version (?P<found>\d+)\))?"
        r"|CUDA driver version is insufficient|unsatisfied condition: cuda",
        "the host's NVIDIA driver is too old for the image's CUDA",
        "Install a newer driver on the GPU host, or choose an older inference_vllm_version",
    ),
    _rule(
        "gpu_lost",
        r"fallen off the bus|NVRM: Xid|GPU is lost|Unable to determine the device handle",
        "the GPU stopped answering (Xid)",
        "Check its cable, power and temperature, then reboot the GPU host; the kernel's log says more",
    ),
    _rule(
        "bfloat16_unsupported",
        r"Bfloat16 is only supported on GPUs with compute capability of at least 8\.0"
        r"(?:\. Your (?P<gpu>.{1,60}?) GPU)?",
        "the GPU {gpu} cannot compute in bfloat16",
        "Set dtype of the model to half",
    ),
    _rule(
        "quantization_unsupported",
        r"quantization method (?P<method>\w+) is not supported for the current GPU",
        "the GPU cannot compute with the quantisation {method}",
        "Choose a model with another quantisation",
    ),
    _rule(
        "no_gpu",
        r"Failed to infer device type|No CUDA GPUs are available|libcuda\.so\.1: cannot open shared object"
        r"|Found no NVIDIA driver on your system",
        "the container sees no GPU",
        "Check the RuntimeClass (vllm_runtime_class_name), the container toolkit and the driver on the host",
    ),
    # --- memory ---
    _rule(
        "gpu_memory_taken",
        r"Free memory on device[^(]*\((?P<free>[\d.]+)/(?P<total>[\d.]+) GiB\) on startup is less than"
        r" desired GPU memory utilization \((?P<share>[\d.]+), (?P<wanted>[\d.]+) GiB\)",
        "another process uses GPU memory: {free} of {total} GiB are free, {wanted} GiB are wanted",
        "Stop what else runs on the GPU (another mode, a game), or set gpu_memory_utilization below {share}",
    ),
    _rule(
        "no_cache_memory",
        r"No available memory for the cache blocks",
        "the weights leave no GPU memory for the KV cache",
        "Raise gpu_memory_utilization, or choose a smaller or quantised model, or more GPUs (gpus)",
    ),
    _rule(
        "context_too_long",
        r"max seq len \((?P<wanted>\d+)\).*estimated maximum model length is (?P<most>\d+)",
        "the KV cache has no room for a context of {wanted} tokens",
        "Set max_model_len of the model to {most} or less, or raise gpu_memory_utilization",
    ),
    _rule(
        "context_too_long",
        r"max seq len \((?P<wanted>\d+)\) is larger than .* stored in KV cache \((?P<most>\d+)\)",
        "the KV cache has no room for a context of {wanted} tokens",
        "Set max_model_len of the model to {most} or less, or raise gpu_memory_utilization",
    ),
    _rule(
        "context_too_long",
        r"max seq len \((?P<wanted>\d+)\).*is larger than the available KV [Cc]ache",
        "the KV cache has no room for a context of {wanted} tokens",
        "Lower max_model_len of the model, or raise gpu_memory_utilization",
    ),
    _rule(
        "cuda_out_of_memory",
        r"CUDA out of memory|CUDA error: out of memory|torch\.OutOfMemoryError",
        "the GPU's memory ran out",
        "Lower gpu_memory_utilization or max_model_len of the model, or stop what else runs on the GPU",
    ),
    # --- the container ---
    _rule(
        "shared_memory_too_small",
        r"Error while creating shared memory segment|posix_fallocate failed|/dev/shm\S*'?:? No space left"
        r"|No space left on device: '/dev/shm|insufficient shared memory",
        "the container's shared memory (/dev/shm) is too small",
        "Raise vllm_shm_size",
    ),
    _rule(
        "disk_full",
        r"No space left on device|Disk quota exceeded",
        "a disk is full",
        "Free space below model_cache_path on the GPU host, or choose a larger disk",
    ),
    _rule(
        "port_in_use",
        r"address already in use|Address already in use|EADDRINUSE",
        "another process listens on the engine's port",
        "Check what else runs in the host's network there, or set vllm_port",
    ),
)
CAUSES = tuple(dict.fromkeys(rule.cause for rule in _RULES))


def diagnose(log: str | Iterable[str]) -> Diagnosis | None:
    """The cause of a log's errors, or None if no rule matches."""
    text = log if isinstance(log, str) else "\n".join(log)
    lines = [_COLOURS.sub("", line).strip() for line in text.splitlines()]
    for rule in _RULES:
        for line in lines:
            found = rule.pattern.search(line)
            if found:
                return _diagnosis(rule, found, line)
    return None


def _diagnosis(rule: _Rule, found: re.Match[str], line: str) -> Diagnosis:
    words = {name: redact(value or "", ()).strip() for name, value in found.groupdict().items()}
    start = max(0, found.start() - _SHOWN // 3)
    return Diagnosis(
        cause=rule.cause,
        told=_fill(rule.told, words),
        fix=_fill(rule.fix, words),
        line=redact(line[start : start + _SHOWN], ()),
    )


def _fill(text: str, words: dict[str, str]) -> str:
    """The text with the pattern's groups filled in; a group that did not match leaves no gap."""
    return " ".join(text.format_map(words).split()).replace("()", "")
