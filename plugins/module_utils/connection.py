# SPDX-License-Identifier: Apache-2.0
"""Options that say whom a module talks to. Where a task gives none, the environment may."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import env_fallback

from .errors import InvalidInput, fail
from .module_call import ModuleCall


def or_environment(option: dict[str, Any], *variables: str) -> dict[str, Any]:
    """The option, which falls back to the first of these variables that is set where the module runs."""
    return {**option, "fallback": (env_fallback, list(variables))}


def require_given(module: ModuleCall, option: str) -> None:
    """Fail unless the task or the environment gave the option. An empty mapping is given.

    Modules call it first: what was forgotten must not look like a server that does not answer.
    """
    if module.params[option] in (None, ""):
        variables = " or ".join(module.argument_spec[option]["fallback"][1])
        fail(
            module,
            InvalidInput(f"{option} is missing: set the option or the environment variable {variables}"),
        )
