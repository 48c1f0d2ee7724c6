"""The filter plan_report."""

from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import plan_text

from tests.unit.plugins.filter.filter_calls import call
from tests.unit.plugins.plugin_utils.reporting.reports import BARE, compared, host, planned


def test_it_writes_both_formats() -> None:
    plan, observed = planned()
    arguments = (plan, observed, [host()], compared(plan, BARE, host()))
    assert "MODEL  qwen3-8b-awq" in call(plan_text, *arguments)
    assert json.loads(call(plan_text, *arguments, format="json"))["plan"] == plan


def test_another_format_fails_readably() -> None:
    plan, observed = planned()
    with pytest.raises(AnsibleFilterError, match="Choose table or json"):
        call(plan_text, plan, observed, [host()], compared(plan, BARE, host()), format="xml")
