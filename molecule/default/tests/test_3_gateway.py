"""What a consumer relies on: answers, who gave them, keys, and the next tier when the GPU is away."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.rehearsal import MODEL, wait_for

ENGINE = "vllm-tiny-qwen3"
CPU_MODEL = "tiny-llama"


def api_base(response: requests.Response) -> str:
    return response.headers.get("x-litellm-model-api-base", "")


def from_the_gpu(gateway: Any) -> bool:
    answer = gateway.chat()
    return bool(answer.ok and "tiny-qwen3-inference" in api_base(answer))


@pytest.mark.parametrize("name", [MODEL, "vllm-tiny"])
def test_the_gpu_tier_answers_under_every_name(gateway: Any, name: str) -> None:
    answer = gateway.chat(model=name)
    assert answer.status_code == 200, answer.text
    assert "tiny-qwen3-inference" in api_base(answer)
    assert answer.headers["x-litellm-attempted-fallbacks"] == "0"
    assert answer.json()["usage"]["completion_tokens"] == 8


def test_the_answer_streams(gateway: Any) -> None:
    with requests.post(
        f"{gateway.url}/v1/chat/completions",
        json={
            "model": MODEL,
            "messages": [{"role": "user", "content": "Hi"}],
            "max_tokens": 8,
            "stream": True,
        },
        headers={"Authorization": f"Bearer {gateway.key}"},
        stream=True,
        timeout=60,
    ) as response:
        lines = [line.decode() for line in response.iter_lines() if line]
    chunks = [json.loads(line[5:]) for line in lines if line.startswith("data:") and "[DONE]" not in line]
    assert lines[-1].replace(" ", "") == "data:[DONE]"
    assert len(chunks) > 3


def test_structured_output_is_valid_json(gateway: Any) -> None:
    """Grammar-constrained decoding proves the server and its flags, whatever the weights.

    The pattern keeps out control characters, which the grammar would let random weights write unescaped.
    """
    schema = {
        "type": "object",
        "properties": {
            "title": {"type": "string", "pattern": "^[a-z ]{3,12}$"},
            "kind": {"enum": ["invoice", "letter"]},
        },
        "required": ["title", "kind"],
        "additionalProperties": False,
    }
    answer = gateway.chat(
        max_tokens=300,
        response_format={"type": "json_schema", "json_schema": {"name": "document", "schema": schema}},
    )
    found = json.loads(answer.json()["choices"][0]["message"]["content"])
    assert found["kind"] in {"invoice", "letter"}
    assert set(found) == {"title", "kind"}


def test_the_gateway_lists_the_models(gateway: Any) -> None:
    listed = requests.get(
        f"{gateway.url}/v1/models", headers={"Authorization": f"Bearer {gateway.key}"}, timeout=30
    ).json()
    assert MODEL in [model["id"] for model in listed["data"]]


@pytest.mark.parametrize("key", ["", "sk-wrong"])
def test_a_wrong_key_is_refused(gateway: Any, key: str) -> None:
    answer = gateway.post("/v1/chat/completions", {"model": MODEL, "messages": []}, key=key)
    assert answer.status_code == 401, answer.text


def test_an_unknown_model_is_refused(gateway: Any) -> None:
    assert gateway.chat(model="no-such-model").status_code in {400, 403, 404}


def test_a_prompt_that_is_too_long_is_refused_and_not_cut_by_a_lower_tier(gateway: Any) -> None:
    answer = gateway.post(
        "/v1/chat/completions", {"model": MODEL, "messages": [{"role": "user", "content": "fox " * 20_000}]}
    )
    assert answer.status_code == 400, answer.text[:500]
    assert "maximum context length" in answer.text


@pytest.mark.parametrize(
    "mistake",
    [
        {"temperature": -5},
        {"max_tokens": 32_000},
        {"max_tokens": 0},
        {"logprobs": True, "top_logprobs": 500},
        {"messages": []},
        {"messages": "hi"},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]},
    ],
    ids=str,
)
def test_a_mistake_is_the_clients_and_no_other_tier_answers_it(gateway: Any, mistake: dict[str, Any]) -> None:
    answer = gateway.chat(**mistake)
    assert answer.status_code == 400, answer.text[:500]
    told = answer.json()["error"]["message"]
    assert told and not re.search(r"litellm|Traceback|http:|svc\.cluster", told, re.IGNORECASE), told
    assert from_the_gpu(gateway), "the mistake took the tier from the next request"


def burst(gateway: Any, model: str, at_once: int) -> tuple[list[requests.Response], float]:
    """Answers to requests that are sent at once, and how long the slowest took [s]."""
    with ThreadPoolExecutor(at_once) as pool:
        begun = time.monotonic()
        answers = list(pool.map(lambda _: gateway.chat(model=model), range(at_once)))
        return answers, time.monotonic() - begun


def test_the_cpu_tier_answers_while_the_gpu_is_away(cluster: Any, gateway: Any) -> None:
    """Without a wait, however many ask at once, and only what it can answer whole."""
    cluster.scale(ENGINE, 0)
    try:
        wait_for("engine gone", lambda: cluster.available(ENGINE, 0))
        answer = wait_for("cpu tier", lambda: (found := gateway.chat()).ok and found)
        assert api_base(answer).endswith("/ollama")
        assert int(answer.headers["x-litellm-attempted-fallbacks"]) >= 1
        assert answer.json()["usage"]["completion_tokens"] > 0
        _, own = burst(gateway, CPU_MODEL, 16)
        answers, slowest = burst(gateway, MODEL, 16)
        assert [answer.status_code for answer in answers] == [200] * 16
        assert {api_base(answer).endswith("/ollama") for answer in answers} == {True}
        # Refusals by ICMP took 36 s here, where the CPU tier itself takes 3.
        assert slowest < 2 * own + 5, (slowest, own)
        for lost in (
            {"n": 3},
            {"logprobs": True},
            {"messages": [{"role": "user", "content": "fox " * 9_000}]},
        ):
            refused = gateway.chat(**lost)
            assert refused.status_code == 400, (lost, refused.text[:300])
    finally:
        cluster.scale(ENGINE, 1)
        wait_for("engine back", lambda: cluster.available(ENGINE, 1), timeout=300)
    wait_for("gpu tier back", lambda: from_the_gpu(gateway), timeout=120)
