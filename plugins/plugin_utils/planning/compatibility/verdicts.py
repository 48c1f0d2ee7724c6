# SPDX-License-Identifier: Apache-2.0
"""The answer of a rule, and its consequence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..inputs.wanted import ALLOW_UNKNOWN
from ..reading.findings import Findings

OK, WARN, UNKNOWN, REFUSE = LEVELS = ("ok", "warn", "unknown", "refuse")
RUNS = (OK, WARN)


@dataclass(frozen=True)
class Judgement:
    """Whether two things are compatible, why, and a special fix if there is one."""

    level: str
    reason: str
    fix: str = ""


@dataclass(frozen=True)
class Verdict:
    """What to report about one thing of the inventory."""

    level: str
    path: str
    message: str
    fix: str = ""


def worst(judgements: Iterable[Judgement]) -> Judgement:
    """The judgement that decides; the first one among equals."""
    return max(judgements, key=lambda judgement: LEVELS.index(judgement.level))


def report(verdicts: Iterable[Verdict], allow_unknown: bool, findings: Findings) -> None:
    """Refusals end the planning; unknowns do, too, unless the site allows them. The rest are warnings."""
    for verdict in verdicts:
        if verdict.level == REFUSE:
            findings.problem(verdict.path, verdict.message, verdict.fix)
        elif verdict.level == UNKNOWN and not allow_unknown:
            findings.problem(
                verdict.path,
                verdict.message,
                f"{verdict.fix} To continue anyway, set {ALLOW_UNKNOWN}: true.".strip(),
            )
        elif verdict.level != OK:
            findings.warn(f"{verdict.path}: {verdict.message}.")
