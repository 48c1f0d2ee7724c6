"""The command line: ``k3s server``, ``k3s agent``, and the tools under k3s's names."""

from __future__ import annotations

import fcntl
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

from . import layout, log
from .errors import K3sError
from .payload import Manifest, executable, read_manifest, unpack

_TOOLS = ("kubectl", "ctr", "crictl")
_USAGE = """\
usage: k3s COMMAND [ARGUMENT...]

  server          run a control plane and a node
  agent           run a node
  kubectl         talk to the cluster (default kubeconfig: /etc/rancher/k3s/k3s.yaml)
  ctr             talk to containerd (default namespace: k8s.io)
  crictl          talk to containerd through the kubelet's interface
  --version       say which version this is

This is upstream Kubernetes behind k3s's command line, for rehearsals.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status is its result."""
    called_as = Path(sys.argv[0]).name
    words = list(sys.argv[1:] if arguments is None else arguments)
    if called_as in _TOOLS:
        words.insert(0, called_as)
    command, rest = (words[0], words[1:]) if words else ("", [])
    try:
        return _dispatch(command, rest)
    except K3sError as error:
        log.fatal(str(error))
        return 1


def _dispatch(command: str, rest: list[str]) -> int:
    if command in ("", "help", "--help", "-h"):
        sys.stdout.write(_USAGE)
        return 0
    manifest = read_manifest(executable())
    if command in ("--version", "-v", "version"):
        sys.stdout.write(
            f"k3s version {manifest.version} ({manifest.hash[:8]})\ngo version {manifest.go_version}\n"
        )
        return 0
    if command in _TOOLS:
        _run_tool(manifest, command, rest)
    if command not in ("server", "agent"):
        raise K3sError(
            f"this build has no command {command!r}; it has server, agent, {', '.join(_TOOLS)}, --version"
        )
    return _run_service(manifest, command, rest)


def _run_tool(manifest: Manifest, tool: str, rest: list[str]) -> None:
    """Become a tool."""
    if tool not in (*manifest.programs, *manifest.links):
        raise K3sError(f"{tool} is not part of this build")
    places = layout.Layout(_data_dir())
    programs = unpack(executable(), manifest, places)
    environment = dict(os.environ)
    environment.setdefault("KUBECONFIG", str(layout.KUBECONFIG))
    environment.setdefault("CONTAINERD_ADDRESS", str(layout.CONTAINERD_SOCKET))
    environment.setdefault("CONTAINERD_NAMESPACE", "k8s.io")
    environment.setdefault("CRI_CONFIG_FILE", str(places.agent / "etc" / "crictl.yaml"))
    os.execve(programs / tool, [tool, *rest], environment)


def _data_dir() -> Path:
    """The data directory that the service uses, where its configuration can be read."""
    from .config import read_files

    try:
        configured = read_files(layout.CONFIG_FILE).get("data-dir")
    except (K3sError, OSError):
        configured = None
    return Path(os.environ.get("K3S_DATA_DIR") or configured or layout.DEFAULT_DATA_DIR)


def _run_service(manifest: Manifest, role: str, rest: list[str]) -> int:
    from .config import read_options

    if rest and rest[0] in ("--help", "-h"):
        sys.stdout.write(_USAGE)
        return 0
    options = read_options("server" if role == "server" else "agent", rest, os.environ)
    if os.geteuid() != 0:
        raise K3sError(f"k3s {role} must be run as root")
    log.info(f"Starting k3s {role} {manifest.version} ({manifest.hash[:8]})")
    from . import service

    layout.RUNTIME_DIR.mkdir(parents=True, exist_ok=True)
    with (layout.RUNTIME_DIR / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise K3sError("k3s is running on this host already") from error
        _raise_file_limit()
        programs = unpack(executable(), manifest, options.layout)
        return service.run(options, manifest, programs)


def _raise_file_limit() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
