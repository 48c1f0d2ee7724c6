# SPDX-License-Identifier: Apache-2.0
"""Where a host keeps the image archives that k3s imports. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def image_files(images: Iterable[Mapping[str, Any]], folder: str) -> list[dict[str, Any]]:
    """Each archive once, with its file as it should be.

    A checksum behind a URL can only be compared while downloading, so that file's content is left open here.
    """
    files: dict[tuple[str, str], dict[str, Any]] = {}
    for image in images:
        url, checksum = str(image["url"]), str(image["checksum"])
        path = f"{folder}/{url.rstrip('/').rpartition('/')[2]}"
        known = "" if "://" in checksum else checksum
        files[url, checksum] = {
            "url": url,
            "checksum": checksum,
            "path": path,
            "file": {"path": path, "checksum": known},
        }
    return list(files.values())
