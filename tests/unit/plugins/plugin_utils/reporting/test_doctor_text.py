"""The report fits a terminal, says everything that is wrong, and JSON is one document."""

from __future__ import annotations

import json

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.walk import LAYERS, examine
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.doctor_text import diagnosis_report

from tests.unit.plugins.plugin_utils.diagnosis.healthy_site import Planted, healthy
from tests.unit.plugins.plugin_utils.diagnosis.test_walk import FAULTS


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_fits_the_screen_and_is_told_in_full(name: str) -> None:
    site = Planted()
    FAULTS[name][0](site)
    document = examine(site.seen)
    text = diagnosis_report(document)
    assert max(map(len, text.splitlines())) <= 80
    # Wrapped lines hold the same words.
    flat = " ".join(text.split())
    assert " ".join(document["fault"]["evidence"].split()) in flat
    assert " ".join(document["fault"]["next_step"].split()) in flat


def test_a_healthy_site_has_one_row_per_layer_and_nothing_to_do() -> None:
    text = diagnosis_report(examine(healthy()))
    assert text.startswith("ok:")
    assert [layer.title for layer in LAYERS if layer.title not in text] == []
    assert "next" not in text


def test_a_large_site_stays_short_and_still_names_the_sick_host() -> None:
    site = Planted()
    for number in range(200):
        other = {**healthy()["hosts"][0], "name": f"gpu{number}"}
        site.seen["hosts"].append(other)
    site.seen["hosts"][100].update(reachable=False, gpu={}, stack={}, error="No route to host")
    text = diagnosis_report(examine(site.seen))
    assert len(text.splitlines()) < 60
    assert "No route to host" in text
    assert "200 more" in text


def test_json_is_one_document() -> None:
    document = examine(healthy())
    text = diagnosis_report(document, "json")
    assert json.loads(text) == document
    assert text.endswith("}\n")


def test_another_format_is_refused_by_its_variable() -> None:
    with pytest.raises(InvalidInput, match="doctor_format"):
        diagnosis_report(examine(healthy()), "xml")
