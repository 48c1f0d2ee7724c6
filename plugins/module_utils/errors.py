# SPDX-License-Identifier: Apache-2.0
"""The collection's one exception hierarchy, and the one place where it becomes a failed task."""

from __future__ import annotations

from typing import Any, NoReturn, Protocol


class StackError(Exception):
    """Something that a person has to know. The message says what is wrong, the hint what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        if not self.hint:
            return self.message
        return f"{self.message.rstrip('.')}. {self.hint}"


class InvalidInput(StackError):
    """A variable or option cannot be used as it is."""


class Unreachable(StackError):
    """Nothing answered where a service was expected."""


class ProbeFailed(StackError):
    """Something answered, but not as promised."""


class DeadlineExceeded(StackError):
    """The time that was allowed ran out."""


class FailingModule(Protocol):
    """The part of AnsibleModule that the boundary needs."""

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn: ...


def fail(module: FailingModule, error: StackError, **results: Any) -> NoReturn:
    """End the module with a readable failure; ``results`` are what was learnt before it."""
    module.fail_json(msg=str(error), hint=error.hint, **results)
