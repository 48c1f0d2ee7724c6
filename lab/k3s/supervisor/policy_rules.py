"""Stands before ``iptables-restore`` for the NetworkPolicy controller.

The controller reads the whole filter table, changes its own chains, and writes the whole table back.
Whatever kube-proxy wrote in between is lost until its next turn: refused Services stay refused, for up
to half a minute. So only the controller's own chains are handed on; all others stay as they are.

It also accepts what a pod sends to a Service without endpoints, before kube-proxy can refuse it; the
packet would leave the cluster and its sender wait. One rule more lets such packets pass by.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

_OWN_CHAINS = ("KUBE-NWPLCY-", "KUBE-POD-FW-", "KUBE-ROUTER-")
_SCRIPT = """\
#!/usr/bin/env python3
import sys

sys.path.insert(0, {archive!r})
from supervisor.policy_rules import main

sys.exit(main(sys.argv[1:], {service_cidr!r}))
"""


def own_part(wanted: str, present: Iterable[str], service_cidr: str) -> str:
    """Reduce a table to the controller's chains; those that are left out of it are removed."""
    lines = wanted.splitlines()
    declared = [line.split()[0].removeprefix(":") for line in lines if line.startswith(":")]
    own = [name for name in declared if name.startswith(_OWN_CHAINS)]
    rules = [line for line in lines if line.startswith("-") and line.split()[1].startswith(_OWN_CHAINS)]
    # What reaches this chain with a Service's address has no endpoint: others have been translated.
    unserved = f"-A KUBE-ROUTER-FORWARD -d {service_cidr} -j RETURN"
    if "KUBE-ROUTER-FORWARD" in own:
        rules = [unserved, *(line for line in rules if line != unserved)]
    stale = [name for name in present if name.startswith(_OWN_CHAINS) and name not in own]
    return "\n".join(
        [
            "*filter",
            # To declare a chain is to empty it.
            *(f":{name} - [0:0]" for name in [*own, *stale]),
            *rules,
            *(f"-X {name}" for name in stale),
            "COMMIT\n",
        ]
    )


def install(folder: Path, archive: Path, service_cidr: str) -> Path:
    """Write the program that the controller shall find first; return its folder."""
    path = folder / "iptables-restore"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(_SCRIPT.format(archive=str(archive), service_cidr=service_cidr), encoding="utf-8")
    path.chmod(0o755)
    return folder


def main(arguments: list[str], service_cidr: str) -> int:
    """Do what iptables-restore would, for the controller's chains alone."""
    real = _real_program()
    if "--help" in arguments:
        return subprocess.run([real, *arguments], check=False).returncode
    saved = subprocess.run(["iptables-save", "-t", "filter"], capture_output=True, check=True, text=True)
    present = [line.split()[0][1:] for line in saved.stdout.splitlines() if line.startswith(":")]
    table = own_part(sys.stdin.read(), present, service_cidr)
    return subprocess.run([real, "--noflush", *arguments], input=table, check=False, text=True).returncode


def _real_program() -> str:
    return next(
        path for path in ("/usr/sbin/iptables-restore", "/sbin/iptables-restore") if Path(path).exists()
    )
