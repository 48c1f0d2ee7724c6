# SPDX-License-Identifier: Apache-2.0
"""What to measure, where and how. Names are those of the module's options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import InvalidInput
from ..probing.answering_tier import require_known_tier

RANDOM, FILE, SHARED_PREFIX = "random", "file", "shared_prefix"
DATASETS = (RANDOM, FILE, SHARED_PREFIX)
SLOS = ("ttft", "tpot", "e2el")
_LARGEST_LOAD = 4096  # streams at once; each is a thread


@dataclass(frozen=True)
class Target:
    """Whom to ask."""

    base_url: str
    model: str
    api_key: str = ""
    request_timeout: float = 300.0
    validate_certs: bool = True
    ca_path: str = ""
    proxy: str = ""


@dataclass(frozen=True)
class Workload:
    """What to ask. Lengths are in tokens; ``spread`` 0.2 means between 80 % and 120 % of a length."""

    dataset: str = RANDOM
    dataset_path: str = ""
    input_tokens: int = 128
    output_tokens: int = 128
    prefix_tokens: int = 0
    spread: float = 0.0
    ignore_eos: bool = False
    unique_prompts: bool = True
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True)
class Load:
    """How to ask. Without a rate the loop is closed: each slot asks again as soon as it has its answer."""

    concurrency: int = 1
    requests: int = 32
    request_rate: float = 0.0
    duration: float = 0.0
    warmup: int = 1
    processes: int = 0

    @property
    def open_loop(self) -> bool:
        return self.request_rate > 0


@dataclass(frozen=True)
class Settings:
    """A whole measurement. ``slo`` holds milliseconds by the names of SLOS."""

    target: Target
    workload: Workload = field(default_factory=Workload)
    load: Load = field(default_factory=Load)
    slo: Mapping[str, float] = field(default_factory=dict)
    tier_map: Mapping[str, str] = field(default_factory=dict)
    expected_tier: str = ""

    def as_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, told: Mapping[str, Any]) -> Settings:
        parts = {"target": Target(**told["target"]), "workload": Workload(**told["workload"])}
        return cls(**{**told, **parts, "load": Load(**told["load"])})


def _at_least(option: str, value: float, least: float) -> None:
    if value < least:
        raise InvalidInput(f"{option} is {value:g} and must be at least {least:g}")


def _check_workload(workload: Workload) -> None:
    if workload.dataset == FILE and not workload.dataset_path:
        raise InvalidInput("dataset=file needs dataset_path", "Name a file with one JSON object per line.")
    if workload.dataset_path and workload.dataset != FILE:
        raise InvalidInput("dataset_path needs dataset=file")
    if workload.dataset == SHARED_PREFIX and workload.prefix_tokens < 1:
        raise InvalidInput("dataset=shared_prefix needs prefix_tokens", "Say how long the common part is.")
    if workload.prefix_tokens and workload.dataset != SHARED_PREFIX:
        raise InvalidInput("prefix_tokens needs dataset=shared_prefix")
    for option in ("input_tokens", "output_tokens"):
        _at_least(option, getattr(workload, option), 1)
    if not 0 <= workload.spread < 1:
        raise InvalidInput(f"spread is {workload.spread:g} and must be at least 0 and below 1")
    taken = {"model", "messages", "stream", "stream_options"} & set(workload.extra_body)
    if taken:
        raise InvalidInput(f"extra_body must not set {', '.join(sorted(taken))}", "The module sets it.")


def check(settings: Settings) -> None:
    """Raises InvalidInput for impossible options."""
    load = settings.load
    if not settings.target.model:
        raise InvalidInput("model is empty", "Name the served model.")
    if settings.target.request_timeout <= 0:
        raise InvalidInput("request_timeout must be above 0")
    _check_workload(settings.workload)
    for option in ("concurrency", "requests", "warmup"):
        _at_least(option, getattr(load, option), 1)
    for option in ("request_rate", "duration", "processes"):
        _at_least(option, getattr(load, option), 0)
    if load.concurrency > _LARGEST_LOAD:
        raise InvalidInput(f"concurrency is {load.concurrency}; one machine can be {_LARGEST_LOAD} clients")
    unknown = sorted(set(settings.slo) - set(SLOS))
    if unknown:
        raise InvalidInput(f"slo does not know {', '.join(unknown)}", f"It knows {', '.join(SLOS)}.")
    for name, limit in settings.slo.items():
        if isinstance(limit, bool) or not isinstance(limit, (int, float)) or limit <= 0:
            raise InvalidInput(f"slo.{name} is {limit!r} and must be milliseconds above 0")
    require_known_tier(settings.expected_tier, settings.tier_map)
