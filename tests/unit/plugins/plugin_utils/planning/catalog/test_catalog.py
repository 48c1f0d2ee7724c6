"""The catalog that is shipped is whole, each row with its source, and a site can lay its own rows over it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.planning.catalog import catalog
from ansible_collections.inference.stack.plugins.plugin_utils.planning.catalog.model_rows import CONFIDENCE
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.findings import Findings
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.versions import (
    Release,
    release_of_image,
)

from tests.unit.plugins.plugin_utils.planning.sites import RAW, home_lab, option, plan

ROWS = [(section, key, row) for section, rows in RAW.items() for key, row in rows.items()]


def load(overrides: Any = None) -> catalog.Catalog:
    findings = Findings()
    loaded = catalog.build(RAW, overrides, findings)
    findings.stop_on_problems()
    return loaded


def test_the_shipped_catalog_reads_without_a_finding() -> None:
    loaded = load()
    assert len(loaded.models) >= 12
    assert set(loaded.models) == set(RAW["models"])
    assert len(loaded.gpus) >= 20


@pytest.mark.parametrize(("section", "key", "row"), ROWS, ids=[f"{row[0]}-{row[1]}" for row in ROWS])
def test_each_row_names_its_source(section: str, key: str, row: dict[str, Any]) -> None:
    assert str(row["source"]).startswith("https://")
    assert row["confidence"] in CONFIDENCE
    assert set(row.get("recalled", [])) <= set(row)


@pytest.mark.parametrize("key", sorted(RAW["models"]))
def test_each_model_has_the_figures_that_memory_needs(key: str) -> None:
    model = load().models[key]
    assert model.weights_bytes and model.layers and model.kv_heads and model.head_dim
    assert model.licence and model.display_name
    assert ("tools" in model.capabilities) <= bool(model.tool_parser)
    assert ("reasoning" in model.capabilities) <= bool(model.reasoning_parser)


def test_what_the_catalog_says_of_users_and_costs_is_read() -> None:
    models = load().models
    assert models["qwen-qwq-32b"].concurrent_users == {"a100-80gb": (4, 4), "2x a100-80gb": (8, 12)}
    assert models["llama-3-8b"].cost_per_1k_tokens == {"input": 0.0005, "output": 0.0015}
    assert models["mistral-7b"].cost_per_1k_tokens == {"input": 0.0003, "output": 0.0009}
    assert models["qwen3-8b-awq"].floor_tokens_per_second == {"rtx-3060-12gb": 30}


def test_a_model_that_starts_slowly_keeps_its_timings() -> None:
    r1 = load().models["deepseek-r1-distill-qwen-7b-awq"]
    assert r1.probes == {"liveness": {"initialDelaySeconds": 120}, "readiness": {"initialDelaySeconds": 90}}
    assert r1.load_timeout == 210


def test_pci_ids_belong_to_one_gpu_each() -> None:
    ids = [pci_id for gpu in load().gpus.values() for pci_id in gpu.pci_ids]
    assert len(ids) == len(set(ids))


def test_release_ranges_do_not_overlap() -> None:
    ranges = load().vllm_releases
    for before, after in pairwise(ranges):
        assert before.first <= before.last < after.first


@pytest.mark.parametrize(
    ("release", "cuda"),
    [
        ("0.6.3", None),
        ("0.8.5.post1", "12.4.1"),
        ("0.8.5", "12.4.1"),
        ("0.9.0", "12.8.1"),
        ("0.10.1", None),
        ("0.15.1", "12.9.1"),
        ("0.27.0", None),
        ("0.29.0", "13.0"),
        ("0.32.0", None),
    ],
)
def test_what_is_known_of_a_release(release: str, cuda: str | None) -> None:
    parsed = Release.parse(release)
    assert parsed
    found = load().release(parsed)
    assert (found.cuda if found else None) == cuda


def test_releases_come_in_order() -> None:
    texts = ["0.5.5", "0.8.5rc1", "0.8.5", "0.8.5.post1", "0.9.0", "0.10.0", "1.0"]
    parsed = [Release.parse(text) for text in texts]
    assert parsed == sorted(parsed, key=lambda release: release or Release(0, 0))
    assert [str(release) for release in parsed] == [*texts[:-1], "1.0.0"]
    assert Release.parse("nightly") is None


@pytest.mark.parametrize(
    ("image", "release"),
    [
        ("vllm/vllm-openai:v0.8.5.post1", "0.8.5.post1"),
        ("reg:5000/v:0.20.0-cu129@sha256:ab", "0.20.0"),
        ("reg:5000/v", None),
        ("vllm/vllm-openai:latest", None),
    ],
)
def test_tags_tell_releases(image: str, release: str | None) -> None:
    found = release_of_image(image)
    assert (str(found) if found else None) == release


def test_a_site_lays_rows_over_the_catalog() -> None:
    mine = {"models": {"qwen3-8b-awq": {"max_model_len": 4096}, "new": {"repository": "me/new"}}}
    loaded = load(mine)
    assert loaded.models["qwen3-8b-awq"].max_model_len == 4096
    assert loaded.models["qwen3-8b-awq"].quantization == "awq_marlin"
    assert loaded.models["new"].repository == "me/new"


def test_an_entry_lays_keys_over_the_row_but_flags_only_add() -> None:
    entry = {"name": "qwen3-8b-awq", "max_model_len": 4096, "arguments": ["--seed", "1", "--enforce-eager"]}
    words = plan(home_lab(models=[entry]))["vllm_models"][0]["arguments"]
    assert option(words, "--max-model-len") == "4096"
    assert words[-3:] == ["--enforce-eager", "--seed", "1"]


@pytest.mark.parametrize(
    ("version", "present", "absent"),
    [
        ("0.8.5.post1", ["--enable-reasoning", "deepseek_r1"], ["qwen3"]),
        ("0.9.0", ["--reasoning-parser", "qwen3"], ["--enable-reasoning", "deepseek_r1"]),
        ("0.30.0", ["--reasoning-parser", "qwen3"], ["--enable-reasoning"]),
    ],
)
def test_flags_speak_the_dialect_of_the_release(version: str, present: list[str], absent: list[str]) -> None:
    words = plan(home_lab(vllm_version=version))["vllm_models"][0]["arguments"]
    assert set(present) <= set(words)
    assert not set(absent) & set(words)


def test_tools_and_reasoning_exclude_each_other_on_old_releases() -> None:
    catalog_rows = {"models": {"qwen3-8b-awq": {"min_vllm": None}}}
    site = home_lab(models=["qwen3-8b-awq"], vllm_version="0.7.3", catalog=catalog_rows)
    found = plan(site)
    assert "--tool-call-parser" in found["vllm_models"][0]["arguments"]
    assert "--reasoning-parser" not in found["vllm_models"][0]["arguments"]
    assert any("cannot parse tools and reasoning together" in text for text in found["warnings"])


def test_optional_flags_come_from_their_keys() -> None:
    entry = {
        "name": "llama-3.1-70b",
        "revision": "abc",
        "kv_cache_dtype": "fp8",
        "max_num_seqs": 8,
        "gpu_memory_utilization": 0.925,
    }
    hosts = [{"name": "w", "gpus": [{"gpu": "h100-80gb", "count": 2}]}]
    words = plan(home_lab(models=[entry], hosts=hosts, vllm_version="0.11.0"))["vllm_models"][0]["arguments"]
    expected = {
        "--revision": "abc",
        "--dtype": "bfloat16",
        "--kv-cache-dtype": "fp8",
        "--max-num-seqs": "8",
        "--gpu-memory-utilization": "0.925",
        "--tensor-parallel-size": "2",
    }
    assert {flag: option(words, flag) for flag in expected} == expected


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"models\.yml cannot be read"):
        catalog.read_files(tmp_path)
    (tmp_path / "models.yml").write_text("a: [")
    with pytest.raises(InvalidInput, match=r"models\.yml is not YAML"):
        catalog.read_files(tmp_path)
    (tmp_path / "models.yml").write_text(yaml.safe_dump({"modles": {}}))
    with pytest.raises(InvalidInput, match=r"models\.yml has no mapping 'models'"):
        catalog.read_files(tmp_path)
