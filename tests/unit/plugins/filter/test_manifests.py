"""The filter manifests: files that kubectl and GitOps tools take."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import manifests

from tests.unit.plugins.filter.filter_calls import call, thing

MODELS = [
    {"deployment": "vllm-a", "active": True, "replicas": 2},
    {"deployment": "vllm-b", "active": False},
]
SETS = [
    {
        "owner": "vllm",
        "namespace": "ml",
        "definitions": [
            thing(name="vllm-a", spec={"replicas": 0}),
            thing(name="vllm-b", spec={"replicas": 0}),
            thing("ConfigMap", "text", data={"a.py": "import os\nprint(os)\n"}),
        ],
        "share_replicas": True,
        "secrets": [
            {"name": "keys", "values": {"KEY": "sk-secret"}},
            {"name": "sealed", "existing": ["TOKEN"]},
        ],
    },
    {"owner": "web", "namespace": "ml", "definitions": [thing(name="web", spec={"replicas": 1})]},
]


def files() -> dict[str, str]:
    return {row["path"]: row["content"] for row in call(manifests, SETS, MODELS, "ml", "ml")}


def read(path: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(files()[path])
    return found


def test_the_kustomization_lists_every_object_in_order() -> None:
    resources = read("kustomization.yaml")["resources"]
    assert resources[0] == "namespace-ml.yaml"
    assert set(resources) == set(files()) - {"kustomization.yaml", "secrets.yaml.example"}
    assert resources.index("vllm/configmap-text.yaml") < resources.index("vllm/deployment-vllm-a.yaml")


def test_engines_run_as_the_mode_says() -> None:
    replicas = {name: read(f"{name}.yaml")["spec"]["replicas"] for name in files_of_deployments()}
    assert replicas == {"vllm/deployment-vllm-a": 2, "vllm/deployment-vllm-b": 0, "web/deployment-web": 1}
    assert read("mode/configmap-inference-mode.yaml")["data"] == {"mode": "ml", "replicas.vllm-a": "2"}


def files_of_deployments() -> list[str]:
    return [path.removesuffix(".yaml") for path in files() if "/deployment-" in path]


def test_objects_carry_the_labels_of_their_owner() -> None:
    labels = read("web/deployment-web.yaml")["metadata"]["labels"]
    assert labels["inference.stack/owner"] == "web"


def test_secrets_are_named_and_never_written() -> None:
    assert "sk-secret" not in "".join(files().values())
    listed = list(yaml.safe_load_all(files()["secrets.yaml.example"]))
    assert [(row["metadata"]["name"], sorted(row["stringData"])) for row in listed] == [
        ("keys", ["KEY"]),
        ("sealed", ["TOKEN"]),
    ]


def test_a_secret_that_has_a_type_is_named_with_it() -> None:
    tls = {"name": "tls", "type": "kubernetes.io/tls", "values": {"tls.crt": "a", "tls.key": "b"}}
    sets = [{"owner": "web", "namespace": "demo", "secrets": [tls, {"name": "keys", "values": {"KEY": "a"}}]}]
    written = {row["path"]: row["content"] for row in call(manifests, sets)}
    listed = list(yaml.safe_load_all(written["secrets.yaml.example"]))
    assert [row.get("type") for row in listed] == ["kubernetes.io/tls", None]


def test_texts_of_several_lines_stay_readable() -> None:
    assert "  a.py: |\n    import os\n" in files()["vllm/configmap-text.yaml"]


def test_without_a_mode_and_secrets_there_are_only_objects() -> None:
    paths = [row["path"] for row in call(manifests, SETS[1:])]
    assert paths == ["kustomization.yaml", "namespace-ml.yaml", "web/deployment-web.yaml"]


def test_a_file_is_never_written_for_two_objects() -> None:
    twins = [
        {"owner": "web", "namespace": "ml", "definitions": [thing(name="web"), thing("deployment", "web")]}
    ]
    with pytest.raises(AnsibleFilterError, match=re.escape("web/deployment-web.yaml")):
        call(manifests, twins)
