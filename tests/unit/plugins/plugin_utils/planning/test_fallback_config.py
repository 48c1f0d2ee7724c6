"""What n8n reads of a site follows from the plan, so that it cannot name what nobody serves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan

VLLM = "http://vllm-api.ml.svc.cluster.local:8000"
SEED = {
    "LLM_ENDPOINT": "http://litellm.ml.svc.cluster.local:4000/v1",
    "LLM_MODEL": "Qwen/Qwen3-8B-AWQ",
    "LLM_FALLBACK_MODELS": "qwen3:4b",
    "VLLM_ENDPOINT": VLLM,
    "VLLM_HEALTH_ENDPOINT": f"{VLLM}/health",
    "VLLM_MODEL": "Qwen/Qwen3-8B-AWQ",
    "OLLAMA_ENDPOINT": "http://ollama.ml.svc.cluster.local:11434",
    "OLLAMA_MODEL": "qwen3:4b",
}
CPU: dict[str, Any] = {"model": "qwen3:4b"}
CLOUD: dict[str, Any] = {"model": "gpt-4o-mini", "api_key": "planted-key"}


def test_the_home_lab_gets_the_seed_s_addresses() -> None:
    assert plan(home_lab(tiers={"gpu": {}, "cpu": CPU}))["fallback_config"] == SEED


@pytest.mark.parametrize(
    ("tiers", "first", "below", "absent"),
    [
        ({"gpu": {}}, "Qwen/Qwen3-8B-AWQ", "", "OLLAMA"),
        ({"gpu": {}, "cpu": CPU, "cloud": CLOUD}, "Qwen/Qwen3-8B-AWQ", "qwen3:4b,gpt-4o-mini", "none"),
        ({"cpu": CPU, "gpu": {}}, "qwen3:4b", "Qwen/Qwen3-8B-AWQ", "none"),
    ],
)
def test_models_follow_the_tiers_in_their_order(
    tiers: dict[str, Any], first: str, below: str, absent: str
) -> None:
    found = plan(home_lab(tiers=tiers))["fallback_config"]
    assert (found["LLM_MODEL"], found["LLM_FALLBACK_MODELS"]) == (first, below)
    assert [key for key in found if key.startswith(absent)] == []
    assert "planted-key" not in str(found)


def test_a_site_without_engines_names_none() -> None:
    found = plan(home_lab(models=[], tiers={"cpu": CPU}))["fallback_config"]
    assert [key for key in found if key.startswith("VLLM")] == []
    assert found["LLM_MODEL"] == "qwen3:4b"


def test_it_moves_with_ports_and_names() -> None:
    moved = home_lab(
        parts={"litellm_port": 80, "vllm_port": 9000, "ollama_service_name": "slow"}, namespace="ai"
    )
    found = plan(moved)["fallback_config"]
    assert found["LLM_ENDPOINT"] == "http://litellm.ai.svc.cluster.local:80/v1"
    assert found["VLLM_HEALTH_ENDPOINT"] == "http://vllm-api.ai.svc.cluster.local:9000/health"
    assert found["OLLAMA_ENDPOINT"] == "http://slow.ai.svc.cluster.local:11434"
