"""compute_plan.yml hands everything that an inventory may say to the plan."""

from __future__ import annotations

import json
from typing import Any

import yaml
from ansible_collections.inference.stack.plugins.plugin_utils.planning.inherited.translation import (
    VARIABLES_OF_THE_FORM,
)
from ansible_collections.inference.stack.plugins.plugin_utils.planning.parts import VARIABLES
from ansible_collections.inference.stack.plugins.plugin_utils.planning.plan import ARGUMENTS
from ansible_collections.inference.stack.plugins.plugin_utils.planning.workloads import DEFAULTS

from tests.playbook_run import ROOT, environment, run_playbook

PLAYBOOK = ROOT / "playbooks/steps/compute_plan.yml"
INHERITED = ROOT / "playbooks/vars/inherited_inventory.yml"


def arguments() -> dict[str, Any]:
    *_, play = yaml.safe_load(PLAYBOOK.read_text("utf-8"))
    found: dict[str, Any] = play["tasks"][0]["inference.stack.plan"]
    return found


def inherited() -> dict[str, str]:
    found: dict[str, str] = yaml.safe_load(INHERITED.read_text("utf-8"))["__inference_inherited"]
    return found


def test_every_argument_is_filled() -> None:
    assert set(arguments()) == set(ARGUMENTS)


def test_every_inherited_variable_is_handed_on_under_its_name() -> None:
    assert arguments()["inherited"] == "{{ __inference_inherited }}"
    assert inherited() == {name: f"{{{{ {name} | default(none) }}}}" for name in VARIABLES_OF_THE_FORM}


def test_every_variable_of_a_part_is_handed_on_under_its_name() -> None:
    parts = arguments()["parts"]
    assert set(parts) == set(VARIABLES)
    # Whether there is a chat, and what each host says of its cache, are questions of their own.
    plain = parts.keys() - {"inference_chat", "model_cache_path"}
    odd = {name: parts[name] for name in plain if parts[name] != f"{{{{ {name} | default(none) }}}}"}
    assert odd == {}, "Hand these on as they are; the switch of a part is left out above."


def test_every_variable_of_the_workloads_is_handed_on_under_its_name() -> None:
    assert arguments()["workloads"] == {name: f"{{{{ {name} | default(none) }}}}" for name in DEFAULTS}


def test_an_inherited_inventory_is_planned_as_it_is() -> None:
    inventory = {
        "vllm_model_name": "gpt-oss-120b",
        "llm_backend": "vllm",
        "enable_chat": True,
        "vllm_gpu_count": 2,
        "inference_vllm_version": "0.11.0",
    }
    done = run_playbook(
        "steps/compute_plan.yml",
        "-vv",
        variables=inventory,
        inventory="localhost,",
        env=environment(ANSIBLE_CALLBACK_RESULT_FORMAT="json"),
    )
    assert done.returncode == 0, done.stdout[-2000:]
    told = done.stdout.partition("TASK [Compute the plan]")[2]
    result, _ = json.JSONDecoder().raw_decode(told, told.index("=> {") + 3)
    plan = result["plan"]
    (model,) = plan["vllm_models"]
    assert (model["name"], model["gpus"]) == ("gpt-oss-120b", 2)
    assert any(text.startswith("enable_chat: Open WebUI") for text in plan["warnings"])
