# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.controller_file: a text goes into a file, without a second process."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils.boundary.plain import plain

ARGUMENTS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str", "required": True},
}
_MODE = 0o644


class ActionModule(ActionBase):
    """Writes a file of the controller as a whole, and in check mode only says whether it would."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, checked = self.validate_argument_spec(argument_spec=ARGUMENTS)
        arguments = plain(checked)
        path = Path(arguments["path"]).expanduser().resolve()
        content = arguments["content"].encode()
        try:
            changed = not path.is_file() or path.read_bytes() != content
            if changed and not self._task.check_mode:
                write(path, content)
        except OSError as error:
            raise AnsibleActionFail(f"{path} cannot be written: {error.strerror}") from None
        result.update(changed=changed, path=str(path))
        return result


def write(path: Path, content: bytes) -> None:
    """Readers see the old file or the new one, never half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), _MODE)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
