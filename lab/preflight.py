"""Refuse at once what cannot work, each time with the way out."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from lab import shell
from lab.errors import LabError

GIB = 1 << 30

MEMORY_BYTES = 10 * GIB
DISK_COLD_BYTES = 25 * GIB
"""Compiler caches, packages, images and two hosts."""
DISK_WARM_BYTES = 6 * GIB
"""Two hosts, with the images unpacked in each."""

# Tried in namespaces of their own, so nothing of it reaches the machine.
_NETWORK_TRIALS = (
    ("bridge", "ip link add try0 type bridge"),
    ("veth", "ip link add try1 type veth peer name try2"),
    ("iptables (nat, masquerade)", "iptables -w -t nat -A POSTROUTING -j MASQUERADE"),
    ("iptables (conntrack)", "iptables -w -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT"),
    ("iptables (comment, mark)", "iptables -w -A FORWARD -m comment --comment a -m mark --mark 1 -j ACCEPT"),
    ("ipset", "ipset create try hash:ip && iptables -w -A FORWARD -m set --match-set try src -j ACCEPT"),
)


@dataclass(frozen=True)
class Needs:
    """What this run is about to do, which decides about what it needs."""

    cache: Path
    cold: bool
    hosts_running: bool


def check(needs: Needs) -> None:
    """Raise one LabError that lists everything that is wrong."""
    checks: tuple[Callable[[Needs], None], ...] = (_platform, _root, _memory, _disk)
    _raise_all(_problems(checks, needs))


def check_kernel(folder: Path) -> str:
    """Try what the hosts ask of the kernel; needs the packages."""
    problems = []
    if problem := _overlay_problem(folder):
        problems.append(problem)
    for name, command in _NETWORK_TRIALS:
        if not shell.succeeds(["unshare", "--net", "sh", "-c", command]):
            remedy = f"take another kernel; try it with: unshare --net sh -c '{command}'"
            problems.append(LabError(f"the kernel does not do {name}", remedy))
    _raise_all(problems)
    return "overlay, bridge, veth, iptables, ipset work"


def _problems(checks: Iterable[Callable[[Needs], None]], needs: Needs) -> list[LabError]:
    problems = []
    for one in checks:
        try:
            one(needs)
        except LabError as error:
            problems.append(error)
    return problems


def _raise_all(problems: list[LabError]) -> None:
    if problems:
        lines = [f"{error.problem}\n    fix: {error.remedy}" for error in problems]
        raise LabError("\n  ".join(["this machine cannot run the lab:", *lines]))


def _platform(_needs: Needs) -> None:
    system, machine = platform.system(), platform.machine()
    if (system, machine) != ("Linux", "x86_64"):
        raise LabError(f"this is {system} on {machine}", "use a Linux machine with an x86_64 processor")


def _root(_needs: Needs) -> None:
    if os.geteuid() != 0:
        raise LabError("the hosts need root (containers with systemd and kubelets)", "sudo -E make demo")


def _memory(needs: Needs) -> None:
    if needs.hosts_running:
        return
    available = available_memory()
    if available < MEMORY_BYTES:
        raise LabError(
            f"{available / GIB:.1f} GiB of memory are available, {MEMORY_BYTES // GIB} are needed",
            "end what uses it (another lab: LAB=<name> make down), or take a bigger machine",
        )


def _disk(needs: Needs) -> None:
    if needs.hosts_running and not needs.cold:
        return
    wanted = DISK_COLD_BYTES if needs.cold else DISK_WARM_BYTES
    folder = next(path for path in (needs.cache, *needs.cache.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise LabError(
            f"{free / GIB:.0f} GiB are free below {folder}, {wanted // GIB} are needed",
            "make room, or set XDG_CACHE_HOME to a folder on a bigger disk",
        )


def available_memory(meminfo: Path = Path("/proc/meminfo")) -> int:
    """What the kernel could give without swapping."""
    for line in meminfo.read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def _overlay_problem(folder: Path) -> LabError | None:
    """Mount an overlay where the hosts' files will lie: on another overlay, that fails."""
    script = (
        'd=$(mktemp --directory --tmpdir="$1") && mkdir "$d/l" "$d/u" "$d/w" "$d/m" && '
        'mount -t overlay overlay -o "lowerdir=$d/l,upperdir=$d/u,workdir=$d/w" "$d/m"; code=$?; '
        'umount "$d/m" 2>/dev/null; rm -rf "$d"; exit $code'
    )
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", str(folder)],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return None
    return LabError(
        f"no overlay filesystem can be mounted below {folder}: {done.stderr.strip()}",
        "set XDG_CACHE_HOME to a folder on ext4 or xfs, not on an overlay",
    )
