"""The Ollama model and its registry: consistent digests, a readable GGUF, the same bytes each time."""

from __future__ import annotations

import hashlib
import json
import struct
from array import array
from pathlib import Path
from typing import Any

import pytest

from lab.models.gguf_file import Tensor, write_gguf
from lab.models.make_ollama_model import byte_alphabet, make_ollama_model, vocabulary
from lab.models.make_vllm_model import digest_of, write_cache
from lab.models.ollama_registry import write_registry

REFERENCE = "lab/tiny:v1"


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    write_registry(tmp_path, REFERENCE, b"weights", "{{ .Prompt }}", {"num_ctx": 8}, "llama", "1K")
    return tmp_path / "v2" / "lab" / "tiny"


def manifest_of(registry: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((registry / "manifests" / "v1").read_bytes())
    return loaded


def test_each_blob_is_what_the_manifest_says(registry: Path) -> None:
    manifest = manifest_of(registry)
    described = [manifest["config"], *manifest["layers"]]
    for entry in described:
        data = (registry / "blobs" / entry["digest"]).read_bytes()
        assert entry["digest"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert entry["size"] == len(data)
    assert {path.name for path in (registry / "blobs").iterdir()} == {e["digest"] for e in described}


def test_the_configuration_lists_the_layers_in_order(registry: Path) -> None:
    manifest = manifest_of(registry)
    config = json.loads((registry / "blobs" / manifest["config"]["digest"]).read_bytes())
    assert config["rootfs"]["diff_ids"] == [layer["digest"] for layer in manifest["layers"]]
    kinds = [layer["mediaType"].rpartition(".")[2] for layer in manifest["layers"]]
    assert kinds == ["model", "template", "params"]


def test_a_reference_without_a_tag_is_the_latest(tmp_path: Path) -> None:
    path = write_registry(tmp_path, "lab/tiny", b"", "", {}, "llama", "1K")
    assert path == tmp_path / "v2" / "lab" / "tiny" / "manifests" / "latest"


def test_the_model_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    first, second = (make_ollama_model(tmp_path / name).read_bytes() for name in ("a", "b"))
    assert first == second


def test_each_byte_has_a_token_of_its_own() -> None:
    tokens, types, merges = vocabulary()
    assert len(set(tokens)) == len(tokens) == len(types)
    assert set(byte_alphabet()) <= set(tokens)
    # A merge is of use only where its halves and its result are tokens.
    for merge in merges:
        left, right = merge.split(" ")
        assert {left, right, left + right} <= set(tokens)


def test_tensors_lie_where_the_header_says(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    first = Tensor("a", (3,), array("f", [1.0, 2.0, 3.0]))
    second = Tensor("b", (1, 2), array("f", [4.0, 5.0]))
    write_gguf(path, {"general.alignment": 32, "x": ["y"]}, [first, second])
    data = path.read_bytes()
    assert data[:4] == b"GGUF"
    assert struct.unpack_from("<IQQ", data, 4) == (3, 2, 2)
    # 12 bytes fill up to the alignment, then the second tensor follows, filled up too.
    assert struct.unpack("<3f20x2f24x", data[-64:]) == (1.0, 2.0, 3.0, 4.0, 5.0)
    assert len(data) % 32 == 0


def test_the_cache_is_named_after_its_contents(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "config.json").write_text("{}", encoding="utf-8")
    snapshot = write_cache(files, tmp_path, "lab/tiny")
    repository = tmp_path / "hub" / "models--lab--tiny"
    assert snapshot == repository / "snapshots" / digest_of(files)
    assert (repository / "refs" / "main").read_text(encoding="ascii") == snapshot.name
    assert len(snapshot.name) == 40
    (files / "config.json").write_text("{ }", encoding="utf-8")
    assert digest_of(files) != snapshot.name
