"""The settings of k3s that exist here, and what happens with the ones that do not."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from . import layout
from .errors import K3sError

Role = Literal["server", "agent"]

BUNDLED_ADDONS = ("coredns", "runtimes")
ABSENT_ADDONS = ("local-storage", "metrics-server", "servicelb", "traefik")

# Without effect, because what they concern is not there at all.
WITHOUT_EFFECT_AGENT = {
    "disable-apiserver-lb": "agents speak to the server directly",
    "enable-pprof": "there is no supervisor port",
    "flannel-iface": "routes go to the nodes' own addresses",
    "lb-server-port": "agents speak to the server directly",
    "prefer-bundled-bin": "the hosts' iptables is used",
    "supervisor-metrics": "there is no supervisor port",
    "system-default-registry": "the cluster's own images are inside of the executable",
}
WITHOUT_EFFECT_SERVER = WITHOUT_EFFECT_AGENT | {
    "disable-cloud-controller": "there is none",
    "disable-helm-controller": "there is none",
    "egress-selector-mode": "the API server reaches nodes directly",
    "kube-cloud-controller-manager-arg": "there is none",
    "servicelb-namespace": "there is no service load balancer",
    "tls-san-security": "names are never added on demand",
}
# Promises that would not be kept. A "no" to them is fine.
UNSUPPORTED_AGENT = {
    "container-runtime-endpoint": "the bundled containerd is the only runtime",
    "disable-default-registry-endpoint": "mirrors always fall back to the registry itself",
    "docker": "the bundled containerd is the only runtime",
    "flannel-cni-conf": "the pods' network has one form",
    "flannel-conf": "the pods' network has one form",
    "node-external-ip": "there is no cloud controller that would publish it",
    "rootless": "it needs root",
    "selinux": "containerd runs without it",
    "vpn-auth": "nodes reach each other directly",
    "vpn-auth-file": "nodes reach each other directly",
    "with-node-id": "node names are taken as they are",
}
UNSUPPORTED_SERVER = UNSUPPORTED_AGENT | {
    "cluster-init": "the state is kept in SQLite, so there is one server",
    "cluster-reset": "the state is kept in SQLite",
    "datastore-endpoint": "the state is kept in SQLite",
    "disable-agent": "a server is always a node too",
    "disable-apiserver": "a server runs the whole control plane",
    "disable-controller-manager": "a server runs the whole control plane",
    "disable-etcd": "the state is kept in SQLite",
    "embedded-registry": "there is no image sharing between nodes",
    "secrets-encryption": "the state is not encrypted",
    "server": "the state is kept in SQLite, so a second server cannot join",
}


@dataclass
class AgentOptions:
    """What a node can be told. Names are k3s's, with underscores."""

    data_dir: str = str(layout.DEFAULT_DATA_DIR)
    token: str = ""
    token_file: str = ""
    server: str = ""
    node_name: str = ""
    node_ip: list[str] = field(default_factory=list)
    node_label: list[str] = field(default_factory=list)
    node_taint: list[str] = field(default_factory=list)
    kubelet_arg: list[str] = field(default_factory=list)
    kube_proxy_arg: list[str] = field(default_factory=list)
    private_registry: str = str(layout.REGISTRIES)
    pause_image: str = ""
    default_runtime: str = ""
    snapshotter: str = "overlayfs"
    resolv_conf: str = ""
    protect_kernel_defaults: bool = False
    debug: bool = False
    v: int = 0

    def __post_init__(self) -> None:
        for address in self.node_ip:
            _ipv4("node-ip", address)
        for label in self.node_label:
            if "=" not in label:
                raise K3sError(f"node-label {label!r}: write it as key=value")
        for taint in self.node_taint:
            if taint.rpartition(":")[2] not in ("NoSchedule", "PreferNoSchedule", "NoExecute"):
                raise K3sError(
                    f"node-taint {taint!r}: write it as key=value:NoSchedule|PreferNoSchedule|NoExecute"
                )
        if self.snapshotter not in ("overlayfs", "native"):
            raise K3sError(f"snapshotter {self.snapshotter!r}: this build has overlayfs and native")

    @property
    def layout(self) -> layout.Layout:
        """The folders that follow from the data directory."""
        return layout.Layout(Path(self.data_dir))

    @property
    def name(self) -> str:
        """The node's name in the cluster."""
        return (self.node_name or socket.gethostname()).lower()

    @property
    def verbosity(self) -> int:
        """How much the Kubernetes programs say."""
        return max(self.v, 4 if self.debug else 0)


@dataclass
class ServerOptions(AgentOptions):
    """What a server can be told on top of what every node can."""

    agent_token: str = ""
    agent_token_file: str = ""
    bind_address: str = "0.0.0.0"
    https_listen_port: int = 6443
    advertise_address: str = ""
    advertise_port: int = 0
    tls_san: list[str] = field(default_factory=list)
    cluster_cidr: str = "10.42.0.0/16"
    service_cidr: str = "10.43.0.0/16"
    service_node_port_range: str = "30000-32767"
    cluster_dns: str = ""
    cluster_domain: str = "cluster.local"
    flannel_backend: str = "host-gw"
    disable: list[str] = field(default_factory=list)
    disable_kube_proxy: bool = False
    disable_network_policy: bool = False
    disable_scheduler: bool = False
    kube_apiserver_arg: list[str] = field(default_factory=list)
    kube_controller_manager_arg: list[str] = field(default_factory=list)
    kube_scheduler_arg: list[str] = field(default_factory=list)
    write_kubeconfig: str = str(layout.KUBECONFIG)
    write_kubeconfig_mode: str = "0600"
    write_kubeconfig_group: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, cidr in (("cluster-cidr", self.cluster_cidr), ("service-cidr", self.service_cidr)):
            try:
                ipaddress.IPv4Network(cidr)
            except ValueError as error:
                raise K3sError(f"{name} {cidr!r}: {error}; one IPv4 range is supported") from error
        for name, address in (
            ("cluster-dns", self.cluster_dns),
            ("advertise-address", self.advertise_address),
        ):
            if address:
                _ipv4(name, address)
        try:
            int(self.write_kubeconfig_mode, 8)
        except ValueError as error:
            raise K3sError(
                f"write-kubeconfig-mode {self.write_kubeconfig_mode!r}: not an octal mode"
            ) from error
        for name in self.disable:
            if name not in BUNDLED_ADDONS + ABSENT_ADDONS:
                raise K3sError(f"disable {name!r}: known are {', '.join(BUNDLED_ADDONS + ABSENT_ADDONS)}")

    @property
    def service_address(self) -> str:
        """The address of the Service ``kubernetes``."""
        return str(ipaddress.IPv4Network(self.service_cidr)[1])

    @property
    def dns_address(self) -> str:
        """The address of the Service ``kube-dns``."""
        return self.cluster_dns or str(ipaddress.IPv4Network(self.service_cidr)[10])


def options_class(role: Role) -> type[AgentOptions]:
    """The settings of one of k3s's two roles."""
    return ServerOptions if role == "server" else AgentOptions


def without_effect(role: Role) -> dict[str, str]:
    """Keys that are accepted although they change nothing, and why."""
    return WITHOUT_EFFECT_SERVER if role == "server" else WITHOUT_EFFECT_AGENT


def unsupported(role: Role) -> dict[str, str]:
    """Keys that are refused although k3s knows them, and why."""
    return UNSUPPORTED_SERVER if role == "server" else UNSUPPORTED_AGENT


def is_no(value: Any) -> bool:
    """Whether a setting says no to what it is about."""
    return value in (None, False, "", "false", [], 0, "0")


def _ipv4(name: str, address: str) -> None:
    try:
        ipaddress.IPv4Address(address)
    except ValueError as error:
        raise K3sError(f"{name} {address!r}: not an IPv4 address; IPv6 is not supported") from error
