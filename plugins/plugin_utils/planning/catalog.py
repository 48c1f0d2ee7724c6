# SPDX-License-Identifier: Apache-2.0
"""The facts about models, GPUs and releases: loaded from catalog/*.yml, merged with a site's own, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ...module_utils.errors import InvalidInput
from .findings import Findings, suggest
from .image_rows import (
    DriverFloor,
    Observation,
    ReleaseRange,
    read_driver_floor,
    read_kernel,
    read_observation,
    read_release_range,
)
from .parser_rows import FlagSpan, Parser, read_flag, read_parser
from .reading import Table, describe
from .rows import (
    CapabilityFloor,
    CatalogModel,
    Gpu,
    GpuClass,
    read_capability_floor,
    read_gpu,
    read_gpu_class,
    read_model,
)
from .versions import Release

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
    "litellm_banned": "litellm.yml",
    "observations": "observations.yml",
}
OVERRIDES = "inference_catalog"
# Both are safe; the one in C reads the catalog ten times as fast, where PyYAML has it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class Catalog:
    """Rows by name. ``raw_models`` keeps what was written, so that a site's entry can be laid over it."""

    raw_models: dict[str, dict[str, Any]] = field(default_factory=dict)
    models: dict[str, CatalogModel] = field(default_factory=dict)
    gpu_classes: dict[str, GpuClass] = field(default_factory=dict)
    compute_capabilities: list[CapabilityFloor] = field(default_factory=list)
    gpus: dict[str, Gpu] = field(default_factory=dict)
    releases: list[ReleaseRange] = field(default_factory=list)
    cuda: dict[str, DriverFloor] = field(default_factory=dict)
    cuda_majors: dict[str, DriverFloor] = field(default_factory=dict)
    cuda_compat: dict[str, dict[str, Any]] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)
    kernels: dict[str, tuple[int, ...] | None] = field(default_factory=dict)
    dtypes: dict[str, tuple[int, ...] | None] = field(default_factory=dict)
    reasoning_parsers: dict[str, Parser] = field(default_factory=dict)
    tool_parsers: dict[str, Parser] = field(default_factory=dict)
    flags: dict[str, FlagSpan] = field(default_factory=dict)
    litellm_banned: dict[str, dict[str, Any]] = field(default_factory=dict)

    def release(self, wanted: Release) -> ReleaseRange | None:
        """What is known about a release, or None."""
        for known in self.releases:
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
    """Mappings grow together, everything else (lists too) is replaced."""
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        merged = dict(base)
        for key, value in over.items():
            merged[key] = merge(base[key], value) if key in base else value
        return merged
    return over


def build(raw: Mapping[str, Mapping[str, Any]], overrides: object, findings: Findings) -> Catalog:
    """A typed catalog out of what was written; a site's rows are blamed on the site's variable."""
    over = Table(overrides, OVERRIDES, findings)
    over.reject_unknown(SECTIONS)
    catalog = Catalog()
    for section in SECTIONS:
        mine = over.mapping(section)
        merged: dict[str, dict[str, Any]] = {}
        for key, row in merge(raw.get(section, {}), mine).items():
            where = f"{OVERRIDES}.{section}.{key}" if key in mine else f"catalog {section}.{key}"
            if isinstance(row, Mapping):
                merged[key] = dict(row)
            else:
                findings.problem(where, f"must be a mapping, but is {describe(row)}")
        _take(catalog, section, merged, mine, findings)
    return catalog


def _take(
    catalog: Catalog,
    section: str,
    merged: dict[str, dict[str, Any]],
    mine: Mapping[str, Any],
    findings: Findings,
) -> None:
    def table(key: str, row: object) -> Table:
        origin = OVERRIDES if key in mine else "catalog"
        return Table(
            row, f"{origin}.{section}.{key}" if key in mine else f"catalog {section}.{key}", findings
        )

    if section == "models":
        catalog.raw_models = merged
        for key, row in merged.items():
            if key in mine and not row.get("repository"):
                others = [name for name in merged if name not in mine]
                findings.problem(
                    f"{OVERRIDES}.models.{key}",
                    "has no repository and the catalog has no model of that name",
                    suggest(key, others, "Models of the catalog"),
                )
                continue
            catalog.models[key] = read_model(key, table(key, row))
    elif section == "gpu_classes":
        catalog.gpu_classes = {key: read_gpu_class(key, table(key, row)) for key, row in merged.items()}
    elif section == "compute_capabilities":
        since = [read_capability_floor(key, table(key, row)) for key, row in merged.items()]
        catalog.compute_capabilities = [floor for floor in since if floor]
    elif section == "gpus":
        catalog.gpus = {
            key: read_gpu(key, table(key, row), catalog.gpu_classes, catalog.compute_capabilities)
            for key, row in merged.items()
        }
    elif section == "vllm_releases":
        ranges = [read_release_range(key, table(key, row)) for key, row in merged.items()]
        catalog.releases = sorted((known for known in ranges if known), key=lambda known: known.first)
    elif section in ("cuda", "cuda_majors"):
        floors = {key: read_driver_floor(table(key, row)) for key, row in merged.items()}
        setattr(catalog, section, {key: floor for key, floor in floors.items() if floor})
    elif section in ("kernels", "dtypes"):
        setattr(catalog, section, {key: read_kernel(table(key, row)) for key, row in merged.items()})
    elif section in ("reasoning_parsers", "tool_parsers"):
        setattr(catalog, section, {key: read_parser(table(key, row)) for key, row in merged.items()})
    elif section == "flags":
        catalog.flags = {key: read_flag(table(key, row)) for key, row in merged.items()}
    elif section == "observations":
        seen = [read_observation(table(key, row)) for key, row in merged.items()]
        catalog.observations = [observation for observation in seen if observation]
    else:
        setattr(catalog, section, merged)
