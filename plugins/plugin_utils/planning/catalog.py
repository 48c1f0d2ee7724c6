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
from .reading import Table, describe
from .rows import CatalogModel, Gpu, ReleaseRange, read_gpu, read_model, read_release_range
from .versions import Release

# Sections of the catalog and the file that each one lives in.
SECTIONS = {
    "models": "models.yml",
    "gpus": "gpus.yml",
    "vllm_releases": "vllm_releases.yml",
    "cuda": "cuda.yml",
    "cuda_majors": "cuda.yml",
    "kernels": "kernels.yml",
    "dtypes": "kernels.yml",
    "reasoning_parsers": "parsers.yml",
    "flags": "parsers.yml",
    "litellm_banned": "litellm.yml",
}
OVERRIDES = "inference_catalog"
# Both are safe; the one in C reads the catalog ten times as fast, where PyYAML has it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class Catalog:
    """Rows by name. ``raw_models`` keeps what was written, so that a site's entry can be laid over it."""

    raw_models: dict[str, dict[str, Any]] = field(default_factory=dict)
    models: dict[str, CatalogModel] = field(default_factory=dict)
    gpus: dict[str, Gpu] = field(default_factory=dict)
    releases: list[ReleaseRange] = field(default_factory=list)
    kernels: dict[str, dict[str, Any]] = field(default_factory=dict)
    dtypes: dict[str, dict[str, Any]] = field(default_factory=dict)
    reasoning_parsers: dict[str, dict[str, Any]] = field(default_factory=dict)
    flags: dict[str, dict[str, Any]] = field(default_factory=dict)

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
        row = self.flags.get(flag, {})
        until = Release.parse(str(row["until"])) if row.get("until") else None
        if release is None:
            return until is None
        since = Release.parse(str(row.get("since") or "0.0"))
        return (since is None or since <= release) and (until is None or release <= until)


def read_files(folder: Path) -> dict[str, dict[str, Any]]:
    """The catalog as it was written, by section."""
    raw: dict[str, dict[str, Any]] = {}
    for section, name in SECTIONS.items():
        path = folder / name
        try:
            content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
        except OSError as error:
            raise InvalidInput(f"The catalog file {path} cannot be read: {error.strerror}") from error
        except yaml.YAMLError as error:
            raise InvalidInput(f"The catalog file {path} is not YAML: {error}") from error
        if not isinstance(content, Mapping) or not isinstance(content.get(section), Mapping):
            raise InvalidInput(f"The catalog file {path} has no mapping {section!r}")
        raw[section] = {str(key): row for key, row in content[section].items()}
    return raw


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
    elif section == "gpus":
        catalog.gpus = {key: read_gpu(key, table(key, row)) for key, row in merged.items()}
    elif section == "vllm_releases":
        ranges = [read_release_range(key, table(key, row)) for key, row in merged.items()]
        catalog.releases = sorted((known for known in ranges if known), key=lambda known: known.first)
    elif section in ("kernels", "dtypes", "reasoning_parsers", "flags"):
        setattr(catalog, section, merged)
    # cuda, cuda_majors and litellm_banned are data for other readers; their form is held by the merge above.
