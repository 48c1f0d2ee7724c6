"""Images came over a slow line that broke, took longer than their clocks allow, and nobody minded."""

from __future__ import annotations

import os
import re
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.hosts.podman import Podman
from lab.settings import load
from tests.rehearsal import Cluster

CLOCKS = Path(__file__).resolve().parents[1] / "inventory/group_vars/all/clocks.yml"
PODS = {"device_plugin_timeout": "nvidia-device-plugin", "ollama_timeout": "ollama"}
"""Which pods each clock is for: the beginning of their names."""


@pytest.fixture(scope="module")
def run_log() -> str:
    """What the scenario's playbooks said."""
    return Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "run.log").read_text("utf-8")


@pytest.fixture(scope="module")
def pulls(cluster: Cluster) -> dict[str, float]:
    """Seconds that each pod waited for its image."""
    begun: dict[str, datetime] = {}
    taken: dict[str, float] = {}
    events = cluster.get("events --all-namespaces")["items"]
    for event in sorted(events, key=lambda row: str(row.get("firstTimestamp"))):
        pod = event["involvedObject"]["name"]
        if event["reason"] == "Pulling":
            begun.setdefault(pod, datetime.fromisoformat(event["firstTimestamp"]))
        elif event["reason"] == "Pulled" and pod in begun:
            taken[pod] = (datetime.fromisoformat(event["lastTimestamp"]) - begun[pod]).total_seconds()
    return taken


def test_no_image_lay_on_the_host_before(cluster: Cluster, gpu: Any, lab: dict[str, Any]) -> None:
    assert lab["registry"]
    with gpu.sudo():
        assert gpu.run("ls /var/lib/rancher/k3s/agent/images").stdout == ""
        assert gpu.file("/etc/rancher/k3s/registries.yaml").contains(lab["registry"])


@pytest.mark.parametrize("clock", PODS)
def test_a_pull_may_take_longer_than_the_clock(pulls: dict[str, float], clock: str) -> None:
    allowed = yaml.safe_load(CLOCKS.read_text("utf-8"))[clock]
    slowest = max(seconds for pod, seconds in pulls.items() if pod.startswith(PODS[clock]))
    assert slowest > allowed, pulls


def test_a_pull_went_on_where_its_line_broke() -> None:
    settings = load()
    told = Podman(settings).output("logs", settings.container("registry"))
    asked = Counter(re.findall(r"GET (/v2/\S+/blobs/[^? ]+)", told))
    assert max(asked.values()) > 1, told[-3000:]


def test_the_run_said_what_it_waited_for(run_log: str, lab: dict[str, Any]) -> None:
    assert f"pulling image {lab['image_references']['ollama']} since " in run_log
