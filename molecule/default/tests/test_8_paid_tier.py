"""A paid tier behind the others answers when they are away, within its budget, and is not asked otherwise.

The lab's stand-in for a provider (lab/cloud) runs on the server host and tells what it was asked.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from tests.rehearsal import MODEL, NAMESPACE, ROOT, Cluster, Gateway, play, wait_for

ENGINE, OLLAMA = "vllm-tiny-qwen3", "ollama"
PAID, PORT, KEY = "lab/paid", 8200, "sk-of-a-paid-provider"
UNIT = "paid-provider"
QUIET_S = 15


class Provider(NamedTuple):
    """The stand-in, and what the site has to be told of it."""

    url: str
    variables: dict[str, Any]

    def asked(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = requests.get(f"{self.url}/asked", timeout=30).json()
        return found


@pytest.fixture(scope="module")
def inventory(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--ansible-inventory"))


def key_of(gateway: Gateway, name: str) -> str:
    return f"sk-{hashlib.sha256(f'{gateway.key} {name}'.encode()).hexdigest()}"


def variables(lab: dict[str, Any], gateway: Gateway, url: str) -> dict[str, Any]:
    cloud = {
        "backend": "openai",
        "model": PAID,
        "api_key": "{{ paid_key }}",
        "api_base": f"{url}/v1",
        # One answer costs six dollars.
        "input_cost_per_token": 1,
        "output_cost_per_token": 1,
    }
    cpu = {"backend": "ollama", "model": "tiny-llama", "source": f"http://{lab['ollama_source']}"}
    return {
        "inference_tiers": {"gpu": {"backend": "vllm"}, "cpu": cpu, "cloud": cloud},
        "paid_key": KEY,
        "litellm_environment_secret": {"OPENAI_API_KEY": "{{ paid_key }}"},
        # A new one: what an earlier run spent today would count.
        "litellm_state_path": f"/var/lib/litellm-{time.time_ns()}",
        "litellm_keys": [
            {"name": "consumer", "key": gateway.key},
            {"name": "thrifty", "key": key_of(gateway, "thrifty"), "budget_day": 5},
            {"name": "home-only", "key": key_of(gateway, "home-only"), "never_fall_back_to": ["cloud"]},
        ],
    }


@pytest.fixture(scope="module")
def provider(
    server: Any, lab: dict[str, Any], gateway: Gateway, cluster: Cluster, inventory: str
) -> Iterator[Provider]:
    url = f"http://{lab['hosts']['server']['address']}:{PORT}"
    found = Provider(url, variables(lab, gateway, url))
    program = base64.b64encode((ROOT / "lab/cloud/server.py").read_bytes()).decode()
    server.check_output(f"echo {program} | base64 -d > /run/{UNIT}.py")
    server.check_output(
        f"systemd-run --unit {UNIT} --collect python3 /run/{UNIT}.py --port {PORT} --key {KEY}"
    )
    wait_for("the provider", lambda: found.asked() == [], timeout=30, interval=0.5)
    done = play(inventory, "site", found.variables, "--tags", "cluster", timeout=600)
    assert done.returncode == 0, done.stdout[-3000:]
    yield found
    again = play(inventory, "site", {}, "--tags", "cluster", timeout=600)
    server.check_output(f"systemctl stop {UNIT}")
    assert again.returncode == 0, again.stdout[-3000:]
    settled(cluster)


def settled(cluster: Cluster) -> None:
    cluster.kubectl(f"-n {NAMESPACE} rollout status deployment/litellm --timeout=180s")


@pytest.fixture(scope="module")
def alone(cluster: Cluster, provider: Provider, gateway: Gateway) -> Iterator[Provider]:
    """Both other tiers are away."""
    for name in (ENGINE, OLLAMA):
        cluster.scale(name, 0)
    try:
        # Whoever must not use the paid tier is refused once both are away, and costs nothing.
        poor = Gateway(gateway.url, key_of(gateway, "home-only"))
        wait_for("both away", lambda: poor.chat().status_code == 503, timeout=120)
        yield provider
    finally:
        for name in (ENGINE, OLLAMA):
            cluster.scale(name, 1)
        wait_for(
            "both back", lambda: all(cluster.available(name, 1) for name in (ENGINE, OLLAMA)), timeout=300
        )


def test_nobody_asks_it_while_others_answer(provider: Provider, gateway: Gateway, inventory: str) -> None:
    """Neither for its health nor for a client's mistake."""
    settled_until = time.monotonic() + QUIET_S
    assert gateway.chat().status_code == 200
    assert gateway.chat(temperature=-5).status_code == 400
    doctor = play(inventory, "doctor", provider.variables)
    assert doctor.returncode == 0, doctor.stdout[-2000:]
    time.sleep(max(0.0, settled_until - time.monotonic()))
    assert provider.asked() == []


def test_a_drill_proves_that_it_is_the_third(provider: Provider, inventory: str, tmp_path: Path) -> None:
    output = tmp_path / "drill.json"
    wanted = {
        "drill_way": "error",
        "drill_depth": 2,
        "drill_requests": 60,
        "drill_first_limit": 5,
        "drill_steady_limit": 5,
        "drill_output": str(output),
    }
    done = play(inventory, "drill", provider.variables | wanted, timeout=600)
    assert done.returncode == 0, done.stdout[-4000:]
    told = json.loads(output.read_text("utf-8"))
    stages = {stage["stage"]: stage["tiers"] for stage in told["stages"]}
    assert told["failures"] == 0
    assert stages["without gpu"]["cpu"] >= 5
    assert stages["without gpu and cpu"]["cloud"] >= 5
    assert set(stages["after"]) == {"gpu"}
    asked = provider.asked()
    assert {(row["path"], row["model"]) for row in asked} == {("/v1/chat/completions", PAID)}
    assert {row["stream"] for row in asked} == {True, False}


def test_the_third_tier_answers_and_says_so(alone: Provider, gateway: Gateway) -> None:
    answer = gateway.chat()
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-litellm-model-api-base"].startswith(alone.url)
    assert answer.json()["choices"][0]["message"]["content"] == "Violet"


def test_a_used_up_budget_is_refused_with_its_reason(alone: Provider, gateway: Gateway) -> None:
    """And the paid tier is asked no more; what others may spend is theirs."""
    thrifty = Gateway(gateway.url, key_of(gateway, "thrifty"))
    assert thrifty.chat().status_code == 200
    # What an answer cost is counted after it. A refused response counts as false, so it waits in a list.
    (refused,) = wait_for("cap", lambda: [told for told in [thrifty.chat()] if not told.ok], 30, 0.5)
    before = len(alone.asked())
    why = "The budget of thrifty for paid models is used up: 5 USD a day. The next day begins at 00:00 UTC."
    # The others may be back at any time.
    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (503, True)
    assert why in refused.json()["error"]["message"]
    for more in ({"stream": True}, {"model": PAID}, {"model": PAID, "stream": True}):
        refused = thrifty.chat(**more)
        assert refused.status_code == (429 if "model" in more else 503), refused.text
        assert why in refused.text
    # Whoever asks it by its name has no other tier, and a client that tries again by itself gains nothing.
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    assert refused.headers["x-should-retry"] == "false"
    assert len(alone.asked()) == before
    assert gateway.chat().status_code == 200


def test_a_key_that_must_not_cost_money_is_refused(alone: Provider, gateway: Gateway) -> None:
    before = len(alone.asked())
    refused = Gateway(gateway.url, key_of(gateway, "home-only")).chat()
    assert (refused.status_code, bool(refused.headers.get("Retry-After"))) == (503, True)
    assert f"may not fall back to {PAID}" in refused.json()["error"]["message"]
    assert len(alone.asked()) == before


def test_a_used_up_budget_takes_no_other_tier(alone: Provider, gateway: Gateway, cluster: Cluster) -> None:
    cluster.scale(OLLAMA, 1)
    thrifty = Gateway(gateway.url, key_of(gateway, "thrifty"))
    answer = wait_for("the CPU tier", lambda: (told := thrifty.chat()).ok and told, timeout=180)
    assert answer.headers["x-litellm-model-api-base"].endswith("/ollama")


def test_what_it_cost_survives_a_new_pod(provider: Provider, gateway: Gateway, cluster: Cluster) -> None:
    cluster.kubectl(f"-n {NAMESPACE} rollout restart deployment/litellm")
    settled(cluster)
    thrifty = Gateway(gateway.url, key_of(gateway, "thrifty"))
    before = len(provider.asked())
    (told,) = wait_for(
        "cap", lambda: [one for one in [thrifty.chat(model=PAID)] if one.status_code == 429], 60
    )
    assert "is used up" in told.json()["error"]["message"]
    assert len(provider.asked()) == before
    assert gateway.chat(model=MODEL).status_code == 200
