"""The tier is read from addresses and counters, never from the model's name."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.module_utils.probing.answering_tier import (
    match,
    require_known_tier,
    who_answered,
)

GPU = "http://qwen.ml.svc.cluster.local:8000"
MAP = {
    GPU: "gpu",
    "http://ollama.ml.svc.cluster.local:11434": "cpu",
    "https://api.openai.com": "cloud",
    "https://shared.example/a": "first",
    "https://shared.example/a/b": "second",
}


@pytest.mark.parametrize(
    ("api_base", "tier"),
    [
        (GPU, "gpu"),
        (f"{GPU}/", "gpu"),
        (f"{GPU}/v1", "gpu"),
        (f"{GPU}/v1/", "gpu"),
        ("http://QWEN.ml.svc.cluster.local:8000/v1", "gpu"),
        ("http://ollama.ml.svc.cluster.local:11434/api/chat", "cpu"),
        ("https://api.openai.com:443/v1", "cloud"),
        ("http://api.openai.com/v1", ""),
        ("http://qwen.ml.svc.cluster.local:8001", ""),
        ("http://qwen.ml.svc.cluster.local.evil:8000", ""),
        ("https://shared.example/a/b/c", "second"),
        ("https://shared.example/ab", ""),
        ("http://host:port", ""),
        ("", ""),
    ],
)
def test_addresses_match_by_server_and_path(api_base: str, tier: str) -> None:
    assert match(api_base, MAP) == tier


@pytest.mark.parametrize(
    ("headers", "tier", "fallbacks"),
    [
        ({"x-litellm-model-api-base": f"{GPU}/v1"}, "gpu", 0),
        ({"x-litellm-model-api-base": f"{GPU}/v1", "x-litellm-attempted-fallbacks": "0"}, "gpu", 0),
        (
            {
                "x-litellm-model-api-base": "http://ollama.ml.svc.cluster.local:11434",
                "x-litellm-attempted-fallbacks": "1",
            },
            "cpu",
            1,
        ),
        ({"x-litellm-model-api-base": "http://new", "x-litellm-attempted-fallbacks": "2"}, "fallback", 2),
        ({"x-litellm-attempted-fallbacks": "1"}, "fallback", 1),
        ({"x-litellm-attempted-fallbacks": "0"}, "unknown", 0),
        ({"x-litellm-attempted-fallbacks": "none"}, "unknown", 0),
        ({"x-litellm-model-group": "gpu"}, "unknown", 0),
    ],
)
def test_the_order_of_evidence(headers: dict[str, str], tier: str, fallbacks: int) -> None:
    found = who_answered(headers, MAP, asked="http://gateway:4000")
    assert (found.tier, found.fallbacks) == (tier, fallbacks)


def test_an_engine_answers_for_itself() -> None:
    assert who_answered({"server": "uvicorn"}, MAP, asked=GPU).tier == "gpu"


def test_a_gateway_never_counts_as_the_tier_itself() -> None:
    assert who_answered({"x-litellm-version": "1"}, MAP, asked=GPU).tier == "unknown"


def test_a_tier_that_no_answer_could_show_is_refused_with_those_that_can() -> None:
    tiers = {"http://a:8000": "gpu", "http://b:11434": "cpu"}
    require_known_tier("cpu", tiers)
    require_known_tier("", {})
    with pytest.raises(InvalidInput, match="tier_map has no address of tier 'cloud'") as refused:
        require_known_tier("cloud", tiers)
    assert refused.value.hint == "Tiers of the map: cpu, gpu."
