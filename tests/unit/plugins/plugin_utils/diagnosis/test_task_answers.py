"""What a task that may fail, hang or not reach its host has told."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.task_answers import (
    cluster_absence,
    task_answer,
)

ANSWER = {"pci_devices": [], "changed": False, "failed": False}


def test_an_answer_comes_back_whole() -> None:
    assert task_answer(ANSWER, "pci_devices") == {"reachable": True, "answer": ANSWER, "reason": ""}


@pytest.mark.parametrize(
    ("result", "reachable", "reason"),
    [
        ({"unreachable": True, "msg": "Connection refused"}, False, "Connection refused"),
        (
            {"failed": True, "msg": "Task failed: Timed out after 90 second(s)."},
            True,
            "Timed out after 90 second(s).",
        ),
        ({"failed": True}, True, "no reason was given"),
        ({"failed": True, "msg": ""}, True, "no reason was given"),
        ({"changed": False, "skipped": True, "skip_reason": "false"}, True, ""),
        ({"skipped": True, "msg": "Conditional result was False"}, True, ""),
    ],
)
def test_no_answer_says_why(result: dict[str, Any], reachable: bool, reason: str) -> None:
    assert task_answer(result, "pci_devices") == {"reachable": reachable, "answer": {}, "reason": reason}


@pytest.mark.parametrize("nothing", [None, {}])
def test_nothing_at_all_is_no_error(nothing: Any) -> None:
    assert task_answer(nothing, "pci_devices")["answer"] == {}


@pytest.mark.parametrize(
    ("kubeconfig", "words"),
    [
        (
            {"failed": False, "msg": "File not found: /etc/rancher/k3s/k3s.yaml"},
            "server has no kubeconfig, k3s has not run there",
        ),
        ({"content": "e30="}, ""),
        ({"skipped": True, "msg": "skipped"}, "the inventory names neither"),
        ({"unreachable": True, "msg": "no route"}, "server: no route"),
        ({}, "the inventory names neither k3s_servers nor inference_kubeconfig"),
        (None, "the inventory names neither k3s_servers nor inference_kubeconfig"),
    ],
)
def test_why_there_is_no_cluster(kubeconfig: Any, words: str) -> None:
    found = cluster_absence(kubeconfig, "server")
    assert (words in found["reason"]) and bool(found["reason"]) == bool(words)
    assert found["absent"] == ("no kubeconfig" in words)
