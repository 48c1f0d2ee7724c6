"""The filter proof."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import proof_document

from tests.unit.plugins.filter.filter_calls import call
from tests.unit.plugins.plugin_utils.reporting.reports import planned
from tests.unit.plugins.plugin_utils.reporting.site_report.records import KEPT, MODEL, TIME


def test_results_become_a_document() -> None:
    plan, _ = planned()
    told = call(proof_document, plan, [KEPT], TIME)
    assert told["time"] == TIME
    assert [contract["model"] for contract in told["contracts"]] == [MODEL]
