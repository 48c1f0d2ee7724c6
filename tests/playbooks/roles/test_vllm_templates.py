"""What the role vllm asks a cluster for."""

from __future__ import annotations

import base64
import json

import pytest

from tests.playbooks.roles.cluster_roles import (
    HUB_TOKEN,
    R1,
    container_of,
    environment_of,
    one,
    pod_of,
    rendered,
)


def test_an_engine_lands_on_the_gpu_and_shares_memory() -> None:
    engine = one("vllm", "Deployment", "vllm-qwen3-8b-awq")
    pod = pod_of(engine)
    assert engine["spec"]["strategy"] == {"type": "Recreate"}
    assert engine["metadata"]["namespace"] == "ml"
    assert pod["runtimeClassName"] == "nvidia"
    assert pod["nodeSelector"] == {"nvidia.com/gpu": "true", "gpu-type": "rtx-3060"}
    assert pod_of(one("vllm", "Deployment", "vllm-r1"))["nodeSelector"] == {"nvidia.com/gpu": "true"}
    assert {"key": "gpu", "operator": "Equal", "value": "true", "effect": "NoSchedule"} in pod["tolerations"]
    assert pod["enableServiceLinks"] is False
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert volumes["cache"]["hostPath"]["path"] == "/var/lib/vllm/huggingface"
    assert volumes["shm"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "2Gi"}
    assert volumes["site"]["hostPath"]["path"] == "/opt/site"
    mounts = {mount["name"]: mount["mountPath"] for mount in container_of(engine)["volumeMounts"]}
    assert mounts == {
        "cache": "/root/.cache/huggingface",
        "shm": "/dev/shm",
        "site": "/opt/site",
        "temporary": "/tmp",
    }


@pytest.mark.parametrize(
    ("gpus", "given", "size"), [(1, "", "2Gi"), (2, "", "16Gi"), (4, "", "32Gi"), (2, "3Gi", "3Gi")]
)
def test_several_gpus_share_more_memory(gpus: int, given: str, size: str) -> None:
    changes = json.dumps({"vllm_models": [{**R1, "gpus": gpus}], "vllm_shm_size": given})
    volumes = pod_of(one("vllm", "Deployment", "vllm-r1", changes))["volumes"]
    assert next(row for row in volumes if row["name"] == "shm")["emptyDir"]["sizeLimit"] == size


def test_gpu_and_other_resources_are_both_asked_for() -> None:
    resources = container_of(one("vllm", "Deployment", "vllm-qwen3-8b-awq"))["resources"]
    assert resources["limits"] == {"nvidia.com/gpu": 1, "memory": "16Gi"}
    assert resources["requests"] == {"nvidia.com/gpu": 1, "cpu": "2"}


def test_arguments_stay_as_planned_and_the_port_is_named_once() -> None:
    first = container_of(one("vllm", "Deployment", "vllm-qwen3-8b-awq"))
    assert first["command"] == ["python3", "-m", "vllm.entrypoints.openai.api_server"]
    assert first["args"] == ["--model", "Qwen/Qwen3-8B-AWQ", "--enforce-eager", "--port", "8000"]
    assert container_of(one("vllm", "Deployment", "vllm-r1"))["args"].count("--port") == 1


def test_environment_of_role_model_and_secret() -> None:
    environment = environment_of(one("vllm", "Deployment", "vllm-qwen3-8b-awq"))
    assert environment["HF_HOME"] == "/root/.cache/huggingface"
    assert environment["HF_HUB_OFFLINE"] == "1"
    assert environment["HF_TOKEN"] == {"secretKeyRef": {"name": "vllm-hf-token", "key": "token"}}


def test_probe_numbers_of_the_model_win_over_the_defaults() -> None:
    container = container_of(one("vllm", "Deployment", "vllm-qwen3-8b-awq"))
    assert container["startupProbe"]["failureThreshold"] == 30
    assert container["startupProbe"]["periodSeconds"] == 10
    assert container["livenessProbe"]["initialDelaySeconds"] == 120
    asked = {"startupProbe": "http", "readinessProbe": 8002, "livenessProbe": 8002}
    assert {probe: container[probe]["httpGet"]["port"] for probe in asked} == asked


def test_the_startup_probe_waits_as_long_as_a_model_may_load() -> None:
    slow = {**R1, "load_timeout": 601, "probes": {"startup": {"periodSeconds": 20}}}
    changes = json.dumps({"vllm_models": [slow], "vllm_probes": {"startup": {"timeoutSeconds": 7}}})
    probe = container_of(one("vllm", "Deployment", "vllm-r1", changes))["startupProbe"]
    assert (probe["periodSeconds"], probe["failureThreshold"], probe["timeoutSeconds"]) == (20, 31, 7)
    # Without one it waits as long as the role says.
    assert container_of(one("vllm", "Deployment", "vllm-r1"))["startupProbe"]["failureThreshold"] == 60


def test_every_deployment_is_created_off() -> None:
    deployments = [item for item in rendered()["vllm"] if item["kind"] == "Deployment"]
    assert [item["spec"]["replicas"] for item in deployments] == [0, 0]


def test_each_model_has_a_service_and_one_name_serves_whatever_runs() -> None:
    qwen = one("vllm", "Service", "qwen3-8b-awq-inference")
    assert qwen["spec"]["selector"] == {"app": "vllm-server", "inference.stack/model": "qwen3-8b-awq"}
    stable = one("vllm", "Service", "vllm-api")
    assert stable["spec"]["selector"] == {"app": "vllm-server"}
    for service in (qwen, stable):
        assert service["spec"]["type"] == "ClusterIP"
        assert [port["port"] for port in service["spec"]["ports"]] == [8000]
    assert "vllm" not in {
        item["metadata"]["name"] for item in rendered()["vllm"] if item["kind"] == "Service"
    }


def test_labels_select_and_trace() -> None:
    engine = one("vllm", "Deployment", "vllm-qwen3-8b-awq")
    labels = engine["spec"]["template"]["metadata"]["labels"]
    assert labels["app"] == "vllm-server"
    assert labels["app.kubernetes.io/name"] == "vllm"
    assert labels["app.kubernetes.io/part-of"] == "inference-stack"
    assert labels["inference.stack/model"] == "qwen3-8b-awq"
    assert engine["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert engine["metadata"]["annotations"] == {"inference.stack/requirements": "REQ-12"}


def test_a_drain_may_take_the_engine_away() -> None:
    budget = one("vllm", "PodDisruptionBudget", "vllm-server")
    assert budget["spec"] == {"minAvailable": 0, "selector": {"matchLabels": {"app": "vllm-server"}}}


def test_only_gateway_and_prometheus_reach_the_engines() -> None:
    policy = one("vllm", "NetworkPolicy", "vllm-server")["spec"]
    assert policy["policyTypes"] == ["Ingress"]
    assert policy["podSelector"] == {"matchLabels": {"app": "vllm-server"}}
    (rule,) = policy["ingress"]
    assert rule["ports"] == [{"port": port, "protocol": "TCP"} for port in (8000, 8002)]
    names = [peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for peer in rule["from"]]
    assert names == ["litellm", "prometheus"]


def test_the_token_is_in_its_secret_and_nowhere_else() -> None:
    token = next(item for item in rendered()["secrets"] if item["metadata"]["name"] == "vllm-hf-token")
    assert base64.b64decode(token["data"]["token"]).decode() == HUB_TOKEN
    assert HUB_TOKEN not in json.dumps(rendered()["vllm"])
