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
    expected = {"reachable": True, "answer": ANSWER, "reason": ""}
    assert task_answer(ANSWER, "pci_devices") == expected


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
    expected = {"reachable": reachable, "answer": {}, "reason": reason}
    assert task_answer(result, "pci_devices") == expected


STREAM = "Task failed: Premature end of stream waiting for become success.\n>>> Standard Error\n"
TWICE = "Task failed: Duplicate become password prompt encountered waiting for become success.\n"
NO_JSON = "Module result deserialization failed: No start of json char found"


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ({"msg": "Task failed: Missing sudo password"}, "sudo needs a password: add -K (--ask-become-pass)"),
        ({"msg": "Missing sudo password"}, "sudo needs a password: add -K (--ask-become-pass)"),
        ({"msg": "Missing doas password"}, "doas needs a password: add -K (--ask-become-pass)"),
        (
            {"msg": STREAM + "sudo: a password is required"},
            "sudo needs a password: add -K (--ask-become-pass)",
        ),
        (
            {"msg": STREAM + "sudo: a terminal is required to read the password; either use the -S option"},
            "sudo needs a password: add -K (--ask-become-pass)",
        ),
        (
            {"msg": NO_JSON, "module_stderr": "sudo: a password is required\n"},
            "sudo needs a password: add -K (--ask-become-pass)",
        ),
        (
            {"msg": "Task failed: Incorrect sudo password"},
            "sudo refuses the password that -K or ansible_become_password gives",
        ),
        (
            {"msg": TWICE + "[sudo via ansible, key=abc] password:Sorry, try again."},
            "sudo refuses the password that -K or ansible_become_password gives",
        ),
        (
            {"msg": NO_JSON, "module_stderr": "admin is not in the sudoers file."},
            "sudo does not let ansible_user become root",
        ),
        (
            {"msg": STREAM + "Sorry, user admin is not allowed to execute '/bin/sh -c x' as root on gpu."},
            "sudo does not let ansible_user become root",
        ),
    ],
)
def test_a_sudo_that_refuses_is_told_with_the_fix(result: dict[str, Any], reason: str) -> None:
    expected = {"reachable": True, "answer": {}, "reason": reason}
    assert task_answer({"failed": True, **result}, "pci_devices") == expected
    assert cluster_absence({"failed": True, **result}, "server") == {
        "absent": False,
        "reason": f"server: {reason}",
    }


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
