"""A node: containerd, the kubelet, and what connects its pods."""

from __future__ import annotations

import asyncio
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import addons, arguments, containerd, kubelet, layout, log, network, policy_rules, registries
from .api import Api, ApiError, Unreachable
from .errors import K3sError
from .images import Loader, image_archive
from .join import Accounts, Membership, forget_foreign_identity, join, write_bootstrap_kubeconfig
from .layout import write_private
from .options import AgentOptions
from .payload import Manifest, executable
from .processes import Program, Supervisor
from .tokens import Token

_POLL_S = 0.2
_HEALTH = "http://127.0.0.1:10248/healthz"
# Mere information; and in containers, nothing says which device files lie on, every ten seconds.
_NOISE = re.compile(
    r"^I[0-9]{4} |^INFO\[|failed to write status: connection error|retrying of unary invoker failed"
    r"|cannot find filesystem info for device|invalid capacity 0 on image filesystem"
    r"|nodePortAddresses is unset|alpha api enabled with emulated version"
)
_REQUIRED = ("conntrack", "ip", "ipset", "iptables", "mount", "openssl", "runc", "setpriv")


@dataclass(frozen=True)
class Node:
    """What a node is made of."""

    options: AgentOptions
    manifest: Manifest
    programs: Path
    supervisor: Supervisor
    tasks: asyncio.TaskGroup


def check_host(options: AgentOptions) -> None:
    """Refuse early where the host lacks what the programs call."""
    missing = [name for name in _REQUIRED if shutil.which(name) is None]
    missing += [
        str(path)
        for name in ("host-local", "portmap", "ptp")
        if not (path := layout.CNI_PLUGINS / name).exists()
    ]
    if missing:
        raise K3sError(f"missing on this host: {', '.join(missing)}")
    network.prepare_host()
    for folder in (options.layout.images, options.layout.cni_etc, layout.CONTAINERD_SOCKET.parent):
        folder.mkdir(parents=True, exist_ok=True)


async def run(node: Node, server: str, token: Token, *, at_home: bool = False) -> Membership:
    """Start a node; return when its kubelet works. The rest goes on in the background."""
    loader = await _start_containerd(node)
    loading = node.tasks.create_task(_load_images(node, loader))
    membership = await join(server, token, node.options.layout, at_home=at_home)
    address = node.options.node_ip[0] if node.options.node_ip else _own_address(server, at_home)
    forget_foreign_identity(node.options.layout, node.options.name, membership.ca)
    write_bootstrap_kubeconfig(membership, node.options.layout)
    accounts = Accounts(membership, node.options.layout, addons.ACCOUNTS)
    await accounts.first()
    node.tasks.create_task(accounts.keep())
    _start_network(node, membership, accounts)
    # A pod whose image is about to be loaded would be turned away, and then wait for minutes.
    await loading
    node.tasks.create_task(loader.watch_folder())
    _start_kubelet(node, membership, address)
    await until(_kubelet_is_healthy)
    log.info("The kubelet is running")
    return membership


async def until(condition: Callable[[], bool]) -> None:
    """Ask until the answer is yes, without holding up the rest."""
    while not await asyncio.to_thread(condition):
        await asyncio.sleep(_POLL_S)


def noise(options: AgentOptions) -> re.Pattern[str] | None:
    """What the journal is spared, unless somebody wants to see more."""
    return None if options.verbosity else _NOISE


def pause_image(node: Node) -> str:
    """The image that holds pods' namespaces."""
    return node.options.pause_image or node.manifest.pause_image


async def _start_containerd(node: Node) -> Loader:
    options, host = node.options, kubelet.inspect_host()
    runtimes = containerd.find_runtimes()
    for name, path in runtimes.items():
        log.info(f"Found {name} container runtime at {path}")
    settings = containerd.Settings(
        layout=options.layout,
        pause_image=pause_image(node),
        snapshotter=options.snapshotter,
        default_runtime=options.default_runtime or "runc",
        systemd_cgroup=host.cgroup_driver == "systemd",
        restrict_oom_score=not host.may_change_oom_score,
        runtimes=runtimes,
    )
    path = containerd.write_configuration(settings, registries.read(Path(options.private_registry)))
    layout.CONTAINERD_SOCKET.unlink(missing_ok=True)
    node.supervisor.start(
        Program(
            name="containerd",
            command=(str(node.programs / "containerd"), "--config", str(path)),
            log_file=options.layout.containerd_root / "containerd.log",
        )
    )
    await until(layout.CONTAINERD_SOCKET.exists)
    return Loader(node.supervisor, node.programs / "ctr", options.layout, options.snapshotter)


async def _load_images(node: Node, loader: Loader) -> None:
    await loader.load_bytes(
        node.manifest.pause_image, image_archive(node.manifest.pause_image, node.programs / "pause")
    )
    await loader.load_folder()


def _start_network(node: Node, membership: Membership, accounts: Accounts) -> None:
    options, settings = node.options, membership.settings
    if settings.kube_proxy:
        flags = arguments.kube_proxy(
            options, settings.cluster_cidr, accounts.kubeconfig(addons.PROXY_ACCOUNT)
        )
        command = arguments.command(node.programs / "kube-proxy", flags, options.kube_proxy_arg)
        node.supervisor.start(Program("kube-proxy", command, noise=noise(options)))
    api = accounts.api(addons.ROUTES_ACCOUNT)
    if settings.pod_network:
        node.tasks.create_task(network.keep(api, options.layout, options.name, settings.cluster_cidr))
    if settings.network_policies:
        node.tasks.create_task(_enforce_policies(node, membership, accounts, api))


async def _enforce_policies(node: Node, membership: Membership, accounts: Accounts, api: Api) -> None:
    # The controller wants to find its node in the cluster.
    await until(lambda: node_exists(api, node.options.name))
    settings = membership.settings
    folder = policy_rules.install(
        layout.RUNTIME_DIR / "network-policies", executable(), settings.service_cidr
    )
    flags = arguments.network_policies(
        node.options,
        settings.service_cidr,
        settings.service_node_port_range,
        accounts.kubeconfig(addons.POLICY_ACCOUNT),
    )
    command = arguments.command(node.programs / "kube-network-policies", flags, ())
    program = Program("kube-network-policies", command, path=folder, noise=noise(node.options))
    node.supervisor.start(program)


def _start_kubelet(node: Node, membership: Membership, address: str) -> None:
    options, settings, host = node.options, membership.settings, kubelet.inspect_host()
    content = kubelet.configuration(
        options,
        host,
        dns_address=settings.dns_address,
        domain=settings.domain,
        resolv_conf=kubelet.resolv_conf(options),
    )
    flags = kubelet.flags(options, address, kubelet.write_configuration(options, content))
    command = arguments.command(node.programs / "kubelet", flags, options.kubelet_arg)
    node.supervisor.start(Program("kubelet", command, noise=noise(options)))
    write_private(
        options.layout.agent / "etc" / "crictl.yaml",
        f"runtime-endpoint: unix://{layout.CONTAINERD_SOCKET}\n",
        0o644,
    )


def node_exists(api: Api, name: str) -> bool:
    """Whether the cluster knows a node."""
    try:
        api.call("GET", f"/api/v1/nodes/{name}")
    except (ApiError, Unreachable):
        return False
    return True


def _own_address(server: str, at_home: bool) -> str:
    return (
        network.own_address()
        if at_home
        else network.address_towards(urllib.parse.urlsplit(server).hostname or "")
    )


def _kubelet_is_healthy() -> bool:
    try:
        with urllib.request.urlopen(_HEALTH, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
