# SPDX-License-Identifier: Apache-2.0
"""After loading, the GPU's memory is used as planned. The caller measures; this only compares."""

from __future__ import annotations

from .promise import Memory
from .results import Result, judged, not_applicable
from .session import Session

NAME = "memory"
_GIB = 1024**3


def judge(memory: Memory) -> Result:
    """Less than planned is fine, unless it is less than the weights: then the model is not in this memory."""
    if memory.measured is None:
        return not_applicable(NAME, "the GPU's memory was not measured")
    measured = f"{memory.measured / _GIB:.1f} GiB used"
    figure = {"memory_used_bytes": float(memory.measured)}
    if not memory.expected:
        return not_applicable(NAME, f"{measured}; the plan has no figure", **figure)
    expected = f"at most {memory.expected / _GIB:.1f} GiB and {memory.tolerance:.0%}"
    seen = f"{measured} of {memory.expected / _GIB:.1f} GiB planned"
    if memory.measured < memory.minimum * (1 - memory.tolerance):
        return judged(NAME, False, f"at least {memory.minimum / _GIB:.1f} GiB of weights", seen, **figure)
    return judged(NAME, memory.measured <= memory.expected * (1 + memory.tolerance), expected, seen, **figure)


def check(session: Session) -> list[Result]:
    return [judge(session.promise.memory)]
