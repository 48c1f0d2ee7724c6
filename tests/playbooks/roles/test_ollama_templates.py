"""What the role ollama asks a cluster for."""

from __future__ import annotations

from tests.playbooks.roles.cluster_roles import container_of, environment_of, one, pod_of


def test_the_server_keeps_its_models_on_the_host() -> None:
    server = one("ollama", "Deployment", "ollama")
    assert server["spec"]["strategy"] == {"type": "Recreate"}
    (volume,) = pod_of(server)["volumes"]
    assert volume["hostPath"] == {"path": "/var/lib/ollama", "type": "DirectoryOrCreate"}
    (mount,) = container_of(server)["volumeMounts"]
    assert mount == {"name": "models", "mountPath": "/root/.ollama"}


def test_the_server_listens_and_keeps_models_loaded() -> None:
    server = one("ollama", "Deployment", "ollama")
    assert environment_of(server) == {
        "OLLAMA_HOST": "0.0.0.0:11434",
        "OLLAMA_KEEP_ALIVE": "24h",
        "OLLAMA_MODELS": "/root/.ollama/models",
    }
    assert container_of(server)["readinessProbe"]["httpGet"] == {"path": "/", "port": "http"}


def test_the_service_and_who_may_reach_it() -> None:
    (port,) = one("ollama", "Service", "ollama")["spec"]["ports"]
    assert port["port"] == 11434
    (rule,) = one("ollama", "NetworkPolicy", "ollama")["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "litellm"}}}]
