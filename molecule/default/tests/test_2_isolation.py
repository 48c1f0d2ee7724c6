"""Who reaches the servers behind the gateway, whom they reach, and what their pods may do, enforced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pod_security import openings
from tests.rehearsal import MODEL, NAMESPACE, Cluster, Gateway, play, shell_quote, wait_for
from tests.rehearsal_pods import pod

ENGINE = "deployment/vllm-tiny-qwen3"
CPU_MODEL = "tiny-llama"
# Every way to a server: its Services, and the addresses of its pods.
TARGETS = {
    "engine": f"http://vllm-api.{NAMESPACE}.svc.cluster.local:8000/health",
    "engine's pod": f"http://tiny-qwen3-inference-pods.{NAMESPACE}.svc.cluster.local:8000/health",
    "ollama": f"http://ollama.{NAMESPACE}.svc.cluster.local:11434/",
    "ollama's pod": f"http://ollama-pods.{NAMESPACE}.svc.cluster.local:11434/",
}
# Asks all of them at once, and writes what came of each.
ASK = """
import concurrent.futures as f, json, sys, urllib.request as u
def ask(url):
    try: return u.urlopen(url, timeout=5).status
    except Exception as error: return type(error).__name__ + ": " + str(error)
urls = json.loads(sys.argv[1])
with f.ThreadPoolExecutor() as pool: print(json.dumps(dict(zip(urls, pool.map(ask, urls.values())))))
"""
REACHES, REFUSED = "reaches", "is refused"
SOURCES = {
    # By the inventory's words: this pod of this namespace, and nobody else.
    ("friends", "friend"): REACHES,
    ("friends", "stranger"): REFUSED,
    ("strangers", "friend"): REFUSED,
    (NAMESPACE, "friend"): REFUSED,
    (NAMESPACE, "deployment/litellm"): REACHES,
}


@pytest.fixture(scope="module")
def sources(cluster: Cluster, lab: dict[str, Any]) -> Iterator[Cluster]:
    """Pods in other namespaces and in the site's own."""
    image = lab["image_references"]["litellm"]
    made = [(namespace, name) for namespace, name in SOURCES if "/" not in name]
    objects: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        for name in ("friends", "strangers")
    ]
    objects += [pod(name, namespace, image, "server", ["sleep", "600"]) for namespace, name in made]
    cluster.kubectl("apply -f -", json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    try:
        for namespace, name in made:
            cluster.kubectl(f"-n {namespace} wait pod {name} --for=condition=Ready --timeout=120s")
        yield cluster
    finally:
        cluster.kubectl(f"-n {NAMESPACE} delete pod friend --wait=true --timeout=60s")
        cluster.kubectl("delete namespace friends strangers --wait=true --timeout=120s")


def asked(cluster: Cluster, namespace: str, source: str, targets: dict[str, str]) -> dict[str, Any]:
    words = (
        f"-n {namespace} exec {source} -- python3 -c {shell_quote(ASK)} {shell_quote(json.dumps(targets))}"
    )
    found: dict[str, Any] = json.loads(cluster.kubectl(words))
    return found


@pytest.mark.parametrize(("source", "verdict"), SOURCES.items(), ids=str)
def test_only_the_gateway_and_whom_the_inventory_names_reach_a_server(
    sources: Cluster, source: tuple[str, str], verdict: str
) -> None:
    def right() -> bool:
        """A policy takes a moment until it knows a new pod."""
        found = asked(sources, *source, TARGETS)
        reached = {name for name, answer in found.items() if answer == 200}
        assert reached == (set(TARGETS) if verdict == REACHES else set()), found
        return True

    wait_for(f"{source} {verdict}", right, timeout=60)


def running(cluster: Cluster) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cluster.get("pods -A -l app.kubernetes.io/part-of=inference-stack")["items"]
    return [item for item in found if item["status"]["phase"] in ("Running", "Succeeded")]


def test_no_pod_has_what_it_does_not_need(cluster: Cluster) -> None:
    pods = running(cluster)
    assert len(pods) >= 4
    for item in pods:
        assert openings(item) == [], item["metadata"]["name"]
        tokens = [volume for volume in item["spec"]["volumes"] if "projected" in volume]
        assert tokens == [], item["metadata"]["name"]


@pytest.mark.parametrize("container", [f"{ENGINE} -c vllm", f"{ENGINE} -c watchdog", "deployment/litellm"])
def test_images_are_read_only(cluster: Cluster, container: str) -> None:
    write = "import pathlib; pathlib.Path('/written').touch()"
    done = cluster.server.run(f'k3s kubectl -n {NAMESPACE} exec {container} -- python3 -c "{write}"')
    assert done.rc != 0
    assert "Read-only file system" in done.stderr


def test_a_closed_server_answers_and_reaches_nobody(
    cluster: Cluster,
    gateway: Gateway,
    lab: dict[str, Any],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    """The engine reaches the hub, because it may have to fetch its model; closed, it answers all the same."""
    variables = {"render_output": str(tmp_path), "vllm_egress": "closed", "ollama_egress": "closed"}
    done = play(request.config.getoption("--ansible-inventory"), "render", variables)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    policies = [
        thing
        for path in sorted(tmp_path.rglob("*.y*ml"))
        for thing in yaml.safe_load_all(path.read_text("utf-8"))
        if thing and thing["kind"] == "NetworkPolicy" and thing["spec"]["policyTypes"] == ["Egress"]
    ]
    assert {thing["metadata"]["name"] for thing in policies} == {"vllm-server-egress", "ollama-egress"}
    outside = {
        "hub": lab["hub"],
        "gateway": f"http://litellm.{NAMESPACE}.svc.cluster.local:4000/health/liveliness",
    }

    def reached() -> set[str]:
        found = asked(cluster, NAMESPACE, f"{ENGINE} -c vllm", outside)
        return {name for name, answer in found.items() if answer == 200 or "HTTPError" in str(answer)}

    assert reached() == set(outside)
    cluster.kubectl("apply -f -", json.dumps({"apiVersion": "v1", "kind": "List", "items": policies}))
    try:
        wait_for("closed engine", lambda: not reached(), timeout=60)
        for model in (MODEL, CPU_MODEL):
            answer = gateway.chat(model=model)
            assert answer.status_code == 200, answer.text
            assert answer.headers["x-litellm-attempted-fallbacks"] == "0"
    finally:
        names = " ".join(thing["metadata"]["name"] for thing in policies)
        cluster.kubectl(f"-n {NAMESPACE} delete networkpolicy {names}")
    wait_for("open engine", lambda: reached() == set(outside), timeout=60)
