# SPDX-License-Identifier: Apache-2.0
"""The tiers that answer a request, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..reading.findings import Findings, suggest
from ..reading.tables import Table, describe

VARIABLE = "inference_tiers"
GPU, CPU, CLOUD = "gpu", "cpu", "cloud"
BACKENDS = {GPU: "vllm", CPU: "ollama", CLOUD: "openai"}
OPENAI_URL = "https://api.openai.com/v1"
# US dollars, by LiteLLM's names. Without them LiteLLM's own list counts.
PRICES = ("input_cost_per_token", "output_cost_per_token")
_KEYS = {
    GPU: ("enabled", "backend", "timeout"),
    CPU: ("enabled", "backend", "timeout", "model", "source", "vision"),
    CLOUD: ("enabled", "backend", "timeout", "model", "api_key", "api_base", *PRICES),
}
# Seconds that one request may take: a long answer on a small GPU, a classification on a CPU, a hosted API.
_TIMEOUTS = {GPU: 300, CPU: 300, CLOUD: 120}


@dataclass(frozen=True)
class Tier:
    """One tier that is switched on. It knows whether a key was given, never the key."""

    name: str
    backend: str
    timeout: int
    model: str = ""
    source: str = ""
    api_base: str = ""
    vision: bool = False
    prices: Mapping[str, float] = field(default_factory=dict)


def read_tiers(value: object, findings: Findings) -> tuple[Tier, ...]:
    """The tiers that are on; the order in which they are written is the order of fallback."""
    table = Table({GPU: {}} if value is None else value, VARIABLE, findings)
    table.reject_unknown(BACKENDS)
    found = []
    for name, row in table.data.items():
        if name in BACKENDS and row is not False:
            tier = _read_tier(name, row, findings)
            if tier:
                found.append(tier)
    return tuple(found)


def _read_tier(name: str, row: object, findings: Findings) -> Tier | None:
    path = f"{VARIABLE}.{name}"
    if isinstance(row, (str, bool)):
        # Another text than a backend's name may be a key in the wrong place, so it is not repeated.
        is_harmless = isinstance(row, bool) or row in BACKENDS.values()
        told = f"must be a mapping, but is {describe(row) if is_harmless else 'a text'}"
        findings.problem(path, told, "Write false to switch the tier off.")
        return None
    table = Table(row, path, findings)
    table.reject_unknown(_KEYS[name])
    if not table.flag("enabled", True):
        return None
    backend = table.text("backend", BACKENDS[name])
    if backend != BACKENDS[name]:
        findings.problem(
            f"{path}.backend",
            f"is {backend!r}",
            suggest(backend, [BACKENDS[name]], f"Backends of the {name} tier"),
        )
    model = table.text("model")
    if name in (CPU, CLOUD) and not model:
        example = "qwen3:4b" if name == CPU else "gpt-4o-mini"
        if table.has("model") and not isinstance(table.data["model"], str):
            return None  # its type has been reported
        table.missing("model", f"Name the tier's model, for instance {example}, or remove the tier.")
        return None
    if name == CLOUD:
        _check_key(table, findings)
    return Tier(
        name=name,
        backend=backend,
        timeout=table.integer("timeout", _TIMEOUTS[name], minimum=1) or _TIMEOUTS[name],
        model=model,
        source=table.text("source"),
        api_base=table.text("api_base").rstrip("/"),
        vision=table.flag("vision", False),
        prices=_prices(table),
    )


def _prices(table: Table) -> dict[str, float]:
    found = {name: table.number(name) for name in PRICES if table.has(name)}
    if 0 < len(found) < len(PRICES):
        missing = next(name for name in PRICES if name not in found)
        table.missing(missing, "Give both prices, or none; 0 is a price.")
    return {name: price for name, price in found.items() if price is not None}


def _check_key(table: Table, findings: Findings) -> None:
    """Only whether a key was given matters here; its value is neither kept nor shown."""
    if "api_key" not in table.data:
        findings.warn(
            f"{table.path} has no api_key: OPENAI_API_KEY has to come from a Secret that exists already."
        )
    elif not table.data["api_key"]:
        table.findings.problem(
            table.at("api_key"), "is empty", "Put the key into the vault, or remove the cloud tier."
        )
