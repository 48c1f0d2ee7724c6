"""Inventories that cannot work are answered with one message that names the variable and the way out.

Each case of ``broken_inventories/*.yml`` lays ``variables`` over a site that can work, and has to be
answered with one message that begins with the variable in ``names`` and holds every text of ``says``: what
is wrong, or the way out.
``playbook: true`` runs the case through playbooks/plan.yml as well, in tests/playbooks.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.plugin_utils.planning.parts import VARIABLES as PARTS

from tests.unit.plugins.plugin_utils.planning.sites import home_lab, refusal

CASES: list[dict[str, Any]] = [
    case
    for path in sorted(Path(__file__).with_name("broken_inventories").glob("*.yml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]
PLAYED = [case for case in CASES if case.get("playbook")]
# Variable that a person writes -> argument of the plan.
ARGUMENTS = {
    "inference_models": "models",
    "inference_default_mode": "default_mode",
    "inference_tiers": "tiers",
    "inference_vllm_version": "vllm_version",
    "inference_vllm_image": "vllm_image",
    "inference_vllm_image_cuda": "vllm_image_cuda",
    "inference_allow_unknown": "allow_unknown",
    "inference_namespace": "namespace",
    "inference_catalog": "catalog",
    "llm_min_gpu_memory_gb": "min_gpu_memory_gb",
    "litellm_image": "litellm_image",
}
HOST_KEYS = {"inference_host_gpus": "gpus", "inference_host_driver": "driver"}
# Words of a programmer, which say nothing to the person who wrote the inventory.
FOREIGN = re.compile(
    r"Traceback|<class|\bobject at 0x|_AnsibleTagged"
    r"|\b(NoneType|dict|str|int|float|bool|tuple|KeyError|TypeError|ValueError|AttributeError)\b"
)
LONGEST = 700  # characters, more than that nobody reads


def named(cases: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=[case["case"] for case in cases])


def site(variables: dict[str, Any]) -> dict[str, Any]:
    """The home lab with some variables replaced."""
    host: dict[str, Any] = {
        "name": "worker",
        "gpus": [{"gpu": "rtx-3060-12gb", "count": 1}],
        "driver": "570.195.03",
    }
    host |= {HOST_KEYS[name]: value for name, value in variables.items() if name in HOST_KEYS}
    changes = {ARGUMENTS[name]: value for name, value in variables.items() if name in ARGUMENTS}
    parts = {name: value for name, value in variables.items() if name in PARTS}
    if parts:
        changes["parts"] = parts
    known = (*ARGUMENTS, *HOST_KEYS, *PARTS)
    older = {name: value for name, value in variables.items() if name not in known}
    if older:
        # One chosen model in the words of an older project, in place of the variables that replace them.
        changes = {"models": [], "tiers": None, "inherited": older, **changes}
    return home_lab(**{"models": ["qwen3-8b-awq"], "hosts": [host], **changes})


def secrets(value: Any) -> list[str]:
    return re.findall(r"sk-secret-\d+", json.dumps(value))


def blamed(told: str) -> str:
    """What a message of one line names first: everything before its colon."""
    return told.split(": ", 1)[0]


def test_there_are_a_hundred_and_each_is_another_one() -> None:
    assert len(CASES) >= 100
    for key in ("case", "variables"):
        texts = [json.dumps(case[key], sort_keys=True) for case in CASES]
        assert len(set(texts)) == len(texts)
    assert len(PLAYED) >= 5
    assert sum(len(secrets(case["variables"])) for case in CASES) >= 8


@named(CASES)
def test_a_broken_inventory_gets_one_message(case: dict[str, Any]) -> None:
    told = refusal(site(case["variables"]))
    assert "\n" not in told, f"more than one problem is told:\n{told}"
    assert re.match(rf"{re.escape(case['names'])}(?![\w])", told), (
        f"{case['names']} is not named first: {told}"
    )
    assert case["names"] in blamed(told)
    assert [text for text in case["says"] if str(text) not in told] == [], told


@named(CASES)
def test_the_message_is_meant_for_people(case: dict[str, Any]) -> None:
    told = refusal(site(case["variables"]))
    assert not FOREIGN.search(told), told
    assert len(told) <= LONGEST, told
    assert ".." not in told.replace("...", ""), told
    assert [secret for secret in secrets(case["variables"]) if secret in told] == []


def test_two_mistakes_are_told_at_once() -> None:
    told = refusal(site({"inference_namespace": "My_Ns", "inference_models": [{"name": "qwen3-8b-awk"}]}))
    assert "2 problems" in told
    assert "inference_namespace: " in told and "inference_models[0].name: " in told
