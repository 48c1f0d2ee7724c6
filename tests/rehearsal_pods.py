"""Pods that ask others, to see what a network lets through."""

from __future__ import annotations

from typing import Any

from tests.rehearsal import Cluster

# A server and a client that every image with Python can run.
SERVE = ["python3", "-m", "http.server", "8080", "--directory", "/etc"]
FETCH = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=5).status)"


def pod(name: str, namespace: str, image: str, node: str, command: list[str], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {
            "nodeSelector": {"kubernetes.io/hostname": node},
            "tolerations": [{"operator": "Exists"}],
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "main", "image": image, "command": command, **spec.pop("container", {})}],
            **spec,
        },
    }


def fetch(cluster: Cluster, namespace: str, source: str, url: str) -> str:
    """The status that a pod gets from a URL, or how it failed."""
    done = cluster.server.run(f"k3s kubectl -n {namespace} exec {source} -- python3 -c '{FETCH}' {url}")
    return str(done.stdout).strip() if done.rc == 0 else f"failed: {done.stderr.strip()[-300:]}"
