"""Command lines of the Kubernetes programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import K3sError
from .options import AgentOptions, ServerOptions


def command(program: Path, defaults: Mapping[str, str], extra: Sequence[str]) -> tuple[str, ...]:
    """Join defaults and the user's ``key=value`` words; the user's win, ``key+=value`` adds to a list."""
    own: dict[str, list[str]] = {}
    merged = dict(defaults)
    for word in extra:
        key, equals, value = word.partition("=")
        key = key.removeprefix("--")
        if not key:
            raise K3sError(f"argument {word!r} for {program.name}: write it as key=value")
        if key.endswith("+"):
            key = key.removesuffix("+")
            merged[key] = f"{merged[key]},{value}" if merged.get(key) else value
        else:
            own.setdefault(key, []).append(value if equals else "true")
    words = [f"--{key}={value}" for key, value in sorted(merged.items()) if key not in own]
    words += [f"--{key}={value}" for key, values in own.items() for value in values]
    return (str(program), *words)


def verbosity(options: AgentOptions) -> dict[str, str]:
    """The flag for how much to say."""
    return {"v": str(options.verbosity)} if options.verbosity else {}


def api_server(options: ServerOptions, address: str) -> dict[str, str]:
    """Flags of the API server."""
    tls = options.layout.tls
    issuer = f"https://kubernetes.default.svc.{options.cluster_domain}"
    flags = {
        "advertise-address": options.advertise_address or address,
        "allow-privileged": "true",
        "api-audiences": f"{issuer},k3s",
        "authentication-config": str(options.layout.server / "etc" / "authentication.yaml"),
        "authorization-mode": "Node,RBAC",
        "bind-address": options.bind_address,
        "cert-dir": str(tls / "temporary-certs"),
        "client-ca-file": str(tls / "client-ca.crt"),
        "enable-admission-plugins": "NodeRestriction",
        "enable-aggregator-routing": "true",
        "enable-bootstrap-token-auth": "true",
        "etcd-servers": f"unix://{options.layout.server / 'kine.sock'}",
        "kubelet-client-certificate": str(tls / "client-kube-apiserver.crt"),
        "kubelet-client-key": str(tls / "client-kube-apiserver.key"),
        "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
        "profiling": "false",
        "proxy-client-cert-file": str(tls / "client-auth-proxy.crt"),
        "proxy-client-key-file": str(tls / "client-auth-proxy.key"),
        "requestheader-allowed-names": "system:auth-proxy",
        "requestheader-client-ca-file": str(tls / "request-header-ca.crt"),
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "secure-port": str(options.https_listen_port),
        "service-account-issuer": issuer,
        "service-account-key-file": str(tls / "service.key"),
        "service-account-signing-key-file": str(tls / "service.key"),
        "service-cluster-ip-range": options.service_cidr,
        "service-node-port-range": options.service_node_port_range,
        "storage-backend": "etcd3",
        "tls-cert-file": str(tls / "serving-kube-apiserver.crt"),
        "tls-private-key-file": str(tls / "serving-kube-apiserver.key"),
        **verbosity(options),
    }
    # The API server takes either the file or these flags.
    by_flag = ("anonymous-auth", "oidc-", "authentication-config")
    if any(word.removeprefix("--").startswith(by_flag) for word in options.kube_apiserver_arg):
        del flags["authentication-config"]
    return flags


def controller_manager(options: ServerOptions) -> dict[str, str]:
    """Flags of the controller manager."""
    tls = options.layout.tls
    kubeconfig = str(options.layout.credentials / "controller.kubeconfig")
    flags = {
        "allocate-node-cidrs": "true",
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": "127.0.0.1",
        "cluster-cidr": options.cluster_cidr,
        "configure-cloud-routes": "false",
        "kubeconfig": kubeconfig,
        "leader-elect": "false",
        "profiling": "false",
        "root-ca-file": str(tls / "server-ca.crt"),
        "service-account-private-key-file": str(tls / "service.key"),
        "service-cluster-ip-range": options.service_cidr,
        "use-service-account-credentials": "true",
        **verbosity(options),
    }
    signers = {
        "kube-apiserver-client": "client-ca",
        "kubelet-client": "client-ca",
        "kubelet-serving": "server-ca",
        "legacy-unknown": "server-ca",
    }
    for signer, authority in signers.items():
        flags[f"cluster-signing-{signer}-cert-file"] = str(tls / f"{authority}.crt")
        flags[f"cluster-signing-{signer}-key-file"] = str(tls / f"{authority}.key")
    return flags


def scheduler(options: ServerOptions) -> dict[str, str]:
    """Flags of the scheduler."""
    kubeconfig = str(options.layout.credentials / "scheduler.kubeconfig")
    return {
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": "127.0.0.1",
        "kubeconfig": kubeconfig,
        "leader-elect": "false",
        "profiling": "false",
        **verbosity(options),
    }


def kine(options: ServerOptions) -> dict[str, str]:
    """Flags of the store: SQLite behind etcd's interface, with the settings of k3s."""
    parameters = "_journal_mode=WAL&_busy_timeout=30000&_synchronous=NORMAL&_txlock=immediate&cache=shared"
    return {
        "endpoint": f"sqlite://{options.layout.server / 'db' / 'state.db'}?{parameters}",
        "listen-address": f"unix://{options.layout.server / 'kine.sock'}",
        "metrics-bind-address": "0",
    }


def kube_proxy(options: AgentOptions, cluster_cidr: str, kubeconfig: Path) -> dict[str, str]:
    """Flags of the service proxy."""
    return {
        "cluster-cidr": cluster_cidr,
        # Zero leaves the host's connection tracking as it is, which a container could not change.
        "conntrack-max-per-core": "0",
        "conntrack-tcp-timeout-close-wait": "0s",
        "conntrack-tcp-timeout-established": "0s",
        "healthz-bind-address": "127.0.0.1:10256",
        "hostname-override": options.name,
        "kubeconfig": str(kubeconfig),
        "metrics-bind-address": "127.0.0.1:10249",
        "proxy-mode": "iptables",
        **verbosity(options),
    }


def network_policies(
    options: AgentOptions, service_cidr: str, node_ports: str, kubeconfig: Path
) -> dict[str, str]:
    """Flags of the NetworkPolicy controller."""
    return {
        "hostname-override": options.name,
        "kubeconfig": str(kubeconfig),
        "service-cluster-ip-range": service_cidr,
        "service-node-port-range": node_ports.replace("-", ":"),
    }
