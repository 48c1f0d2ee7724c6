"""Aligned text: columns stand under each other, nothing is lost, no line is too long."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.plugin_utils.text.tables import (
    WIDTH,
    paragraph,
    phrases,
    table,
)
from hypothesis import given
from hypothesis import strategies as st

WORDS = st.text(alphabet="abcdefgh-/ ", max_size=150)


def test_columns_are_aligned() -> None:
    assert table(["host", "free"], [["gpu", "9.5 GiB"], ["worker-1", "100 GiB"]], "  ", {1}) == [
        "  host         free",
        "  gpu       9.5 GiB",
        "  worker-1  100 GiB",
    ]


def test_the_widest_column_wraps() -> None:
    lines = table(["host", "models"], [["gpu", "word " * 30], ["other", "x"]])
    assert lines[2].startswith("       word")
    assert lines[-1] == "other  x"
    assert " ".join(lines).count("word") == 30


def test_no_rows_no_head() -> None:
    assert table(["", ""], []) == []
    assert table(["a", "b"], []) == ["a  b"]


def test_a_paragraph_hangs_behind_its_prefix() -> None:
    lines = paragraph("word " * 30, "  - ")
    assert lines[0].startswith("  - word")
    assert all(line.startswith("    word") for line in lines[1:])
    assert paragraph("", "  - ") == ["  -"]


def test_phrases_are_not_torn_apart() -> None:
    pieces = [f"--flag-{number} {'x' * 20}" for number in range(10)]
    lines = phrases(pieces, "arguments  ")
    for piece in pieces:
        assert any(piece in line for line in lines)
    assert phrases([], "arguments  ") == ["arguments"]


@given(st.lists(st.lists(WORDS, min_size=4, max_size=4), max_size=5), st.sets(st.integers(0, 3)))
def test_a_table_is_never_too_wide_and_loses_nothing(rows: list[list[str]], numbers: set[int]) -> None:
    lines = table(["one", "two", "three", "four"], rows, "  ", numbers)
    assert all(len(line) <= WIDTH for line in lines)
    wanted = sorted("".join(cell for row in rows for cell in row).replace(" ", ""))
    assert sorted("".join(lines[1:]).replace(" ", "")) == wanted


@given(WORDS, st.sampled_from(["", "  - ", "CHANGES  "]))
def test_text_is_never_too_wide_and_loses_nothing(text: str, first: str) -> None:
    for lines in (paragraph(text, first), phrases([text], first)):
        assert all(len(line) <= WIDTH for line in lines)
        assert "".join(lines).replace(" ", "") == (first + text).replace(" ", "")
