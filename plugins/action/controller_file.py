# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.controller_file: a text goes into a file, without a second process."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.boundary.computed_action import ComputedAction

ARGUMENTS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str", "required": True},
}
_MODE = 0o644


class ActionModule(ComputedAction):
    """Writes a file of the controller as a whole, and in check mode only says whether it would."""

    arguments = ARGUMENTS

    def answer(self, arguments: dict[str, Any]) -> dict[str, Any]:
        path = Path(arguments["path"]).expanduser().resolve()
        content = arguments["content"].encode()
        try:
            changed = not path.is_file() or path.read_bytes() != content
            if changed and not self._task.check_mode:
                write(path, content)
        except OSError as error:
            raise AnsibleActionFail(f"{path} cannot be written: {error.strerror}") from None
        return {"changed": changed, "path": str(path)}


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
