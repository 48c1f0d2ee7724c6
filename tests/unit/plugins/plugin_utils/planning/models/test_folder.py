"""From a model's files to a row that the catalog takes as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.planning.models.folder import (
    catalog_row,
    read_folder,
    row_name,
)

from tests.unit.catalog.schemas import mistakes
from tests.unit.plugins.plugin_utils.planning.model_files import (
    GEMMA3,
    GEMMA3_VALUES,
    QWEN3_AWQ,
    QWEN3_BYTES,
    files,
    index,
    safetensors,
)
from tests.unit.plugins.plugin_utils.planning.sites import RAW, home_lab, plan

QWEN = "Qwen/Qwen3-8B-AWQ"
WHOLE = {**QWEN3_AWQ, "quantization_config": None, "torch_dtype": "bfloat16"}


def test_an_import_gives_the_numbers_that_the_catalog_has() -> None:
    ((name, row),) = catalog_row(files(QWEN3_AWQ), QWEN).items()
    known = RAW["models"][name]
    same = (
        *("repository", "revision", "weights_bytes", "layers", "attention_heads", "kv_heads", "head_dim"),
        *("hidden_size", "quantization", "gpu_memory_utilization", "gated", "source", "confidence"),
    )
    assert {key: row[key] for key in same} == {key: known[key] for key in same}
    assert row["parameters"] == pytest.approx(known["parameters"], rel=0.001)


@pytest.mark.parametrize(
    ("config", "values"),
    [(QWEN3_AWQ, {}), (WHOLE, {}), (GEMMA3, GEMMA3_VALUES)],
    ids=["awq", "16 bit", "gemma"],
)
def test_a_row_has_the_form_of_the_catalog_and_survives_yaml(
    config: dict[str, Any], values: dict[str, Any]
) -> None:
    row = catalog_row(files(config), "me/my_model-1.0", values=values)
    text = yaml.safe_dump(row, sort_keys=False)
    assert mistakes("models", {"models": yaml.safe_load(text)}) == []


def test_an_imported_row_can_be_planned() -> None:
    rows = catalog_row(files(QWEN3_AWQ), "me/mine", name="mine")
    site = home_lab(models=[{"name": "mine", "max_model_len": 8192}], catalog={"models": rows})
    row = plan(site)["memory"][0]
    assert (row["model"], row["kv_bytes_per_token"], row["weights_bytes"]) == (
        "mine",
        144 * 1024,
        QWEN3_BYTES,
    )


def test_what_the_caller_knows_enters_the_row() -> None:
    ((name, row),) = catalog_row(files(QWEN3_AWQ), QWEN, revision="abc", name="q", gated=True).items()
    assert (name, row["revision"], row["gated"]) == ("q", "abc", True)
    assert row["source"] == f"https://huggingface.co/{QWEN}/blob/abc/config.json"


@pytest.mark.parametrize(
    ("repository", "name"),
    [(QWEN, "qwen3-8b-awq"), ("a/Llama-3.2_3B--it", "llama-3.2-3b-it"), ("a/X.", "x")],
)
def test_names(repository: str, name: str) -> None:
    assert row_name(repository) == name


def test_whole_weights_tell_their_number() -> None:
    ((_, row),) = catalog_row(files(WHOLE, 16_000_000_000.0), QWEN).items()
    assert (row["weights_bytes"], row["parameters"]) == (16_000_000_000, 8_000_000_000)


@pytest.mark.parametrize(
    ("found", "repository", "told"),
    [
        ({**files(QWEN3_AWQ), "config": "{"}, QWEN, "hub/config.json is not JSON"),
        ({**files(QWEN3_AWQ), "config": "[]"}, QWEN, "hub/config.json does not hold a mapping"),
        ({**files(QWEN3_AWQ), "index": "{"}, QWEN, "hub/model.safetensors.index.json is not JSON"),
        (files(QWEN3_AWQ, None), QWEN, "hub/model.safetensors.index.json has no metadata.total_size"),
        ({**files(QWEN3_AWQ), "index": ""}, QWEN, "hub has neither model.safetensors.index.json nor"),
        (files(QWEN3_AWQ), "", "hub does not name its repository. Name it as on the hub"),
        (files(QWEN3_AWQ), "Qwen3-8B-AWQ", "import_model_repository is 'Qwen3-8B-AWQ'"),
    ],
)
def test_what_is_missing_is_told(found: dict[str, Any], repository: str, told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        catalog_row(found, repository)
    assert told in str(raised.value)


def folder_with(folder: Path, config: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_folder_with_an_index(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, QWEN3_AWQ)
    (folder / "model.safetensors.index.json").write_text(index(QWEN3_BYTES))
    ((_, row),) = catalog_row(read_folder(folder), QWEN).items()
    assert row["weights_bytes"] == QWEN3_BYTES


def test_headers_of_weights_stand_in_for_an_index(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, QWEN3_AWQ)
    safetensors(folder / "model-1.safetensors", {"a": ("BF16", [2, 3], 12), "b": ("F32", [5], 20)})
    safetensors(folder / "model-2.safetensors", {"c": ("F16", [4], 8)})
    found = read_folder(folder)
    assert (found["weights_bytes"], found["parameters"]) == (40, 15)
    # Packed numbers say nothing about how many there were.
    safetensors(folder / "model-2.safetensors", {"c": ("I32", [4], 16)})
    found = read_folder(folder)
    assert (found["weights_bytes"], found["parameters"]) == (48, None)


def test_a_folder_of_the_hubs_cache_tells_repository_and_revision(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "hub" / "models--Qwen--Qwen3-8B--AWQ" / "snapshots" / "abc", QWEN3_AWQ)
    found = read_folder(folder)
    assert (found["repository"], found["revision"]) == ("Qwen/Qwen3-8B--AWQ", "abc")


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nowhere is not a folder"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(InvalidInput, match=r"config\.json cannot be read: No such file"):
        read_folder(tmp_path)
    folder = folder_with(tmp_path, QWEN3_AWQ)
    for content in (b"", b"\xff" * 64, b"\x02" + b"\0" * 7 + b"[]", b"\x02" + b"\0" * 7 + b"{"):
        (folder / "model.safetensors").write_bytes(content)
        with pytest.raises(InvalidInput, match=r"model\.safetensors is not a safetensors file"):
            read_folder(folder)
