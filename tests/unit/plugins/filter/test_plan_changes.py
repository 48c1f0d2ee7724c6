"""The filter plan_changes."""

from __future__ import annotations

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import plan_changes

from tests.unit.plugins.filter.filter_calls import call
from tests.unit.plugins.plugin_utils.reporting.reports import BARE, definitions, host, live, planned


def test_it_compares() -> None:
    plan, _ = planned()
    found = call(plan_changes, plan, definitions(plan), live(plan, vllm_qwen3_8b_awq=1), [host()])
    assert found["summary"]["unchanged"] == 2


def test_it_returns_what_is_documented() -> None:
    plan, _ = planned()
    found = call(plan_changes, plan, definitions(plan), BARE, [host()])
    documented = yaml.safe_load(plan_changes.RETURN)["_value"]["contains"]
    assert set(found) == set(documented)
    assert set(found["models"][0]) == set(documented["models"]["contains"])
    assert set(found["downloads"][0]) == set(documented["downloads"]["contains"])


def test_hosts_that_are_no_list_fail_readably() -> None:
    plan, _ = planned()
    with pytest.raises(AnsibleFilterError, match="hosts is not a list"):
        call(plan_changes, plan, [], BARE, "worker")
