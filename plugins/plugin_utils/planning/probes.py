# SPDX-License-Identifier: Apache-2.0
"""When Kubernetes asks an engine how it is, and how long it waits before it acts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .catalog.model_rows import PROBES
from .naming import ENGINE_PORT

_STARTUP_PERIOD = 10


def engine_probes(load_timeout: int, over: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Kubernetes probes of one engine [seconds]; ``over`` is the model's own say, key by key.

    The startup probe covers loading, so the others need no initial delay: they begin when it has succeeded.
    Liveness is patient because an engine under load answers late and a restart costs a whole load.
    """
    numbers: dict[str, dict[str, Any]] = {
        "startup": {
            "periodSeconds": _STARTUP_PERIOD,
            "timeoutSeconds": 5,
            "failureThreshold": math.ceil(load_timeout / _STARTUP_PERIOD),
        },
        "readiness": {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 3},
        "liveness": {"periodSeconds": 20, "timeoutSeconds": 10, "failureThreshold": 6},
    }
    return {
        name: {"httpGet": {"path": "/health", "port": ENGINE_PORT}, **numbers[name], **over.get(name, {})}
        for name in PROBES
    }
