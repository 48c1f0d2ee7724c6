# SPDX-License-Identifier: Apache-2.0
"""The verdicts over a whole site: its image on its hosts, its models on its GPUs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..catalog.catalog import Catalog
from ..catalog.image_rows import FAILED, Observation
from ..inputs.hardware import Hardware
from ..inputs.wanted import HOST_DRIVER, Engine, WantedHost, WantedModel
from ..reading.findings import Findings
from ..reading.versions import Release
from .alternatives import Situation, ways_out
from .builds import Build, build_of_engine, doubts
from .hosts import Alike, Host, Likeness, alike, join, likeness, listed
from .images import asks_for_compat
from .models import judge_kernels, judge_release
from .verdicts import OK, REFUSE, UNKNOWN, WARN, Judgement, Verdict, report


@dataclass(frozen=True)
class Site:
    """All that the rules look at."""

    engine: Engine
    models: tuple[WantedModel, ...]
    hosts: tuple[WantedHost, ...]
    hardware: Hardware
    catalog: Catalog
    allow_unknown: bool = False

    @property
    def has_engines(self) -> bool:
        return bool(self.models and self.engine.image)

    @cached_property
    def joined(self) -> tuple[Host, ...]:
        return join(self.hosts, self.hardware)

    @cached_property
    def demands(self) -> tuple[Release | None, tuple[bool, ...]]:
        """What the models ask of any image, as Situation wants it."""
        oldest = [model.settings.min_vllm for model in self.models if model.settings.min_vllm]
        asks = {asks_for_compat(model.settings.environment) for model in self.models}
        return max(oldest, default=None), tuple(sorted(asks)) or (False,)


@dataclass(frozen=True)
class Compared:
    """What the plan tells of hosts and image, and the judgements behind it.

    ``has_doubts`` says that so little is known of the image that all but refusals of hosts would repeat that.
    """

    hosts: list[dict[str, Any]]
    image: dict[str, Any]
    judgements: Mapping[Likeness, Judgement]
    has_doubts: bool


def check(site: Site, findings: Findings) -> Compared:
    """Run every rule on what the inventory wants. Refusals end the planning, the rest is part of the plan."""
    build = build_of_engine(site.engine, site.catalog)
    open_questions = list(doubts(site.engine, build, site.catalog)) if site.has_engines else []
    has_doubts = any(doubt.level != WARN for doubt in open_questions)
    report(open_questions, site.allow_unknown, findings)
    report(judge_release(site.models, site.engine), site.allow_unknown, findings)
    report(judge_kernels(site.models, site.hardware, site.catalog), site.allow_unknown, findings)

    groups = alike((host, host.wanted.driver) for host in site.joined)
    judgements = {key: judge_group(site, build, group) for key, group in groups.items()}
    for key, group in groups.items():
        report(tell(site, build, group, judgements[key], has_doubts), site.allow_unknown, findings)
        report(_tell_observed(site, group), site.allow_unknown, findings)
    return Compared(
        hosts=[
            _host_row(host, build, judgements[likeness(host, host.wanted.driver)]) for host in site.joined
        ],
        image=_image_row(site, build, groups, judgements),
        judgements=judgements,
        has_doubts=has_doubts,
    )


def situation(site: Site, group: Alike) -> Situation:
    return Situation(group.gpus, group.driver, *site.demands)


def judge_group(site: Site, build: Build, group: Alike) -> Judgement:
    """The image on hosts with the same GPUs and driver."""
    if not site.has_engines:
        return Judgement(OK, "no model runs on a GPU")
    if not group.gpus:
        return Judgement(UNKNOWN, "the GPUs are unknown, so nothing was compared")
    return situation(site, group).judge(build)


def tell(site: Site, build: Build, group: Alike, judgement: Judgement, has_doubts: bool) -> Iterator[Verdict]:
    """A judgement in words that name the variable and what to do."""
    variable = site.engine.variable
    if judgement.level == REFUSE:
        told = f"{build} cannot run on {group}: {judgement.reason}"
        yield Verdict(REFUSE, variable, told, ways_out(situation(site, group), site.engine, site.catalog))
    elif has_doubts or judgement.level == OK:
        return
    elif not group.gpus:
        if site.hardware.kinds:
            told = "the GPUs there are unknown, so nothing was compared"
            yield Verdict(WARN, f"inference_host_gpus of {listed(group.names)}", told)
    elif judgement.level == WARN and not build.is_comparable:
        return  # said once, about the image
    elif judgement.level == WARN and group.driver is None:
        told = "is not set, so driver and CUDA were not compared"
        yield Verdict(WARN, f"{HOST_DRIVER} of {listed(group.names)}", told)
    elif judgement.level == WARN:
        yield Verdict(WARN, variable, f"{build} on {group}: {judgement.reason}")
    else:
        told = f"whether {build} runs on {group} is unknown: {judgement.reason}"
        fix = judgement.fix or ways_out(situation(site, group), site.engine, site.catalog)
        yield Verdict(UNKNOWN, variable, told, fix)


def _observations(site: Site, group: Alike) -> Iterator[Observation]:
    """What was seen of this release on such a card, unless the driver is known to be of another branch."""
    keys = {gpu.key for gpu in group.gpus}
    for seen in site.catalog.observations if site.has_engines and site.engine.is_official else ():
        is_same_branch = group.driver is None or group.driver.branch == seen.driver.branch
        if seen.release == site.engine.release and seen.gpu in keys and is_same_branch:
            yield seen


def _tell_observed(site: Site, group: Alike) -> Iterator[Verdict]:
    for seen in _observations(site, group):
        if seen.outcome == FAILED:
            told = f"recorded observation: vLLM {seen.release} failed on {seen.gpu} with driver {seen.driver}"
            yield Verdict(WARN, site.engine.variable, f"{told}: {seen.told} ({seen.source})")


def _host_row(host: Host, build: Build, judgement: Judgement) -> dict[str, Any]:
    driver = host.wanted.driver
    return {
        **host.as_plain(),
        "driver": str(driver) if driver else None,
        "cuda": build.cuda or None,
        "verdict": judgement.level,
        "reasons": [judgement.reason],
    }


def _image_row(
    site: Site, build: Build, groups: dict[Likeness, Alike], judgements: dict[Likeness, Judgement]
) -> dict[str, Any]:
    because = [f"{group}: {judgements[key].reason}" for key, group in groups.items()]
    for group in groups.values():
        because += [
            f"{group}: seen to work with driver {seen.driver}: {seen.told} ({seen.source})"
            for seen in _observations(site, group)
            if seen.outcome != FAILED
        ]
    return {
        "image": site.engine.image,
        "release": site.engine.version or None,
        "cuda": build.cuda or None,
        "bytes": build.bytes or None,
        "allowed": True,  # a refusal leaves no plan
        "because": because or ["no GPU host is known, so nothing was compared"],
    }
