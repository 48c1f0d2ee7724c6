# SPDX-License-Identifier: Apache-2.0
"""What a site wants, read from the task's arguments. Findings name the inventory variables behind them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..catalog.catalog import Catalog, merge
from ..catalog.image_rows import is_cuda
from ..catalog.model_rows import MEANT, MODEL_KEYS, CatalogModel, read_model
from ..reading.findings import Findings, suggest
from ..reading.tables import Table, describe, rows, text_advice
from ..reading.versions import Driver, Release, release_of_image, repository_of_image, suffix_of_image

# Argument of the task -> variable that a person writes.
VARIABLES = {
    "models": "inference_models",
    "default_mode": "inference_default_mode",
    "tiers": "inference_tiers",
    "vllm_version": "inference_vllm_version",
    "vllm_image": "inference_vllm_image",
    "vllm_image_cuda": "inference_vllm_image_cuda",
    "allow_unknown": "inference_allow_unknown",
    "litellm_image": "litellm_image",
    "namespace": "inference_namespace",
    "parts": "parts",
    "catalog": "inference_catalog",
    "hosts": "hosts",
    "nodes": "nodes",
    "workloads": "workloads",
    "min_gpu_memory_gb": "llm_min_gpu_memory_gb",
    "inherited": "inherited",
}
VERSION, IMAGE = VARIABLES["vllm_version"], VARIABLES["vllm_image"]
IMAGE_CUDA, ALLOW_UNKNOWN = VARIABLES["vllm_image_cuda"], VARIABLES["allow_unknown"]
HOST_DRIVER = "inference_host_driver"
ENTRY_KEYS = ("name", "mode", "aliases", "served_name", "registry_name", "replicas", "requirements")
# Far above any site. A larger number is a typing error, and planning it would take all memory.
MOST_REPLICAS = 1000
# In this mode a program outside the cluster owns the GPU, so no model belongs to it.
FREE_MODES = ("gaming",)
# Words of the command that switches modes.
RESERVED_MODES = ("status", "none")
OFFICIAL_IMAGE = "vllm/vllm-openai"
_LABEL = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
# user:password@host, which is no digest.
_CREDENTIALS = re.compile(r"^[^/@]+:[^/@]+@(?!sha256:)")
_ONE_WORD = re.compile(r"^\S+$")


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
    # What a platform's registry calls it.
    registry_name: str = ""


@dataclass(frozen=True)
class WantedHost:
    """A GPU host as the inventory or its PCI bus describes it. A plan must not depend on ``driver_found``."""

    name: str
    gpus: tuple[tuple[str, int], ...]
    pci_ids: tuple[str, ...]
    driver: Driver | None = None
    driver_found: Driver | None = None


@dataclass(frozen=True)
class Engine:
    """Which vLLM runs. ``release`` is None when neither version nor tag tells.

    ``variable`` is the one that chose the image, ``cuda`` what a person says of its toolkit.
    """

    image: str
    version: str
    release: Release | None
    variable: str = VERSION
    cuda: str = ""

    @property
    def is_official(self) -> bool:
        """Whether the image is the project's own, from its registry or a mirror."""
        return f"/{repository_of_image(self.image)}".endswith(f"/{OFFICIAL_IMAGE}")

    @property
    def suffix(self) -> str:
        """What distinguishes the images of one release."""
        return suffix_of_image(self.image)


def read_label(value: object, path: str, default: str, findings: Findings) -> str:
    """A name that Kubernetes and a command line take as it is."""
    if value is None:
        return default
    if not isinstance(value, str):
        findings.problem(path, f"must be text, but is {describe(value)}", text_advice(value))
        return default
    if not value.strip():
        findings.problem(path, "is empty", f"Write a name such as {default}, or remove the line.")
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
    """The image wins over the version. The release is the version, or else that of the image's tag."""
    keys = ("vllm_version", "vllm_image", "vllm_image_cuda")
    table = Table({VARIABLES[key]: arguments.get(key) for key in keys}, "", findings)
    image = table.text(IMAGE)
    if image and not _ONE_WORD.match(image):
        findings.problem(IMAGE, f"is {image!r}", f"Name an image such as {OFFICIAL_IMAGE}:v0.11.0.")
        image, needed = "", False
    if _CREDENTIALS.match(image):
        findings.problem(
            IMAGE, "holds credentials", "Put them into k3s_registries, and name the image alone."
        )
        image, needed = "", False
    version = table.text(VERSION).removeprefix("v")
    if version and Release.parse(version) is None:
        fix = 'Name a release such as "0.8.5.post1", in quotes.'
        if release_of_image(f"{OFFICIAL_IMAGE}:{version}"):
            fix = f"A tag with a suffix belongs into {IMAGE}: {OFFICIAL_IMAGE}:v{version}."
        findings.problem(VERSION, f"is {version!r}", fix)
        version, needed = "", False
    told = any(not isinstance(table.data[key], (str, type(None))) for key in (VERSION, IMAGE))
    if needed and not image and not version and not told:
        findings.problem(VERSION, "is missing", 'Name a release such as "0.8.5.post1".')
    release = Release.parse(version) if version else release_of_image(image)
    if image and release is None and needed:
        findings.warn(
            f"{IMAGE}: the release in {image} is unknown; set {VERSION} beside it. "
            "Flags of a current release were planned."
        )
    cuda = table.text(IMAGE_CUDA)
    if cuda and not is_cuda(cuda):
        findings.problem(IMAGE_CUDA, f"is {cuda!r}", 'Name the toolkit of the image, such as "12.9".')
        cuda = ""
    engine = Engine(
        image=image or (f"{OFFICIAL_IMAGE}:v{version}" if version else ""),
        version=version or (str(release) if release else ""),
        release=release,
        variable=IMAGE if image else VERSION,
        cuda=cuda,
    )
    named = release_of_image(image)
    if engine.is_official and release and named and named != release:
        findings.problem(
            VERSION,
            f"is {release}, but {IMAGE} names {named}",
            "Keep one, or let both name the same release.",
        )
    return engine


def read_models(
    value: object, default_mode: str, catalog: Catalog, findings: Findings
) -> tuple[WantedModel, ...]:
    """The entries of inference_models that have no mistake, so that one mistake does not cause others."""
    wanted: dict[str, WantedModel] = {}
    for index, entry in enumerate(rows(value, VARIABLES["models"], findings)):
        path = f"{VARIABLES['models']}[{index}]"
        if entry is not None and not isinstance(entry, (str, Mapping)):
            told = f"must be a mapping or a name, but is {describe(entry)}"
            findings.problem(path, told, "Write - name: and the model's name.")
            continue
        table = Table({"name": entry} if isinstance(entry, str) else entry, path, findings)
        told_before = len(findings.problems)
        model = _read_entry(table, default_mode, catalog, findings)
        if model is None or len(findings.problems) > told_before:
            continue
        if model.name in wanted:
            findings.problem(
                f"{path}.name",
                f"{model.name!r} is listed already ({wanted[model.name].path}.name)",
                "Keep one, or give the second a catalog row of its own below inference_catalog.models.",
            )
        else:
            wanted[model.name] = model
    return tuple(wanted.values())


def _read_entry(table: Table, default_mode: str, catalog: Catalog, findings: Findings) -> WantedModel | None:
    table.reject_unknown((*ENTRY_KEYS, *MODEL_KEYS), MEANT)
    name = table.text("name")
    aliases = table.texts("aliases")
    mode = read_mode(table.data.get("mode"), table.at("mode"), default_mode, findings)
    if mode in FREE_MODES and mode != default_mode:
        told = f"is {mode!r}, where no model owns the GPU"
        findings.problem(table.at("mode"), told, "Choose another mode.")
    if not name:
        if not isinstance(table.data.get("name"), (str, type(None))):
            return None  # its type has been reported already
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
    if not _ONE_WORD.match(served):
        table.wrong("served_name", "one word", "Served names have no spaces.")
    return WantedModel(
        path=table.path,
        name=name,
        mode=mode,
        aliases=aliases,
        served_name=served,
        requirements=table.texts("requirements"),
        replicas=table.integer("replicas", 1, minimum=1, maximum=MOST_REPLICAS) or 1,
        settings=settings,
        registry_name=table.text("registry_name", name),
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
        outer.reject_unknown(("name", "gpus", "pci_ids", "driver", "driver_found"))
        name = outer.text("name", f"hosts[{index}]")
        path = f"inference_host_gpus of {name}"
        counted = []
        for number, gpu in enumerate(rows(outer.data.get("gpus"), path, findings)):
            inner = Table(gpu, f"{path}[{number}]", findings)
            inner.reject_unknown(("gpu", "count"))
            key = inner.text("gpu")
            if not key and inner.data and isinstance(inner.data.get("gpu"), (str, type(None))):
                inner.missing("gpu", "Name a GPU of the catalog, for instance rtx-3060-12gb.")
            count = inner.integer("count", 1, minimum=1) or 1
            if key:
                counted.append((key, count))
        hosts.append(
            WantedHost(
                name=name,
                gpus=tuple(counted),
                pci_ids=outer.texts("pci_ids"),
                driver=_driver(outer.data.get("driver"), f"{HOST_DRIVER} of {name}", findings),
                # It was measured, so an unreadable value is not the user's mistake.
                driver_found=Driver.parse(str(outer.data.get("driver_found") or "")),
            )
        )
    return tuple(hosts)


def _driver(value: object, path: str, findings: Findings) -> Driver | None:
    text = Table({path: value}, "", findings).text(path)
    driver = Driver.parse(text)
    if text and driver is None:
        told = 'Name a branch such as "570", or a release such as "570.195.03", in quotes.'
        findings.problem(path, f"is {text!r}", told)
    return driver
