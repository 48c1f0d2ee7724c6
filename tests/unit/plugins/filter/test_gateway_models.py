"""The filter gateway_models."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import gateway_models

from tests.unit.plugins.filter.filter_calls import call


def test_our_tiers_keep_out_of_litellms_way() -> None:
    rows = [{"model_name": "a", "model_info": {"tier": tier}} for tier in ("gpu", "paid")]
    infos = [row["model_info"] for row in call(gateway_models, rows)]
    assert infos == [{"inference_tier": "gpu"}, {"tier": "paid"}]
