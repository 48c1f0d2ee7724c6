"""The action propose_site, called as Ansible calls it, and the module that documents it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible_collections.inference.stack.plugins.action import propose_site
from ansible_collections.inference.stack.plugins.modules import propose_site as documented

from tests.unit.plugins.plugin_utils.proposing.found import GPU, SERVER


def run(folder: Path, **given: Any) -> dict[str, Any]:
    defaults = {name: option.get("default", "") for name, option in propose_site.ARGUMENTS.items()}
    site = {"folder": str(folder), "playbooks": "playbooks"}
    task = SimpleNamespace(args={}, check_mode=False, async_val=0, action="propose_site")
    action = propose_site.ActionModule.__new__(propose_site.ActionModule)
    action._task = task
    action.validate_argument_spec = (  # type: ignore[method-assign]
        lambda argument_spec: (None, defaults | site | given)
    )
    action._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    action._supports_check_mode = True
    action._supports_async = False
    result: dict[str, Any] = action.run(task_vars={})
    return result


def test_a_site_is_proposed_and_nothing_written(tmp_path: Path) -> None:
    found = run(tmp_path / "home", server="192.0.2.10", gpus="192.0.2.11", user="admin", seen=[SERVER, GPU])
    assert found["changed"] is False
    assert found["model"] and found["vllm_version"] and found["ollama_model"]
    files = {row["path"]: row["content"] for row in found["files"]}
    hosts = yaml.safe_load(files["hosts.yml"])["k3s_cluster"]["children"]
    assert hosts["k3s_agents"]["hosts"]["gpu"]["ansible_host"] == "192.0.2.11"
    assert found["model"] in files["group_vars/all/inference.yml"]
    # Secrets are the playbook's.
    assert propose_site.VAULT not in files
    assert not (tmp_path / "home").exists()


def test_a_refusal_keeps_its_advice(tmp_path: Path) -> None:
    with pytest.raises(AnsibleActionFail, match="init_server is empty"):
        run(tmp_path / "home", server="")


def test_the_documentation_has_the_options_of_the_action() -> None:
    options = yaml.safe_load(documented.DOCUMENTATION)["options"]
    for told, known in ((options, propose_site.ARGUMENTS), (propose_site.ARGUMENTS, options)):
        assert set(told) == set(known)
    for name, option in propose_site.ARGUMENTS.items():
        for key in ("type", "required", "default", "choices"):
            assert options[name].get(key) == option.get(key), (name, key)
