# SPDX-License-Identifier: Apache-2.0
"""Translates a list of models in the words of a Helm chart: modelURL, requestGPU, vllmConfig and the like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..catalog.model_rows import MODEL_KEYS
from ..inputs.wanted import ENTRY_KEYS, VARIABLES
from ..reading.findings import Findings, suggest
from ..reading.tables import describe

DOCUMENT = "docs/inherited_inventories.md"
# Word of the form -> key of an entry. Dots lead into mappings, on either side.
WORDS = {
    "replicaCount": "replicas",
    "requestCPU": "resources.requests.cpu",
    "requestMemory": "resources.requests.memory",
    "limitMemory": "resources.limits.memory",
    "vllmConfig.maxModelLen": "max_model_len",
    "vllmConfig.dtype": "dtype",
    "vllmConfig.gpuMemoryUtilization": "gpu_memory_utilization",
}
KEYS = ("name", "modelURL", "requestGPU", "pvcStorage", "vllmConfig", *(w for w in WORDS if "." not in w))
CONFIG_KEYS = ("tensorParallelSize", *(word.split(".")[1] for word in WORDS if "." in word))
# The form's defaults.
DEFAULTS = {"requestCPU": 6, "requestMemory": "16Gi"}
_ONLY_HERE = tuple(key for key in KEYS if key != "name")


def is_inherited(entry: object) -> bool:
    return isinstance(entry, Mapping) and any(key in entry for key in _ONLY_HERE)


def translate_list(
    entries: list[Any], known: Mapping[str, Any], findings: Findings
) -> tuple[list[Any], dict[str, dict[str, Any]]]:
    """Entries and catalog rows in our words. Findings name the words that were written."""
    first = next(index for index, entry in enumerate(entries) if is_inherited(entry))
    found: list[Any] = []
    rows: dict[str, dict[str, Any]] = {}
    for index, entry in enumerate(entries):
        path = f"{VARIABLES['models']}[{index}]"
        if not isinstance(entry, Mapping) or not is_inherited(entry):
            findings.problem(
                path,
                f"is in another form than {VARIABLES['models']}[{first}], which has "
                f"{next(key for key in _ONLY_HERE if key in entries[first])}",
                f"Write all models in one form: {DOCUMENT}.",
            )
            continue
        written = _flat(entry, path, findings)
        found.append(_entry(entry, written, path, findings))
        row = _row(entry, known, path, findings)
        if row:
            rows[str(entry["name"])] = row
            findings.call({f"inference_catalog.models.{entry['name']}": f"{path}.modelURL"})
    findings.reword({key: word for word, key in WORDS.items() if "." in word} | {"gpus": "requestGPU"})
    if any(isinstance(entry, Mapping) and entry.get("pvcStorage") is not None for entry in entries):
        findings.warn(
            f"{VARIABLES['models']}: pvcStorage has no counterpart yet. Models are in model_cache_path of "
            "the GPU hosts, whose free space is checked."
        )
    return found, rows


def _flat(entry: Mapping[str, Any], path: str, findings: Findings) -> dict[str, Any]:
    """What was written, with vllmConfig's keys after a dot; unknown keys become findings."""
    written = {str(key): value for key, value in entry.items()}
    config = written.pop("vllmConfig", None)
    for key in written:
        if key in KEYS:
            continue
        if key in (*ENTRY_KEYS, *MODEL_KEYS):
            told, fix = "belongs to another form than modelURL", f"Write the model in one form: {DOCUMENT}."
        else:
            told, fix = "is not a known key", suggest(key, KEYS)
        findings.problem(f"{path}.{key}", told, fix)
    if config is None:
        return written
    if not isinstance(config, Mapping):
        findings.problem(f"{path}.vllmConfig", f"must be a mapping, but is {describe(config)}")
        return written
    for key in config:
        if key not in CONFIG_KEYS:
            fix = suggest(str(key), CONFIG_KEYS)
            findings.problem(f"{path}.vllmConfig.{key}", "is not a known key", fix)
    return written | {f"vllmConfig.{key}": value for key, value in config.items()}


def _entry(
    entry: Mapping[str, Any], written: Mapping[str, Any], path: str, findings: Findings
) -> dict[str, Any]:
    translated: dict[str, Any] = {"name": entry.get("name"), "served_name": entry.get("name")}
    for word, key in WORDS.items():
        value = written.get(word, DEFAULTS.get(word))
        if value is not None:
            put(translated, key, value)
        findings.call({f"{path}.{key}": f"{path}.{word}"})
    gpus = gpus_of(
        written,
        {
            "requestGPU": f"{path}.requestGPU",
            "vllmConfig.tensorParallelSize": f"{path}.vllmConfig.tensorParallelSize",
        },
        findings,
    )
    findings.call({f"{path}.gpus": gpus[1], f"{path}.served_name": f"{path}.name"})
    if gpus[0] is not None:
        translated["gpus"] = gpus[0]
    return translated


def gpus_of(written: Mapping[str, Any], words: Mapping[str, str], findings: Findings) -> tuple[Any, str]:
    """One number out of two that must agree: the GPUs of an engine are those that share the model.

    ``words`` are the keys of the pod's GPUs and of the tensor-parallel size, with the paths to blame.
    """
    (pod, pod_path), (share, share_path) = words.items()
    wanted, shared = written.get(pod), written.get(share)
    if isinstance(wanted, int) and isinstance(shared, int) and wanted != shared:
        findings.problem(
            share_path,
            f"is {shared}, but the model is given {wanted} GPUs ({pod_path})",
            "Give both the same number: a model is shared by all GPUs that it is given.",
        )
    return (shared, share_path) if shared is not None and wanted is None else (wanted, pod_path)


def put(target: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    for parent in parents:
        target = target.setdefault(parent, {})
    target[last] = value


def _row(
    entry: Mapping[str, Any], known: Mapping[str, Any], path: str, findings: Findings
) -> dict[str, Any] | None:
    """The catalog's row of the repository under the name that was written, where that has none yet."""
    name, url = entry.get("name"), entry.get("modelURL")
    if not isinstance(url, str) or not url.strip():
        told = "is missing" if url is None else f"must be text, but is {describe(url)}"
        findings.problem(
            f"{path}.modelURL", told, "Name the model's repository, for instance Qwen/Qwen3-8B-AWQ."
        )
        # A placeholder: the name alone would be searched in the catalog, and reported.
        return {"repository": name} if isinstance(name, str) and name and name not in known else None
    if not isinstance(name, str) or not name:
        return None  # reported when the entry is read
    same = known.get(name)
    if isinstance(same, Mapping) and same.get("repository"):
        if same["repository"] != url:
            findings.problem(
                f"{path}.name",
                f"{name!r} is {same['repository']} in the catalog, not {url}",
                "Choose another name.",
            )
        return None
    for row in known.values():
        if isinstance(row, Mapping) and row.get("repository") == url:
            # The form has defaults of its own for a pod's resources.
            return {key: value for key, value in row.items() if key != "resources"}
    findings.warn(
        f"{path}.modelURL: {url} is not in the catalog, so its size is unknown. docs/add_a_model.md tells "
        "how to import it."
    )
    return {"repository": url}
