"""The filter object_references."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import object_references

from tests.unit.plugins.filter.filter_calls import call, thing


def test_references_hold_no_content() -> None:
    secret = thing("Secret", "s", data={"token": "eA=="})
    assert call(object_references, [secret]) == [thing("Secret", "s")]
    assert call(object_references, [secret, thing(spec={})], workloads=True) == [thing()]
