"""What restarts an engine, told apart from what the API server only filled in."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.pod_changes import (
    CONFIGURATION,
    differences,
    same_quantity,
)

from tests.unit.plugins.plugin_utils.reporting.reports import pod_templates

Edit = Callable[[dict[str, Any], dict[str, Any]], Any]


def changes(edit: Edit) -> list[tuple[str, str, str | None, str | None]]:
    """What differs after an edit of the wanted template (its container, its pod)."""
    templates = pod_templates()
    wanted = copy.deepcopy(templates["wanted"])
    edit(wanted["spec"]["containers"][0], wanted["spec"])
    found = differences(templates["live"], wanted)
    return [(change.field, change.name, change.old, change.new) for change in found]


def replace(words: list[str], flag: str, value: str) -> None:
    words[words.index(flag) + 1] = value


def test_what_the_api_server_filled_in_is_no_change() -> None:
    assert changes(lambda container, pod: None) == []


@pytest.mark.parametrize(
    ("edit", "change"),
    [
        (
            lambda container, pod: container.update(image="vllm/vllm-openai:v0.9.2"),
            ("image", "", "vllm/vllm-openai:v0.8.5.post1", "vllm/vllm-openai:v0.9.2"),
        ),
        (
            lambda container, pod: replace(container["args"], "--max-model-len", "4096"),
            ("arguments", "--max-model-len", "8192", "4096"),
        ),
        (
            lambda container, pod: container["args"].append("--enable-prefix-caching"),
            ("arguments", "--enable-prefix-caching", None, ""),
        ),
        (
            lambda container, pod: container["args"].remove("--enforce-eager"),
            ("arguments", "--enforce-eager", "", None),
        ),
        (
            lambda container, pod: container.update(command=["vllm", "serve"]),
            ("command", "", "python3 -m vllm.entrypoints.openai.api_server", "vllm serve"),
        ),
        (
            lambda container, pod: container["env"].append({"name": "NEW", "value": "1"}),
            ("environment", "NEW", None, "1"),
        ),
        (
            lambda container, pod: container["env"].pop(),
            ("environment", "HF_TOKEN", "from secretKey vllm-hf-token token", None),
        ),
        (
            lambda container, pod: container["resources"]["requests"].update(cpu="2"),
            ("resources.requests", "cpu", "1500m", "2"),
        ),
        (
            lambda container, pod: container["resources"]["limits"].update(memory="16Gi"),
            ("resources.limits", "memory", None, "16Gi"),
        ),
        (
            lambda container, pod: container["startupProbe"].update(failureThreshold=30),
            ("pod", "startupProbe.failureThreshold", "12", "30"),
        ),
        (
            lambda container, pod: container["livenessProbe"].update(initialDelaySeconds=120),
            ("pod", "livenessProbe.initialDelaySeconds", None, "120"),
        ),
        (
            lambda container, pod: pod["volumes"][1]["emptyDir"].update(sizeLimit="4Gi"),
            ("pod", "volumes.shm.emptyDir.sizeLimit", "2Gi", "4Gi"),
        ),
        (
            lambda container, pod: pod.update(nodeSelector={"nvidia.com/gpu": "true", "disk": "fast"}),
            ("pod", "nodeSelector.disk", None, "fast"),
        ),
        (
            lambda container, pod: pod.update(nodeSelector={}),
            ("pod", "nodeSelector.nvidia.com/gpu", "true", None),
        ),
        (
            lambda container, pod: pod.pop("runtimeClassName"),
            ("pod", "runtimeClassName", "nvidia", None),
        ),
    ],
)
def test_each_change_is_named_with_old_and_new(
    edit: Edit, change: tuple[str, str, str | None, str | None]
) -> None:
    assert changes(edit) == [change]


def test_a_probe_and_a_volume_that_left_are_changes() -> None:
    assert [name for _, name, _, _ in changes(lambda container, pod: container.pop("startupProbe"))] == [
        "startupProbe"
    ]
    assert [name for _, name, _, _ in changes(lambda container, pod: pod["volumes"].pop())] == ["volumes.cm"]


def test_the_order_of_arguments_matters_too() -> None:
    def eager_first(container: dict[str, Any], pod: dict[str, Any]) -> None:
        container["args"].remove("--enforce-eager")
        container["args"].insert(0, "--enforce-eager")

    ((field, name, old, new),) = changes(eager_first)
    assert (field, name) == ("arguments", "order")
    assert old and new and (old.split()[0], new.split()[0]) == ("--model", "--enforce-eager")


@pytest.mark.parametrize(
    "amounts", [{"cpu": "1.5", "memory": "4096Mi", "nvidia.com/gpu": 1}, {"cpu": "1500m", "memory": "4Gi"}]
)
def test_the_same_amount_written_otherwise_is_no_change(amounts: dict[str, Any]) -> None:
    assert changes(lambda container, pod: container["resources"]["requests"].update(amounts)) == []


def test_a_configuration_that_nothing_else_shows_is_told() -> None:
    templates = pod_templates()
    templates["wanted"]["metadata"]["annotations"][CONFIGURATION] = "other"
    assert [change.field for change in differences(templates["live"], templates["wanted"])] == [
        "configuration"
    ]


def test_what_others_wrote_down_is_no_change() -> None:
    templates = pod_templates()
    templates["live"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = "2026-01-01"
    assert differences(templates["live"], templates["wanted"]) == []


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("1000m", "1", True),
        ("0.5", "500m", True),
        ("1Gi", "1024Mi", True),
        ("1e3", "1k", True),
        (2, "2", True),
        ("1Gi", "1G", False),
        ("1", "2", False),
        (None, "1", False),
        ("some", "1", False),
    ],
)
def test_quantities(left: Any, right: Any, same: bool) -> None:
    assert same_quantity(left, right) is same
