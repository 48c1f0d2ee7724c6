"""What the role device_plugin asks a cluster for."""

from __future__ import annotations

from tests.playbooks.roles.cluster_roles import container_of, environment_of, one, pod_of


def test_the_plugin_sees_the_driver_and_bears_the_taints() -> None:
    plugin = one("device_plugin", "DaemonSet", "nvidia-device-plugin")
    pod = pod_of(plugin)
    assert plugin["metadata"]["namespace"] == "kube-system"
    assert pod["runtimeClassName"] == "nvidia"
    assert pod["priorityClassName"] == "system-node-critical"
    assert pod["nodeSelector"] == {"nvidia.com/gpu": "true"}
    assert {entry["key"] for entry in pod["tolerations"]} == {"gpu", "nvidia.com/gpu"}


def test_the_plugin_registers_with_the_kubelet() -> None:
    plugin = one("device_plugin", "DaemonSet", "nvidia-device-plugin")
    container = container_of(plugin)
    assert container["image"] == "nvcr.io/nvidia/k8s-device-plugin:v0.18.0"
    assert container["volumeMounts"] == [
        {"name": "device-plugins", "mountPath": "/var/lib/kubelet/device-plugins"}
    ]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert environment_of(plugin)["NVIDIA_VISIBLE_DEVICES"] == "all"
