"""What the role litellm asks a cluster for."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook_run import ROOT, run_playbook
from tests.playbooks.roles.cluster_roles import (
    CONSUMER_KEY,
    INPUTS,
    MASTER_KEY,
    PROVIDER_KEY,
    container_of,
    environment_of,
    one,
    pod_of,
    rendered,
)
from tests.unit.plugins.plugin_utils.front_door.pems import certificate_pem, key_pem


def configuration() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(one("litellm", "ConfigMap", "litellm")["data"]["config.yaml"])
    return loaded


def test_a_tier_that_is_off_is_not_tried_again() -> None:
    config = configuration()
    assert config["litellm_settings"]["num_retries"] == 0
    assert config["router_settings"]["num_retries"] == 0
    assert config["router_settings"]["cooldown_time"] == 7


def test_the_mistakes_of_one_consumer_take_no_tier_from_others() -> None:
    assert configuration()["router_settings"]["disable_cooldowns"] is True
    assert configuration()["litellm_settings"]["callbacks"] == ["inference_fallback.RULES"]


def test_two_gateways_keep_apart_where_there_are_two_nodes() -> None:
    (two,) = (
        item
        for item in rendered(json.dumps({"litellm_replicas": 2}))["litellm"]
        if item["kind"] == "Deployment"
    )
    (apart,) = two["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert (apart["topologyKey"], apart["whenUnsatisfiable"]) == ("kubernetes.io/hostname", "ScheduleAnyway")
    assert apart["labelSelector"]["matchLabels"] == two["spec"]["selector"]["matchLabels"]
    assert "topologySpreadConstraints" not in pod_of(one("litellm", "Deployment", "litellm"))


def test_a_paid_provider_is_not_asked_in_the_background() -> None:
    """LiteLLM asks every server with OpenAI's address for its models, at start and every five minutes."""
    name = "disable_model_info_refresh"
    assert name not in configuration()["general_settings"]
    paid = {
        "model_name": "hosted",
        "litellm_params": {"model": "openai/hosted", "api_base": "https://example.com/v1"},
    }
    for info in ({"tier": "cloud"}, {"tier": "paid"}):
        found = rendered(
            json.dumps(
                {
                    "litellm_models": [paid | {"model_info": info}],
                    "litellm_fallbacks": [],
                    "litellm_aliases": {},
                }
            )
        )["litellm"]
        (text,) = [item["data"]["config.yaml"] for item in found if item["kind"] == "ConfigMap"]
        assert yaml.safe_load(text)["general_settings"][name] is True


def test_what_a_site_adds_replaces_no_rule() -> None:
    more = rendered(json.dumps({"litellm_settings": {"callbacks": ["prometheus"]}}))["litellm"]
    config = yaml.safe_load(next(item for item in more if item["kind"] == "ConfigMap")["data"]["config.yaml"])
    assert config["litellm_settings"]["callbacks"] == ["inference_fallback.RULES", "prometheus"]


def test_aliases_fall_back_like_their_models() -> None:
    config = configuration()
    assert config["router_settings"]["model_group_alias"] == {"vllm-qwen": "Qwen/Qwen3-8B-AWQ"}
    assert config["litellm_settings"]["fallbacks"] == [
        {"Qwen/Qwen3-8B-AWQ": ["qwen3:4b"]},
        {"vllm-qwen": ["qwen3:4b"]},
    ]


def test_a_prompt_that_is_too_long_falls_to_no_tier_by_accident() -> None:
    """LiteLLM takes the ordinary fallbacks for it unless this list is there, be it empty."""
    assert configuration()["litellm_settings"]["context_window_fallbacks"] == []


def test_the_tier_does_not_use_the_name_that_litellm_refuses() -> None:
    assert configuration()["model_list"][0]["model_info"] == {"inference_tier": "gpu"}


def test_the_hook_lies_beside_the_configuration_that_names_it() -> None:
    assert configuration()["general_settings"] == {
        "master_key": "os.environ/LITELLM_MASTER_KEY",
        "custom_auth": "inference_front.authenticate",
    }
    data = one("litellm", "ConfigMap", "litellm")["data"]
    files = {path.name: path for path in (ROOT / "roles/litellm/files").iterdir() if path.suffix == ".py"}
    assert {name for name in data if name.endswith(".py")} == set(files)  # one imports the other
    for name, path in files.items():
        assert data[name].rstrip() == path.read_text(encoding="utf-8").rstrip()
    assert json.loads(data["aliases.json"]) == {"vllm-qwen": "Qwen/Qwen3-8B-AWQ"}
    gateway = one("litellm", "Deployment", "litellm")
    mounts = {mount["name"]: mount["mountPath"] for mount in container_of(gateway)["volumeMounts"]}
    assert mounts == {
        "configuration": "/etc/litellm",
        "keys": "/etc/litellm-keys",
        "state": "/var/lib/litellm-state",
        "temporary": "/tmp",
    }
    environment = environment_of(gateway)
    assert environment["INFERENCE_AUTH_KEYS"] == "/etc/litellm-keys/keys.json"
    assert environment["INFERENCE_AUTH_ALIASES"] == "/etc/litellm/aliases.json"
    assert container_of(gateway)["args"][:2] == ["--config", "/etc/litellm/config.yaml"]


def test_litellms_pages_are_not_made() -> None:
    environment = environment_of(one("litellm", "Deployment", "litellm"))
    for name in ("NO_DOCS", "NO_REDOC", "NO_OPENAPI", "DISABLE_ADMIN_UI"):
        assert environment[name] == "True"
    assert not {"LITELLM_CORS_ORIGINS", "INFERENCE_BUDGET_DAY", "INFERENCE_BUDGET_MONTH"} & set(environment)


def test_what_was_spent_outlives_the_pod_where_the_site_says_so() -> None:
    """A folder of the host is asked for: with one, the namespace cannot enforce Pod Security's baseline."""
    assert (
        environment_of(one("litellm", "Deployment", "litellm"))["INFERENCE_STATE"] == "/var/lib/litellm-state"
    )
    for path, kept in (
        ("", {"emptyDir": {}}),
        ("/srv/spent", {"hostPath": {"path": "/srv/spent", "type": "DirectoryOrCreate"}}),
    ):
        objects = rendered(json.dumps({"litellm_state_path": path}))["litellm"]
        gateway = next(item for item in objects if item["kind"] == "Deployment")
        (state,) = (volume for volume in pod_of(gateway)["volumes"] if volume["name"] == "state")
        assert state == {"name": "state", **kept}


def test_budgets_pages_and_another_storage() -> None:
    more = {
        "litellm_budget_day": 1.5,
        "litellm_budget_month": 20.0,
        "litellm_cors_origins": ["https://a.example.com", "http://localhost:3000"],
        "litellm_state_claim": "gateway-state",
    }
    gateway = next(item for item in rendered(json.dumps(more))["litellm"] if item["kind"] == "Deployment")
    environment = environment_of(gateway)
    assert (environment["INFERENCE_BUDGET_DAY"], environment["INFERENCE_BUDGET_MONTH"]) == ("1.5", "20.0")
    assert environment["LITELLM_CORS_ORIGINS"] == "https://a.example.com,http://localhost:3000"
    (state,) = (volume for volume in pod_of(gateway)["volumes"] if volume["name"] == "state")
    assert state == {"name": "state", "persistentVolumeClaim": {"claimName": "gateway-state"}}


def test_no_secret_is_outside_the_secrets() -> None:
    shown = json.dumps(rendered()["litellm"])
    for secret in (CONSUMER_KEY, MASTER_KEY, PROVIDER_KEY):
        assert secret not in shown
        assert base64.b64encode(secret.encode()).decode() not in shown
    environment = environment_of(one("litellm", "Deployment", "litellm"))
    for name in ("LITELLM_MASTER_KEY", "OPENAI_API_KEY"):
        assert environment[name] == {"secretKeyRef": {"name": "litellm-environment", "key": name}}


def test_the_cluster_gets_digests_of_consumers_keys() -> None:
    secrets = {item["metadata"]["name"]: item for item in rendered()["secrets"]}
    rows = json.loads(base64.b64decode(secrets["litellm-keys"]["data"]["keys.json"]))
    digest = hashlib.sha256(CONSUMER_KEY.encode()).hexdigest()
    assert rows == [{"name": "n8n", "sha256": digest, "models": ["vllm-qwen"], "rpm": 60, "expires": None}]
    environment = secrets["litellm-environment"]["data"]
    assert base64.b64decode(environment["LITELLM_MASTER_KEY"]).decode() == MASTER_KEY
    assert base64.b64decode(environment["OPENAI_API_KEY"]).decode() == PROVIDER_KEY


DOOR = {"kind": "Ingress", "host": "llm.example.com", "class": "nginx"}
PEM = {
    "litellm_ingress_certificate": certificate_pem("llm.example.com"),
    "litellm_ingress_key": key_pem(),
}


def test_a_certificate_of_the_inventory_is_a_secret_and_nothing_else() -> None:
    made = rendered(json.dumps({"litellm_ingress": DOOR, **PEM}))
    secrets = {item["metadata"]["name"]: item for item in made["secrets"]}
    tls = secrets["litellm-tls"]
    assert tls["type"] == "kubernetes.io/tls"
    assert base64.b64decode(tls["data"]["tls.key"]).decode() == PEM["litellm_ingress_key"]
    assert base64.b64decode(tls["data"]["tls.crt"]).decode() == PEM["litellm_ingress_certificate"]
    assert {"litellm-environment", "litellm-keys"} < set(secrets)
    shown = json.dumps(made["litellm"])
    assert "BEGIN" not in shown
    assert tls["data"]["tls.key"] not in shown
    (ingress,) = (item for item in made["litellm"] if item["kind"] == "Ingress")
    assert ingress["spec"]["tls"] == [{"hosts": ["llm.example.com"], "secretName": "litellm-tls"}]


def test_the_controller_may_be_silent_as_long_as_all_models_together() -> None:
    names = "nginx.ingress.kubernetes.io/proxy-read-timeout"
    models = [
        {"model_name": name, "litellm_params": {"model": f"openai/{name}", "timeout": 500}} for name in "abc"
    ]
    more = {
        "litellm_ingress": DOOR,
        **PEM,
        "litellm_models": models,
        "litellm_fallbacks": [],
        "litellm_aliases": {},
    }
    found = {}
    for count in (1, 3):
        inputs = json.dumps({**more, "litellm_models": models[:count]})
        ingress = one("litellm", "Ingress", "litellm", inputs)
        found[count] = ingress["metadata"]["annotations"][names]
    assert found == {1: "600", 3: "1500"}


def test_a_policy_lets_the_controller_in() -> None:
    peers = [{"podSelector": {"matchLabels": {"app": "n8n"}}}]
    door = {**DOOR, "controller_namespace": "ingress"}
    policy = one(
        "litellm",
        "NetworkPolicy",
        "litellm",
        json.dumps({"litellm_ingress": door, **PEM, "litellm_allowed_peers": peers}),
    )
    labels = {"kubernetes.io/metadata.name": "ingress"}
    assert policy["spec"]["ingress"][0]["from"] == [*peers, {"namespaceSelector": {"matchLabels": labels}}]
    assert "NetworkPolicy" not in {
        item["kind"] for item in rendered(json.dumps({"litellm_ingress": door, **PEM}))["litellm"]
    }


def test_the_front_door_stays_open_during_an_update() -> None:
    gateway = one("litellm", "Deployment", "litellm")
    assert gateway["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    container = container_of(gateway)
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/liveliness"
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/readiness"
    (port,) = one("litellm", "Service", "litellm")["spec"]["ports"]
    assert (port["port"], port["nodePort"]) == (4000, 30400)


def test_pods_follow_the_configuration() -> None:
    gateway = one("litellm", "Deployment", "litellm")
    annotations = gateway["spec"]["template"]["metadata"]["annotations"]
    assert set(annotations) == {"inference.stack/configuration"}
    assert pod_of(gateway)["enableServiceLinks"] is False


def test_haproxy_stands_between_the_gateway_and_its_engines() -> None:
    data = one("litellm", "ConfigMap", "litellm")["data"]
    config = data["haproxy.cfg"]
    assert "    bind 127.0.0.1:8100\n" in config  # nobody else may pass the gateway's keys by
    assert "    use_backend ollama if { path_beg /ollama/ }\n" in config
    assert "    http-check send meth GET uri /api/version hdr Host ollama\n" in config
    assert "    http-check send meth GET uri /health hdr Host qwen3-8b-awq-inference\n" in config
    assert "server ollama ollama.ml.svc.cluster.local:11434 " in config
    (sidecar,) = pod_of(one("litellm", "Deployment", "litellm"))["initContainers"]
    assert (sidecar["name"], sidecar["restartPolicy"]) == ("engine-proxy", "Always")
    assert sidecar["command"] == ["haproxy", "-db", "-f", "/etc/litellm/haproxy.cfg"]


def test_a_gateway_of_providers_alone_has_no_haproxy() -> None:
    alone = rendered(json.dumps({"litellm_engines": [], "litellm_models": []}))["litellm"]
    gateway = next(item for item in alone if item["kind"] == "Deployment")
    assert "initContainers" not in pod_of(gateway)


FOR_N8N = {"LLM_ENDPOINT": "http://litellm.ml.svc.cluster.local:4000/v1", "LLM_MODEL": "Qwen/Qwen3-8B-AWQ"}


def test_programs_beside_the_site_get_a_config_map_where_they_are() -> None:
    asked = {"litellm_fallback_config": FOR_N8N, "litellm_fallback_config_namespace": "n8n"}
    found = rendered(json.dumps(asked))["litellm"]
    (told,) = (item for item in found if item["metadata"]["name"] == "llm-fallback-config")
    assert (told["kind"], told["metadata"]["namespace"], told["data"]) == ("ConfigMap", "n8n", FOR_N8N)
    assert {item["metadata"]["namespace"] for item in found if item is not told} == {"ml"}


def test_without_a_namespace_there_is_none() -> None:
    found = rendered(json.dumps({"litellm_fallback_config": FOR_N8N}))["litellm"]
    assert "llm-fallback-config" not in [item["metadata"]["name"] for item in found]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"litellm_fallback_config": {"OPENAI_API_KEY": "planted"}}, "show a secret to everybody"),
        ({"litellm_fallback_config": {"LLM_ENDPOINT": "http://n8n:planted@host/v1"}}, "LLM_ENDPOINT"),
        ({"litellm_fallback_config": {"NOTE": "sk-planted-0123"}}, "NOTE"),
        ({"litellm_fallback_config_namespace": "N8N"}, "not the name of a namespace: N8N"),
    ],
)
def test_a_secret_or_a_wrong_name_is_refused(given: dict[str, Any], told: str, tmp_path: Path) -> None:
    include = {"name": "inference.stack.litellm", "tasks_from": "preflight.yml"}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": INPUTS | given}
    path = tmp_path / "play.yml"
    path.write_text(json.dumps([{**play, "tasks": [{"ansible.builtin.include_role": include}]}]), "utf-8")
    done = run_playbook(path, inventory="localhost,")
    assert done.returncode == 2
    assert told in " ".join(done.stdout.split())
    assert "planted" not in done.stdout.partition("fatal:")[2]
