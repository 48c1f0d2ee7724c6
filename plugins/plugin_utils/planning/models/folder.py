# SPDX-License-Identifier: Apache-2.0
"""A model's files, as a folder or the hub holds them, become a row of the catalog."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....module_utils.errors import InvalidInput
from ..catalog.model_rows import DEFAULT_UTILIZATION
from .config_json import Architecture, read_architecture

CONFIG = "config.json"
INDEX = "model.safetensors.index.json"
HUB = "https://huggingface.co"
_REPOSITORY = re.compile(r"^[^/\s]+/[^/\s]+$")
# How a cache of the hub names the folder of a repository and of one of its revisions.
_CACHED = re.compile(r"models--(?P<owner>[^/]+?)--(?P<name>[^/]+)/snapshots/(?P<revision>[^/]+)/?$")
_HEADER_LIMIT = 100 * 1024**2  # of the format itself
_FLOATS = ("F64", "F32", "F16", "BF16")


def read_folder(folder: Path) -> dict[str, Any]:
    """What a folder contains, in the form that catalog_row takes."""
    if not folder.is_dir():
        raise InvalidInput(f"{folder} is not a folder", f"Name the folder that holds the model's {CONFIG}.")
    index = folder / INDEX
    headers = [_read_header(path) for path in sorted(folder.glob("*.safetensors"))]
    cached = _CACHED.search(str(folder))
    return {
        "origin": str(folder),
        "config": _read_text(folder / CONFIG),
        "index": _read_text(index) if index.is_file() else "",
        "weights_bytes": sum(size for size, _ in headers) or None,
        "parameters": sum(count for _, count in headers if count)
        if all(count for _, count in headers)
        else None,
        "repository": f"{cached['owner']}/{cached['name']}" if cached else "",
        "revision": cached["revision"] if cached else "",
    }


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _read_header(path: Path) -> tuple[int, int | None]:
    """Bytes of a safetensors file's tensors, and how many numbers they hold where none is quantised."""
    broken = f"{path} is not a safetensors file"
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > _HEADER_LIMIT:
                raise InvalidInput(broken)
            header = json.loads(file.read(length))
        tensors = [entry for name, entry in header.items() if name != "__metadata__"]
        size = sum(entry["data_offsets"][1] - entry["data_offsets"][0] for entry in tensors)
        whole = all(entry["dtype"] in _FLOATS for entry in tensors)
        return size, sum(math.prod(entry["shape"]) for entry in tensors) if whole else None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    except (struct.error, ValueError, AttributeError, KeyError, TypeError, IndexError) as error:
        raise InvalidInput(broken) from error


def catalog_row(
    files: Mapping[str, Any],
    repository: str = "",
    revision: str = "",
    name: str = "",
    gated: bool = False,
    values: Mapping[str, Any] | None = None,
) -> dict[str, dict[str, Any]]:
    """One row by its name. ``values`` are for keys that config.json leaves to the defaults of a class."""
    origin = str(files.get("origin") or "").rstrip("/")
    repository = repository or str(files.get("repository") or "")
    revision = revision or str(files.get("revision") or "")
    if not _REPOSITORY.match(repository):
        raise InvalidInput(
            f"import_model_repository is {repository!r}"
            if repository
            else f"{origin} does not name its repository",
            "Name it as on the hub, for instance -e import_model_repository=Qwen/Qwen3-8B-AWQ.",
        )
    file = f"{origin}/{CONFIG}"
    architecture = read_architecture(_parse(files.get("config"), file), file, values or {})
    weights = _weights_bytes(files, origin)
    row: dict[str, Any] = {
        "display_name": repository.split("/", 1)[1].replace("-", " ").replace("_", " "),
        "repository": repository,
        "revision": revision or None,
        "parameters": _parameters(files, architecture, weights),
        "weights_bytes": weights,
        "layers": architecture.layers,
        "attention_heads": architecture.attention_heads,
        "kv_heads": architecture.kv_heads,
        "head_dim": architecture.head_dim,
        "hidden_size": architecture.hidden_size,
        "quantization": architecture.quantization,
        "max_model_len": architecture.context,
        "gpu_memory_utilization": DEFAULT_UTILIZATION,
        "capabilities": ["chat"],
        "floor_tokens_per_second": {},
        "cost_per_1k_tokens": {"input": 0, "output": 0},
        "min_vllm": None,
        "licence": None,
        "gated": gated,
        "notes": " ".join(architecture.notes),
        "source": f"{HUB}/{repository}/blob/{revision or 'main'}/{CONFIG}",
        "confidence": "verified",
    }
    return {name or row_name(repository): {key: value for key, value in row.items() if value != ""}}


def row_name(repository: str) -> str:
    """The name that inventories would use: qwen3-8b-awq for Qwen/Qwen3-8B-AWQ."""
    return re.sub(r"[^a-z0-9.]+", "-", repository.split("/", 1)[1].lower()).strip("-.")


def _parse(text: object, file: str) -> dict[str, Any]:
    try:
        content = json.loads(str(text or ""))
    except ValueError as error:
        raise InvalidInput(f"{file} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise InvalidInput(f"{file} does not hold a mapping")
    return content


def _metadata(files: Mapping[str, Any], origin: str) -> dict[str, Any]:
    if not files.get("index"):
        return {}
    found = _parse(files["index"], f"{origin}/{INDEX}").get("metadata")
    return dict(found) if isinstance(found, Mapping) else {}


def _weights_bytes(files: Mapping[str, Any], origin: str) -> int:
    size = _metadata(files, origin).get("total_size") or files.get("weights_bytes")
    # Some writers make it a number with a point.
    if isinstance(size, (int, float)) and size >= 1:
        return int(size)
    if files.get("index"):
        raise InvalidInput(
            f"{origin}/{INDEX} has no metadata.total_size",
            "Import from a folder that holds the *.safetensors too.",
        )
    raise InvalidInput(
        f"{origin} has neither {INDEX} nor *.safetensors", "Only weights in safetensors can be measured."
    )


def _parameters(files: Mapping[str, Any], architecture: Architecture, weights: int) -> int | None:
    """Counted from the files, otherwise summed up from the architecture."""
    counted = files.get("parameters")
    if counted:
        return int(counted)
    return weights // architecture.width if architecture.width else architecture.parameters
