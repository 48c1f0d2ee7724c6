"""How long a plan of 1,000 models on 1,000 hosts takes, beside reading the catalog from its files.

Usage: python -m tests.bench_planner [--rounds N]
Goal: below 2 s on one core.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.inference.stack.plugins.plugin_utils.planning.catalog import read_files
from ansible_collections.inference.stack.plugins.plugin_utils.planning.plan import compute

CATALOG = Path(__file__).resolve().parent.parent / "catalog"
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    raw = read_files(CATALOG)
    wanted = site(raw["models"]["qwen3-8b-awq"])
    planning, reading = [], []
    for _ in range(options.rounds):
        reading.append(seconds_of(lambda: read_files(CATALOG)))
        planning.append(seconds_of(lambda: compute(wanted, raw)))
    plan, read = statistics.median(planning), statistics.median(reading)
    verdict = "met" if plan <= GOAL_S else "MISSED"
    print(
        f"plan     {MODELS} models on {HOSTS} hosts   {plan:6.2f} s  goal {GOAL_S:g} s: {verdict}"
        f"  ({plan / read:.0f} times reading the catalog)"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
