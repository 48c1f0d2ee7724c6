"""Examples in READMEs and defaults are what somebody copies, so they are checked like code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from tests.conftest import ROOT
from tests.doc_blocks.reference import ROLES, argument_specs

_EXAMPLE = re.compile(r"^## Example\n\n```yaml\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
SITE = {"cluster_objects_kubeconfig", "cluster_objects_requirements"}


def example_of(role: str) -> str:
    found = _EXAMPLE.search((ROOT / "roles" / role / "README.md").read_text("utf-8"))
    assert found, f"roles/{role}/README.md has no section Example that begins with a playbook"
    return found["text"]


def commented(role: str) -> list[str]:
    """The values that comments of a role's defaults show: those that begin with an input."""
    text = (ROOT / "roles" / role / "defaults" / "main.yml").read_text("utf-8")
    found = re.findall(rf"^# {role}_\w+:(?: .+)?\n(?:# {{2,}}.*\n)*", text, re.MULTILINE)
    return ["\n".join(line.removeprefix("# ") for line in lines.splitlines()) for lines in found]


def faults(role: str, inputs: dict[str, Any], needed: bool = True) -> list[str]:
    """What the role would say to these inputs. Of a template only the name can be judged."""
    known = {}
    for name, option in argument_specs(role)["main"]["options"].items():
        value = inputs.get(name)
        is_template = isinstance(value, str) and "{{" in value
        known[name] = {**option, "required": needed and bool(option.get("required"))}
        if is_template:
            known[name] = {"type": "raw"}
    return list(ArgumentSpecValidator(known).validate(inputs).error_messages)


@pytest.mark.parametrize("role", ROLES)
def test_the_example_of_a_role_fits_its_inputs(role: str) -> None:
    entries = [
        (play, entry)
        for play in yaml.safe_load(example_of(role))
        for entry in play["roles"]
        if entry["role"] == f"inference.stack.{role}"
    ]
    assert entries
    for play, entry in entries:
        given = {**play.get("vars", {}), **entry.get("vars", {})}
        own = {name: value for name, value in given.items() if name.startswith(f"{role}_")}
        assert faults(role, own) == []
        assert set(given) - set(own) <= SITE


def test_the_examples_are_playbooks(tmp_path: Path) -> None:
    paths = []
    for role in ROLES:
        paths.append(tmp_path / f"{role}.yml")
        paths[-1].write_text(example_of(role), encoding="utf-8")
    program = Path(sys.executable).with_name("ansible-playbook")
    done = subprocess.run(
        [str(program), "--syntax-check", "-i", "localhost,", *map(str, paths)],
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("role", ROLES)
def test_the_examples_in_defaults_fit_the_inputs(role: str) -> None:
    for text in commented(role):
        assert faults(role, yaml.safe_load(text), needed=False) == []


# What is a list or mapping of one's own making, and cannot be guessed from its name.
COMPLEX = {
    "cluster_objects": ["cluster_objects_sets"],
    "k3s": ["k3s_registries", "k3s_images", "k3s_node_labels", "k3s_node_taints", "k3s_config"],
    "litellm": ["litellm_models", "litellm_keys", "litellm_fallbacks", "litellm_aliases"],
    "model_cache": ["model_cache_repositories"],
    "ollama": ["ollama_models"],
    "vllm": ["vllm_models"],
}


@pytest.mark.parametrize("role", COMPLEX)
def test_complex_inputs_have_an_example_in_defaults(role: str) -> None:
    shown = {text.partition(":")[0] for text in commented(role)}
    assert sorted(set(COMPLEX[role]) - shown) == []


def test_the_example_site_takes_no_port_from_a_web_server_of_its_hosts() -> None:
    """ServiceLB publishes Traefik on ports 80 and 443 of every host; node ports need neither."""
    group_vars = ROOT / "inventories/example/group_vars"
    k3s = yaml.safe_load((group_vars / "k3s_cluster/k3s.yml").read_text("utf-8"))
    litellm = yaml.safe_load((group_vars / "all/litellm.yml").read_text("utf-8"))
    assert k3s["k3s_disable"] == ["traefik", "servicelb"]
    assert litellm["litellm_service_type"] == "NodePort"
