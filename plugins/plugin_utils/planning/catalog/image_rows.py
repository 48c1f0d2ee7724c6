# SPDX-License-Identifier: Apache-2.0
"""The form of the catalog's rows about images, CUDA and drivers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..reading.tables import Table
from ..reading.versions import Driver, Release
from .model_rows import PROVENANCE, read_capability

# What an image does with CUDA's compatibility libraries: rows of cuda_compat in catalog/cuda.yml.
BUILD_ONLY, ACTIVE, ON_REQUEST = COMPAT = ("build_only", "active", "on_request")
FAILED, WORKED = OUTCOMES = ("failed", "worked")
RELEASE_KEYS = (
    *("last", "cuda", "image_variants", "torch", "engine", "min_compute_capability"),
    *("built_in_by", "cuda_compat", "image_size", *PROVENANCE),
)
_SIZES = ("compressed_bytes", "unpacked_bytes")
OBSERVATION_KEYS = ("release", "gpu", "driver", "outcome", "told", *PROVENANCE)
_CUDA = re.compile(r"^\d+\.\d+(\.\d+)?$")


@dataclass(frozen=True)
class ReleaseRange:
    """Releases of vLLM whose official images share one build. Empty and None are unknown."""

    first: Release
    last: Release
    cuda: str
    variants: Mapping[str, str]
    min_compute_capability: tuple[int, ...] | None
    built_in_by: Mapping[tuple[int, ...], Release]
    cuda_compat: str
    image_bytes: int = 0
    """What the plain image takes of a disk, at least."""


@dataclass(frozen=True)
class DriverFloor:
    """The oldest driver that does something."""

    text: str
    numbers: tuple[int, ...]
    source: str


@dataclass(frozen=True)
class Observation:
    """What somebody observed: not a rule, but worth showing."""

    release: Release
    gpu: str
    driver: Driver
    outcome: str
    told: str
    source: str


def is_cuda(text: str) -> bool:
    """Whether this names a toolkit, as 12.9 and 12.9.1 do."""
    return bool(_CUDA.match(text))


def read_release_range(key: str, table: Table) -> ReleaseRange | None:
    table.reject_unknown(RELEASE_KEYS)
    first = Release.parse(key)
    last = Release.parse(table.text("last", key))
    if first is None or last is None:
        table.findings.problem(
            table.path, "is not a range of releases", 'Write "0.31.0": {last: "0.31.1", cuda: "13.0"}.'
        )
        return None
    if last < first:
        table.findings.problem(table.at("last"), f"is {last}, which came before {first}", "Name a later one.")
        return None
    return ReleaseRange(
        first=first,
        last=last,
        cuda=_cuda(table, "cuda"),
        variants=_variants(table),
        min_compute_capability=read_capability(table, "min_compute_capability"),
        built_in_by=_built_in_by(table),
        cuda_compat=table.choice("cuda_compat", COMPAT, "") if table.has("cuda_compat") else "",
        image_bytes=_image_bytes(table),
    )


def _image_bytes(table: Table) -> int:
    inner = Table(table.mapping("image_size"), table.at("image_size"), table.findings)
    inner.reject_unknown((*_SIZES, *PROVENANCE))
    return sum(inner.integer(key, 0) or 0 for key in _SIZES)


def _cuda(table: Table, key: str) -> str:
    text = table.text(key)
    if text and not is_cuda(text):
        table.wrong(key, 'a CUDA toolkit such as "12.9"')
        return ""
    return text


def _variants(table: Table) -> dict[str, str]:
    inner = Table(table.mapping("image_variants"), table.at("image_variants"), table.findings)
    return {suffix: _cuda(inner, suffix) for suffix in inner.data}


def _built_in_by(table: Table) -> dict[tuple[int, ...], Release]:
    inner = Table(table.mapping("built_in_by"), table.at("built_in_by"), table.findings)
    releases: dict[tuple[int, ...], Release] = {}
    for key in inner.data:
        capability = read_capability(Table({key: key}, inner.path, inner.findings), key)
        release = Release.parse(inner.text(key))
        if release is None:
            inner.wrong(key, 'a release such as "0.9.2"')
        elif capability:
            releases[capability] = release
    return releases


def read_driver_floor(table: Table) -> DriverFloor | None:
    table.reject_unknown(("minimum_driver", *PROVENANCE))
    driver = Driver.parse(table.text("minimum_driver"))
    if driver is None:
        table.wrong("minimum_driver", 'a driver such as "575.51.03"')
        return None
    return DriverFloor(driver.text, driver.numbers, table.text("source"))


def read_kernel(table: Table) -> tuple[int, ...] | None:
    """The lowest compute capability that a kernel or a number format runs on."""
    table.reject_unknown(("min_compute_capability", *PROVENANCE))
    return read_capability(table, "min_compute_capability")


def read_observation(table: Table) -> Observation | None:
    table.reject_unknown(OBSERVATION_KEYS)
    release = Release.parse(table.text("release"))
    driver = Driver.parse(table.text("driver"))
    if release is None:
        table.wrong("release", 'a release such as "0.8.5.post1"')
    if driver is None:
        table.wrong("driver", 'a driver such as "570.195.03"')
    if release is None or driver is None:
        return None
    return Observation(
        release=release,
        gpu=table.text("gpu"),
        driver=driver,
        outcome=table.choice("outcome", OUTCOMES, FAILED),
        told=table.text("told"),
        source=table.text("source"),
    )
