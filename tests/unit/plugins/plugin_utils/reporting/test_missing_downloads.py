"""What hosts still have to fetch, and what that leaves of their disks."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.missing_downloads import downloads

from tests.unit.plugins.plugin_utils.reporting.reports import GIB, SILENT, host

BIG = {"repository": "a/big", "revision": "main", "bytes": 6 * GIB, "archive_url": ""}
UNSIZED = {"repository": "b/unsized", "revision": "", "bytes": 0, "archive_url": ""}
PLAN = {"cache": {"repositories": [BIG, UNSIZED]}}


def only(*hosts: dict[str, Any]) -> dict[str, Any]:
    (row,) = downloads(PLAN, hosts)
    return row


def test_what_is_missing_is_taken_from_the_free_space() -> None:
    row = only(host(free_gib=100, missing=[BIG]))
    assert row["missing"] == [{"repository": "a/big", "revision": "main", "bytes": 6 * GIB}]
    assert (row["bytes"], row["left_bytes"], row["complete"], row["enough"]) == (
        6 * GIB,
        94 * GIB,
        True,
        True,
    )


def test_a_full_cache_needs_nothing() -> None:
    row = only(host())
    assert (row["missing"], row["bytes"], row["left_bytes"]) == ([], 0, 100 * GIB)


@pytest.mark.parametrize(("free", "enough"), [(15, False), (16, True)])
def test_the_reserve_counts(free: int, enough: bool) -> None:
    """6 GiB to download, 10 GiB that stay free."""
    assert only(host(free_gib=free, missing=[BIG]))["enough"] is enough


def test_a_size_that_nobody_knows_makes_the_sum_a_lower_bound() -> None:
    row = only(host(missing=[BIG, UNSIZED]))
    assert (row["bytes"], row["complete"]) == (6 * GIB, False)


def test_a_host_that_did_not_answer_may_lack_everything() -> None:
    row = only(SILENT)
    assert row["known"] is False
    assert [item["repository"] for item in row["missing"]] == ["a/big", "b/unsized"]
    assert (row["free_bytes"], row["left_bytes"], row["enough"]) == (None, None, None)


IMAGE = {"image": "vllm/vllm-openai:v0.8.5.post1", "bytes": 25 * GIB, "folder": "/var/lib/rancher/k3s"}


def test_the_image_takes_its_part_of_the_same_disk() -> None:
    seen = host(free_gib=100, missing=[BIG])
    seen["cache"] |= {"images": [IMAGE], "unneeded": [{"repository": "a/old", "commit": "", "bytes": 7}]}
    row = only(seen)
    assert (row["bytes"], row["left_bytes"], row["unneeded_bytes"]) == (6 * GIB, 69 * GIB, 7)
    assert row["images"] == [{"image": IMAGE["image"], "bytes": 25 * GIB}]
