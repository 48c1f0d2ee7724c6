"""The filter name_drift."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.filter import name_drift

from tests.unit.plugins.filter.filter_calls import call
from tests.unit.plugins.plugin_utils.diagnosis.healthy_site import QWEN, Planted, healthy
from tests.unit.plugins.plugin_utils.diagnosis.name_faults import NAME_FAULTS, OLD, told


def test_a_site_with_one_name_for_each_model_has_none() -> None:
    assert call(name_drift, healthy()) == []


@pytest.mark.parametrize("fault", NAME_FAULTS)
def test_each_difference_is_a_sentence(fault: str) -> None:
    site = Planted()
    NAME_FAULTS[fault][0](site)
    (sentence,) = call(name_drift, site.seen)
    assert sentence.endswith(".")


def test_it_says_what_to_do() -> None:
    site = Planted()
    told(LLM_MODEL=OLD)(site)
    assert call(name_drift, site.seen) == [
        f"llm-fallback-config: LLM_MODEL is {OLD} instead of {QWEN}. Run playbooks/site.yml --tags cluster."
    ]


def test_what_was_not_observed_is_not_judged() -> None:
    assert call(name_drift, {"plan": healthy()["plan"]}) == []
