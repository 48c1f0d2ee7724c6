"""Numbers as people read them."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.text import units


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (None, "?"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (5 * 1024**2, "5.0 MiB"),
        (6098853561, "5.7 GiB"),
        (-6098853561, "-5.7 GiB"),
    ],
)
def test_sizes(count: int | None, told: str) -> None:
    assert units.size(count) == told


@pytest.mark.parametrize(
    ("count", "told"), [(None, "?"), (87.4, "87 s"), (119, "119 s"), (120, "2 min"), (210, "3 min 30 s")]
)
def test_durations(count: float | None, told: str) -> None:
    assert units.seconds(count) == told


def test_columns_of_numbers() -> None:
    assert (units.gib(None), units.gib(1024**3 * 3 // 2)) == ("?", "1.50")
    assert (units.whole(None), units.whole(30000)) == ("?", "30,000")


@pytest.mark.parametrize(("count", "told"), [(0, "0 GPUs"), (1, "1 GPU"), (8, "8 GPUs")])
def test_plurals(count: int, told: str) -> None:
    assert units.many(count, "GPU") == told
