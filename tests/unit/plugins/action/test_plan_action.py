"""The action as a playbook calls it, with everything that Ansible does to arguments on the way."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible_collections.inference.stack.plugins.action.plan import CATALOG, ActionModule
from ansible_collections.inference.stack.plugins.modules import plan as documentation
from ansible_collections.inference.stack.plugins.plugin_utils.planning.plan import ARGUMENTS

from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan

ROOT = Path(__file__).parents[4]
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  vars:
    version: "0.8.5.post1"
    site: {site}
  tasks:
    - inference.stack.plan:
        models: "{{{{ site.models }}}}"
        tiers: "{{{{ site.tiers }}}}"
        default_mode: "{{{{ site.default_mode | default('ml') }}}}"
        vllm_version: "{{{{ version }}}}"
        hosts: "{{{{ site.hosts | list }}}}"
      register: planned
    - block:
        - inference.stack.plan:
            models: [qwen3-8b-awk]
            vllm_version: "{{{{ version }}}}"
          register: mistaken
      rescue:
        - ansible.builtin.debug:
            msg: The mistake failed its task, as it should.
    - ansible.builtin.debug:
        msg: "RESULT={{{{ [planned, mistaken] | to_json | b64encode }}}}"
"""


def action(arguments: dict[str, Any], check: bool = False) -> ActionModule:
    task = MagicMock(args=arguments, async_val=0, check_mode=check, diff=False)
    shell = SimpleNamespace(tmpdir=None, _unquote=lambda text: text)
    connection = MagicMock(_shell=shell)
    return ActionModule(task, connection, MagicMock(check_mode=check), MagicMock(), MagicMock(), MagicMock())


@pytest.mark.parametrize("check", [False, True])
def test_it_plans_and_changes_nothing(check: bool) -> None:
    result = action(home_lab(), check).run(task_vars={})
    assert result["changed"] is False
    assert result["plan"] == plan(home_lab())


@pytest.mark.parametrize("check", [False, True])
def test_a_mistake_fails_readably(check: bool) -> None:
    with pytest.raises(AnsibleActionFail) as raised:
        action(home_lab(models=["qwen3-8b-awk"]), check).run(task_vars={})
    assert "inference_models[0].name: 'qwen3-8b-awk' is not in the catalog" in str(raised.value)
    assert "Did you mean qwen3-8b-awq" in str(raised.value)


def test_the_catalog_lies_beside_the_plugins() -> None:
    assert (CATALOG / "models.yml").is_file()


def test_documentation_and_code_name_the_same_arguments() -> None:
    assert set(yaml.safe_load(documentation.DOCUMENTATION)["options"]) == set(ARGUMENTS)


def test_documentation_and_code_return_the_same() -> None:
    documented = yaml.safe_load(documentation.RETURN)["plan"]["contains"]
    assert list(documented) == list(plan(home_lab()))


def test_the_example_can_be_planned() -> None:
    example = yaml.safe_load(documentation.EXAMPLES)[0]["inference.stack.plan"]
    assert plan(example)["modes"] == {"ml": ["qwen3-8b-awq"], "r1": ["deepseek-r1-distill-qwen-7b-awq"]}


def test_a_playbook_in_check_mode(tmp_path: Path) -> None:
    playbook = tmp_path / "play.yml"
    playbook.write_text(PLAYBOOK.format(site=json.dumps(home_lab())))
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local"]
    env = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    done = subprocess.run(
        [*command, "--check", "-vv", str(playbook)], env=env, capture_output=True, text=True, check=False
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert "geheim" not in told
    assert "Traceback" not in told
    assert "Did you mean qwen3-8b-awq" in told
    found = re.search(r"RESULT=([A-Za-z0-9+/=]+)", told)
    assert found
    planned, mistaken = json.loads(base64.b64decode(found[1]))
    assert planned["changed"] is False
    assert planned["plan"] == plan(home_lab(namespace="ml"))
    assert mistaken["failed"] is True
    assert mistaken["msg"].startswith("inference_models[0].name: 'qwen3-8b-awk' is not in the catalog")
