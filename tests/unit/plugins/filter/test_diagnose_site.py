"""The filter diagnosis."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import diagnose_site

from tests.unit.plugins.filter.filter_calls import call
from tests.unit.plugins.plugin_utils.diagnosis.healthy_site import healthy


def test_observations_become_a_verdict() -> None:
    assert call(diagnose_site, healthy())["verdict"] == "ok"
