# SPDX-License-Identifier: Apache-2.0
"""What somebody can choose instead of an image that does not run on some hosts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from ..catalog.catalog import Catalog
from ..catalog.model_rows import Gpu
from ..inputs.wanted import HOST_DRIVER, IMAGE, Engine
from ..reading.versions import Driver, Release
from .builds import Build, build_of, build_of_engine, known_builds, repository_of
from .images import COMPAT_SWITCH, judge_image
from .verdicts import OK, RUNS, Judgement, worst

# Newer than every driver: shows whether "or newer" is true.
_FUTURE = Driver("9999", (9999,))


@dataclass(frozen=True)
class Situation:
    """Hosts with the same GPUs and driver, and what the site's models need of any image there.

    ``oldest`` is the first release that loads all models. ``asks_compat`` holds one value for all engines, or
    both where they differ.
    """

    gpus: tuple[Gpu, ...]
    driver: Driver | None
    oldest: Release | None
    asks_compat: tuple[bool, ...]

    def judge(self, build: Build) -> Judgement:
        return worst(
            judge_image(build, gpu, self.driver, asks) for gpu in self.gpus for asks in self.asks_compat
        )

    def runs(self, build: Build) -> bool:
        is_old = self.oldest and build.release and build.release < self.oldest
        return not is_old and self.judge(build).level in RUNS


def ways_out(situation: Situation, engine: Engine, catalog: Catalog) -> str:
    """Sentences that name what would run, found by the same rules as the refusal."""
    running = [build for build in known_builds(catalog) if situation.runs(build)]
    return " ".join(
        [
            _newest(running, situation, engine),
            *_variants(running[:1], situation, engine, catalog),
            *_settings(situation, build_of_engine(engine, catalog)),
        ]
    )


def _newest(running: list[Build], situation: Situation, engine: Engine) -> str:
    """The last release represents each range."""
    if not running:
        return "No release of the tables runs there with these models."
    newest = running[0]
    told = f"Newest that runs there: {newest.release}"
    if newest.suffix:
        told += f" ({IMAGE}: {newest.image(repository_of(engine))}, without inference_vllm_version)"
    sure = next((build for build in running if situation.judge(build).level == OK), None)
    if sure and sure != newest:
        told += f", with a reservation; without one {sure.release}"
    return f"{told}."


def _variants(told: list[Build], situation: Situation, engine: Engine, catalog: Catalog) -> Iterator[str]:
    """Other images of the release that was wanted."""
    known = catalog.release(engine.release) if engine.release else None
    if not (engine.is_official and engine.release and known):
        return
    for suffix in ("", *known.variants):
        build = build_of(engine.release, suffix, catalog)
        if suffix != engine.suffix and build not in told and situation.runs(build):
            yield f"Or set {IMAGE}: {build.image(repository_of(engine))}."


def _settings(situation: Situation, build: Build) -> Iterator[str]:
    """What makes the wanted image run after all."""

    def runs_when(asks_compat: bool) -> bool:
        return dataclasses.replace(situation, asks_compat=(asks_compat,)).runs(build)

    def runs_under(driver: Driver) -> bool:
        return dataclasses.replace(situation, driver=driver).runs(build)

    if False in situation.asks_compat and runs_when(True):
        yield f'Or set environment: {{{COMPAT_SWITCH}: "1"}} in every entry of inference_models.'
    if True in situation.asks_compat and runs_when(False):
        yield f"Or remove {COMPAT_SWITCH} from the environment in inference_models."
    floors = [gpu.since.driver for gpu in situation.gpus if gpu.since]
    if build.native:
        floors.append(Driver(build.native.text, build.native.numbers))
    if situation.driver and floors:
        native = max(floors, key=lambda floor: floor.numbers)
        if runs_under(_FUTURE):
            yield f"Or install driver {native} or newer, and say so in {HOST_DRIVER}."
        elif runs_under(native):
            yield f"Or install driver {native} or a later one of its branch, and say so in {HOST_DRIVER}."
