"""The hosts hold what the host roles promise."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(("name", "unit"), [("server", "k3s"), ("gpu", "k3s-agent")])
def test_k3s_runs_and_starts_at_boot(host_of: Any, lab: dict[str, Any], name: str, unit: str) -> None:
    host = host_of(name)
    assert host.service(unit).is_running
    assert host.service(unit).is_enabled
    version = host.check_output("k3s --version")
    assert version.startswith(f"k3s version {lab['artefacts']['k3s']['version']}")


@pytest.mark.parametrize("name", ["server", "gpu"])
def test_files_with_the_token_are_for_root_alone(host_of: Any, secrets: dict[str, str], name: str) -> None:
    config = host_of(name).file("/etc/rancher/k3s/config.yaml")
    assert (config.mode, config.user) == (0o600, "root")
    processes = host_of(name).check_output("ps axww -o args")
    journal = host_of(name).check_output("journalctl --no-pager -q")
    assert secrets["k3s_token"] not in processes
    assert secrets["k3s_token"] not in journal


def test_both_nodes_are_ready(cluster: Any) -> None:
    nodes = cluster.get("nodes")["items"]
    ready = {
        node["metadata"]["name"]: condition["status"]
        for node in nodes
        for condition in node["status"]["conditions"]
        if condition["type"] == "Ready"
    }
    assert ready == {"server": "True", "gpu": "True"}


def test_the_gpu_node_is_labelled_tainted_and_offers_its_card(cluster: Any) -> None:
    node = cluster.get("node gpu")
    assert node["metadata"]["labels"]["nvidia.com/gpu"] == "true"
    assert {"key": "gpu", "value": "true", "effect": "NoSchedule"} in node["spec"]["taints"]
    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "1"


def test_the_container_toolkit_is_installed_and_held(gpu: Any) -> None:
    assert gpu.package("nvidia-container-toolkit").is_installed
    assert "nvidia-container-toolkit" in gpu.check_output("apt-mark showhold")
    # NVIDIA's default: Docker's users notice nothing, and a new driver needs no file.
    assert gpu.file("/etc/nvidia-container-runtime/config.toml").contains('^mode = "auto"')
    assert gpu.file("/var/lib/rancher/k3s/agent/etc/containerd/config.toml").contains(
        "nvidia-container-runtime"
    )


def test_a_repository_that_was_there_before_is_named_once(gpu: Any) -> None:
    """Two files that name it with two keys would stop every use of apt on the host."""
    named = gpu.check_output("grep --recursive --files-with-matches stable/deb /etc/apt/sources.list.d")
    assert named == "/etc/apt/sources.list.d/nvidia-container-toolkit.list"
    assert gpu.run("apt-get update --quiet").rc == 0


def test_a_program_that_was_there_before_keeps_its_name(gpu: Any, server: Any) -> None:
    assert gpu.check_output("ctr") == "ctr of Docker"
    assert server.check_output("readlink /usr/local/bin/ctr") == "k3s"


def test_the_model_lies_in_the_cache(gpu: Any, lab: dict[str, Any]) -> None:
    revision = lab["artefacts"]["vllm_model"]["revision"]
    snapshot = f"/var/lib/vllm/huggingface/hub/models--lab--tiny-qwen3/snapshots/{revision}"
    assert gpu.file(f"{snapshot}/config.json").exists
    assert gpu.file(f"{snapshot}/model.safetensors").size > 1000
