"""Errors carry what to do next, and one boundary turns them into a failed task."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import (
    DeadlineExceeded,
    InvalidInput,
    ProbeFailed,
    StackError,
    Unreachable,
    fail,
)


class Module:
    """Takes the place of AnsibleModule."""

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        raise SystemExit({"msg": msg, **kwargs})


@pytest.mark.parametrize("kind", [InvalidInput, Unreachable, ProbeFailed, DeadlineExceeded])
def test_all_kinds_are_one_family(kind: type[StackError]) -> None:
    assert issubclass(kind, StackError)
    assert str(kind("It broke.")) == "It broke."


def test_message_and_hint_read_as_two_sentences() -> None:
    assert str(StackError("It broke", "Mend it.")) == "It broke. Mend it."
    assert str(StackError("It broke.", "Mend it.")) == "It broke. Mend it."


def test_the_boundary_ends_the_module_with_what_was_learnt() -> None:
    with pytest.raises(SystemExit) as ended:
        fail(Module(), Unreachable("No answer", "Start it."), attempts=3)
    assert ended.value.code == {"msg": "No answer. Start it.", "hint": "Start it.", "attempts": 3}
