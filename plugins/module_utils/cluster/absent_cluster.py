# SPDX-License-Identifier: Apache-2.0
"""What modules share that report a missing cluster as a result, not as a failure.

Their options are documented in the fragment ``cluster.answers``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import StackError
from .api import Api
from .cluster_options import CLUSTER_OPTIONS
from .kubeconfig import read_access

ANSWER_OPTIONS: dict[str, dict[str, Any]] = {
    **CLUSTER_OPTIONS,
    "namespace": {"type": "str", "required": True},
    "config_maps": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "float", "default": 10.0},
}


def answer_of(
    params: Mapping[str, Any], nothing: Mapping[str, Any], read: Callable[[Api], Mapping[str, Any]]
) -> dict[str, Any]:
    """What ``read`` finds in the cluster, or ``nothing`` and the reason."""
    result: dict[str, Any] = {"answers": True, "reason": "", "server": "", **nothing}
    try:
        access = read_access(params["kubeconfig"], params["context"])
        result["server"] = access.server
        result.update(read(Api(access, params["timeout"])))
    except StackError as error:
        # A partial result would look as if the rest did not exist.
        result.update(nothing, answers=False, reason=str(error))
    return result
