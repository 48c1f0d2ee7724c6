# SPDX-License-Identifier: Apache-2.0
"""The facts about models, GPUs and releases: loaded from catalog/*.yml, merged with a site's own, typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ....module_utils.errors import InvalidInput
from ..reading.findings import Findings, suggest
from ..reading.tables import Table, describe
from ..reading.versions import Release
from .gateway_rows import Ban, read_ban, read_supported
from .image_rows import (
    DriverFloor,
    Observation,
    ReleaseRange,
    read_driver_floor,
    read_kernel,
    read_observation,
    read_release_range,
)
from .model_rows import (
    CapabilityFloor,
    CatalogModel,
    Gpu,
    GpuClass,
    read_capability_floor,
    read_gpu,
    read_gpu_class,
    read_model,
)
from .parser_rows import FlagSpan, Parser, read_flag, read_parser

# Sections of the catalog and the file that each one lives in.
SECTIONS = {
    "models": "models.yml",
    "gpu_classes": "gpus.yml",  # before the GPUs, which name them
    "compute_capabilities": "cuda.yml",  # and know since when there are such cards
    "gpus": "gpus.yml",
    "vllm_releases": "vllm_releases.yml",
    "cuda": "cuda.yml",
    "cuda_majors": "cuda.yml",
    "cuda_compat": "cuda.yml",
    "kernels": "kernels.yml",
    "dtypes": "kernels.yml",
    "reasoning_parsers": "parsers.yml",
    "tool_parsers": "parsers.yml",
    "flags": "parsers.yml",
    "litellm_supported": "litellm.yml",
    "litellm_banned": "litellm.yml",
    "observations": "observations.yml",
}
OVERRIDES = "inference_catalog"
# Both are safe. The loader in C, if PyYAML has it, reads the catalog ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class Catalog:
    """Rows by name. ``raw_models`` keeps what was written, so that a site's entry can be laid over it."""

    raw_models: dict[str, dict[str, Any]] = field(default_factory=dict)
    models: dict[str, CatalogModel] = field(default_factory=dict)
    gpu_classes: dict[str, GpuClass] = field(default_factory=dict)
    compute_capabilities: list[CapabilityFloor] = field(default_factory=list)
    gpus: dict[str, Gpu] = field(default_factory=dict)
    vllm_releases: list[ReleaseRange] = field(default_factory=list)
    cuda: dict[str, DriverFloor] = field(default_factory=dict)
    cuda_majors: dict[str, DriverFloor] = field(default_factory=dict)
    cuda_compat: dict[str, dict[str, Any]] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)
    kernels: dict[str, tuple[int, ...] | None] = field(default_factory=dict)
    dtypes: dict[str, tuple[int, ...] | None] = field(default_factory=dict)
    reasoning_parsers: dict[str, Parser] = field(default_factory=dict)
    tool_parsers: dict[str, Parser] = field(default_factory=dict)
    flags: dict[str, FlagSpan] = field(default_factory=dict)
    litellm_supported: Release | None = None
    litellm_banned: list[Ban] = field(default_factory=list)

    def release(self, wanted: Release) -> ReleaseRange | None:
        """What is known about a release, or None."""
        for known in self.vllm_releases:
            if known.first <= wanted <= known.last:
                return known
        return None

    def gpu_of_pci_id(self, pci_id: str) -> Gpu | None:
        """The GPU behind a PCI id, written as 2504, 10de:2504 or 0x10de:0x2504."""
        device = pci_id.lower().replace("0x", "").rsplit(":", 1)[-1]
        for gpu in self.gpus.values():
            if device in gpu.pci_ids:
                return gpu
        return None

    def release_has(self, flag: str, release: Release | None) -> bool:
        """Whether a release knows a flag of catalog/parsers.yml; an unknown release counts as a new one."""
        return flag not in self.flags or self.flags[flag].holds(release)


def read_files(folder: Path) -> dict[str, dict[str, Any]]:
    """The catalog as it was written, by section."""
    files: dict[str, Any] = {}
    raw: dict[str, dict[str, Any]] = {}
    for section, name in SECTIONS.items():
        path = folder / name
        if name not in files:
            files[name] = _read_file(path)
        content = files[name]
        if not isinstance(content, Mapping) or not isinstance(content.get(section), Mapping):
            raise InvalidInput(f"The catalog file {path} has no mapping {section!r}")
        raw[section] = {str(key): row for key, row in content[section].items()}
    return raw


def _read_file(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except OSError as error:
        raise InvalidInput(f"The catalog file {path} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise InvalidInput(f"The catalog file {path} is not YAML: {error}") from error


def merge(base: Any, over: Any) -> Any:
    """Mappings are merged, everything else (lists too) is replaced."""
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        merged = dict(base)
        for key, value in over.items():
            merged[key] = merge(base[key], value) if key in base else value
        return merged
    return over


@dataclass(frozen=True)
class _Section:
    """What was written about one section: the catalog's rows with those of the site laid over them."""

    name: str
    rows: dict[str, dict[str, Any]]
    mine: Mapping[str, Any]
    findings: Findings

    def path(self, key: str) -> str:
        """Where to correct a row: a site's own row is in the site's variable."""
        return f"{OVERRIDES}.{self.name}.{key}" if key in self.mine else f"catalog {self.name}.{key}"

    def tables(self) -> Iterator[tuple[str, Table]]:
        for key, row in self.rows.items():
            yield key, Table(row, self.path(key), self.findings)


def build(raw: Mapping[str, Mapping[str, Any]], overrides: object, findings: Findings) -> Catalog:
    """A typed catalog from what was written. Findings about a site's own rows name the site's variable."""
    over = Table(overrides, OVERRIDES, findings)
    over.reject_unknown(SECTIONS)
    catalog = Catalog()
    for name in SECTIONS:
        section = _Section(name, {}, over.mapping(name), findings)
        for key, row in merge(raw.get(name, {}), section.mine).items():
            if isinstance(row, Mapping):
                section.rows[key] = dict(row)
            else:
                findings.problem(section.path(key), f"must be a mapping, but is {describe(row)}")
        setattr(catalog, name, _READERS[name](section, catalog))
    return catalog


def _read_models(section: _Section, catalog: Catalog) -> dict[str, CatalogModel]:
    catalog.raw_models = section.rows
    return {key: read_model(key, table) for key, table in section.tables() if _has_repository(section, key)}


def _has_repository(section: _Section, key: str) -> bool:
    if key not in section.mine or section.rows[key].get("repository"):
        return True
    others = [name for name in section.rows if name not in section.mine]
    section.findings.problem(
        section.path(key),
        "has no repository and the catalog has no model of that name",
        suggest(key, others, "Models of the catalog"),
    )
    return False


def _read_capability_floors(section: _Section, _catalog: Catalog) -> list[CapabilityFloor]:
    floors = (read_capability_floor(key, table) for key, table in section.tables())
    return [floor for floor in floors if floor]


def _read_gpus(section: _Section, catalog: Catalog) -> dict[str, Gpu]:
    classes, floors = catalog.gpu_classes, catalog.compute_capabilities
    return {key: read_gpu(key, table, classes, floors) for key, table in section.tables()}


def _read_releases(section: _Section, _catalog: Catalog) -> list[ReleaseRange]:
    ranges = (read_release_range(key, table) for key, table in section.tables())
    return sorted((known for known in ranges if known), key=lambda known: known.first)


def _read_driver_floors(section: _Section, _catalog: Catalog) -> dict[str, DriverFloor]:
    return {key: floor for key, table in section.tables() if (floor := read_driver_floor(table))}


def _read_observations(section: _Section, _catalog: Catalog) -> list[Observation]:
    return [seen for _, table in section.tables() if (seen := read_observation(table))]


def _each(read: Callable[[Table], Any]) -> Callable[[_Section, Catalog], dict[str, Any]]:
    """A reader of sections whose rows do not depend on their names or on each other."""
    return lambda section, _catalog: {key: read(table) for key, table in section.tables()}


# What a section becomes. A reader may ask the catalog for the sections before its own.
_READERS: Mapping[str, Callable[[_Section, Catalog], object]] = {
    "models": _read_models,
    "gpu_classes": lambda section, _: {key: read_gpu_class(key, row) for key, row in section.tables()},
    "compute_capabilities": _read_capability_floors,
    "gpus": _read_gpus,
    "vllm_releases": _read_releases,
    "cuda": _read_driver_floors,
    "cuda_majors": _read_driver_floors,
    "cuda_compat": lambda section, _: section.rows,
    "kernels": _each(read_kernel),
    "dtypes": _each(read_kernel),
    "reasoning_parsers": _each(read_parser),
    "tool_parsers": _each(read_parser),
    "flags": _each(read_flag),
    "litellm_supported": lambda section, _: read_supported(section.rows),
    "litellm_banned": lambda section, _: [read_ban(key, table) for key, table in section.tables()],
    "observations": _read_observations,
}
