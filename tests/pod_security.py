"""What pods may do: Pod Security's level baseline, and what this collection holds its own pods to besides.

Baseline as of https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline, for Linux. The
API server enforces it where a namespace asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

CAPABILITIES = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"}
    | {"NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)
SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
SYSCTLS = frozenset(
    {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start"}
    | {"net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports"}
    | {"net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl"}
    | {"net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"}
)


def violations(template: dict[str, Any]) -> list[str]:
    """What of a pod's template the level forbids."""
    spec = template["spec"]
    annotations = template.get("metadata", {}).get("annotations") or {}
    return [
        *(name for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)),
        *(f"hostPath {volume['name']}" for volume in spec.get("volumes") or [] if "hostPath" in volume),
        *(
            f"sysctl {row['name']}"
            for row in _context(spec).get("sysctls") or []
            if row["name"] not in SYSCTLS
        ),
        *(
            f"{name}: {value}"
            for name, value in annotations.items()
            if name.startswith("container.apparmor.security.beta.kubernetes.io/") and value == "unconfined"
        ),
        *_of_context(_context(spec)),
        *(told for container in _containers(spec) for told in _of_container(container)),
    ]


def openings(template: dict[str, Any], writable_images: bool = False) -> list[str]:
    """What a pod of ours has and does not need; ``writable_images`` is what an inventory may allow."""
    spec = template["spec"]
    found = [] if spec.get("automountServiceAccountToken") is False else ["a service account's token"]
    found += ["service links"] if spec.get("enableServiceLinks", True) else []
    for container in _containers(spec):
        context = _context(container)
        name = container["name"]
        if context.get("allowPrivilegeEscalation") is not False:
            found.append(f"{name} may gain privileges")
        if not (writable_images or context.get("readOnlyRootFilesystem")):
            found.append(f"{name} writes to its image")
        if (context.get("seccompProfile") or _context(spec).get("seccompProfile")) != {
            "type": "RuntimeDefault"
        }:
            found.append(f"{name} has no seccomp profile")
    return found


def _context(row: dict[str, Any]) -> dict[str, Any]:
    return row.get("securityContext") or {}


def _containers(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(kind) or []


def _of_container(container: dict[str, Any]) -> Iterator[str]:
    context = _context(container)
    if context.get("privileged"):
        yield "privileged"
    for name in (context.get("capabilities") or {}).get("add") or []:
        if name not in CAPABILITIES:
            yield f"capability {name}"
    if context.get("procMount", "Default") != "Default":
        yield "procMount"
    for port in container.get("ports") or []:
        if port.get("hostPort"):
            yield f"hostPort {port['hostPort']}"
    hooks = container.get("lifecycle") or {}
    asks = {name: container.get(name) for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    for name, probe in {**asks, **hooks}.items():
        if any(((probe or {}).get(action) or {}).get("host") for action in ("httpGet", "tcpSocket")):
            yield f"host of {name}"
    yield from _of_context(context)


def _of_context(context: dict[str, Any]) -> Iterator[str]:
    for profile in ("seccompProfile", "appArmorProfile"):
        if (context.get(profile) or {}).get("type") == "Unconfined":
            yield f"{profile} Unconfined"
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield "hostProcess"
    selinux = context.get("seLinuxOptions") or {}
    if selinux.get("user") or selinux.get("role") or selinux.get("type", "") not in SELINUX_TYPES:
        yield "seLinuxOptions"
