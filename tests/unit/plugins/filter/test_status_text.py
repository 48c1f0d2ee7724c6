"""The filter status_report."""

from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import status_document, status_text

from tests.unit.plugins.filter.filter_calls import call
from tests.unit.plugins.plugin_utils.diagnosis.healthy_site import healthy


def test_both_formats_tell_the_same_mode() -> None:
    document = call(status_document, healthy())
    assert call(status_text, document).startswith("mode ml")
    assert json.loads(call(status_text, document, format="json"))["mode"] == "ml"


def test_another_format_is_a_failed_task() -> None:
    with pytest.raises(AnsibleFilterError, match="Choose table or json"):
        call(status_text, call(status_document, healthy()), "xml")


def test_what_clients_ask_is_named_beside_what_was_asked() -> None:
    site = healthy()
    assert "clients ask" not in call(status_text, call(status_document, site))
    site["plan"]["parts"]["gateway"]["public_url"] = "https://llm.example.com"
    told = call(status_text, call(status_document, site))
    assert "clients ask https://llm.example.com" in told.splitlines()
    site["gateway"]["url"] = "https://llm.example.com"
    assert "clients ask" not in call(status_text, call(status_document, site))
