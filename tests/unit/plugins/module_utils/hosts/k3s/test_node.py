"""What the API server says of a node."""

from __future__ import annotations

import json

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.k3s.node import Wanted, look
from ansible_collections.inference.stack.plugins.module_utils.hosts.system.commands import Finished

from tests.unit.plugins.module_utils.hosts.scripted_commands import Commands

WANTED = Wanted("gpu", {"nvidia.com/gpu": "true"}, [])


def document(ready: str) -> str:
    conditions = [
        {"type": "DiskPressure", "status": "False", "message": "enough"},
        {"type": "Ready", "status": ready, "message": "kubelet is posting ready status"},
    ]
    return json.dumps({"metadata": {}, "status": {"conditions": conditions}})


@pytest.mark.parametrize(("status", "ready"), [("True", True), ("False", False), ("Unknown", False)])
def test_a_node_is_ready_or_says_why_not(programs: Commands, status: str, ready: bool) -> None:
    programs.answers["k3s kubectl"] = document(status)
    found = look("/usr/local/bin/k3s", "/kubeconfig", WANTED)
    assert (found["answers"], found["ready"]) == (True, ready)
    assert f"Ready={status}: kubelet is posting ready status" in found["told"]
    assert found["changes"]["labels"] == ["nvidia.com/gpu=true"]
    (asked,) = programs.asked
    assert "--kubeconfig=/kubeconfig" in asked and asked[-2:] == ["gpu", "--output=json"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Finished(1, "", 'nodes "gpu" not found\n'), 'nodes "gpu" not found'),
        (Finished(0, "a page of a proxy", ""), "no JSON: a page of a proxy"),
    ],
)
def test_no_answer_is_an_answer_too(programs: Commands, answer: Finished, words: str) -> None:
    programs.answers["k3s kubectl"] = answer
    found = look("/usr/local/bin/k3s", "/kubeconfig", WANTED)
    assert (found["answers"], found["ready"]) == (False, False)
    assert words in found["told"][0]
    assert not any(found["changes"].values())
