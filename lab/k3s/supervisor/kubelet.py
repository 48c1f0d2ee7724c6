"""The kubelet's configuration and flags."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path

from . import layout
from .arguments import verbosity
from .layout import write_private
from .options import AgentOptions

_FALLBACK_NAMESERVER = "nameserver 8.8.8.8\n"


@dataclass(frozen=True)
class Host:
    """What the host allows, where machines and containers differ."""

    cgroup_driver: str
    is_container: bool
    may_change_oom_score: bool


def inspect_host(root: Path = Path("/")) -> Host:
    """Look at the host."""
    unified = (root / "sys/fs/cgroup/cgroup.controllers").exists()
    by_systemd = (root / "run/systemd/system").is_dir()
    capabilities = _effective_capabilities((root / "proc/self/status").read_text(encoding="utf-8"))
    return Host(
        # On cgroup v1 containers cannot rely on systemd's hierarchy; k3s chooses the same way.
        cgroup_driver="systemd" if unified and by_systemd else "cgroupfs",
        is_container=(root / "run/systemd/container").exists() or (root / "run/.containerenv").exists(),
        may_change_oom_score=bool(capabilities >> 24 & 1),  # CAP_SYS_RESOURCE
    )


def configuration(
    options: AgentOptions, host: Host, *, dns_address: str, domain: str, resolv_conf: Path
) -> dict[str, object]:
    """The defaults that files beside this one and kubelet-arg may change."""
    content: dict[str, object] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": "0.0.0.0",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True, "cacheTTL": "2m0s"},
            "x509": {"clientCAFile": str(options.layout.agent / "client-ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": host.cgroup_driver,
        "clusterDNS": [dns_address],
        "clusterDomain": domain,
        "containerRuntimeEndpoint": f"unix://{layout.CONTAINERD_SOCKET}",
        "evictionHard": {"imagefs.available": "5%", "nodefs.available": "5%"},
        "evictionMinimumReclaim": {"imagefs.available": "10%", "nodefs.available": "10%"},
        "failCgroupV1": False,
        "failSwapOn": False,
        "healthzBindAddress": "127.0.0.1",
        "protectKernelDefaults": options.protect_kernel_defaults,
        "resolvConf": str(resolv_conf),
        "rotateCertificates": True,
        "serializeImagePulls": False,
        "staticPodPath": str(options.layout.agent / "pod-manifests"),
        "volumePluginDir": str(layout.KUBELET_ROOT / "volumeplugins"),
    }
    if host.is_container:
        # The device below a container's root file system cannot be found, so nothing can be counted.
        content["localStorageCapacityIsolation"] = False
    if not host.may_change_oom_score:
        content["oomScoreAdj"] = 0
    return content


def write_configuration(options: AgentOptions, content: dict[str, object]) -> Path:
    """Write the configuration into the folder that k3s has for it."""
    folder = options.layout.agent / "etc" / "kubelet.conf.d"
    write_private(folder / "00-k3s-defaults.conf", json.dumps(content, indent=2) + "\n")
    (options.layout.agent / "pod-manifests").mkdir(exist_ok=True)
    return folder


def flags(options: AgentOptions, address: str, folder: Path) -> dict[str, str]:
    """Flags of the kubelet."""
    agent = options.layout.agent
    labels = ["node.kubernetes.io/instance-type=k3s", *options.node_label]
    result = {
        "bootstrap-kubeconfig": str(agent / "bootstrap.kubeconfig"),
        "cert-dir": str(agent / "pki"),
        "config-dir": str(folder),
        "hostname-override": options.name,
        "kubeconfig": str(agent / "kubelet.kubeconfig"),
        "node-ip": address,
        "node-labels": ",".join(labels),
        "root-dir": str(layout.KUBELET_ROOT),
        **verbosity(options),
    }
    if options.node_taint:
        result["register-with-taints"] = ",".join(options.node_taint)
    return result


def resolv_conf(options: AgentOptions, host_file: Path = Path("/etc/resolv.conf")) -> Path:
    """The file with the nameservers for pods: the host's, unless pods could not reach any of them."""
    if options.resolv_conf:
        return Path(options.resolv_conf)
    try:
        text = host_file.read_text(encoding="utf-8")
    except OSError:
        text = ""
    if _has_reachable_nameserver(text):
        return host_file
    # k3s does the same; a loopback address would send the cluster's DNS to itself.
    own = options.layout.agent / "etc" / "resolv.conf"
    write_private(own, _FALLBACK_NAMESERVER, 0o644)
    return own


def _has_reachable_nameserver(text: str) -> bool:
    addresses = [
        line.split()[1] for line in text.splitlines() if line.startswith("nameserver ") and line.split()[1:]
    ]
    return bool(addresses) and not any(_is_local(address) for address in addresses)


def _is_local(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return True


def _effective_capabilities(status: str) -> int:
    for line in status.splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0
