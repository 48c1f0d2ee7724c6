"""What a control plane needs on disk before its programs start."""

from __future__ import annotations

import grp
import json
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from . import kubeconfig, log
from .certificates import Names, Pair, ensure_authority, ensure_key, ensure_leaf
from .errors import K3sError
from .join import ClusterSettings
from .layout import write_private
from .options import ServerOptions
from .tokens import Token, full_token

# The only paths that nobody has to say their name for; k3s has no others either.
_ANONYMOUS_PATHS = (
    "/healthz",
    "/livez",
    "/readyz",
    "/version",
    "/api/v1/namespaces/kube-public/configmaps/cluster-info",
)


@dataclass(frozen=True)
class Prepared:
    """What the rest of the server works with."""

    local_url: str
    ca: Path
    administrator: Pair
    passwords: tuple[str, ...]
    """The first one is the server's own."""
    settings: ClusterSettings
    public_kubeconfig: str


def prepare(options: ServerOptions, address: str) -> Prepared:
    """Make certificates, kubeconfigs and tokens; what is there already stays."""
    tls = options.layout.tls
    tls.mkdir(parents=True, exist_ok=True)
    options.layout.server.chmod(0o700)
    server_ca, client_ca, front_ca = (
        ensure_authority(tls, name) for name in ("server-ca", "client-ca", "request-header-ca")
    )
    passwords = _tokens(options, server_ca.certificate.read_bytes())
    ensure_key(tls / "service.key")
    ensure_leaf(server_ca, tls, "serving-kube-apiserver", _server_names(options, address), "server")
    ensure_leaf(
        client_ca, tls, "client-kube-apiserver", Names("system:apiserver", ("system:masters",)), "client"
    )
    ensure_leaf(front_ca, tls, "client-auth-proxy", Names("system:auth-proxy"), "client")
    administrator = ensure_leaf(
        client_ca, tls, "client-admin", Names("system:admin", ("system:masters",)), "client"
    )
    local = "127.0.0.1" if options.bind_address == "0.0.0.0" else options.bind_address
    local_url = f"https://{local}:{options.https_listen_port}"
    ca = server_ca.certificate.read_bytes()
    for name, user in (
        ("controller", "system:kube-controller-manager"),
        ("scheduler", "system:kube-scheduler"),
    ):
        pair = ensure_leaf(client_ca, tls, f"client-{name}", Names(user), "client")
        text = kubeconfig.document(local_url, ca, kubeconfig.by_files(pair))
        write_private(options.layout.credentials / f"{name}.kubeconfig", text)
    _write_admin_kubeconfig(options, kubeconfig.document(local_url, ca, kubeconfig.by_data(administrator)))
    _write_authentication(options)
    # The folder of the database; kine does not make it.
    (options.layout.server / "db").mkdir(exist_ok=True)
    public_url = f"https://{options.advertise_address or address}:{options.https_listen_port}"
    return Prepared(
        local_url=local_url,
        ca=server_ca.certificate,
        administrator=administrator,
        passwords=passwords,
        settings=_cluster_settings(options, client_ca),
        public_kubeconfig=kubeconfig.document(public_url, ca, {}),
    )


def _tokens(options: ServerOptions, ca: bytes) -> tuple[str, ...]:
    server = options.layout.server
    kept = server / "token"
    given = Token.parse(options.token).password if options.token else ""
    known = Token.parse(kept.read_text(encoding="utf-8")).password if kept.exists() else ""
    if given and known and given != known:
        raise K3sError(
            "bootstrap data already found and encrypted with different token: this server was set up with "
            f"the token in {kept}; give it that one, or remove {server} to start with an empty cluster"
        )
    password = known or given or secrets.token_hex(16)
    for_agents = Token.parse(options.agent_token).password if options.agent_token else password
    write_private(kept, full_token(ca, password) + "\n")
    user = "node" if options.agent_token else "server"
    write_private(server / "node-token", full_token(ca, for_agents, user) + "\n")
    write_private(server / "agent-token", full_token(ca, for_agents, user) + "\n")
    return tuple(dict.fromkeys((password, for_agents)))


def _server_names(options: ServerOptions, address: str) -> Names:
    domain = options.cluster_domain
    hosts = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{domain}"]
    hosts += ["localhost", socket.gethostname(), options.name]
    addresses = ["127.0.0.1", options.service_address, address, *options.node_ip]
    if options.advertise_address:
        addresses.append(options.advertise_address)
    for name in options.tls_san:
        (addresses if _is_address(name) else hosts).append(name)
    return Names(
        "kube-apiserver", addresses=tuple(dict.fromkeys(addresses)), hosts=tuple(dict.fromkeys(hosts))
    )


def _is_address(name: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, name)
        except OSError:
            continue
        return True
    return False


def _write_admin_kubeconfig(options: ServerOptions, text: str) -> None:
    path = Path(options.write_kubeconfig)
    write_private(path, text, int(options.write_kubeconfig_mode, 8))
    if options.write_kubeconfig_group:
        try:
            group = grp.getgrnam(options.write_kubeconfig_group).gr_gid
        except KeyError as error:
            raise K3sError(
                f"write-kubeconfig-group {options.write_kubeconfig_group!r}: no such group"
            ) from error
        os.chown(path, -1, group)
    log.info(f"Wrote kubeconfig {path}")


def _write_authentication(options: ServerOptions) -> None:
    content = {
        "apiVersion": "apiserver.config.k8s.io/v1beta1",
        "kind": "AuthenticationConfiguration",
        "anonymous": {"enabled": True, "conditions": [{"path": path} for path in _ANONYMOUS_PATHS]},
    }
    write_private(options.layout.server / "etc" / "authentication.yaml", json.dumps(content, indent=2) + "\n")


def _cluster_settings(options: ServerOptions, client_ca: Pair) -> ClusterSettings:
    return ClusterSettings(
        client_ca=client_ca.certificate.read_text(encoding="utf-8"),
        cluster_cidr=options.cluster_cidr,
        service_cidr=options.service_cidr,
        service_node_port_range=options.service_node_port_range,
        dns_address=options.dns_address,
        domain=options.cluster_domain,
        kube_proxy=not options.disable_kube_proxy,
        network_policies=not options.disable_network_policy,
        pod_network=options.flannel_backend != "none",
    )
