"""Files and folders against how they should be."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.system.paths import compare, read_text

CONTENT = b"token: t\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def mine(path: Path, **more: Any) -> dict[str, Any]:
    return {"path": str(path), "owner": str(os.getuid()), "group": str(os.getgid()), **more}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_bytes(CONTENT)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    ("wanted", "differs"),
    [
        ({"mode": "0600"}, False),
        ({"mode": "0600", "checksum": f"sha256:{DIGEST}"}, False),
        ({"mode": "0600", "checksum": f"sha256:{DIGEST.upper()}"}, False),
        ({"mode": "0600", "checksum": "sha512:" + hashlib.sha512(CONTENT).hexdigest()}, False),
        ({"mode": "0644"}, True),
        ({"mode": "0600", "checksum": "sha256:" + "0" * 64}, True),
        ({"mode": "0600", "state": "directory"}, True),
        ({"mode": "0600", "owner": "4711"}, True),
        ({"mode": "0600", "group": "4711"}, True),
        ({"mode": "0600", "owner": "nobody-has-this-name"}, True),
    ],
)
def test_a_file_differs_by_content_mode_and_owner(file: Path, wanted: dict[str, str], differs: bool) -> None:
    found = compare([mine(file, **wanted)])
    assert found.differing == ([str(file)] if differs else [])
    assert found.missing == []


def test_what_is_missing_differs_too(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    found = compare([mine(folder, state="directory", mode="0755"), mine(tmp_path / "gone" / "file")])
    assert found.missing == found.differing == [str(folder), str(tmp_path / "gone" / "file")]
    folder.mkdir(mode=0o755)
    assert compare([mine(folder, state="directory", mode="0755")]).differing == []


def test_text_of_a_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert read_text(str(tmp_path / "gone")) == ""
