"""tasks/prune.yml of the role vllm against an API server in memory, whose Jobs end at once."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.playbook_run import run_playbook
from tests.playbooks.roles.cluster_roles import INPUTS
from tests.playbooks.roles.test_fetch_templates import MODEL
from tests.playbooks.roles.test_prune_templates import NODES

KINDS = {
    "/api/v1": [
        ("configmaps", "ConfigMap", True),
        ("pods", "Pod", True),
        ("pods/log", "Pod", True),
        ("nodes", "Node", False),
    ],
    "/apis/apps/v1": [("deployments", "Deployment", True)],
    "/apis/batch/v1": [("jobs", "Job", True)],
}
FOUND = {True: "removed 2 entries, 41.0 GB\n", False: "would remove 2 entries, 41.0 GB\n"}
STRANGER = {
    "metadata": {"name": "vllm-stranger", "namespace": "other"},
    "spec": {
        "template": {
            "spec": {
                "initContainers": [{"name": "fetch-model", "command": ["python3", "/f.py", "org/theirs@v1"]}],
                "containers": [{"name": "vllm", "args": ["--model", "org/theirs"]}],
            }
        }
    },
}


class Cluster:
    """Objects by their paths, and every Job that ever was."""

    def __init__(self) -> None:
        self.jobs: list[dict[str, Any]] = []
        self.objects: dict[str, dict[str, Any]] = {
            **{f"/api/v1/nodes/{node['metadata']['name']}": node for node in NODES},
            "/apis/apps/v1/namespaces/other/deployments/vllm-stranger": STRANGER,
        }
        self.fails = False

    def listed(self, path: str) -> list[dict[str, Any]]:
        group, _, plural = path.rpartition("/")
        start = re.sub(r"/namespaces/[^/]+$", "", group)
        scope = group if group != start else start
        return [
            one
            for place, one in self.objects.items()
            if place.startswith(f"{scope}/") and place.split("/")[-2] == plural
        ]

    def add(self, path: str, thing: dict[str, Any]) -> dict[str, Any]:
        name = thing["metadata"]["name"]
        self.objects[f"{path}/{name}"] = thing
        if thing["kind"] == "Job":
            self.jobs.append(thing)
            ended = "Failed" if self.fails else "Complete"
            thing["status"] = {
                "conditions": [{"type": ended, "status": "True", "reason": "BackoffLimitExceeded"}]
            }
            thing["spec"]["selector"] = {"matchLabels": {"job-name": name}}
            metadata = {"name": f"{name}-pod", "namespace": thing["metadata"]["namespace"]}
            metadata["labels"] = {"job-name": name}
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": {"phase": "Succeeded"}}
            pod["spec"] = thing["spec"]["template"]["spec"]
            self.objects[f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"] = pod
        return thing

    def log(self, pod: str) -> str:
        name = pod.removesuffix("-pod")
        (job,) = (job for job in self.jobs if job["metadata"]["name"] == name)
        command = job["spec"]["template"]["spec"]["containers"][0]["command"]
        return "org/old 0123456789ab: 41.0 GB\n" + FOUND["--remove" in command]


class Handler(BaseHTTPRequestHandler):
    cluster: Cluster
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def _send(self, body: Any, status: int = 200) -> None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _content(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(
            self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}"
        )
        return loaded

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path = parts.path.rstrip("/")
        if path == "/version":
            self._send({"major": "1", "minor": "34", "gitVersion": "v1.34.0"})
        elif path == "/api":
            self._send({"kind": "APIVersions", "versions": ["v1"]})
        elif path == "/apis":
            groups = [
                {"name": group, "versions": [version], "preferredVersion": version}
                for group in ("apps", "batch")
                for version in [{"groupVersion": f"{group}/v1", "version": "v1"}]
            ]
            self._send({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        elif path in KINDS:
            verbs = ["create", "delete", "get", "list", "patch", "update"]
            rows = [
                {"name": plural, "singularName": "", "namespaced": scoped, "kind": kind, "verbs": verbs}
                for plural, kind, scoped in KINDS[path]
            ]
            version = path.removeprefix("/apis/").removeprefix("/api/")
            self._send({"kind": "APIResourceList", "groupVersion": version, "resources": rows})
        elif path.endswith("/log"):
            self._send(self.cluster.log(path.split("/")[-2]))
        elif path in self.cluster.objects:
            self._send(self.cluster.objects[path])
        elif any(path.endswith(f"/{plural}") for rows in KINDS.values() for plural, _, _ in rows):
            (selector,) = parse_qs(parts.query).get("labelSelector", [""])
            rows = [
                one
                for one in self.cluster.listed(path)
                if not selector.startswith("job-name=")
                or (one["metadata"].get("labels") or {}).get("job-name") == selector.partition("=")[2]
            ]
            kind = next(
                kind for rows_ in KINDS.values() for plural, kind, _ in rows_ if path.endswith(plural)
            )
            self._send({"kind": f"{kind}List", "apiVersion": "v1", "metadata": {}, "items": rows})
        elif path.endswith("/events"):
            self._send({"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": []})
        else:
            self._send({"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}, 404)

    def do_POST(self) -> None:
        self._send(self.cluster.add(urlsplit(self.path).path, self._content()), 201)

    def do_DELETE(self) -> None:
        self._content()
        self.cluster.objects.pop(urlsplit(self.path).path, None)
        self._send({"kind": "Status", "status": "Success"})


@pytest.fixture
def cluster() -> Iterator[tuple[Cluster, dict[str, Any]]]:
    held = Cluster()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"cluster": held}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "here"}}],
        "clusters": [{"name": "here", "cluster": {"server": f"http://127.0.0.1:{server.server_address[1]}"}}],
        "users": [{"name": "here", "user": {"token": "none"}}],
    }
    yield held, kubeconfig
    server.shutdown()
    server.server_close()


def prune(kubeconfig: dict[str, Any], folder: Path, *words: str, **more: Any) -> CompletedProcess[str]:
    include = {"name": "inference.stack.vllm", "tasks_from": "prune.yml"}
    variables = {
        **INPUTS,
        "vllm_models": [MODEL],
        "cluster_objects_kubeconfig": kubeconfig,
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        **more,
    }
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables}
    path = folder / "play.yml"
    path.write_text(json.dumps([{**play, "tasks": [{"ansible.builtin.import_role": include}]}]))
    return run_playbook(path, *words, inventory="localhost,")


@pytest.mark.parametrize(("words", "told"), [((), "removed 2"), (("--check",), "would remove 2")])
def test_every_cache_is_looked_at_and_nothing_stays(
    cluster: tuple[Cluster, dict[str, Any]], tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    held, kubeconfig = cluster
    before = set(held.objects)
    done = prune(kubeconfig, tmp_path, *words)
    assert done.returncode == 0, done.stdout[-4000:]
    assert done.stdout.count(f"{told} entries, 41.0 GB") == 2
    assert "off: not ready, so nobody looked." in done.stdout
    assert re.search(r"localhost .* changed=1 .* failed=0", done.stdout)
    assert len(held.jobs) == 2
    for job in held.jobs:
        command = job["spec"]["template"]["spec"]["containers"][0]["command"]
        assert "--needed=org/theirs@v1" in command
        assert ("--remove" in command) is (not words)
    assert {path for path in held.objects if "/pods/" not in path} == before


def test_a_job_that_fails_is_told_and_removed(
    cluster: tuple[Cluster, dict[str, Any]], tmp_path: Path
) -> None:
    held, kubeconfig = cluster
    held.fails = True
    before = set(held.objects)
    done = prune(kubeconfig, tmp_path)
    assert done.returncode == 2
    assert "prune-models-" in done.stdout
    assert {path for path in held.objects if "/pods/" not in path} == before


def test_a_name_that_a_model_needs_is_refused_before_anything_runs(
    cluster: tuple[Cluster, dict[str, Any]], tmp_path: Path
) -> None:
    held, kubeconfig = cluster
    done = prune(kubeconfig, tmp_path, vllm_prune_also=["Qwen/Qwen3-8B"])
    assert done.returncode == 2
    assert "holds Qwen/Qwen3-8B, which a model of the inventory needs" in " ".join(done.stdout.split())
    assert held.jobs == []
