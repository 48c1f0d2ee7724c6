"""What the role open_webui asks a cluster for."""

from __future__ import annotations

import base64
import json

import yaml

from tests.playbook_run import ROOT
from tests.playbooks.roles.cluster_roles import (
    ADMIN_PASSWORD,
    CHAT_KEY,
    SESSION_KEY,
    container_of,
    environment_of,
    one,
    pod_of,
    rendered,
)

NAME = "open-webui"
GATEWAY = "http://litellm.ml.svc.cluster.local:4000/v1"
# Everything that differs from the defaults, so that one run renders it.
OTHERWISE = json.dumps(
    {
        "open_webui_storage": "host",
        "open_webui_offline": False,
        "open_webui_signup": True,
        "open_webui_all_models": False,
        "open_webui_admin_email": "",
        "open_webui_admin_password": "",
        "open_webui_command": ["serve-it"],
        "open_webui_environment": {"DEFAULT_MODELS": "mine", "WEBUI_NAME": "Ours"},
        "open_webui_environment_secret": {"LDAP_APP_PASSWORD": "bind-secret"},
        "open_webui_service_type": "ClusterIP",
        "open_webui_allowed_peers": [{"podSelector": {"matchLabels": {"app": "proxy"}}}],
    }
)
SECRETS = (CHAT_KEY, SESSION_KEY, ADMIN_PASSWORD)


def secret_of(changes: str = "{}") -> dict[str, str]:
    data = one("secrets", "Secret", f"{NAME}-environment", changes)["data"]
    return {name: base64.b64decode(value).decode() for name, value in data.items()}


def test_the_gateway_is_the_only_backend() -> None:
    environment = environment_of(one("open_webui", "Deployment", NAME))
    assert environment["OPENAI_API_BASE_URL"] == environment["RAG_OPENAI_API_BASE_URL"] == GATEWAY
    assert (environment["ENABLE_OPENAI_API"], environment["ENABLE_OLLAMA_API"]) == ("True", "False")
    assert environment["DEFAULT_MODELS"] == "Qwen/Qwen3-8B-AWQ"


def test_the_inventory_decides_and_not_the_database() -> None:
    assert environment_of(one("open_webui", "Deployment", NAME))["ENABLE_PERSISTENT_CONFIG"] == "False"


def test_strangers_stay_outside_until_somebody_lets_them_in() -> None:
    environment = environment_of(one("open_webui", "Deployment", NAME))
    assert (environment["ENABLE_SIGNUP"], environment["DEFAULT_USER_ROLE"]) == ("False", "pending")
    assert "WEBUI_AUTH" not in environment
    changed = environment_of(one("open_webui", "Deployment", NAME, OTHERWISE))
    assert (changed["ENABLE_SIGNUP"], changed["BYPASS_MODEL_ACCESS_CONTROL"]) == ("True", "False")


def test_nothing_calls_home() -> None:
    environment = environment_of(one("open_webui", "Deployment", NAME))
    assert (environment["OFFLINE_MODE"], environment["HF_HUB_OFFLINE"]) == ("True", "1")
    assert environment["BYPASS_EMBEDDING_AND_RETRIEVAL"] == "True"
    for name in ("ENABLE_VERSION_UPDATE_CHECK", "ENABLE_COMMUNITY_SHARING", "ANONYMIZED_TELEMETRY"):
        assert environment[name] == "False"
    changed = environment_of(one("open_webui", "Deployment", NAME, OTHERWISE))
    assert not {"OFFLINE_MODE", "HF_HUB_OFFLINE", "RAG_EMBEDDING_ENGINE"} & set(changed)


def test_no_secret_is_outside_the_secret() -> None:
    shown = json.dumps(rendered()["open_webui"])
    for secret in SECRETS:
        assert secret not in shown
        assert base64.b64encode(secret.encode()).decode() not in shown
    environment = environment_of(one("open_webui", "Deployment", NAME))
    for name in ("OPENAI_API_KEY", "WEBUI_SECRET_KEY", "WEBUI_ADMIN_PASSWORD"):
        assert environment[name] == {"secretKeyRef": {"name": f"{NAME}-environment", "key": name}}
    assert secret_of() == {
        "OPENAI_API_KEY": CHAT_KEY,
        "WEBUI_SECRET_KEY": SESSION_KEY,
        "WEBUI_ADMIN_EMAIL": "admin@example.com",
        "WEBUI_ADMIN_PASSWORD": ADMIN_PASSWORD,
    }


def test_the_first_to_sign_up_is_the_administrator_unless_one_is_named() -> None:
    assert set(secret_of(OTHERWISE)) == {"OPENAI_API_KEY", "WEBUI_SECRET_KEY", "LDAP_APP_PASSWORD"}


def test_the_data_outlive_the_pod() -> None:
    chat = one("open_webui", "Deployment", NAME)
    assert chat["spec"]["strategy"] == {"type": "Recreate"}
    volumes = {volume["name"]: volume for volume in pod_of(chat)["volumes"]}
    assert volumes["data"]["persistentVolumeClaim"] == {"claimName": "open-webui-data"}
    mounts = {mount["name"]: mount["mountPath"] for mount in container_of(chat)["volumeMounts"]}
    assert mounts["data"] == environment_of(chat)["DATA_DIR"] == "/app/backend/data"
    claim = one("open_webui_data", "PersistentVolumeClaim", "open-webui-data")
    assert claim["spec"] == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}}


def test_a_class_is_named_only_where_one_is_wanted() -> None:
    changes = json.dumps({"open_webui_storage_class": "fast", "open_webui_storage_size": "1Gi"})
    spec = one("open_webui_data", "PersistentVolumeClaim", "open-webui-data", changes)["spec"]
    assert (spec["storageClassName"], spec["resources"]["requests"]["storage"]) == ("fast", "1Gi")


def test_it_runs_as_nobody_in_particular() -> None:
    chat = one("open_webui", "Deployment", NAME)
    pod, container = pod_of(chat), container_of(chat)
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == (1000, 0)
    assert container["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "initContainers" not in pod
    environment = environment_of(chat)
    writable = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert {environment["HOME"], environment["STATIC_DIR"].removesuffix("/static")} <= writable


def test_a_folder_of_the_node_becomes_its_own() -> None:
    chat = one("open_webui", "Deployment", NAME, OTHERWISE)
    volumes = {volume["name"]: volume for volume in pod_of(chat)["volumes"]}
    assert volumes["data"]["hostPath"] == {"path": "/var/lib/open-webui", "type": "DirectoryOrCreate"}
    (first,) = pod_of(chat)["initContainers"]
    assert first["command"] == ["chown", "-R", "1000:0", "/app/backend/data"]
    assert first["securityContext"]["capabilities"]["drop"] == ["ALL"]
    assert rendered(OTHERWISE)["open_webui_data"] == []


def test_the_own_environment_wins() -> None:
    chat = one("open_webui", "Deployment", NAME, OTHERWISE)
    environment = environment_of(chat)
    assert (environment["DEFAULT_MODELS"], environment["WEBUI_NAME"]) == ("mine", "Ours")
    assert environment["LDAP_APP_PASSWORD"]["secretKeyRef"]["key"] == "LDAP_APP_PASSWORD"
    assert container_of(chat)["command"] == ["serve-it"]
    assert "command" not in container_of(one("open_webui", "Deployment", NAME))


def test_who_reaches_it() -> None:
    (port,) = one("open_webui", "Service", NAME)["spec"]["ports"]
    assert (port["port"], port["nodePort"]) == (8080, 30300)
    assert "NetworkPolicy" not in {item["kind"] for item in rendered()["open_webui"]}
    (port,) = one("open_webui", "Service", NAME, OTHERWISE)["spec"]["ports"]
    assert "nodePort" not in port
    (rule,) = one("open_webui", "NetworkPolicy", NAME, OTHERWISE)["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"app": "proxy"}}}]


def test_a_way_in_tells_the_chat_its_address() -> None:
    door = {"kind": "IngressRoute", "host": "chat.example.com", "tls": "controller"}
    given = json.dumps({"open_webui_ingress": door})
    route = one("open_webui", "IngressRoute", NAME, given)
    assert route["spec"]["routes"][0]["services"] == [{"name": NAME, "port": 8080}]
    assert (
        environment_of(one("open_webui", "Deployment", NAME, given))["WEBUI_URL"]
        == "https://chat.example.com"
    )
    assert "WEBUI_URL" not in environment_of(one("open_webui", "Deployment", NAME))


def test_no_pod_template_follows_from_a_secret() -> None:
    """Not even as a digest: pods start again because their Secret changed (role cluster_objects)."""
    changes = json.dumps({"open_webui_gateway_key": "sk-another-0123456789abcdef"})
    keys = [one("open_webui", "Deployment", NAME, given)["spec"]["template"] for given in ("{}", changes)]
    assert keys[0] == keys[1]


def test_traffic_waits_for_the_database() -> None:
    container = container_of(one("open_webui", "Deployment", NAME))
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
    startup = container["startupProbe"]
    timeout = yaml.safe_load((ROOT / "roles/open_webui/defaults/main.yml").read_text("utf-8"))[
        "open_webui_timeout"
    ]
    assert startup["periodSeconds"] * startup["failureThreshold"] < timeout
