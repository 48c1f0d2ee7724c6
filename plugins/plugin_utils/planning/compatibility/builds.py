# SPDX-License-Identifier: Apache-2.0
"""Images of vLLM as far as the catalog knows them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from ..catalog.catalog import Catalog
from ..catalog.image_rows import DriverFloor, ReleaseRange
from ..inputs.wanted import IMAGE, IMAGE_CUDA, OFFICIAL_IMAGE, VERSION, Engine
from ..reading.versions import Release, repository_of_image, tag_of_image
from .verdicts import REFUSE, UNKNOWN, WARN, Verdict


@dataclass(frozen=True)
class Build:
    """One image. Empty and None are unknown.

    ``bytes`` is what it takes of a disk, at least.
    ``doubtful_capability`` is the oldest whose kernels it may lack;
    ``native`` and ``major`` are the oldest drivers that run its CUDA natively and by minor-version
    compatibility.
    """

    release: Release | None
    suffix: str = ""
    is_official: bool = True
    cuda: str = ""
    native: DriverFloor | None = None
    major: DriverFloor | None = None
    compat: str = ""
    compat_source: str = ""
    min_compute_capability: tuple[int, ...] | None = None
    doubtful_capability: tuple[int, ...] | None = None
    bytes: int = 0

    @property
    def is_comparable(self) -> bool:
        """Whether the catalog or the site knows its CUDA."""
        return self.is_official or bool(self.cuda)

    def image(self, repository: str = OFFICIAL_IMAGE) -> str:
        return f"{repository}:v{self.release}{self.suffix}"

    def __str__(self) -> str:
        return f"vLLM {self.release}{self.suffix}" if self.release else "the image"


def known_builds(catalog: Catalog) -> Iterator[Build]:
    """The newest images of each range, newest first; the plain one before its variants."""
    for known in reversed(catalog.vllm_releases):
        for suffix in ("", *known.variants):
            yield _build(known.last, suffix, known, catalog)


def build_of(release: Release, suffix: str, catalog: Catalog) -> Build:
    """The official image of a release; little is known of it where the catalog lacks release or suffix."""
    known = catalog.release(release)
    return _build(release, suffix, known, catalog) if known else Build(release, suffix)


def build_of_engine(engine: Engine, catalog: Catalog) -> Build:
    """The image that a site chose. Of an image of its own only what the site says is known."""
    if not engine.is_official:
        return _with_cuda(Build(engine.release, is_official=False), engine.cuda, catalog)
    if engine.release is None:
        return _with_cuda(Build(None), engine.cuda, catalog)
    build = build_of(engine.release, engine.suffix, catalog)
    known = catalog.release(engine.release)
    if known and known.variants and not tag_of_image(engine.image):
        build = _with_cuda(build, "", catalog)  # a digest may be that of any variant
    return build if build.cuda else _with_cuda(build, engine.cuda, catalog)


def _build(release: Release, suffix: str, known: ReleaseRange, catalog: Catalog) -> Build:
    build = Build(
        release=release,
        suffix=suffix,
        compat=known.cuda_compat,
        compat_source=str(catalog.cuda_compat.get(known.cuda_compat, {}).get("source", "")),
        min_compute_capability=known.min_compute_capability,
        doubtful_capability=min(
            (capability for capability, since in known.built_in_by.items() if release < since), default=None
        ),
        bytes=0 if suffix else known.image_bytes,
    )
    return _with_cuda(build, known.variants.get(suffix, "") if suffix else known.cuda, catalog)


def _with_cuda(build: Build, cuda: str, catalog: Catalog) -> Build:
    parts = cuda.split(".")
    return dataclasses.replace(
        build,
        cuda=cuda,
        native=catalog.cuda.get(".".join(parts[:2])),
        major=catalog.cuda_majors.get(parts[0]),
    )


def doubts(engine: Engine, build: Build, catalog: Catalog) -> Iterator[Verdict]:
    """What is unknown about the image itself, on any host."""
    known = catalog.release(engine.release) if engine.release else None
    if engine.cuda and not build.native:
        told = f"the catalog does not know CUDA {engine.cuda}"
        yield Verdict(UNKNOWN, IMAGE_CUDA, told, f"Known: {', '.join(catalog.cuda)}.")
    if not engine.is_official:
        if not engine.cuda:
            told = f"{engine.image} is not {OFFICIAL_IMAGE}, so CUDA, drivers and GPUs were not compared"
            yield Verdict(WARN, IMAGE, f"{told}; {IMAGE_CUDA} says which CUDA it has")
    elif engine.release is None:
        told = f"the release of {engine.image} is unknown, and so are its needs of CUDA, driver and GPU"
        yield Verdict(UNKNOWN, IMAGE, told, f"Set {VERSION} beside it.")
    elif known is None:
        told = f"vLLM {engine.release} is not in the catalog: its needs of CUDA, driver and GPU are unknown"
        yield Verdict(UNKNOWN, engine.variable, told, _neighbours(engine.release, catalog))
    elif engine.cuda and build.cuda and not _agree(engine.cuda, build.cuda):
        told = f"is {engine.cuda}, but the catalog says that {build} holds CUDA {build.cuda}"
        yield Verdict(REFUSE, IMAGE_CUDA, told, "Remove it, or correct inference_catalog.vllm_releases.")
    elif not build.cuda:
        suffixes = ", ".join(repr(suffix) for suffix in known.variants) or "none"
        told = (
            f"the catalog does not know the CUDA of {engine.image} (tag suffixes that it knows: {suffixes})"
        )
        yield Verdict(UNKNOWN, engine.variable, told, f"Set {IMAGE_CUDA}.")
    elif not build.native:
        told = f"the catalog knows no driver for the CUDA {build.cuda} of {build}"
        yield Verdict(UNKNOWN, engine.variable, told, "Add it below inference_catalog.cuda.")


def repository_of(engine: Engine) -> str:
    """Where a site gets its images from: its mirror, or the project's own registry."""
    return repository_of_image(engine.image) if engine.is_official else OFFICIAL_IMAGE


def _agree(one: str, other: str) -> bool:
    return one.split(".")[:2] == other.split(".")[:2]


def _neighbours(release: Release, catalog: Catalog) -> str:
    older = [known.last for known in catalog.vllm_releases if known.last < release][-1:]
    newer = [known.first for known in catalog.vllm_releases if known.first > release][:1]
    return f"The catalog's next ones are {' and '.join(map(str, older + newer))}." if older or newer else ""
