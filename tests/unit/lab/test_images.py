"""Archives of container images."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from lab.images.archive import File, Image, write_archive, write_layer
from lab.images.base import LAYER
from lab.images.recipes import ARCHIVES, Sources, build_archives, component, read_index


def contents(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        files = {member.name: tar.extractfile(member) for member in tar.getmembers() if member.isreg()}
        return {name: stream.read() for name, stream in files.items() if stream is not None}


def test_a_layer_has_folders_modes_and_no_trace_of_the_machine(tmp_path: Path) -> None:
    source = tmp_path / "program"
    source.write_text("#!/bin/sh\n")
    layer = write_layer(
        tmp_path / "l.tar", {"/usr/bin/program": File(source=source), "/etc/a": File(text="a", mode=0o644)}
    )

    with tarfile.open(layer.path) as tar:
        members = {member.name: member for member in tar.getmembers()}
    assert list(members) == ["etc", "usr", "usr/bin", "etc/a", "usr/bin/program"]
    assert members["usr/bin/program"].mode == 0o755
    assert {(member.mtime, member.uid, member.gid) for member in members.values()} == {(0, 0, 0)}
    assert layer.digest == hashlib.sha256(layer.path.read_bytes()).hexdigest()


def test_an_archive_holds_shared_layers_once_and_names_each_image(tmp_path: Path) -> None:
    base = write_layer(tmp_path / "base.tar", {"base": File(text="base")})
    top = write_layer(tmp_path / "top.tar", {"top": File(text="top")})
    images = [
        Image("one", [base]),
        Image("two", [base, top], command=["run"], environment={"B": "2", "A": "1"}),
    ]
    write_archive(tmp_path / "images.tar", images)
    found = contents(tmp_path / "images.tar")
    manifest = json.loads(found["manifest.json"])

    assert sum(name.endswith("layer.tar") for name in found) == 2
    assert [entry["RepoTags"] for entry in manifest] == [[image.reference] for image in images]
    configuration = json.loads(found[manifest[1]["Config"]])
    assert configuration["config"]["Env"] == ["A=1", "B=2"]
    assert configuration["rootfs"]["diff_ids"] == [f"sha256:{base.digest}", f"sha256:{top.digest}"]
    assert manifest[1]["Config"] == f"{hashlib.sha256(found[manifest[1]['Config']]).hexdigest()}.json"


def test_a_reference_follows_the_contents(tmp_path: Path) -> None:
    layer = write_layer(tmp_path / "l.tar", {"a": File(text="a")})
    other = write_layer(tmp_path / "o.tar", {"a": File(text="b")})

    assert Image("x", [layer]).reference == Image("x", [layer]).reference
    assert Image("x", [layer]).reference.startswith("lab.local/inference/x:")
    assert len({Image("x", [layer]).reference, Image("x", [other]).reference,
                Image("x", [layer], labels={"p": "1"}).reference}) == 3  # fmt: skip


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    files = {
        "base": LAYER, "pause": "bin/pause", "device_plugin": "bin/nvidia-device-plugin",
        "ollama": "bin/ollama", "vllm": "site-packages/x", "litellm": "site-packages/x",
    }  # fmt: skip
    for part, name in files.items():
        path = tmp_path / f"{part}-1" / name
        path.parent.mkdir(parents=True)
        path.write_text(part)
    (tmp_path / "device_plugin-1/bin/gpu-feature-discovery").touch()
    return Sources(**{part: tmp_path / f"{part}-1" for part in files})


def test_equal_parts_make_equal_archives(tmp_path: Path, sources: Sources) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        build_archives(tmp_path / name, sources)

    for host in ARCHIVES:
        archive = f"images-{host}.tar"
        assert (tmp_path / "first" / archive).read_bytes() == (tmp_path / "second" / archive).read_bytes()
    assert sorted(path.name for path in (tmp_path / "first").iterdir()) == [
        "images-gpu.tar", "images-server.tar", "images.json",
    ]  # fmt: skip


def test_the_index_names_every_image_with_its_archive(tmp_path: Path, sources: Sources) -> None:
    (tmp_path / "out").mkdir()
    build_archives(tmp_path / "out", sources)
    index = read_index(tmp_path / "out")

    assert {(image.host, image.name) for image in index} == {
        (host, name) for host, names in ARCHIVES.items() for name in names
    }
    assert all(image.archive == f"images-{image.host}.tar" for image in index)


def test_other_packages_at_the_mount_make_another_vllm_image(tmp_path: Path, sources: Sources) -> None:
    renamed = Sources(**{**vars(sources), "vllm": tmp_path / "vllm-2"})
    (tmp_path / "vllm-2").mkdir()
    references = []
    for name, parts in (("a", sources), ("b", renamed)):
        (tmp_path / name).mkdir()
        build_archives(tmp_path / name, parts)
        references.append({image.name: image.reference for image in read_index(tmp_path / name)})

    changed = {name for name in references[0] if references[0][name] != references[1][name]}
    assert changed == {"vllm"}
    assert component(sources).revision != component(renamed).revision
