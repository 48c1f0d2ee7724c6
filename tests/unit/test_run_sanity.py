"""How findings of the sanity tests are judged, and what may be ignored at all."""

from __future__ import annotations

import pytest

from tests import run_sanity
from tests.run_sanity import Finding, judge, read_ignored, read_lines

FOUND = Finding("validate-modules", "plugins/modules/one.py", "3:0", "invalid-documentation", "Wrong.")
ENTRY = ("plugins/modules/one.py", "validate-modules:invalid-documentation")
TESTS = {"validate-modules"}


def test_only_the_licence_header_is_ignored() -> None:
    # validate-modules knows only the GPL; this collection is under Apache-2.0.
    ignored = read_ignored()
    assert {test for _, test in ignored} == {"validate-modules:missing-gplv3-license"}
    validated = [
        path.relative_to(run_sanity.ROOT).as_posix()
        for folder in run_sanity.VALIDATED
        for path in (run_sanity.ROOT / "plugins" / folder).glob("*.py")
    ]
    assert sorted(path for path, _ in ignored) == sorted(validated)


def test_a_finding_is_told_with_its_place() -> None:
    told = ["plugins/modules/one.py:3:0: validate-modules:invalid-documentation: Wrong."]
    assert judge([FOUND], set(), TESTS) == told


@pytest.mark.parametrize("test", ["validate-modules:invalid-documentation", "validate-modules"])
def test_an_entry_silences_its_finding(test: str) -> None:
    assert judge([FOUND], {(FOUND.path, test)}, TESTS) == []


def test_an_entry_of_another_file_or_code_silences_nothing() -> None:
    others = {("plugins/modules/two.py", ENTRY[1]), (FOUND.path, "validate-modules:other")}
    told = judge([FOUND], others, TESTS)
    assert str(FOUND) in told
    assert len(told) == 3


def test_an_entry_that_nothing_needs_is_told_by_the_check_that_ran() -> None:
    (told,) = judge([], {ENTRY}, TESTS)
    assert told == f"tests/sanity: nothing needs the entry '{' '.join(ENTRY)}'"
    assert judge([], {ENTRY}, {"docs"}) == []


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("a/b.py:98:9: raise instead", Finding("no-assert", "a/b.py", "98:9", "", "raise instead")),
        ("a/b.py:1:2: E501 too long", Finding("no-assert", "a/b.py", "1:2", "E501", "too long")),
        ("a/b.py: not allowed", Finding("no-assert", "a/b.py", "0:0", "", "not allowed")),
    ],
)
def test_the_lines_of_the_tests_are_read(line: str, finding: Finding) -> None:
    assert read_lines("no-assert", line + "\n") == [finding]
