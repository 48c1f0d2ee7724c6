# SPDX-License-Identifier: Apache-2.0
"""Checked, plain copies of what Ansible hands to a filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from ansible.errors import AnsibleFilterError

from ...module_utils.errors import InvalidInput, StackError
from .plain import plain

Result = TypeVar("Result")


def read_rows(value: Any, what: str) -> list[dict[str, Any]]:
    """A list of mappings. Raises InvalidInput that names the wrong value."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence):
        raise InvalidInput(f"{what} is not a list.")
    rows = [plain(item) for item in value]
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise InvalidInput(f"Entry {number} of {what} is not a mapping.")
    return rows


def as_filter(function: Callable[..., Result]) -> Callable[..., Result]:
    """The boundary at which a StackError becomes a failed task."""

    @wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Result:
        try:
            return function(*args, **kwargs)
        except StackError as error:
            raise AnsibleFilterError(str(error)) from error

    return guarded
