"""Just enough TOML to write containerd's configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping

Value = str | bool | int | list[str]


def quote(text: str) -> str:
    """A basic string; JSON's escapes are TOML's."""
    return json.dumps(text)


def render(value: Value) -> str:
    """A value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(quote(item) for item in value)}]"
    return quote(value) if isinstance(value, str) else str(value)


def table(name: str, values: Mapping[str, Value]) -> str:
    """A table with its values."""
    return "".join([f"\n[{name}]\n", *(f"  {key} = {render(value)}\n" for key, value in values.items())])
