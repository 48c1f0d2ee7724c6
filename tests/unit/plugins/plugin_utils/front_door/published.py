"""What the projects publish about the form of their objects: schemas/, each file with its source."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).with_name("schemas")


def closed(node: Any) -> Any:
    """The schema, in which what it does not name is wrong: an API server would drop it without a word."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: closed(value) for key, value in node.items()}
    open_anyway = {"additionalProperties", "x-kubernetes-preserve-unknown-fields"} & set(found)
    if isinstance(found.get("properties"), dict) and found.get("type") == "object" and not open_anyway:
        found["additionalProperties"] = False
    return found


@functools.cache
def _validator(kind: str) -> Draft202012Validator:
    schema = closed(json.loads((SCHEMAS / f"{kind.lower()}.json").read_text("utf-8"))["schema"])
    for part in (schema, *schema.get("definitions", {}).values()):
        if "metadata" in part.get("properties", {}):
            part["properties"]["metadata"] = {"type": "object"}
    return Draft202012Validator(schema)


def faults(thing: dict[str, Any]) -> list[str]:
    """What the published schema of its kind has against an object, each with its place."""
    found = _validator(thing["kind"]).iter_errors(thing)
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in found]
