"""What all benches share: the option --rounds, and the word for a goal."""

from __future__ import annotations

import argparse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MISSED_GOALS = """
A missed goal is reported, not hidden: the exit status is 0 as long as everything could be measured.
"""


def parser_of(description: str | None, rounds: int = 5) -> argparse.ArgumentParser:
    """The command line of a bench; the description is its module's docstring."""
    parser = argparse.ArgumentParser(
        description=description, epilog=MISSED_GOALS, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=rounds, help="how often each figure is measured")
    return parser


def verdict(met: bool) -> str:
    return "met" if met else "MISSED"


def near_one(ratio: float, goal: float) -> str:
    """The goal of a ratio that should be 1, and whether it is met."""
    return f"goal 1 ± {goal:g}: {verdict(abs(ratio - 1) <= goal)}"
