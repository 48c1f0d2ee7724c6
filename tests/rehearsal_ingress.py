"""An ingress controller: Traefik, as an operator installs it, in a namespace of its own."""

from __future__ import annotations

import json
from typing import Any

from tests.rehearsal import Cluster
from tests.rehearsal_pods import pod

NAMESPACE = "front"
NAME = "traefik"
# Where the lab mounts it on its hosts.
FOLDER = "/opt/traefik"
MANIFESTS = f"{FOLDER}/manifests"
# As Traefik's own manifests call it.
ACCOUNT = "traefik-ingress-controller"
ENTRY_POINTS = {"web": (8000, 31080), "websecure": (8443, 31443)}


def install(cluster: Cluster, image: str, node: str) -> None:
    """Kinds, rights and the program. It returns when the pod runs."""
    cluster.kubectl(f"apply --server-side -f {MANIFESTS}/kubernetes-crd-definition-v1.yml")
    cluster.kubectl(f"apply -f {MANIFESTS}/kubernetes-crd-rbac.yml")
    for thing in (*_rights(), *_program(image, node)):
        cluster.kubectl("apply -f -", json.dumps(thing))
    cluster.kubectl(f"-n {NAMESPACE} wait pod {NAME} --for=condition=Ready --timeout=120s")


def _rights() -> list[dict[str, Any]]:
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ACCOUNT}
    account = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": NAMESPACE}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"{ACCOUNT}-{NAMESPACE}"},
            "roleRef": role,
            "subjects": [account],
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": NAME},
            "spec": {"controller": "traefik.io/ingress-controller"},
        },
    ]


def _program(image: str, node: str) -> list[dict[str, Any]]:
    command = [
        f"{FOLDER}/bin/traefik",
        *(f"--entryPoints.{name}.address=:{port}" for name, (port, _) in ENTRY_POINTS.items()),
        "--providers.kubernetesIngress=true",
        "--providers.kubernetesCRD=true",
        "--global.checkNewVersion=false",
        "--global.sendAnonymousUsage=false",
        "--ping=true",
        "--ping.entryPoint=web",
    ]
    container = {
        "volumeMounts": [{"name": NAME, "mountPath": FOLDER, "readOnly": True}],
        "readinessProbe": {"httpGet": {"path": "/ping", "port": ENTRY_POINTS["web"][0]}, "periodSeconds": 2},
    }
    volumes = [{"name": NAME, "hostPath": {"path": FOLDER, "type": "Directory"}}]
    ports = [
        {"name": name, "port": port, "nodePort": node_port}
        for name, (port, node_port) in ENTRY_POINTS.items()
    ]
    return [
        pod(
            NAME,
            NAMESPACE,
            image,
            node,
            command,
            container=container,
            volumes=volumes,
            serviceAccountName=ACCOUNT,
        ),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
            "spec": {"type": "NodePort", "selector": {"app": NAME}, "ports": ports},
        },
    ]
