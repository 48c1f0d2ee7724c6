"""The registry's disk, and the line before it."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inventories.rehearsal.hosts import with_images
from lab.errors import LabError
from lab.images.archive import File, Image, write_archive, write_layer
from lab.parts import Parts
from lab.registry.line import Line, Relay
from lab.registry.storage import write_storage
from lab.settings import load

SENT = bytes(200_000)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    base = write_layer(tmp_path / "base.tar", {"base": File(text="base" * 1000)})
    top = write_layer(tmp_path / "top.tar", {"top": File(text="top")})
    write_archive(tmp_path / "one.tar", [Image("one", [base])])
    write_archive(tmp_path / "two.tar", [Image("two", [base, top], command=["run"])])
    for name in ("disk", "again"):
        write_storage(tmp_path / name, [tmp_path / "one.tar", tmp_path / "two.tar"])
    return tmp_path / "disk/docker/registry/v2"


def blob(disk: Path, digest: str) -> bytes:
    kind, _, number = digest.partition(":")
    return (disk / "blobs" / kind / number[:2] / number / "data").read_bytes()


def manifest(disk: Path, name: str) -> dict[str, Any]:
    (current,) = (disk / "repositories/inference" / name / "_manifests/tags").glob("*/current/link")
    found: dict[str, Any] = json.loads(blob(disk, current.read_text("ascii")))
    return found


def test_every_blob_has_the_digest_that_it_is_asked_for(disk: Path) -> None:
    blobs = list((disk / "blobs").rglob("data"))
    # Two configurations, two manifests, and the layer that both images have, once.
    assert len(blobs) == 6
    for path in blobs:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.parent.name


def test_an_image_is_what_its_archive_held(disk: Path) -> None:
    found = manifest(disk, "two")
    configuration = json.loads(blob(disk, found["config"]["digest"]))
    assert configuration["config"]["Cmd"] == ["run"]
    unpacked = [gzip.decompress(blob(disk, layer["digest"])) for layer in found["layers"]]
    digests = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in unpacked]
    assert digests == configuration["rootfs"]["diff_ids"]
    for part in (found["config"], *found["layers"]):
        assert len(blob(disk, part["digest"])) == part["size"]
        link = disk / "repositories/inference/two/_layers/sha256" / part["digest"][7:] / "link"
        assert link.read_text("ascii") == part["digest"]


def test_equal_archives_make_equal_disks(disk: Path, tmp_path: Path) -> None:
    again = tmp_path / "again/docker/registry/v2"
    files = [path.relative_to(disk) for path in disk.rglob("*") if path.is_file()]
    assert files
    assert all((again / name).read_bytes() == (disk / name).read_bytes() for name in files)


@pytest.fixture
def fetched(tmp_path: Path) -> Callable[..., tuple[list[int], float]]:
    """How much each of several connections brings over a line with these switches, and how long all take."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SENT)
        await writer.drain()
        writer.close()

    async def fetch(port: int) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        found = len(await reader.read())
        writer.close()
        return found

    async def run(connections: int) -> tuple[list[int], float]:
        behind = await asyncio.start_server(answer, "127.0.0.1", 0)
        relay = Relay(Line(tmp_path / "switches.json"), behind.sockets[0].getsockname()[1])
        front = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
        async with behind, front:
            begin = time.monotonic()
            port = front.sockets[0].getsockname()[1]
            sizes = list(await asyncio.gather(*(fetch(port) for _ in range(connections))))
            return sizes, time.monotonic() - begin

    def start(connections: int = 1, **switches: Any) -> tuple[list[int], float]:
        (tmp_path / "switches.json").write_text(json.dumps(switches))
        return asyncio.run(asyncio.wait_for(run(connections), 60))

    return start


def test_a_line_without_switches_brings_everything(fetched: Callable[..., tuple[list[int], float]]) -> None:
    assert fetched(connections=3)[0] == [len(SENT)] * 3


def test_connections_share_the_line(fetched: Callable[..., tuple[list[int], float]]) -> None:
    sizes, seconds = fetched(connections=2, bytes_per_second=400_000)
    assert sizes == [len(SENT)] * 2
    # Each alone would be through in half a second.
    assert seconds > 0.9


def test_a_line_breaks_as_often_as_it_is_told(fetched: Callable[..., tuple[list[int], float]]) -> None:
    sizes, _ = fetched(connections=2, cut_after=[50_000])
    assert max(sizes) == len(SENT)
    assert 50_000 <= min(sizes) < len(SENT)


def test_a_lab_pulls_if_it_is_told_to_and_keeps_to_it(tmp_path: Path) -> None:
    folders = {"XDG_STATE_HOME": str(tmp_path / "s"), "XDG_CACHE_HOME": str(tmp_path / "c")}
    plain, pulling = load(folders), load({**folders, "LAB_IMAGES": "registry"})
    assert "registry" not in plain.services
    assert "registry" in pulling.services
    with pytest.raises(LabError, match="LAB_IMAGES='hub'"):
        load({**folders, "LAB_IMAGES": "hub"})
    plain.state.mkdir(parents=True)
    plain.lab_file.write_text(json.dumps({"hosts": {"gpu": {}}, "registry": "http://10.97.1.4:5000"}))
    later = load(folders)
    assert (later.hosts, "registry" in later.services) == (("gpu",), True)


def test_only_a_lab_that_pulls_needs_the_registrys_disk(tmp_path: Path) -> None:
    plain, pulling = ({part.name for part in Parts(tmp_path, registry=wanted)} for wanted in (False, True))
    assert pulling - plain == {"registry-storage"}


@pytest.mark.parametrize("registry", ["", "http://10.97.1.4:5000"])
def test_the_inventory_gives_hosts_archives_or_a_mirror(registry: str) -> None:
    image = {"name": "vllm", "reference": "lab.local/inference/vllm:1", "url": "u", "checksum": "c"}
    lab = {"hosts": {"gpu": {}}, "registry": registry, "images": [{**image, "hosts": ["gpu"]}]}
    found = with_images(lab)
    assert found["image_archives"] == {"gpu": [] if registry else [{"url": "u", "checksum": "c"}]}
    mirror = {"mirrors": {"lab.local": {"endpoint": [registry]}}}
    assert found["registries"] == (mirror if registry else {})
