"""How long a plan of 1,000 models on 1,000 hosts takes, beside reading the catalog from its files.

Usage: PYTHONPATH=.ansible/collections python -m tests.bench.planner [--rounds N]
Goal: below 2 s on one core.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.inference.stack.plugins.plugin_utils.planning.catalog.catalog import read_files
from ansible_collections.inference.stack.plugins.plugin_utils.planning.plan import compute

from tests.bench.report import ROOT, parser_of, verdict

MODELS = HOSTS = 1000
GOAL_S = 2.0
CARDS = ("rtx-3060-12gb", "a100-80gb", "h100-80gb", "l40s-48gb", "rtx-4090-24gb")
DRIVERS = ("575.64.03", "580.95.05", "590.48.01")


def site(row: dict[str, Any]) -> dict[str, Any]:
    """Models of their own in three modes, hosts with five kinds of cards and three drivers."""
    names = [f"model-{number}" for number in range(MODELS)]
    return {
        "catalog": {"models": {name: {**row, "repository": f"bench/{name}"} for name in names}},
        "models": [
            {"name": name, "mode": f"mode-{number % 3}", "aliases": [f"alias-{number}"]}
            for number, name in enumerate(names)
        ],
        "default_mode": "mode-0",
        "tiers": {"gpu": {}, "cpu": {"model": "qwen3:4b"}},
        "vllm_version": "0.11.0",
        "hosts": [
            {
                "name": f"host-{number}",
                "gpus": [{"gpu": CARDS[number % len(CARDS)], "count": 1 + number % 8}],
                "driver": DRIVERS[number % len(DRIVERS)],
            }
            for number in range(HOSTS)
        ],
    }


def seconds_of(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> int:
    rounds = parser_of(__doc__).parse_args().rounds
    catalog = ROOT / "catalog"
    raw = read_files(catalog)
    wanted = site(raw["models"]["qwen3-8b-awq"])
    planning, reading = [], []
    for _ in range(rounds):
        reading.append(seconds_of(lambda: read_files(catalog)))
        planning.append(seconds_of(lambda: compute(wanted, raw)))
    plan, read = statistics.median(planning), statistics.median(reading)
    print(
        f"plan     {MODELS} models on {HOSTS} hosts   {plan:6.2f} s  goal {GOAL_S:g} s: "
        f"{verdict(plan <= GOAL_S)}  ({plan / read:.0f} times reading the catalog)"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
