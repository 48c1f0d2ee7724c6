"""What the documentation of a module says about its options, fragments included."""

from __future__ import annotations

import importlib
import re
from types import ModuleType
from typing import Any

import yaml

_FRAGMENTS = "ansible_collections.inference.stack.plugins.doc_fragments"
_PARTS = ("type", "elements", "default", "choices", "required")


def documented_options(module: ModuleType) -> dict[str, Any]:
    """As Ansible puts them together: what the module says itself wins over its fragments."""
    documentation = yaml.safe_load(module.DOCUMENTATION)
    options: dict[str, Any] = {}
    for reference in documentation.get("extends_documentation_fragment", []):
        name, _, part = reference.removeprefix("inference.stack.").partition(".")
        fragment = importlib.import_module(f"{_FRAGMENTS}.{name}").ModuleDocFragment
        options |= yaml.safe_load(getattr(fragment, part.upper() or "DOCUMENTATION"))["options"]
    return options | documentation["options"]


def variables_of(option: dict[str, Any]) -> list[str]:
    """The environment variables that an option falls back to."""
    _, variables = option.get("fallback", (None, []))
    return list(variables)


def assert_same_options(documented: dict[str, Any], coded: dict[str, Any]) -> None:
    assert set(documented) == set(coded)
    for name, option in coded.items():
        for part in _PARTS:
            assert documented[name].get(part) == option.get(part), (name, part)
        described = str(documented[name]["description"])
        assert set(re.findall(r"E\((\w+)\)", described)) == set(variables_of(option)), name
        assert_same_options(documented[name].get("suboptions", {}), option.get("options", {}))
