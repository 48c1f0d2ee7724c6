"""Debian packages that the machine itself needs: only the missing ones are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from typing import IO

from lab import shell
from lab.components import go_components, python_components
from lab.errors import LabError
from lab.gpu import build as gpu_stand_in
from lab.gpu import toolkit_repository

# To run hosts. netavark is the network layer of every podman since 4.0, but only recommended. nss-wrapper
# lets a program know the hosts by names that the machine does not know.
RUN = ("podman", "runc", "netavark", "iptables", "ipset", "iproute2", "openssh-client", "libnss-wrapper")
BUILD = tuple(
    sorted({
        *("mmdebstrap", "debian-archive-keyring"),
        *go_components.BUILD_PACKAGES,
        *python_components.BUILD_PACKAGES,
        *gpu_stand_in.DEBIAN_PACKAGES,
        *toolkit_repository.DEBIAN_PACKAGES,
    })
)  # fmt: skip

# Another apt (unattended upgrades) may be at work: wait for it rather than fail.
_APT = ("apt-get", "-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300")


def missing(wanted: Iterable[str]) -> list[str]:
    """Which of the packages are not installed."""
    names = sorted(set(wanted))
    done = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    installed = {line.split()[0] for line in done.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in names if name not in installed]


def install(building: bool, log: IO[str]) -> str:
    """Install what is missing; ``building`` asks for compilers and the like, too."""
    wanted = (*RUN, *(BUILD if building else ()))
    if shutil.which("apt-get") is None:
        if shutil.which("podman") and shutil.which("iptables"):
            return "not a Debian; podman is there"
        raise LabError(
            "this machine has no apt-get", f"install what these Debian packages hold: {' '.join(wanted)}"
        )
    names = missing(wanted)
    if not names:
        return "all there"
    env = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": os.environ.get("LC_ALL", "C.UTF-8")}
    try:
        shell.logged([*_APT, "update"], log, env=env)
        shell.logged([*_APT, "install", *names], log, env=env)
    except LabError as error:
        raise LabError(
            f"packages could not be installed: {error.problem}",
            f"see why with: apt-get install {' '.join(names)}",
        ) from error
    return f"installed {' '.join(names)}"
