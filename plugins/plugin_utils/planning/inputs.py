# SPDX-License-Identifier: Apache-2.0
"""What a site wants, read from the task's arguments and blamed on the inventory variables behind them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .catalog import Catalog, merge
from .findings import Findings, suggest
from .reading import Table, describe, rows, text_advice
from .rows import MODEL_KEYS, CatalogModel, read_model
from .versions import Release, release_of_image

# Argument of the task -> variable that a person writes.
VARIABLES = {
    "models": "inference_models",
    "default_mode": "inference_default_mode",
    "tiers": "inference_tiers",
    "vllm_version": "inference_vllm_version",
    "vllm_image": "inference_vllm_image",
    "namespace": "inference_namespace",
    "catalog": "inference_catalog",
    "hosts": "hosts",
    "min_gpu_memory_gb": "llm_min_gpu_memory_gb",
}
ENTRY_KEYS = ("name", "mode", "aliases", "served_name", "replicas", "requirements")
# In this mode somebody outside the cluster owns the GPU, so no model belongs to it.
FREE_MODES = ("gaming",)
# Words of the command that switches modes.
RESERVED_MODES = ("status", "none")
OFFICIAL_IMAGE = "vllm/vllm-openai"
_LABEL = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
_SERVED_NAME = re.compile(r"^\S+$")


@dataclass(frozen=True)
class WantedModel:
    """One entry of inference_models."""

    path: str
    name: str
    mode: str
    aliases: tuple[str, ...]
    served_name: str
    requirements: tuple[str, ...]
    replicas: int
    settings: CatalogModel


@dataclass(frozen=True)
class WantedHost:
    """A GPU host as the inventory or its PCI bus describes it."""

    name: str
    gpus: tuple[tuple[str, int], ...]
    pci_ids: tuple[str, ...]


@dataclass(frozen=True)
class Engine:
    """Which vLLM runs. ``release`` is None when neither version nor tag tells."""

    image: str
    version: str
    release: Release | None


def read_label(value: object, path: str, default: str, findings: Findings) -> str:
    """A name that Kubernetes and a command line take as it is."""
    if value is None:
        return default
    if not isinstance(value, str):
        findings.problem(path, f"must be text, but is {describe(value)}", text_advice(value))
        return default
    if not _LABEL.match(value.strip()):
        findings.problem(path, f"is {value!r}", "Use lower-case letters, digits and dashes, at most 63.")
        return default
    return value.strip()


def read_mode(value: object, path: str, default: str, findings: Findings) -> str:
    mode = read_label(value, path, default, findings)
    if mode in RESERVED_MODES:
        findings.problem(path, f"{mode!r} is a word of the mode command", "Choose another name for the mode.")
    return mode


def read_engine(arguments: Mapping[str, Any], needed: bool, findings: Findings) -> Engine:
    """The image wins over the version; the version, or else the image's tag, tells the release."""
    table = Table(
        {VARIABLES[key]: arguments.get(key) for key in ("vllm_version", "vllm_image")}, "", findings
    )
    image = table.text("inference_vllm_image")
    version = table.text("inference_vllm_version").removeprefix("v")
    if version and Release.parse(version) is None:
        findings.problem(
            "inference_vllm_version", f"is {version!r}", 'Name a release such as "0.8.5.post1", in quotes.'
        )
    told = any(not isinstance(value, (str, type(None))) for value in table.data.values())
    if needed and not image and not version and not told:
        findings.problem("inference_vllm_version", "is missing", 'Name a release such as "0.8.5.post1".')
    release = Release.parse(version) if version else release_of_image(image)
    if image and release is None and needed:
        findings.warn(
            f"inference_vllm_image: the release in {image} is unknown; set inference_vllm_version beside it. "
            "Flags of a current release were planned."
        )
    if not image and version:
        image = f"{OFFICIAL_IMAGE}:v{version}"
    return Engine(image, version or (str(release) if release else ""), release)


def read_models(
    value: object, default_mode: str, catalog: Catalog, findings: Findings
) -> tuple[WantedModel, ...]:
    """The entries of inference_models whose catalog row was found."""
    wanted = []
    for index, entry in enumerate(rows(value, VARIABLES["models"], findings)):
        path = f"{VARIABLES['models']}[{index}]"
        if entry is not None and not isinstance(entry, (str, Mapping)):
            told = f"must be a mapping or a name, but is {describe(entry)}"
            findings.problem(path, told, "Write - name: and the model's name.")
            continue
        table = Table({"name": entry} if isinstance(entry, str) else entry, path, findings)
        model = _read_entry(table, default_mode, catalog, findings)
        if model:
            wanted.append(model)
    return tuple(wanted)


def _read_entry(table: Table, default_mode: str, catalog: Catalog, findings: Findings) -> WantedModel | None:
    table.reject_unknown((*ENTRY_KEYS, *MODEL_KEYS))
    name = table.text("name")
    aliases = table.texts("aliases")
    mode = read_mode(table.data.get("mode"), table.at("mode"), default_mode, findings)
    if mode in FREE_MODES and mode != default_mode:
        told = f"is {mode!r}, where no model owns the GPU"
        findings.problem(table.at("mode"), told, "Choose another mode.")
    if not name:
        if not isinstance(table.data.get("name"), (str, type(None))):
            return None  # its type has been told already
        table.missing("name", suggest("", catalog.raw_models, "Models of the catalog"))
        return None
    if name not in catalog.raw_models:
        findings.problem(
            table.at("name"),
            f"{name!r} is not in the catalog",
            f"{suggest(name, catalog.raw_models, 'Models of the catalog')} "
            "A model of your own is a row below inference_catalog.models.",
        )
        return None
    row = catalog.raw_models[name]
    over = {key: value for key, value in table.data.items() if key not in ENTRY_KEYS}
    # Flags of the catalog must stay, so an entry can only add to them.
    merged = merge(row, {key: value for key, value in over.items() if key != "arguments"})
    settings = read_model(name, _blamed(merged, over, table.path, findings), also=ENTRY_KEYS)
    added = tuple(table.texts("arguments"))
    settings = _with_arguments(settings, added)
    served = table.text("served_name", settings.repository)
    if not _SERVED_NAME.match(served):
        table.wrong("served_name", "one word")
    return WantedModel(
        path=table.path,
        name=name,
        mode=mode,
        aliases=aliases,
        served_name=served,
        requirements=table.texts("requirements"),
        replicas=table.integer("replicas", 1, minimum=1) or 1,
        settings=settings,
    )


def _blamed(merged: Mapping[str, Any], over: Mapping[str, Any], path: str, findings: Findings) -> Table:
    """Only an entry's own keys can be wrong here: the catalog's rows have been read before.

    So whatever the reading finds belongs to the entry, unless the catalog's row was wrong itself.
    """
    return Table(merged, path, findings if over else Findings())


def _with_arguments(settings: CatalogModel, added: tuple[str, ...]) -> CatalogModel:
    if not added:
        return settings
    return CatalogModel(**{**settings.__dict__, "arguments": settings.arguments + added})


def read_hosts(value: object, findings: Findings) -> tuple[WantedHost, ...]:
    hosts = []
    for index, entry in enumerate(rows(value, VARIABLES["hosts"], findings)):
        outer = Table(entry, f"hosts[{index}]", findings)
        outer.reject_unknown(("name", "gpus", "pci_ids"))
        name = outer.text("name", f"hosts[{index}]")
        path = f"inference_host_gpus of {name}"
        counted = []
        for number, gpu in enumerate(rows(outer.data.get("gpus"), path, findings)):
            inner = Table(gpu, f"{path}[{number}]", findings)
            inner.reject_unknown(("gpu", "count"))
            key = inner.text("gpu")
            if not key and inner.data:
                inner.missing("gpu", "Name a GPU of the catalog, for instance rtx-3060-12gb.")
            count = inner.integer("count", 1, minimum=1) or 1
            if key:
                counted.append((key, count))
        hosts.append(WantedHost(name, tuple(counted), outer.texts("pci_ids")))
    return tuple(hosts)
