# SPDX-License-Identifier: Apache-2.0
"""What each host's model cache still lacks, and the disk space after the download. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def downloads(plan: Mapping[str, Any], hosts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row per host. ``cache`` of a host is what its role found; without it everything may be missing."""
    return [_row(plan["cache"], host) for host in hosts]


def _row(wanted: Mapping[str, Any], host: Mapping[str, Any]) -> dict[str, Any]:
    cache = host.get("cache") or None
    missing = cache["missing"] if cache else wanted["repositories"]
    listed = [
        {
            "repository": row["repository"],
            "revision": row.get("revision") or "",
            "bytes": row.get("bytes") or None,
        }
        for row in missing
    ]
    total = sum(row["bytes"] or 0 for row in listed)
    free = cache["free_bytes"] if cache else 0
    images = (cache or wanted).get("images") or []
    unneeded = (cache or {}).get("unneeded") or []
    return {
        "host": host["name"],
        "known": cache is not None,
        "missing": listed,
        "bytes": total,
        "complete": all(row["bytes"] for row in listed),
        "path": cache["path"] if cache else None,
        "free_bytes": free if cache else None,
        "left_bytes": free - total - sum(row["bytes"] for row in images) if cache else None,
        "images": [{"image": row["image"], "bytes": row["bytes"]} for row in images],
        "unneeded_bytes": sum(row["bytes"] for row in unneeded),
        "reserve_bytes": cache["reserve_bytes"] if cache else None,
        "needed_bytes": cache["needed_bytes"] if cache else None,
        "enough": free >= cache["needed_bytes"] if cache else None,
    }
