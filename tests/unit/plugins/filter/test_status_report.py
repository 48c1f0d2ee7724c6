"""The filter status_report."""

from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import site_status, status_report

from tests.unit.plugins.filter.filter_calls import call
from tests.unit.plugins.plugin_utils.diagnosis.healthy_site import healthy


def test_both_formats_tell_the_same_mode() -> None:
    document = call(site_status, healthy())
    assert call(status_report, document).startswith("mode ml")
    assert json.loads(call(status_report, document, format="json"))["mode"] == "ml"


def test_another_format_is_a_failed_task() -> None:
    with pytest.raises(AnsibleFilterError, match="Choose table or json"):
        call(status_report, call(site_status, healthy()), "xml")
