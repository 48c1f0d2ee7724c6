"""The filter k3s_registration_labels."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import k3s_registration_labels

from tests.unit.plugins.filter.filter_calls import call


def test_labels_that_a_node_may_give_itself() -> None:
    labels = {"zone": "a", "node-role.kubernetes.io/gpu": "true"}
    assert call(k3s_registration_labels, labels) == ["zone=a"]
