"""Jobs for tests: small, quick, and against a server of the test."""

from __future__ import annotations

from typing import Any

from ansible_collections.inference.stack.plugins.module_utils.benchmarking.prompts import Scale
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.settings import (
    Load,
    Settings,
    Target,
    Workload,
)
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.slots import Job

KEY = "geheim-4711"


def settings(url: str, **load: Any) -> Settings:
    workload = Workload(input_tokens=30, output_tokens=3)
    return Settings(Target(url, "m", KEY, request_timeout=20), workload, Load(**load))


def job(url: str, share: int = 0, shares: int = 1, **load: Any) -> Job:
    chosen = settings(url, **load)
    return Job(
        chosen, "r1", {"include_usage": True}, Scale(), share, shares, chosen.load.concurrency // shares
    )
