"""The filter controller_gaps."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import controller_gaps

from tests.unit.plugins.filter.filter_calls import call


def test_a_complete_controller_has_none() -> None:
    assert call(controller_gaps, "/usr/bin/python3") == []
