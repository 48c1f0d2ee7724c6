"""What happens to objects between a role's templates and the cluster."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import (
    applicable_objects,
    kubeconfig_login,
    memory_of,
    mode_objects,
    object_references,
    own_objects,
    without_shared_replicas,
)

DEPLOYMENT = "apps/v1 Deployment ml/vllm-qwen"


def call(module: Any, *arguments: Any, **options: Any) -> Any:
    ((_, function),) = module.FilterModule().filters().items()
    return function(*arguments, **options)


def thing(kind: str = "Deployment", name: str = "vllm-qwen", **more: Any) -> dict[str, Any]:
    version = "apps/v1" if kind in ("Deployment", "DaemonSet") else "v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "ml"}, **more}


def seen(
    replicas: int = 0, managers: list[str] | None = None, mode: str | None = None, **row: Any
) -> dict[str, Any]:
    known = {"replicas": replicas, "replicas_managers": managers} if managers is not None else {}
    one = {"object": DEPLOYMENT, "exists": managers is not None, "applicable": True, **known, **row}
    return {"objects": [one], "config_maps": {"inference-mode": {"mode": mode}} if mode else {}}


class TestOwn:
    def test_labels_trace_and_order(self) -> None:
        objects = [thing(), thing("Service", "api"), thing("ConfigMap", "settings")]
        owned = call(own_objects, objects, "vllm", ["FR203", "NFR115"])
        assert [item["kind"] for item in owned] == ["ConfigMap", "Service", "Deployment"]
        for item in owned:
            assert item["metadata"]["labels"] == {
                "app.kubernetes.io/managed-by": "inference.stack",
                "inference.stack/owner": "vllm",
            }
            assert item["metadata"]["annotations"] == {"inference.stack/requirements": "FR203, NFR115"}
        assert "labels" not in objects[0]["metadata"]

    def test_an_object_keeps_its_own_trace(self) -> None:
        own = {"annotations": {"inference.stack/requirements": "FR1"}, "name": "a", "namespace": "ml"}
        (item,) = call(own_objects, [thing(metadata=own)], "vllm", ["FR2"])
        assert item["metadata"]["annotations"]["inference.stack/requirements"] == "FR1"

    def test_without_requirements_there_is_no_annotation(self) -> None:
        (item,) = call(own_objects, [thing()], "vllm", [])
        assert "annotations" not in item["metadata"]

    @pytest.mark.parametrize(
        ("objects", "words"),
        [
            ([thing(), thing()], "twice"),
            ([{"kind": "Pod"}], "apiVersion"),
            ("text", "not a list"),
            ([1], "mapping"),
        ],
    )
    def test_what_cannot_be_applied_is_refused(self, objects: Any, words: str) -> None:
        with pytest.raises(AnsibleFilterError, match=words):
            call(own_objects, objects, "vllm")


def test_the_memory_names_what_is_applied_and_what_still_has_to_go() -> None:
    memory = call(memory_of, [thing()], [thing("Service", "old")], "vllm", "ml")
    assert memory["metadata"]["name"] == "inference-stack-vllm"
    assert memory["data"]["objects"] == f"{DEPLOYMENT}\nv1 Service ml/old\n"


def test_references_hold_no_content() -> None:
    secret = thing("Secret", "s", data={"token": "eA=="})
    assert call(object_references, [secret]) == [thing("Secret", "s")]
    assert call(object_references, [secret, thing(spec={})], workloads=True) == [thing()]


def test_what_the_cluster_cannot_take_is_left_out() -> None:
    observed = seen(applicable=False)
    assert call(applicable_objects, [thing(), thing("Service", "api")], observed) == [thing("Service", "api")]


@pytest.mark.parametrize(
    ("managers", "kept"),
    [
        (None, True),
        (["inference-stack"], True),
        (["inference-mode"], False),
        (["inference-mode", "inference-stack"], False),
        ([], False),
    ],
)
def test_replicas_are_ours_only_while_we_alone_own_them(managers: list[str] | None, kept: bool) -> None:
    (item,) = call(without_shared_replicas, [thing(spec={"replicas": 0})], seen(managers=managers))
    assert ("replicas" in item["spec"]) is kept


class TestModes:
    def scaled(self, active: bool, observed: dict[str, Any], mode: str = "ml") -> list[tuple[str, Any]]:
        models = [{"deployment": "vllm-qwen", "active": active}]
        found = call(mode_objects, models, mode, "ml", observed)
        return [(item["kind"], item.get("spec", {}).get("replicas", item.get("data"))) for item in found]

    def test_a_first_run_switches_the_active_model_on_and_records_the_mode(self) -> None:
        assert self.scaled(True, seen()) == [("Deployment", 1), ("ConfigMap", {"mode": "ml"})]
        assert self.scaled(False, seen()) == [("ConfigMap", {"mode": "ml"})]

    def test_a_killed_run_is_finished(self) -> None:
        assert self.scaled(True, seen(managers=["inference-stack"], mode="ml")) == [("Deployment", 1)]

    @pytest.mark.parametrize("managers", [[], ["kubectl"], ["inference-mode"]])
    @pytest.mark.parametrize("replicas", [0, 1])
    def test_what_somebody_scaled_stays(self, managers: list[str], replicas: int) -> None:
        assert self.scaled(True, seen(replicas, managers, "ml")) == []
        assert self.scaled(False, seen(replicas, managers, "ml")) == []

    def test_a_change_of_mode_scales_what_is_not_as_it_should_be(self) -> None:
        record = ("ConfigMap", {"mode": "ml"})
        assert self.scaled(True, seen(0, ["inference-mode"], "r1")) == [("Deployment", 1), record]
        assert self.scaled(True, seen(2, ["autoscaler"], "r1")) == [record]
        assert self.scaled(False, seen(1, ["inference-mode"], "r1")) == [("Deployment", 0), record]
        assert self.scaled(False, seen(0, ["inference-mode"], "r1")) == [record]

    def test_off_comes_before_on(self) -> None:
        rows = seen(0, ["inference-mode"], "r1")
        rows["objects"].append(
            {**seen(1, ["inference-mode"])["objects"][0], "object": "apps/v1 Deployment ml/vllm-r1"}
        )
        models = [{"deployment": "vllm-qwen", "active": True}, {"deployment": "vllm-r1", "active": False}]
        names = [item["metadata"]["name"] for item in call(mode_objects, models, "ml", "ml", rows)]
        assert names == ["vllm-r1", "vllm-qwen", "inference-mode"]


class TestLogin:
    CONFIG: ClassVar[dict[str, Any]] = {
        "apiVersion": "v1",
        "current-context": "default",
        "contexts": [{"name": "default", "context": {"cluster": "c", "user": "u", "namespace": "ml"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://k"}}],
        "users": [{"name": "u", "user": {"token": "t"}}, {"name": "other", "user": {"token": "x"}}],
    }

    def test_only_what_logs_in_stays(self) -> None:
        login = call(kubeconfig_login, self.CONFIG)
        assert login["clusters"][0]["cluster"] == {"server": "https://k"}
        assert [user["user"] for user in login["users"]] == [{"token": "t"}]
        assert "default" not in str(login)

    def test_a_path_stays_a_path_and_nothing_stays_nothing(self) -> None:
        assert call(kubeconfig_login, "~/.kube/config") == "~/.kube/config"
        assert call(kubeconfig_login, {}) == {}

    def test_a_missing_context_is_named(self) -> None:
        with pytest.raises(AnsibleFilterError, match="no context named gone"):
            call(kubeconfig_login, {**self.CONFIG, "current-context": "gone"})
