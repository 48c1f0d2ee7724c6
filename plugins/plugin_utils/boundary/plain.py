# SPDX-License-Identifier: Apache-2.0
"""Plain copies of values that Ansible's templating has tagged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """Copy ``value`` with exact built-in types only, so that a plan has no marks of its origin.

    Ansible marks strings, lists and mappings with where they come from; the marks are subclasses of the
    built-in types, hence each conversion names its target type.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    # join() always gives an exact str; str() may hand the object back.
    return "".join(str(value))
