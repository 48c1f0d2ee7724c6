"""What documents say in numbers is what the code computes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.generated_docs import BLOCKS, documents, rewrite

ONE = {"one": lambda: "| a |\n| --- |\n"}
TEXT = "# Title\n\n<!-- generated: one -->\nold\n<!-- end -->\n\nThe rest.\n"
WRITTEN = "# Title\n\n<!-- generated: one -->\n\n| a |\n| --- |\n\n<!-- end -->\n\nThe rest.\n"


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_no_part_is_stale(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text == rewrite(text, BLOCKS), f"{path.name} is stale: run `make docs`"


def test_every_block_stands_in_a_document() -> None:
    everything = "\n".join(path.read_text("utf-8") for path in documents())
    assert [name for name in BLOCKS if f"<!-- generated: {name} -->" not in everything] == []


def test_a_block_is_replaced_and_everything_else_stays() -> None:
    assert rewrite(TEXT, ONE) == WRITTEN
    assert rewrite(WRITTEN, ONE) == WRITTEN


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (TEXT.replace("generated: one", "generated: two"), "Nothing generates 'two'. Known: one."),
        (TEXT.replace("<!-- end -->", ""), "'one' has no <!-- end -->"),
        (TEXT.replace("<!-- generated: one -->", ""), "ends no block"),
        (TEXT.replace("old", "<!-- generated: one -->"), "before 'one' begins"),
    ],
)
def test_markers_that_do_not_match_are_told(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        rewrite(text, ONE)
