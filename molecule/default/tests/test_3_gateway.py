"""What a consumer relies on: answers, who gave them, keys, and the next tier when the GPU is away."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.rehearsal import MODEL, Gateway, wait_for

ENGINE = "vllm-tiny-qwen3"
CPU_MODEL = "tiny-llama"


def api_base(response: requests.Response) -> str:
    return response.headers.get("x-litellm-model-api-base", "")


def consumer(gateway: Gateway, name: str) -> Gateway:
    """Another consumer; inventories/rehearsal has its key."""
    return Gateway(gateway.url, gateway.key_of(name))


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


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/",
            "/ui/",
            "/docs",
            "/redoc",
            "/openapi.json",
            "/login",
            "/public/model_hub",
            "/model/info",
            "/health",
        ),
        *("/.well-known/litellm-ui-config", "/mcp", "/v1/files"),
    ],
)
def test_what_is_not_for_consumers_is_closed(gateway: Any, path: str) -> None:
    """LiteLLM answers most of these without a key."""
    for key, status in (("", 401), (gateway.key, 403)):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = requests.get(f"{gateway.url}{path}", headers=headers, timeout=30, allow_redirects=False)
        assert answer.status_code == status, answer.text[:300]
        assert answer.json()["error"]["message"]


def test_every_listed_model_is_found_by_its_name(gateway: Any) -> None:
    headers = {"Authorization": f"Bearer {gateway.key}"}
    listed = requests.get(f"{gateway.url}/v1/models", headers=headers, timeout=30).json()["data"]
    assert listed
    for model in listed:
        found = requests.get(f"{gateway.url}/v1/models/{model['id']}", headers=headers, timeout=30)
        assert (found.status_code, found.json()["id"]) == (200, model["id"])


def test_a_limited_key_is_told_when_to_come_back(gateway: Any) -> None:
    """On both clients' routes, and after the first answer told how many tokens it took."""
    limited = consumer(gateway, "limited")
    # A refused response counts as false, so it waits in a list.
    (refused,) = wait_for("limit", lambda: [found for found in [limited.chat()] if found.status_code == 429])
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert "1 tokens a minute" in refused.json()["error"]["message"]
    body = {"model": MODEL, "max_tokens": 8, "messages": [{"role": "user", "content": "Hello"}]}
    anthropic = limited.post("/v1/messages", body)
    assert (anthropic.status_code, anthropic.json()["type"]) == (429, "error")
    assert anthropic.headers["Retry-After"]


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
        excluded = consumer(gateway, "gpu-only").chat()
        assert (excluded.status_code, bool(excluded.headers.get("Retry-After"))) == (503, True)
        assert f"may not fall back to {CPU_MODEL}" in excluded.text
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
