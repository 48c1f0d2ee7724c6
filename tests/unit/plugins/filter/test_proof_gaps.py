"""The filter proof_gaps."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import proof_gaps

from tests.unit.plugins.filter.filter_calls import call


def test_rows_come_back() -> None:
    model = {"name": "a", "served_name": "org/a", "deployment": "vllm-a", "active": True}
    plan = {"vllm_models": [model], "hosts": [{"name": "gpu"}], "placement": [{"model": "a", "host": "gpu"}]}
    (row,) = call(proof_gaps, plan, ["gpu"])
    assert row == {
        "name": "a",
        "served_name": "org/a",
        "labels": {"app.kubernetes.io/instance": "vllm-a"},
        "reason": "gpu did not answer",
    }
