"""The filter diagnosis_report."""

from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import diagnose_site, doctor_text

from tests.unit.plugins.filter.filter_calls import call
from tests.unit.plugins.plugin_utils.diagnosis.healthy_site import healthy


def test_both_formats_tell_the_same_verdict() -> None:
    document = call(diagnose_site, healthy())
    assert call(doctor_text, document).startswith("ok:")
    assert json.loads(call(doctor_text, document, format="json"))["verdict"] == "ok"


def test_another_format_is_a_failed_task() -> None:
    with pytest.raises(AnsibleFilterError, match="Choose table or json"):
        call(doctor_text, call(diagnose_site, healthy()), "xml")
