# SPDX-License-Identifier: Apache-2.0
"""The hand-over of a mode, for what Ansible hands to a filter. Pure."""

from __future__ import annotations

from typing import Any

from ...module_utils.mode import hand_over
from ..boundary.filters import read_rows
from ..boundary.plain import plain


def mode_objects(
    models: Any, mode: str, namespace: str, observed: Any, only_existing: bool = False
) -> list[dict[str, Any]]:
    """See hand_over.mode_objects."""
    rows = read_rows(models, "vllm_models")
    return hand_over.mode_objects(rows, str(mode), str(namespace), plain(observed), bool(only_existing))
