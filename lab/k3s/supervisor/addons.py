"""The objects that a server puts into its cluster."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from .api import Object
from .layout import Layout
from .options import ServerOptions

BOOTSTRAP_GROUP = "system:bootstrappers:k3s:default-node-token"
SETTINGS_NAME = "k3s-agent-settings"
CLUSTER_INFO = "cluster-info"
# What runs on each node beside the kubelet, and whose rights it has.
PROXY_ACCOUNT = "k3s-kube-proxy"
POLICY_ACCOUNT = "k3s-network-policies"
ROUTES_ACCOUNT = "k3s-routes"
ACCOUNTS = (PROXY_ACCOUNT, POLICY_ACCOUNT, ROUTES_ACCOUNT)
# All that k3s knows; each works on nodes where containerd found its runtime.
_RUNTIMES = ("crun", "lunatic", "nvidia", "nvidia-cdi", "nvidia-experimental", "slight", "spin")
RUNTIME_CLASSES = (*_RUNTIMES, "wasmedge", "wasmer", "wasmtime", "wws")
_DNS_LABELS = {"k8s-app": "kube-dns"}


def _object(version: str, kind: str, name: str, namespace: str = "", **content: Any) -> Object:
    metadata: dict[str, Any] = {"name": name, "labels": {"app.kubernetes.io/managed-by": "k3s"}}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}


def _role(name: str, rules: list[Object], namespace: str = "") -> Object:
    kind = "Role" if namespace else "ClusterRole"
    return _object("rbac.authorization.k8s.io/v1", kind, name, namespace, rules=rules)


def _binding(name: str, role: str, subject: Object, namespace: str = "") -> Object:
    reference = {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role" if namespace else "ClusterRole",
        "name": role,
    }
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    return _object(
        "rbac.authorization.k8s.io/v1", kind, name, namespace, roleRef=reference, subjects=[subject]
    )


def _group(name: str) -> Object:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": name}


def _account(name: str) -> Object:
    return {"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}


def _rule(group: str, resources: list[str], verbs: list[str], names: list[str] | None = None) -> Object:
    rule: Object = {"apiGroups": [group], "resources": resources, "verbs": verbs}
    return rule | ({"resourceNames": names} if names else {})


def bootstrap_secret(identity: str, secret: str) -> Object:
    """The token with which nodes ask for their certificates."""
    return _object(
        "v1",
        "Secret",
        f"bootstrap-token-{identity}",
        "kube-system",
        type="bootstrap.kubernetes.io/token",
        stringData={
            "auth-extra-groups": BOOTSTRAP_GROUP,
            "description": "Nodes join with it; it follows from the k3s token.",
            "token-id": identity,
            "token-secret": secret,
            "usage-bootstrap-authentication": "true",
        },
    )


def joining(settings: dict[str, Any], kubeconfig: str) -> list[Object]:
    """What a node may see and do before it is one."""
    groups = (
        ("k3s-node-bootstrapper", "system:node-bootstrapper", BOOTSTRAP_GROUP),
        (
            "k3s-node-autoapprove",
            "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
            BOOTSTRAP_GROUP,
        ),
        (
            "k3s-node-autoapprove-renewal",
            "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
            "system:nodes",
        ),
    )
    anybody = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:anonymous"}
    node = "k3s-joining-node"
    node_rules = [
        _rule("", ["configmaps"], ["get"], [SETTINGS_NAME]),
        _rule("", ["serviceaccounts/token"], ["create"], list(ACCOUNTS)),
    ]
    info = "k3s-cluster-info"
    return [
        _object("v1", "ConfigMap", CLUSTER_INFO, "kube-public", data={"kubeconfig": kubeconfig}),
        _role(info, [_rule("", ["configmaps"], ["get"], [CLUSTER_INFO])], "kube-public"),
        _binding(info, info, anybody, "kube-public"),
        _object("v1", "ConfigMap", SETTINGS_NAME, "kube-system", data={"settings": json.dumps(settings)}),
        *(_binding(name, role, _group(group)) for name, role, group in groups),
        _role(node, node_rules, "kube-system"),
        _binding(node, node, _group(BOOTSTRAP_GROUP), "kube-system"),
    ]


def node_accounts() -> list[Object]:
    """The accounts of what runs on each node beside the kubelet, each with no more than it reads."""
    policy_rules = [
        _rule("", ["namespaces", "nodes", "pods"], ["get", "list", "watch"]),
        _rule("networking.k8s.io", ["networkpolicies"], ["get", "list", "watch"]),
    ]
    return [
        *(_object("v1", "ServiceAccount", name, "kube-system") for name in ACCOUNTS),
        _binding(PROXY_ACCOUNT, "system:node-proxier", _account(PROXY_ACCOUNT)),
        _role(POLICY_ACCOUNT, policy_rules),
        _binding(POLICY_ACCOUNT, POLICY_ACCOUNT, _account(POLICY_ACCOUNT)),
        _role(ROUTES_ACCOUNT, [_rule("", ["nodes"], ["get", "list"])]),
        _binding(ROUTES_ACCOUNT, ROUTES_ACCOUNT, _account(ROUTES_ACCOUNT)),
    ]


def runtime_classes() -> list[Object]:
    """The RuntimeClasses, which are there whether or not a node has the runtime."""
    return [_object("node.k8s.io/v1", "RuntimeClass", name, handler=name) for name in RUNTIME_CLASSES]


def cluster_dns(options: ServerOptions, image: str, places: Layout) -> list[Object]:
    """CoreDNS. Its program is the hosts' own, mounted into the image that every node has."""
    corefile = f""".:53 {{
    errors
    health
    ready
    kubernetes {options.cluster_domain} in-addr.arpa ip6.arpa {{
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
    }}
    prometheus :9153
    cache 30
    loop
    reload
    loadbalance
    forward . /etc/resolv.conf
}}
"""
    rules = [
        _rule("", ["endpoints", "services", "pods", "namespaces"], ["list", "watch"]),
        _rule("discovery.k8s.io", ["endpointslices"], ["list", "watch"]),
    ]
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": "dns"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": "dns-tcp"},
        {"name": "metrics", "port": 9153, "protocol": "TCP", "targetPort": "metrics"},
    ]
    service = _object(
        "v1",
        "Service",
        "kube-dns",
        "kube-system",
        spec={"clusterIP": options.dns_address, "selector": _DNS_LABELS, "ports": ports},
    )
    service["metadata"]["labels"] |= {**_DNS_LABELS, "kubernetes.io/name": "CoreDNS"}
    template = {
        "metadata": {
            "labels": _DNS_LABELS,
            "annotations": {"k3s.io/corefile-hash": hashlib.sha256(corefile.encode()).hexdigest()},
        },
        "spec": _dns_pod(image, places),
    }
    deployment = _object(
        "apps/v1",
        "Deployment",
        "coredns",
        "kube-system",
        spec={
            "replicas": 1,
            "revisionHistoryLimit": 0,
            "selector": {"matchLabels": _DNS_LABELS},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            "template": template,
        },
    )
    return [
        _object("v1", "ServiceAccount", "coredns", "kube-system"),
        _role("system:coredns", rules),
        _binding("system:coredns", "system:coredns", _account("coredns")),
        _object("v1", "ConfigMap", "coredns", "kube-system", data={"Corefile": corefile}),
        deployment,
        service,
    ]


def _dns_pod(image: str, places: Layout) -> Object:
    mounts = {"config": "/etc/coredns", "programs": "/opt/k3s", "system": "/usr"}
    on_server = {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}
    return {
        "serviceAccountName": "coredns",
        "priorityClassName": "system-cluster-critical",
        "dnsPolicy": "Default",
        "tolerations": [
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"},
        ],
        "affinity": {
            "nodeAffinity": {
                # It outlives the other nodes there.
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 100, "preference": {"matchExpressions": [on_server]}}
                ]
            }
        },
        "containers": [
            {
                "name": "coredns",
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "command": ["/opt/k3s/kube", "coredns", "-conf", "/etc/coredns/Corefile"],
                "resources": {"requests": {"cpu": "100m", "memory": "70Mi"}},
                "ports": [
                    {"name": "dns", "containerPort": 53, "protocol": "UDP"},
                    {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
                    {"name": "metrics", "containerPort": 9153, "protocol": "TCP"},
                ],
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "runAsUser": 0,
                    "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
                },
                "livenessProbe": {
                    "httpGet": {"path": "/health", "port": 8080},
                    "initialDelaySeconds": 60,
                    "periodSeconds": 10,
                    "timeoutSeconds": 1,
                    "failureThreshold": 3,
                },
                "readinessProbe": {
                    "httpGet": {"path": "/ready", "port": 8181},
                    "periodSeconds": 2,
                    "timeoutSeconds": 1,
                },
                "volumeMounts": [
                    {"name": name, "mountPath": path, "readOnly": True} for name, path in mounts.items()
                ],
            }
        ],
        "volumes": [
            {"name": "config", "configMap": {"name": "coredns"}},
            {"name": "programs", "hostPath": {"path": str(places.programs), "type": "Directory"}},
            {"name": "system", "hostPath": {"path": "/usr", "type": "Directory"}},
        ],
    }
