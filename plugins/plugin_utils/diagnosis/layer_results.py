# SPDX-License-Identifier: Apache-2.0
"""The result of one layer: a status, what was seen, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

OK, DEGRADED, BROKEN = "ok", "degraded", "broken"
# Unknown; after a broken layer this is shown as "not reached".
UNKNOWN, NOT_REACHED = "unknown", "not_reached"
# The site does not have it, or wants it off.
NOT_APPLICABLE = "not_applicable"

# From the worst to the best.
_ORDER = (BROKEN, DEGRADED, UNKNOWN, OK, NOT_APPLICABLE)


@dataclass(frozen=True)
class Finding:
    """One thing of a layer: a host, a model, the gateway."""

    status: str
    subject: str
    evidence: str
    next_step: str = ""

    def as_plain(self) -> dict[str, str]:
        return {
            "status": self.status,
            "subject": self.subject,
            "evidence": self.evidence,
            "next_step": self.next_step,
        }


def ok(subject: str, evidence: str) -> Finding:
    return Finding(OK, subject, evidence)


def degraded(subject: str, evidence: str, next_step: str) -> Finding:
    return Finding(DEGRADED, subject, evidence, next_step)


def broken(subject: str, evidence: str, next_step: str) -> Finding:
    return Finding(BROKEN, subject, evidence, next_step)


def unknown(subject: str, evidence: str) -> Finding:
    return Finding(UNKNOWN, subject, evidence)


def not_applicable(subject: str, evidence: str) -> Finding:
    return Finding(NOT_APPLICABLE, subject, evidence)


def worst(findings: Iterable[Finding]) -> str:
    """The status of a layer; one without anything in it does not apply."""
    found = {finding.status for finding in findings}
    return next((status for status in _ORDER if status in found), NOT_APPLICABLE)
