"""What the mirror serves, and what the inventory is told about it."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from lab import state
from lab.artefacts import nginx
from lab.artefacts.model_archive import write_model_archive
from lab.artefacts.publish import Checksums, Parts, Publication, publish
from lab.hub import repositories
from lab.settings import load

URL = "http://10.97.1.2:8080"


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    cache = tmp_path / "cache"
    for name in (
        "k3s-1/k3s", "images-1/images-server.tar", "toolkit-1/stable/deb/amd64/Packages", "toolkit-1/gpgkey",
        "ollama-1/v2/lab/tiny/manifests/latest", "vllm-model-1/hub/models--lab--tiny-qwen3/blobs/b1",
    ):  # fmt: skip
        (cache / name).parent.mkdir(parents=True, exist_ok=True)
        (cache / name).write_text(name)
    index = [
        {
            "name": "pause",
            "reference": "lab.local/inference/pause:1",
            "archive": "images-server.tar",
            "host": "server",
        }
    ]
    (cache / "images-1/images.json").write_text(json.dumps(index))
    snapshot = cache / "vllm-model-1/hub/models--lab--tiny-qwen3/snapshots/r1"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").symlink_to("../../blobs/b1")
    (snapshot / "model.safetensors").write_bytes(bytes(7))
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs/main").write_text("r1")
    return Parts(
        k3s=cache / "k3s-1",
        k3s_version="v1+k3s1",
        images=cache / "images-1",
        toolkit_repository=cache / "toolkit-1",
        vllm_model=cache / "vllm-model-1",
        ollama_model=cache / "ollama-1",
    )


@pytest.fixture
def offer(tmp_path: Path, parts: Parts) -> Publication:
    return publish(tmp_path / "served", parts, URL)


def test_files_are_linked_not_copied(tmp_path: Path, parts: Parts, offer: Publication) -> None:
    assert (tmp_path / "served/k3s/v1+k3s1/k3s").samefile(parts.k3s / "k3s")
    assert (tmp_path / "served/v2/lab/tiny/manifests/latest").is_file()
    assert (tmp_path / "served/toolkit/stable/deb/amd64/Packages").is_file()


def test_addresses_and_checksums(tmp_path: Path, offer: Publication) -> None:
    assert offer.k3s.url == f"{URL}/k3s/v1+k3s1/k3s"
    assert offer.k3s.checksum.startswith("sha256:") and len(offer.k3s.checksum) == 71
    assert offer.toolkit_key_url == f"{URL}/toolkit/gpgkey"
    assert list(offer.archives) == ["images-server.tar"]


def test_publishing_again_changes_nothing_and_other_versions_go(
    tmp_path: Path, parts: Parts, offer: Publication
) -> None:
    folder = tmp_path / "served"
    before = {path: path.stat().st_ino for path in folder.rglob("*") if path.suffix != ".json"}
    (folder / "k3s/v0").mkdir()
    (folder / "k3s/v0/k3s").touch()

    assert publish(folder, parts, URL) == offer
    assert {path: path.stat().st_ino for path in folder.rglob("*") if path.suffix != ".json"} == before


def test_a_changed_file_gets_another_checksum(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    memory = tmp_path / "sums.json"
    first = Checksums(memory)
    one = first.of(path)
    first.save()
    path.write_text("other")

    assert Checksums(memory).of(path) != one


def test_a_model_unpacks_as_a_hub_cache(tmp_path: Path, parts: Parts) -> None:
    for name in ("a.tar", "b.tar"):
        write_model_archive(tmp_path / name, parts.vllm_model)
    with tarfile.open(tmp_path / "a.tar") as tar:
        members = {member.name: member for member in tar.getmembers()}

    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
    assert members["hub/models--lab--tiny-qwen3/snapshots/r1/config.json"].linkname == "../../blobs/b1"
    assert "hub/models--lab--tiny-qwen3/blobs/b1" in members


def test_the_mirrors_configuration_has_a_name_of_its_content(tmp_path: Path) -> None:
    (tmp_path / "nginx-older.conf").write_text("older")
    path = nginx.write_configuration(tmp_path)

    assert nginx.write_configuration(tmp_path) == path
    assert list(tmp_path.glob("nginx*.conf")) == [path]
    assert "listen 8080" in path.read_text()
    assert path.read_text().count("{") == path.read_text().count("}")


def test_lab_json_has_what_the_inventory_reads(tmp_path: Path, offer: Publication) -> None:
    settings = load({"XDG_STATE_HOME": str(tmp_path)})
    addresses = {"server": "10.97.1.11", "gpu": "10.97.1.12", "mirror": "10.97.1.2", "hub": "10.97.1.3"}
    state.write_lab_file(settings, state.describe(settings, addresses, offer, "v1+k3s1"))
    lab = state.read_lab_file(settings)
    assert lab is not None

    assert lab["hosts"] == {
        "server": {"address": "10.97.1.11", "name": "server.lab.test"},
        "gpu": {"address": "10.97.1.12", "name": "gpu.lab.test"},
    }
    assert lab["mirror"] == URL
    assert set(lab["artefacts"]["k3s"]) == {"url", "checksum", "version"}
    assert set(lab["artefacts"]["toolkit_repository"]) == {"url", "key_url", "version"}
    assert (lab["artefacts"]["vllm_model"]["revision"], lab["artefacts"]["vllm_model"]["bytes"]) == ("r1", 7)
    assert lab["images"][0]["hosts"] == ["server"]
    assert lab["mounts"] == {"vllm": "/opt/vllm", "litellm": "/opt/litellm"}
    assert lab["models"] == "real"
    assert lab["artefacts"]["vllm_model"]["repository"] == "lab/smollm2-135m"
    assert lab["ollama_source"] == "10.97.1.2:8080/lab/smollm2-135m:q4"


def test_the_hub_offers_a_model_under_its_name_and_revision(tmp_path: Path, parts: Parts) -> None:
    for _ in range(2):
        repositories.lay_out(tmp_path / "hub", "lab/some", parts.vllm_model)

    assert (tmp_path / "hub/lab/some.commit").read_text() == "r1\n"
    assert (tmp_path / "hub/lab/some/model.safetensors").read_bytes() == bytes(7)


def test_a_lab_keeps_the_extras_that_it_got(tmp_path: Path, offer: Publication) -> None:
    settings = load({"XDG_STATE_HOME": str(tmp_path)})
    addresses = {"server": "10.97.1.11", "gpu": "10.97.1.12", "mirror": "10.97.1.2", "hub": "10.97.1.3"}
    assert state.extras(settings, ()) == ()
    extras = state.extras(settings, ("open-webui",))
    content = state.describe(settings, addresses, offer, "v1+k3s1", state.mounts(extras))
    state.write_lab_file(settings, content)

    assert content["mounts"] == {**state.MOUNTS, "open-webui": "/opt/open-webui"}
    assert state.extras(settings, ()) == ("open-webui",)


def test_secrets_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    first, second = (load({"LAB": name, "XDG_STATE_HOME": str(tmp_path)}) for name in ("a", "b"))
    state.ensure_secrets(first)
    values = state.read_secrets(first)
    state.ensure_secrets(first)
    state.ensure_secrets(second)

    assert set(values) == {
        *("k3s_token", "litellm_master_key", "consumer_key", "owner_password", "hf_token", "cloud_key")
    }
    assert state.read_secrets(first) == values
    assert not set(values.values()) & set(state.read_secrets(second).values())
    assert first.secrets_file.stat().st_mode & 0o777 == 0o600
    # The demo's curl line takes the key out with sed.
    assert f"consumer_key: {values['consumer_key']}\n" in first.secrets_file.read_text()
