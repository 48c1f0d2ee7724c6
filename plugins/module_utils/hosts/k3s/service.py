# SPDX-License-Identifier: Apache-2.0
"""Whether the k3s service has come up, or will not. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

HEALTHY = "ok"
# So many starts that ended by themselves: waiting longer helps nobody.
GIVES_UP_AFTER = 5


class Since(NamedTuple):
    """How the service was before somebody started it. Empty where nobody did."""

    invocation: str = ""
    restarts: int = 0


def progress(unit: Mapping[str, str], kubelet: str, since: Since) -> dict[str, Any]:
    """How far the service has come since then. ``kubelet`` is HEALTHY or says what is wrong with it."""
    is_new = not since.invocation or unit["InvocationID"] != since.invocation
    is_up = unit["ActiveState"] == "active" and kubelet == HEALTHY and is_new
    words = [f"{key}={unit[key]}" for key in ("ActiveState", "SubState", "Result", "NRestarts")]
    return {
        "is_up": is_up,
        "gave_up": not is_up and restarts_since(unit, since) >= GIVES_UP_AFTER,
        "told": " ".join([f"Kubelet={kubelet}", *words]),
    }


def restarts_since(unit: Mapping[str, str], since: Since) -> int:
    """How often systemd restarted the service by itself since then.

    A restart in the middle of a crash loop keeps systemd's count; a start after a failure begins it anew.
    """
    restarts = int(unit["NRestarts"] or 0)
    return restarts - since.restarts if restarts >= since.restarts else restarts
