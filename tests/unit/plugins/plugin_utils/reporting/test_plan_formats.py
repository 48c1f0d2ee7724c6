"""A plan in the format that somebody asked for."""

from __future__ import annotations

import json

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.plan_formats import plan_report

from tests.unit.plugins.plugin_utils.reporting.reports import BARE, compared, host, planned


def test_json_is_one_document() -> None:
    plan, observed = planned()
    told = plan_report(plan, observed, [host()], compared(plan, BARE, host()), format="json")
    document = json.loads(told)
    assert list(document) == ["format", "plan", "observed", "comparison"]
    assert document["plan"] == plan


def test_a_table_is_the_default() -> None:
    plan, observed = planned()
    told = plan_report(plan, observed, [host()], compared(plan, BARE, host()))
    assert told.startswith("Namespace ml, default mode ml\n")


def test_other_formats_are_refused_with_the_choices() -> None:
    plan, observed = planned()
    with pytest.raises(InvalidInput, match=r"plan_format is 'yaml'. Choose table or json."):
        plan_report(plan, observed, [host()], compared(plan, BARE, host()), format="yaml")
