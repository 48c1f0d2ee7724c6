"""What render.yml writes, applied with kubectl alone, serves; and site.yml adopts it without a restart."""

from __future__ import annotations

import io
import json
import re
import tarfile
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rehearsal import NAMESPACE, Cluster, Gateway, play, recap, wait_for

SECRETS = ("litellm-environment", "litellm-keys", "vllm-hf-token")
FOLDER = "/tmp/inference-stack-rendered"


def pods(cluster: Cluster) -> dict[str, str]:
    """The pods that run, each with the start of its containers."""
    found = cluster.get(f"-n {NAMESPACE} pods")["items"]
    return {
        pod["metadata"]["name"]: str(pod["status"]["startTime"])
        for pod in found
        if pod["status"]["phase"] == "Running" and not pod["metadata"].get("deletionTimestamp")
    }


def replicas(cluster: Cluster) -> dict[str, int]:
    found = cluster.get(f"-n {NAMESPACE} deployments")["items"]
    return {row["metadata"]["name"]: row["spec"]["replicas"] for row in found}


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rendered")
    inventory = request.config.getoption("--ansible-inventory")
    done = play(inventory, "render", {"render_output": str(path)})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    return path


def saved_secrets(cluster: Cluster) -> str:
    """The Secrets as another tool would make them: kind, name and data alone."""
    items = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "data": cluster.get(f"-n {NAMESPACE} secret {name}")["data"],
        }
        for name in SECRETS
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def test_no_secret_is_among_the_files(folder: Path, secrets: dict[str, str]) -> None:
    text = "".join(path.read_text("utf-8") for path in folder.rglob("*") if path.is_file())
    for key in ("consumer_key", "litellm_master_key"):
        assert secrets[key] not in text
        assert b64encode(secrets[key].encode()).decode() not in text
    named = yaml.safe_load_all((folder / "secrets.yaml.example").read_text("utf-8"))
    assert {row["metadata"]["name"] for row in named} == set(SECRETS)


def test_kubectl_alone_brings_the_site_up(
    folder: Path, cluster: Cluster, gateway: Gateway, server: Any
) -> None:
    kept = saved_secrets(cluster)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(folder, arcname=".")
    packed = b64encode(archive.getvalue()).decode()
    server.check_output(
        f"rm -rf {FOLDER} && mkdir {FOLDER} && echo {packed} | base64 -d | tar -xz -C {FOLDER}"
    )

    cluster.kubectl(f"delete namespace {NAMESPACE} --wait=true --timeout=180s")
    cluster.kubectl(f"apply -f {FOLDER}/namespace-{NAMESPACE}.yaml")
    cluster.kubectl("apply -f -", kept)
    cluster.kubectl(f"apply -k {FOLDER}")

    wait_for("tokens", lambda: gateway.chat().status_code == 200, timeout=300)
    answer = wait_for("tokens of the GPU tier", lambda: from_gpu(gateway), timeout=300)
    assert answer.json()["usage"]["completion_tokens"] > 0


def from_gpu(gateway: Gateway) -> Any:
    answer = gateway.chat()
    fallbacks = answer.headers.get("x-litellm-attempted-fallbacks")
    return answer if answer.status_code == 200 and fallbacks == "0" else None


def test_the_site_adopts_what_kubectl_applied(
    request: pytest.FixtureRequest, cluster: Cluster, gateway: Gateway
) -> None:
    before, scaled = pods(cluster), replicas(cluster)
    assert len(before) >= 3 and 1 in scaled.values(), "kubectl left no site to adopt"
    inventory = request.config.getoption("--ansible-inventory")
    done = play(inventory, "site", {}, "--tags", "cluster", "--diff", timeout=600)
    assert done.returncode == 0, done.stdout[-4000:]
    assert not re.search(r"^[+-]\s+replicas:", done.stdout, re.MULTILINE), done.stdout[-4000:]
    assert (pods(cluster), replicas(cluster)) == (before, scaled)
    again = play(inventory, "site", {}, "--tags", "cluster", timeout=600)
    assert again.returncode == 0, again.stdout[-4000:]
    assert "changed=0" in recap(again.stdout, "localhost"), again.stdout[-4000:]
    assert gateway.chat().status_code == 200
