"""The hosts' root filesystem: Debian 12 with what a k3s host and an Ansible target need.

It is a component (a tar in the cache) and is imported into the lab's podman under its fingerprint.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import IO

from lab.components.component import BuildContext, Component, fingerprint
from lab.debian import DEBIAN_RECIPE, bootstrap, mirror, suite
from lab.hosts.podman import Podman

PACKAGES = (
    # A machine that boots and that Ansible can manage.
    *("systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "python3", "python3-apt", "gpg"),
    *("ca-certificates", "curl", "iproute2", "kmod", "procps", "less", "pciutils", "openssl"),
    # What a kubelet, its network and kube-proxy call.
    *("runc", "containernetworking-plugins", "iptables", "ipset", "ebtables", "ethtool"),
    *("conntrack", "socat"),
    # As on many a machine; it lets everything through until somebody enables it.
    "ufw",
    # Mirror and registry run from the same image.
    *("nginx-light", "docker-registry"),
)

# Units that would touch the machine below (its disks, its kernel's settings) or cannot work in a
# container. Masked, so that a host reports "running" and never reaches through.
MASKED_UNITS = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "fstrim.timer"),
    *("e2scrub_all.timer", "e2scrub_reap.service"),
    *("systemd-modules-load.service", "systemd-sysctl.service", "systemd-binfmt.service"),
    *("systemd-remount-fs.service", "systemd-udevd.service", "systemd-udev-trigger.service"),
    *("proc-sys-fs-binfmt_misc.automount", "proc-sys-fs-binfmt_misc.mount", "dev-hugepages.mount"),
    *("sys-kernel-config.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount"),
    "sys-fs-fuse-connections.mount",
    *("getty.target", "console-getty.service"),
)
DISABLED_UNITS = ("nginx.service", "docker-registry.service")

_SSHD = """\
# Keys only, and only the host key that the lab made: known_hosts is complete before the first login.
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UseDNS no
"""
# Journals of earlier boots stay (they lie on a volume), but not without end.
_JOURNALD = "[Journal]\nSystemMaxUse=200M\n"
_ROOTFS = "rootfs.tar"


def _build(output: Path, context: BuildContext) -> None:
    tree = output / "tree"
    try:
        bootstrap(context, tree, PACKAGES)
        _configure(tree, context)
        archive = output / _ROOTFS
        context.run(["tar", "--create", "--file", archive, "--directory", tree, "--numeric-owner", "."])
    finally:
        shutil.rmtree(tree, ignore_errors=True)


def _configure(tree: Path, context: BuildContext) -> None:
    for unit in MASKED_UNITS:
        link = tree / "etc/systemd/system" / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    for unit in DISABLED_UNITS:
        context.run(["chroot", tree, "systemctl", "disable", unit])
    for key in (tree / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    (tree / "etc/ssh/sshd_config.d/lab.conf").write_text(_SSHD, encoding="utf-8")
    journald = tree / "etc/systemd/journald.conf.d/lab.conf"
    journald.parent.mkdir(parents=True, exist_ok=True)
    journald.write_text(_JOURNALD, encoding="utf-8")
    # systemd fills an empty one at boot, so every host gets its own.
    (tree / "etc/machine-id").write_text("", encoding="utf-8")
    (tree / "root/.ssh").mkdir(mode=0o700, exist_ok=True)
    (tree / "etc/hostname").unlink(missing_ok=True)


COMPONENT = Component(
    name="host-image",
    kind="network",
    estimate_s=130,
    # Not this file: a comment would mean minutes. What decides is named; the number stands for code.
    inputs=(),
    build=_build,
    revision=repr(
        (1, DEBIAN_RECIPE, suite(), mirror(), PACKAGES, MASKED_UNITS, DISABLED_UNITS, _SSHD, _JOURNALD)
    ),
)


def reference() -> str:
    """The image's name in the lab's podman."""
    return f"localhost/inference-stack/host:{fingerprint(COMPONENT)}"


def ensure_imported(podman: Podman, built: Path, log: IO[str]) -> bool:
    """Import the built tar where podman does not have it yet; tell whether that was needed."""
    if podman.succeeds("image", "exists", reference()):
        return False
    environment_path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    podman.logged(
        log,
        *("import", "--change", 'CMD ["/sbin/init"]', "--change", f"ENV {environment_path}"),
        *("--change", "ENV container=podman", built / _ROOTFS, reference()),
    )
    return True
