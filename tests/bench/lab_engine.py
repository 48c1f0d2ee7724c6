"""Ways from a bench to the models of the lab that LAB names."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from lab import settings as lab_settings
from lab import shell, state
from lab.demo import GATEWAY_PORT
from lab.hosts.podman import Podman
from lab.settings import Settings
from tests.bench.vllm_tool import Server
from tests.rehearsal import NAMESPACE


def at_gateway(model: str) -> Server:
    lab, hosts = lab_that_is_up()
    return Server(f"http://{hosts['server']}:{GATEWAY_PORT}", model, state.read_secrets(lab)["consumer_key"])


def at_engine(model: str) -> Server:
    """The Service that every engine is behind, from the host of the GPU.

    A tunnel would bundle the events of a stream, so the bench goes on in that host's network: this process
    starts itself again there, unless it has.
    """
    lab, _ = lab_that_is_up()
    container = Podman(lab).inspect(lab.container("gpu"))
    if container is None:
        raise SystemExit(f"bench: the GPU host of lab {lab.name} is gone: make demo")
    network = Path("/proc", str(container["State"]["Pid"]), "ns/net")
    if not network.samefile("/proc/self/ns/net"):
        words = ["nsenter", f"--net={network}", sys.executable, *sys.orig_argv[1:]]
        sys.stdout.flush()
        os.execvp(words[0], words)
    kubectl = (sys.executable, "-m", "lab", "kubectl", "-n", NAMESPACE)
    spec = json.loads(shell.output([*kubectl, "get", "service", "vllm-api", "-o", "json"]))["spec"]
    return Server(f"http://{spec['clusterIP']}:{spec['ports'][0]['port']}", model)


def lab_that_is_up() -> tuple[Settings, dict[str, str]]:
    """The lab, and the addresses of its hosts."""
    lab = lab_settings.load()
    content = state.read_lab_file(lab)
    if content is None:
        raise SystemExit(f"bench: lab {lab.name} is not up: make demo")
    return lab, {name: host["address"] for name, host in content["hosts"].items()}
