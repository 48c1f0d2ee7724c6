"""Each file of the catalog has a schema that it keeps, that readers agree with, and that catches slips."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.plugin_utils.planning.catalog import catalog, image_rows
from ansible_collections.inference.stack.plugins.plugin_utils.planning.catalog import model_rows as rows
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.findings import Findings
from jsonschema import Draft202012Validator

from tests.unit.catalog.schemas import CATALOG, COMMON, SCHEMAS, SUFFIX, mistakes, schema

FILES = sorted(path.stem for path in CATALOG.glob("*.yml"))
CONTENT = {name: yaml.safe_load((CATALOG / f"{name}.yml").read_text("utf-8")) for name in FILES}
ROWS = [(name, section, key) for name in FILES for section in CONTENT[name] for key in CONTENT[name][section]]
PROVENANCE = {"source", "confidence", "recalled", "notes"}
# Sections that nobody reads row by row.
UNREAD = {"cuda_compat", "litellm_supported"}


def nested(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping inside a schema."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from nested(item)
    elif isinstance(value, list):
        for item in value:
            yield from nested(item)


def row_schema(name: str, section: str) -> dict[str, Any]:
    """The part of a file's schema that describes one row of a section."""
    whole = schema(name)
    rows_of: dict[str, Any] = whole["properties"][section]["additionalProperties"]
    if "$ref" in rows_of:
        rows_of = whole["$defs"][rows_of["$ref"].rsplit("/", 1)[1]]
    return rows_of


def with_row(name: str, section: str, changes: dict[str, Any], key: str = "") -> dict[str, Any]:
    """A whole file whose row has been changed; None takes a key away."""
    content: dict[str, Any] = copy.deepcopy(CONTENT[name])
    row = content[section][key or next(iter(content[section]))]
    row.update({key: value for key, value in changes.items() if value is not ...})
    for gone in [key for key, value in changes.items() if value is ...]:
        del row[gone]
    return content


def test_each_file_has_a_schema_and_each_schema_a_file() -> None:
    assert {path.name.removesuffix(SUFFIX) for path in SCHEMAS.iterdir()} == {*FILES, COMMON}


@pytest.mark.parametrize("name", FILES)
def test_a_file_keeps_its_schema(name: str) -> None:
    assert mistakes(name, CONTENT[name]) == []


@pytest.mark.parametrize("name", FILES)
def test_a_file_tells_editors_its_schema(name: str) -> None:
    first = (CATALOG / f"{name}.yml").read_text("utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema=schemas/{name}{SUFFIX}"


@pytest.mark.parametrize("name", [*FILES, COMMON])
def test_a_schema_is_one_closed_and_described(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    for part in nested(schema(name)):
        if part.get("type") == "object":
            assert "additionalProperties" in part, part
        for key, entry in part.get("properties", {}).items():
            if isinstance(entry, dict) and "if" not in part and "contains" not in entry:
                assert "description" in entry or "$ref" in entry, key


def test_files_and_reader_name_the_same_sections() -> None:
    found = {section: f"{name}.yml" for name in FILES for section in schema(name)["properties"]}
    assert found == dict(catalog.SECTIONS)


def reader_keys(section: str) -> set[str]:
    """The keys that a row may have, which the reader names when it meets one that it does not know."""
    findings = Findings()
    catalog.build({section: {"0.1": {"§": 1}}}, None, findings)
    told = next(problem for problem in findings.problems if problem.message == "is not a known key")
    return set(told.fix.removeprefix("Known: ").removesuffix(".").split(", "))


@pytest.mark.parametrize("section", sorted(set(catalog.SECTIONS) - UNREAD))
def test_schema_and_reader_know_the_same_keys(section: str) -> None:
    name = catalog.SECTIONS[section].removesuffix(".yml")
    assert set(row_schema(name, section)["properties"]) == reader_keys(section)


def test_choices_are_those_of_the_reader() -> None:
    model = row_schema("models", "models")["properties"]
    assert model["capabilities"]["items"]["enum"] == list(rows.CAPABILITIES)
    assert set(model["probes"]["properties"]) == set(rows.PROBES)
    assert set(schema("models")["$defs"]["timings"]["properties"]) == set(rows.PROBE_TIMINGS)
    assert model["dtype"]["enum"] == list(rows.DTYPES)
    assert model["kv_cache_dtype"]["enum"] == list(rows.KV_CACHE_DTYPES)
    assert set(model["cost_per_1k_tokens"]["properties"]) == set(rows.COSTS)
    assert schema(COMMON)["$defs"]["confidence"]["enum"] == list(rows.CONFIDENCE)
    compat = row_schema("vllm_releases", "vllm_releases")["properties"]["cuda_compat"]["enum"]
    assert compat == list(image_rows.COMPAT)
    assert set(compat) == set(CONTENT["cuda"]["cuda_compat"])
    outcome = row_schema("observations", "observations")["properties"]["outcome"]["enum"]
    assert outcome == list(image_rows.OUTCOMES)


@pytest.mark.parametrize(("name", "section", "key"), ROWS, ids=[f"{row[1]}-{row[2]}" for row in ROWS])
def test_what_a_row_recalls_is_in_it(name: str, section: str, key: str) -> None:
    row = CONTENT[name][section][key]
    assert set(row.get("recalled", [])) <= set(row) - PROVENANCE


@pytest.mark.parametrize(("name", "section"), sorted({(row[0], row[1]) for row in ROWS}))
@pytest.mark.parametrize(
    "changes",
    [
        {"sorce": "https://example.org"},
        {"source": ...},
        {"source": "a colleague"},
        {"confidence": ...},
        {"confidence": "sure"},
        {"recalled": "licence"},
        {"notes": ["a"]},
    ],
    ids=["unknown key", "no source", "no address", "no confidence", "other confidence", "text", "list"],
)
def test_slips_in_where_a_row_comes_from_are_caught(name: str, section: str, changes: dict[str, Any]) -> None:
    assert mistakes(name, with_row(name, section, changes)) != []


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"layers": "36"}, "layers"),
        ({"layers": 0}, "layers"),
        ({"layers": ...}, "models.qwen3-8b-awq"),
        ({"weights_bytes": -1}, "weights_bytes"),
        ({"weights_bytes": 5.68}, "weights_bytes"),
        ({"repository": "Qwen3-8B-AWQ"}, "repository"),
        ({"repository": "https://huggingface.co/Qwen/Qwen3-8B-AWQ"}, "repository"),
        ({"min_vllm": 0.8}, "min_vllm"),
        ({"min_vllm": "v0.8.4"}, "min_vllm"),
        ({"gpu_memory_utilization": 90}, "gpu_memory_utilization"),
        ({"gpus": 0}, "gpus"),
        ({"gpus": "all"}, "gpus"),
        ({"capabilities": ["fly"]}, "capabilities"),
        ({"capabilities": []}, "capabilities"),
        ({"tool_parser": ...}, "models.qwen3-8b-awq"),
        ({"reasoning_parser": ...}, "models.qwen3-8b-awq"),
        ({"arguments": "--enforce-eager"}, "arguments"),
        ({"floor_tokens_per_second": {"rtx-3060-12gb": "30"}}, "floor_tokens_per_second"),
        ({"concurrent_users": {"a100-80gb": [4]}}, "concurrent_users"),
        ({"concurrent_users": {"A100": [4, 8]}}, "concurrent_users"),
        ({"cost_per_1k_tokens": {"input": 1}}, "cost_per_1k_tokens"),
        ({"cost_per_1k_tokens": {"input": -1, "output": 0}}, "cost_per_1k_tokens"),
        ({"probes": {"live": {}}}, "probes"),
        ({"probes": {"liveness": {"initialDelay": 120}}}, "probes"),
        ({"resources": {"requests": {"nvidia.com/gpu": 1}}}, "resources"),
        ({"kv_cache_dtype": "fp4"}, "kv_cache_dtype"),
        ({"gated": "yes"}, "gated"),
        ({"archive_url": "https://x"}, "models.qwen3-8b-awq"),
        ({"archive_url": "https://x", "archive_checksum": "md5:1"}, "archive_checksum"),
    ],
)
def test_slips_in_a_model_are_caught(changes: dict[str, Any], place: str) -> None:
    found = mistakes("models", with_row("models", "models", changes))
    assert found
    assert all(place in told for told in found)


def test_names_of_models_are_such_that_inventories_can_write_them() -> None:
    row = next(iter(CONTENT["models"]["models"].values()))
    assert mistakes("models", {"models": {"my-model.2": row}}) == []
    assert mistakes("models", {"models": {"My Model": row}}) != []
    assert mistakes("models", {"models": {}, "modles": {}}) != []


@pytest.mark.parametrize(
    "gpus", [gpus for row in CONTENT["models"]["models"].values() for gpus in row.get("concurrent_users", {})]
)
def test_users_are_told_for_gpus_of_the_catalog(gpus: str) -> None:
    assert gpus.rsplit(" ", 1)[-1] in CONTENT["gpus"]["gpus"]


@pytest.mark.parametrize("name", sorted(CONTENT["models"]["models"]))
def test_floors_are_told_for_gpus_of_the_catalog(name: str) -> None:
    assert set(CONTENT["models"]["models"][name]["floor_tokens_per_second"]) <= set(CONTENT["gpus"]["gpus"])


def test_schemas_travel_with_the_collection() -> None:
    allowed = yaml.safe_load(Path(CATALOG.parent, "galaxy.yml").read_text("utf-8"))["manifest"]["directives"]
    assert any(line.startswith("recursive-include catalog") and "*.json" in line for line in allowed)
