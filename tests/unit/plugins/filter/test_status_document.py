"""The filter site_status."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import status_document

from tests.unit.plugins.filter.filter_calls import call
from tests.unit.plugins.plugin_utils.diagnosis.healthy_site import healthy


def test_observations_become_a_status() -> None:
    assert call(status_document, healthy(), history="")["mode"] == "ml"
