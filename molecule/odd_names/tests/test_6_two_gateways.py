"""With two gateways a lost one costs nobody an answer."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import openai
import pytest

from tests.rehearsal import Cluster, Gateway, wait_for

CALLS = 60


@pytest.fixture
def deployment(cluster: Cluster, names: dict[str, Any]) -> str:
    found = cluster.get(f"-n {cluster.namespace} deployments -l app.kubernetes.io/name=litellm")["items"]
    return str(found[0]["metadata"]["name"])


def test_both_serve(cluster: Cluster, deployment: str) -> None:
    wait_for("both gateways", lambda: cluster.available(deployment, 2))


def test_a_gateway_that_is_killed_costs_no_answer(
    cluster: Cluster, gateway: Gateway, deployment: str, model: str
) -> None:
    """The client is OpenAI's own with its own two retries; each call has a connection of its own."""
    pods = cluster.get(f"-n {cluster.namespace} pods -l app.kubernetes.io/name=litellm")["items"]
    lost = pods[0]["metadata"]["name"]
    killing = threading.Timer(
        2.0,
        lambda: cluster.kubectl(f"-n {cluster.namespace} delete pod {lost} --grace-period=0 --force"),
    )
    killing.start()
    answered = 0
    for _ in range(CALLS):
        with openai.OpenAI(
            base_url=f"{gateway.url}/v1", api_key=gateway.key, http_client=httpx.Client(timeout=60)
        ) as client:
            told = client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "hello"}], max_tokens=1
            )
        answered += bool(told.choices)
    killing.join()
    assert answered == CALLS
    wait_for("both gateways again", lambda: cluster.available(deployment, 2), timeout=300)
