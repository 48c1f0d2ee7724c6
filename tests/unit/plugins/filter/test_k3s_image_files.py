"""The filter k3s_image_files."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import k3s_image_files

from tests.unit.plugins.filter.filter_calls import call


def test_archives_get_their_paths() -> None:
    (found,) = call(k3s_image_files, [{"url": "https://m/a.tar", "checksum": "sha256:12"}], "/images")
    assert found["path"] == "/images/a.tar"
