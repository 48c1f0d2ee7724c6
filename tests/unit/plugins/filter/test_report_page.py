"""The filter site_report."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import report_page

from tests.unit.plugins.filter.filter_calls import call
from tests.unit.plugins.plugin_utils.reporting.site_report.records import history_text, proof_text, runs


def test_records_become_a_page() -> None:
    page = call(report_page, proof_text(), history_text(runs([60.0])), title="Home lab")
    assert "<title>Home lab</title>" in page
    assert "<title>Inference site</title>" in call(report_page, proof_text(), "")


def test_without_records_the_task_fails() -> None:
    with pytest.raises(AnsibleFilterError, match=r"Run playbooks/site\.yml or playbooks/benchmark\.yml"):
        call(report_page, "", "")
