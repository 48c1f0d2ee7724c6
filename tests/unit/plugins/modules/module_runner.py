"""Runs a module's main() in this process, as Ansible would call it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args


@dataclass(frozen=True)
class ModuleRun:
    """How the module ended."""

    exit_code: int
    result: dict[str, Any]

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed", False))


class ModuleRunner:
    """Calls modules and reads the JSON that they print."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def __call__(
        self,
        main: Callable[[], None],
        arguments: Mapping[str, Any] | None = None,
        *,
        check: bool = False,
    ) -> ModuleRun:
        self._capfd.readouterr()
        with (
            patch_module_args({**(arguments or {}), "_ansible_check_mode": check}),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        printed = self._capfd.readouterr().out
        code = ended.value.code
        return ModuleRun(exit_code=code if isinstance(code, int) else 0, result=json.loads(printed))
