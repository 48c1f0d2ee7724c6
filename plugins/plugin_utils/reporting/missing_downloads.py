# SPDX-License-Identifier: Apache-2.0
"""What each host's model cache still lacks, and the disk space after the download. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def downloads(plan: Mapping[str, Any], hosts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row per host. ``cache`` of a host is what its role found; without it everything may be missing."""
    return [_row(plan["cache"]["repositories"], host) for host in hosts]


def _row(repositories: Sequence[Mapping[str, Any]], host: Mapping[str, Any]) -> dict[str, Any]:
    cache = host.get("cache") or None
    missing = cache["missing"] if cache else repositories
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
    return {
        "host": host["name"],
        "known": cache is not None,
        "missing": listed,
        "bytes": total,
        "complete": all(row["bytes"] for row in listed),
        "path": cache["path"] if cache else None,
        "free_bytes": free if cache else None,
        "left_bytes": free - total if cache else None,
        "reserve_bytes": cache["reserve_bytes"] if cache else None,
        "needed_bytes": cache["needed_bytes"] if cache else None,
        "enough": free >= cache["needed_bytes"] if cache else None,
    }
