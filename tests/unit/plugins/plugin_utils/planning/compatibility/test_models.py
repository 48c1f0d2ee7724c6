"""Kernels of models on the site's cards."""

from __future__ import annotations

from tests.unit.plugins.plugin_utils.planning.compatibility.cards import (
    host,
)
from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan, refusal


def test_a_kernel_that_some_cards_cannot_run_is_a_warning_where_others_can() -> None:
    hosts = [host("t4-16gb", "580.65.06", name="t"), host("a100-80gb", "580.65.06", name="a")]
    found = plan(home_lab(hosts=hosts))
    assert any("needs compute capability 8.0, but Tesla T4 (t) has 7.5" in text for text in found["warnings"])
    assert "Choose another model or another GPU" in refusal(home_lab(hosts=hosts[:1]))


def test_a_kernel_outside_the_tables_is_unknown() -> None:
    entry = {"name": "qwen3-8b-awq", "quantization": "awq_marln"}
    told = refusal(home_lab(models=[entry]))
    assert "inference_models[0].quantization: the catalog does not know which GPUs run 'awq_marln'" in told
    assert "Did you mean awq_marlin" in told
    assert plan(home_lab(models=[entry], allow_unknown=True))
