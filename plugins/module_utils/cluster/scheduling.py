# SPDX-License-Identifier: Apache-2.0
"""What the scheduler says about a pod that it cannot place. Pure."""

from __future__ import annotations

import re

# "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). preemption: 0/2 …"
_HEAD = re.compile(
    r"^(0/\d+) nodes are available: (.*?)\.?(?:\.? (?:no new claims to deallocate|preemption:).*)?$", re.S
)


def refusal(message: str) -> str:
    """The part of the message that says why, on one line."""
    text = " ".join(message.split())
    found = _HEAD.match(text)
    return f"{found[1]} nodes available: {found[2].replace('node(s) had ', '')}" if found else text
