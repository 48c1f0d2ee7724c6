"""Through a real ingress controller, by https and by name: models, a stream, and nothing in clear."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import rehearsal_ingress
from tests.rehearsal import Cluster, play, wait_for

ODD = Path(__file__).resolve().parents[1] / "inventory"
PORT = rehearsal_ingress.ENTRY_POINTS["websecure"][1]
IN_CLEAR = rehearsal_ingress.ENTRY_POINTS["web"][1]


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A run of site.yml with other variables."""
    inventory = request.config.getoption("--ansible-inventory")

    def run(variables: dict[str, Any], *words: str) -> subprocess.CompletedProcess[str]:
        return play(inventory, "site", variables, "--inventory", str(ODD), *words, timeout=600)

    return run


@pytest.fixture(scope="module")
def route(names: dict[str, Any]) -> dict[str, Any]:
    """The same front door as a kind of Traefik's own."""
    return {"litellm_ingress": {**names["litellm_ingress"], "kind": "IngressRoute", "class": ""}}


@pytest.fixture(scope="module")
def controller(cluster: Cluster, lab: dict[str, Any], nodes: dict[str, str]) -> Iterator[None]:
    rehearsal_ingress.install(cluster, lab["image_references"]["litellm"], nodes["server"])
    yield
    cluster.kubectl(f"delete namespace {rehearsal_ingress.NAMESPACE} --wait=true --timeout=120s")


@pytest.fixture(scope="module")
def door(controller: None, names: dict[str, Any], state: Path, secrets: dict[str, str]) -> requests.Session:
    """A consumer who trusts the certificate of the inventory and no other."""
    session = requests.Session()
    # A bundle of authorities in the environment would win.
    session.trust_env = False
    session.verify = str(state / "front_door.crt")
    session.headers["Authorization"] = f"Bearer {secrets['consumer_key']}"
    url = f"https://{names['litellm_ingress']['host']}:{PORT}/v1/models"
    wait_for("the front door", lambda: session.get(url, timeout=10).status_code == 200, timeout=120)
    return session


@pytest.fixture(scope="module")
def url(names: dict[str, Any]) -> str:
    return f"https://{names['litellm_ingress']['host']}:{PORT}"


def test_a_kind_that_the_cluster_lacks_is_refused_first(
    site: Callable[..., subprocess.CompletedProcess[str]], route: dict[str, Any]
) -> None:
    done = site(route)
    assert done.returncode == 2, done.stdout[-3000:]
    told = " ".join(done.stdout.split())
    assert "litellm_ingress.kind is IngressRoute, but the cluster does not know IngressRoute" in told
    assert "changed=0" in done.stdout and "Prepare the hosts" not in done.stdout


def test_a_consumer_sees_the_models(door: requests.Session, url: str, model: str) -> None:
    answer = door.get(f"{url}/v1/models", timeout=30)
    assert answer.status_code == 200, answer.text
    assert model in [row["id"] for row in answer.json()["data"]]
    refused = requests.get(f"{url}/v1/models", timeout=30, verify=door.verify)
    assert refused.status_code == 401, refused.text


def test_an_answer_streams(door: requests.Session, url: str, model: str) -> None:
    """Whoever collects it first would send all of it at once."""
    messages = [{"role": "user", "content": "Hello"}]
    body = {"model": model, "messages": messages, "max_tokens": 64, "stream": True}
    began, times, last = time.monotonic(), [], b""
    with door.post(f"{url}/v1/chat/completions", json=body, timeout=120, stream=True) as answer:
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith(b"data: {"):
                times.append(time.monotonic() - began)
            last = line or last
    assert last == b"data: [DONE]"
    assert len(times) > 10
    assert len({round(moment, 2) for moment in times}) > 5, times


def test_nothing_travels_in_clear(door: requests.Session, url: str, names: dict[str, Any]) -> None:
    plain = url.replace("https:", "http:").replace(f":{PORT}", f":{IN_CLEAR}")
    assert requests.get(f"{plain}/v1/models", headers=door.headers, timeout=30).status_code == 404
    assert requests.get(f"{plain}/ping", timeout=30).status_code == 200, "somebody listens there"


def test_the_key_is_in_the_secret_alone(cluster: Cluster, state: Path) -> None:
    secret = cluster.get("-n llm-site secret litellm-tls")
    assert secret["type"] == "kubernetes.io/tls"
    body = "".join((state / "front_door.key").read_text("utf-8").splitlines()[1:-1])
    assert body not in json.dumps(cluster.get("-n llm-site configmaps,deployments,ingresses"))


def test_another_kind_replaces_it_and_answers_too(
    site: Callable[..., subprocess.CompletedProcess[str]],
    door: requests.Session,
    url: str,
    route: dict[str, Any],
    cluster: Cluster,
) -> None:
    for variables, kept, gone in ((route, "ingressroutes", "ingresses"), ({}, "ingresses", "ingressroutes")):
        done = site(variables, "--tags", "cluster")
        assert done.returncode == 0, done.stdout[-3000:]
        assert "BEGIN" not in done.stdout
        assert [row["metadata"]["name"] for row in cluster.get(f"-n llm-site {kept}")["items"]] == ["litellm"]
        assert cluster.get(f"-n llm-site {gone}")["items"] == []
        wait_for("the front door", lambda: door.get(f"{url}/v1/models", timeout=10).ok, timeout=60)
