"""The filter gateway_fallbacks."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.filter import gateway_fallbacks

from tests.unit.plugins.filter.filter_calls import call


def test_aliases_get_the_fallbacks_of_their_models_unless_they_have_their_own() -> None:
    fallbacks = [{"big": ["small"]}, {"mine": ["other"]}]
    found = call(gateway_fallbacks, fallbacks, {"alias": "big", "mine": "big", "lone": "small"})
    assert found == [*fallbacks, {"alias": ["small"]}]
