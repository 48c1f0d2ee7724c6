"""Where image archives lie on a host."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.module_utils.hosts.k3s.images import image_files

FOLDER = "/var/lib/rancher/k3s/agent/images"


def test_an_archive_lies_under_the_last_part_of_its_url() -> None:
    (found,) = image_files([{"url": "https://m/a/vllm.tar.zst", "checksum": "sha256:12"}], FOLDER)
    assert found["path"] == f"{FOLDER}/vllm.tar.zst"
    assert found["file"] == {"path": f"{FOLDER}/vllm.tar.zst", "checksum": "sha256:12"}


def test_a_checksum_behind_a_url_is_not_compared_here() -> None:
    checksum = "sha256:https://m/sums.txt"
    (found,) = image_files([{"url": "https://m/a.tar", "checksum": checksum}], FOLDER)
    assert (found["checksum"], found["file"]["checksum"]) == (checksum, "")


def test_an_archive_that_is_listed_twice_is_named_once() -> None:
    image = {"url": "https://m/a.tar", "checksum": "sha256:12"}
    assert len(image_files([image, dict(image)], FOLDER)) == 1
