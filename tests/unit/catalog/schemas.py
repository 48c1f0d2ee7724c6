"""The catalog's JSON Schemas, ready to ask."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

CATALOG = Path(__file__).resolve().parents[3] / "catalog"
SCHEMAS = CATALOG / "schemas"
SUFFIX = ".schema.json"
COMMON = "common"


@functools.cache
def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"{name}{SUFFIX}").read_text("utf-8"))
    return loaded


@functools.cache
def validator(name: str) -> Draft202012Validator:
    common = Resource.from_contents(schema(COMMON))
    return Draft202012Validator(schema(name), registry=Registry().with_resource(f"{COMMON}{SUFFIX}", common))


def mistakes(name: str, content: Any) -> list[str]:
    """What a file's schema has against a content, each with its place."""
    found = validator(name).iter_errors(content)
    return [f"{'.'.join(str(part) for part in error.path)}: {error.message}" for error in found]
