"""Network policies follow the ports: the gateway reaches its servers, and another pod does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.rehearsal import Cluster, wait_for
from tests.rehearsal_pods import SERVE, fetch, pod

STRANGER = "stranger"
GATEWAY = "deployment/litellm"
URLS = {
    "whoever owns the GPU": "http://gpu-owner.llm-site.svc.cluster.local:9000/health",
    "the model": "http://model-4o-tiny-qwen3-inference.llm-site.svc.cluster.local:9000/health",
    "ollama": "http://cpu-llm.llm-site.svc.cluster.local:12000/",
}


@pytest.fixture(scope="module")
def ask_as_stranger(
    cluster: Cluster, lab: dict[str, Any], nodes: dict[str, str], namespace: str
) -> Iterator[Callable[[str], str]]:
    """How a pod in the site's own namespace, which is no part of the site, fares with a URL."""
    wanted = pod(STRANGER, namespace, lab["image_references"]["litellm"], nodes["server"], SERVE)
    cluster.kubectl("apply -f -", json.dumps(wanted))
    try:
        cluster.kubectl(f"-n {namespace} wait pod {STRANGER} --for=condition=Ready --timeout=120s")
        yield lambda url: fetch(cluster, namespace, STRANGER, url)
    finally:
        cluster.kubectl(f"-n {namespace} delete pod {STRANGER} --wait=true --timeout=120s")


@pytest.mark.parametrize("target", URLS)
def test_the_gateway_is_let_through(cluster: Cluster, namespace: str, target: str) -> None:
    assert fetch(cluster, namespace, GATEWAY, URLS[target]) == "200"


@pytest.mark.parametrize("target", URLS)
def test_another_pod_is_refused(ask_as_stranger: Callable[[str], str], target: str) -> None:
    # Only somebody who reaches the gateway has a network that a policy can close.
    front = "http://front-door.llm-site.svc.cluster.local:4100/health/liveliness"
    wait_for("the gateway", lambda: ask_as_stranger(front) == "200", timeout=60)
    refused = ask_as_stranger(URLS[target])
    assert refused.startswith("failed"), refused
    assert "timed out" in refused or "refused" in refused, refused
