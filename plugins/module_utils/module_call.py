# SPDX-License-Identifier: Apache-2.0
"""What a module's code needs of AnsibleModule, so that it also runs where there is none: in an action."""

from __future__ import annotations

from typing import Any, NoReturn, Protocol


class ModuleCall(Protocol):
    """One call: checked options in, a result or a failure out."""

    argument_spec: dict[str, Any]
    params: dict[str, Any]
    check_mode: bool
    # Values that no result shows.
    no_log_values: set[str]

    def exit_json(self, **kwargs: Any) -> NoReturn: ...
    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn: ...
