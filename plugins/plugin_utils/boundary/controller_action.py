# SPDX-License-Identifier: Apache-2.0
"""Runs a module's own code in the task's process where the task's target is the controller itself.

Starting a module takes longer than most questions to a cluster do: it is packed, a Python starts, and imports
what the task's process has long imported. So an action calls the module's code. Wherever the task
runs somewhere else, as somebody else or with another Python, the module runs as always.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, Protocol

from ansible import constants
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ...module_utils.module_call import ModuleCall
from .plain import plain


class Module(Protocol):
    """A file of plugins/modules/ whose code an action can call."""

    ARGUMENTS: dict[str, dict[str, Any]]

    @property
    def run(self) -> Callable[[ModuleCall], None]: ...


class Ended(BaseException):
    """The call has its result. No handler of errors may stop it, as none stops the end of a process."""


class Call:
    """Stands in for AnsibleModule: the same checks before, the same form of a result after."""

    def __init__(
        self, name: str, argument_spec: dict[str, dict[str, Any]], given: Any, check_mode: bool = False
    ) -> None:
        self.name = name
        # Defaults are copied: a loop calls the code several times in one process.
        self.argument_spec = copy.deepcopy(argument_spec)
        self.params: dict[str, Any] = _through_json(plain(given))
        self.check_mode = check_mode
        self.no_log_values: set[str] = set()
        self._result: dict[str, Any] = {}

    def answer(self, code: Callable[[ModuleCall], None]) -> dict[str, Any]:
        """What the module would have printed."""
        try:
            self._check()
            code(self)
        except Ended:
            return self._result
        raise AssertionError(f"{self.name} ended without a result")

    def exit_json(self, **kwargs: Any) -> NoReturn:
        kwargs.setdefault("invocation", {"module_args": self.params})
        self._result = _through_json(remove_values(kwargs, self.no_log_values))
        raise Ended

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        self.exit_json(**{**kwargs, "failed": True, "msg": str(msg)})

    def _check(self) -> None:
        found = ArgumentSpecValidator(self.argument_spec).validate(self.params)
        self.params.update(found.validated_parameters)
        self.no_log_values.update(found._no_log_values)
        if found.error_messages:
            message = found.errors.msg
            if isinstance(found.errors[0], UnsupportedError):
                message = f"Unsupported parameters for ({self.name}) module: {message}"
            self.fail_json(message)


class ControllerAction(NormalAction):
    """The base of an action of the same name as its module, which it names."""

    module: Module

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        if not self._is_here(task_vars or {}):
            return super().run(tmp, task_vars)  # type: ignore[no-any-return]
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        call = Call(self._task.action, self.module.ARGUMENTS, self._task.args, self._task.check_mode)
        with _as_its_process(environment, self._loader.get_basedir()):
            return call.answer(self.call)

    def call(self, call: ModuleCall) -> None:
        """Run the module's code. For those that hand it more than the call."""
        self.module.run(call)

    def say(self, call: ModuleCall) -> Callable[[str], None]:
        """Shows lines while the code runs, as far as a result may show them."""

        headline = [f"{self._task.get_name()}:"]

        def show(line: str) -> None:
            if self._task.no_log:
                return
            # Where skipped hosts are not displayed, Ansible's own headline comes with the task's result.
            for text in [*headline, f"  {remove_values(line, call.no_log_values)}"]:
                Display().display(text)
            headline.clear()

        return show

    def _is_here(self, variables: Mapping[str, Any]) -> bool:
        """Whether the module would run on this machine, as this user, at once, and with this Python."""
        return (
            self._connection.transport == "local"
            and not self._connection.become
            and not self._task.async_val
            and self._interpreter(variables) == sys.executable
        )

    def _interpreter(self, variables: Mapping[str, Any]) -> str:
        target = self._task.delegate_to
        known = variables.get("ansible_delegated_vars", {}).get(target, {}) if target else variables
        configured = constants.config.get_config_value("INTERPRETER_PYTHON", variables=known)
        return str(self._templar.template(configured)).strip()


@contextlib.contextmanager
def _as_its_process(environment: Mapping[str, Any], folder: str) -> Iterator[None]:
    """The environment and the folder that a module's process would have."""
    before, earlier = dict(os.environ), Path.cwd()
    os.environ.update({name: str(value) for name, value in environment.items()})
    os.chdir(folder or earlier)
    try:
        yield
    finally:
        os.chdir(earlier)
        os.environ.clear()
        os.environ.update(before)


def _through_json(value: Any) -> Any:
    """As it arrives in another process."""
    return json.loads(json.dumps(value))
