# SPDX-License-Identifier: Apache-2.0
"""Times as Kubernetes writes them. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def time_of(text: Any) -> datetime | None:
    """The moment; None where nothing or nonsense is written."""
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00")) if text else None
    except ValueError:
        return None
