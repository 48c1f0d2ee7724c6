"""The table of parts: one place for names and ports, which everybody reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.observed_site import Site
from ansible_collections.inference.stack.plugins.plugin_utils.planning.parts import ROWS, VARIABLES

from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan, refusal

ROOT = Path(__file__).parents[5]
DEFAULTS: dict[str, Any] = {
    name: value
    for path in sorted(ROOT.glob("roles/*/defaults/main.yml"))
    for name, value in yaml.safe_load(path.read_text("utf-8")).items()
}
MODELS = {"qwen3-8b-awq", "deepseek-r1-distill-qwen-7b-awq"}


def moved(**parts: Any) -> dict[str, Any]:
    return plan(home_lab(parts=parts))


def of_playbook(name: str, play: int, *keys: str) -> Any:
    """A value of a playbook, as Ansible templates it with the home lab's plan."""
    found = DataLoader().load_from_file(str(ROOT / "playbooks" / name), trusted_as_template=True)[play]
    for key in keys:
        found = next(row[key] for row in found if key in row) if isinstance(found, list) else found[key]
    return Templar(variables={"inference_plan": plan(home_lab())}).template(found)


def test_its_defaults_are_those_of_the_roles() -> None:
    of_roles = {name: DEFAULTS[name] for name in VARIABLES if name != "inference_chat"}
    assert {name: VARIABLES[name] for name in of_roles} == of_roles


@pytest.mark.parametrize(
    ("door", "told"),
    [
        ({"kind": "ingress"}, "litellm_ingress.kind: is 'ingress'. Choose one of none, Ingress"),
        ({"kind": "Ingress"}, "litellm_ingress.host: is missing"),
        ("Ingress", "litellm_ingress: is not a mapping"),
    ],
)
def test_a_front_door_that_cannot_be_is_no_plan(door: Any, told: str) -> None:
    assert told in refusal(home_lab(parts={"litellm_ingress": door}))


def test_no_playbook_repeats_a_default_of_a_role() -> None:
    repeated = [
        f"{path.name}: {found[0]}"
        for path in sorted(ROOT.glob("playbooks/**/*.yml"))
        for found in re.finditer(r"\b(\w+) \| default\(([^()]+)\)", path.read_text("utf-8"))
        if DEFAULTS.get(found[1]) and yaml.safe_load(found[2]) == DEFAULTS[found[1]]
    ]
    assert repeated == []


def test_every_part_of_the_table_is_there() -> None:
    assert list(moved()["parts"]) == [*(row.part for row in ROWS), *sorted(MODELS, reverse=True)]
    wanted = {name for name, row in moved()["parts"].items() if row["wanted"]}
    assert wanted == {"gateway", "vllm-api", "ollama", "device-plugin", *MODELS}
    assert moved(inference_chat=True)["parts"]["chat"]["wanted"]
    without = plan(home_lab(tiers={"gpu": {}}))["parts"]
    assert not without["ollama"]["wanted"]


def test_every_part_is_reachable_by_doctor_logs_and_port_forward() -> None:
    parts = plan(home_lab())["parts"]
    (looked,) = (
        play
        for play, row in enumerate(yaml.safe_load((ROOT / "playbooks/steps/observe.yml").read_text("utf-8")))
        if row["name"] == "Look at cluster and gateway"
    )
    where = ("tasks", "inference.stack.site_state_info", "workloads")
    workloads = {row["workload"] for row in parts.values() if row["workload"]}
    assert set(of_playbook("steps/observe.yml", looked, *where)) == workloads
    assert "Deployment ml/open-webui" in workloads
    logs = of_playbook("logs.yml", 2, "vars", "__logs_workloads")
    assert logs == {name: row["workload"] for name, row in parts.items() if row["workload"]}
    forwarded = of_playbook("port_forward.yml", 1, "vars", "__port_forward_parts")
    assert set(forwarded) == {name for name, row in parts.items() if row["service"]}
    assert {*logs, *forwarded} == set(parts)


def test_ports_and_names_move_together() -> None:
    found = moved(
        vllm_port=9000,
        ollama_port="12000",  # as on a command line: -e ollama_port=12000
        ollama_service_name="cpu-llm",
        litellm_service_name="front",
        litellm_port=80,
        litellm_engine_proxy_port=8200,
        litellm_service_type="ClusterIP",
        device_plugin_namespace="gpu",
    )
    url = "http://qwen3-8b-awq-inference.ml.svc.cluster.local:9000"
    assert found["identities"][0]["url"] == url
    # The gateway asks HAProxy in its own pod, which asks the engines.
    through = "http://127.0.0.1:8200/qwen3-8b-awq-inference"
    assert found["vllm_models"][0]["contract"]["api_base"] == through
    by_name = {row["model_name"]: row["litellm_params"] for row in found["litellm_models"]}
    assert by_name["Qwen/Qwen3-8B-AWQ"]["api_base"] == f"{through}/v1"
    cpu = "http://cpu-llm.ml.svc.cluster.local:12000"
    assert by_name["qwen3:4b"]["api_base"] == "http://127.0.0.1:8200/cpu-llm"
    engines = {row["name"]: row["url"] for row in found["litellm_engines"]}
    assert engines["qwen3-8b-awq-inference"] == url.replace("-inference.", "-inference-pods.")
    assert engines["cpu-llm"] == cpu.replace("cpu-llm.", "cpu-llm-pods.")
    assert [found["tier_map"][known] for known in (url, through)] == ["gpu", "gpu"]
    assert [found["tier_map"][known] for known in (cpu, "http://127.0.0.1:8200/cpu-llm")] == ["cpu", "cpu"]
    assert found["parts"]["qwen3-8b-awq"]["port"] == found["parts"]["vllm-api"]["port"] == 9000
    gateway = found["parts"]["gateway"]
    assert (gateway["url"], gateway["node_port"]) == ("http://front.ml.svc.cluster.local:80", None)
    assert found["parts"]["device-plugin"]["workload"] == "DaemonSet gpu/nvidia-device-plugin"


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        ({}, "/var/lib/vllm/huggingface"),
        ({"vllm_cache_path": "/srv/models/"}, "/srv/models"),
        ({"model_cache_path": ["/srv/models", "/srv/models"]}, "/srv/models"),
        ({"model_cache_path": [], "vllm_cache_path": None}, "/var/lib/vllm/huggingface"),
        ({"model_cache_path": ["/srv//models"], "vllm_cache_path": "/srv/models"}, "/srv/models"),
    ],
)
def test_hosts_and_engines_share_one_folder(parts: dict[str, Any], path: str) -> None:
    assert moved(**parts)["cache"]["path"] == path


def test_a_port_of_a_part_that_nobody_wants_is_free() -> None:
    assert moved(litellm_node_port=30300)["parts"]["gateway"]["node_port"] == 30300
    assert moved(litellm_node_port=0)["parts"]["gateway"]["node_port"] is None


def test_doctor_finds_a_tier_s_part_and_not_the_cloud_s() -> None:
    site = Site({"plan": moved(ollama_service_name="cpu-llm")})
    cpu = site.part_of_tier({"name": "cpu"})
    assert cpu and (cpu.part, cpu.where) == ("ollama", "deployment ollama")
    assert site.part_of_tier({"name": "cloud"}) is None
    assert [part.part for part in site.parts] == ["gateway", "chat", "ollama", "device-plugin"]
