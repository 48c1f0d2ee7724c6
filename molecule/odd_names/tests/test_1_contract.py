"""Every model kept its contract, doctor has nothing to say, and consumers get answers from both tiers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.demo import Gateway as FrontDoor
from tests.rehearsal import Gateway


@pytest.fixture(scope="module")
def tiers(gateway: Gateway, secrets: dict[str, str]) -> dict[str, str]:
    """The tier of each deployment behind the gateway."""
    return FrontDoor(gateway.url, secrets["litellm_master_key"]).tiers()


def test_every_model_kept_its_contract(state: Path, names: dict[str, Any], model: str) -> None:
    proof = json.loads((state / "proof.json").read_text("utf-8"))
    assert (proof["namespace"], proof["mode"]) == ("llm-site", names["inference_default_mode"])
    assert [row["model"] for row in proof["contracts"]] == [model]
    for row in proof["contracts"]:
        assert row["fulfilled"], row
        assert row["tier"] == "gpu"
        assert row["checks"]


def test_doctor_finds_nothing(document_of: Callable[..., dict[str, Any]]) -> None:
    found = document_of("doctor")
    assert found["verdict"] == "ok", found["fault"]


@pytest.mark.parametrize("name", ["house/4o.tiny", "first.of/all"])
def test_the_gpu_answers_through_the_odd_port(gateway: Gateway, tiers: dict[str, str], name: str) -> None:
    assert gateway.url.endswith(":31234")
    answer = gateway.chat(model=name)
    assert answer.status_code == 200, answer.text
    assert tiers[answer.headers["x-litellm-model-id"]] == "gpu"
    assert answer.headers["x-litellm-attempted-fallbacks"] == "0"
    engine = "http://127.0.0.1:8200/model-4o-tiny-qwen3-inference"
    assert answer.headers["x-litellm-model-api-base"].startswith(engine)
    assert answer.json()["usage"]["completion_tokens"] == 8


def test_the_next_tier_answers_at_its_odd_address(gateway: Gateway, tiers: dict[str, str]) -> None:
    answer = gateway.chat(model="tiny-llama")
    assert answer.status_code == 200, answer.text
    assert tiers[answer.headers["x-litellm-model-id"]] == "cpu"
    ollama = "http://127.0.0.1:8200/cpu-llm"
    assert answer.headers["x-litellm-model-api-base"].startswith(ollama)
