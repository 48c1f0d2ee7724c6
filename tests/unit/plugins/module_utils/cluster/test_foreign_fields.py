"""Fields that somebody else wrote into an object of ours."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.cluster.foreign_fields import foreign_fields


def entry(manager: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"manager": manager, "fieldsV1": fields, **more}


def found(*entries: dict[str, Any]) -> list[str]:
    rows = foreign_fields({"metadata": {"managedFields": list(entries)}})
    return [f"{row['field']} by {row['manager']}" for row in rows]


def container(**inner: Any) -> dict[str, Any]:
    return {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"litellm"}': inner}}}}}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            container(**{"f:env": {'k:{"name":"DEBUG"}': {".": {}, "f:name": {}, "f:value": {}}}}),
            "spec.template.spec.containers[litellm].env[DEBUG]",
        ),
        (
            container(**{"f:resources": {"f:limits": {".": {}, "f:memory": {}}}}),
            "spec.template.spec.containers[litellm].resources.limits[memory]",
        ),
        (
            {"f:metadata": {"f:annotations": {".": {}, "f:example.com/team": {}}}},
            "metadata.annotations[example.com/team]",
        ),
        ({"f:data": {"f:config.yaml": {}}}, "data[config.yaml]"),
    ],
)
def test_what_people_add_is_named_as_they_would(fields: dict[str, Any], told: str) -> None:
    assert found(entry("kubectl-edit", fields)) == [f"{told} by kubectl-edit"]


@pytest.mark.parametrize(
    "fields",
    [
        {"f:spec": {"f:replicas": {}}},
        {"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/last-applied-configuration": {}}}},
        {
            "f:spec": {
                "f:template": {"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/restartedAt": {}}}}
            }
        },
        {"f:status": {"f:replicas": {}}},
    ],
)
def test_what_tools_write_for_themselves_is_no_news(fields: dict[str, Any]) -> None:
    assert found(entry("kubectl-client-side-apply", fields)) == []


def test_fields_that_we_apply_too_are_ours() -> None:
    fields: dict[str, Any] = {"f:spec": {"f:paused": {}}}
    assert found(entry("inference-stack", fields), entry("kubectl-client-side-apply", fields)) == []


def test_what_an_earlier_tool_left_inside_a_list_item_of_ours_is_told() -> None:
    """An older render, applied with kubectl, had a variable that we no longer name."""
    ours = container(**{".": {}, "f:name": {}, "f:image": {}})
    variable: dict[str, Any] = {'k:{"name":"OLD"}': {".": {}, "f:name": {}, "f:value": {}}}
    earlier = container(**{".": {}, "f:name": {}, "f:image": {}, "f:env": {".": {}, **variable}})
    told = found(entry("inference-stack", ours), entry("kubectl-client-side-apply", earlier))
    assert told == ["spec.template.spec.containers[litellm].env[OLD] by kubectl-client-side-apply"]


@pytest.mark.parametrize("manager", ["k3s", "kube-controller-manager", "inference-mode", "inference-restart"])
def test_parts_of_kubernetes_and_of_ours_are_expected(manager: str) -> None:
    assert found(entry(manager, {"f:spec": {"f:paused": {}}})) == []


def test_what_a_subresource_writes_is_no_field_of_the_object() -> None:
    assert found(entry("hand", {"f:spec": {"f:paused": {}}}, subresource="status")) == []


def test_what_an_apply_takes_back_is_not_foreign() -> None:
    """Somebody patched a field and patched it back: the value is ours, and the owner still theirs."""
    fields: dict[str, Any] = {
        "f:spec": {
            "f:template": {
                "f:spec": {
                    "f:nodeSelector": {},
                    "f:hostNetwork": {},
                    "f:containers": {'k:{"name":"vllm"}': {"f:args": {}, "f:stdin": {}}},
                }
            }
        }
    }
    containers = [{"name": "vllm", "args": ["--model", "x"]}]
    wanted = {"spec": {"template": {"spec": {"nodeSelector": {"gpu": "true"}, "containers": containers}}}}
    live = {"metadata": {"managedFields": [entry("kubectl-patch", fields)]}}
    assert [row["field"] for row in foreign_fields(live, wanted)] == [
        "spec.template.spec.containers[vllm].stdin",
        "spec.template.spec.hostNetwork",
    ]
    assert len(foreign_fields(live)) == 4
