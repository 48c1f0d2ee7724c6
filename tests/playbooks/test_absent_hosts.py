"""A run goes on without a GPU host that is off, says so at its end, and ends with a status of its own."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook_run import ROOT, run_playbook
from tests.playbooks.test_preflight import SECRETS

HERE = {"ansible_connection": "local", "ansible_become": False}
# Nothing listens there.
OFF = {
    "ansible_host": "127.0.0.1",
    "ansible_port": 9,
    "ansible_ssh_common_args": "-o ControlMaster=no -o ControlPath=none",
}
STEPS = [
    str(ROOT / "playbooks/steps" / f"{name}.yml")
    for name in ("compute_plan", "preflight", "seen", "report_absence")
]
# Stands for the stages in between.
SEEN = [
    {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.debug": {"msg": "absent: {{ __inference_absent_hosts | join(' ') }}."}}],
    }
]


def run(folder: Path, *words: str, **hosts: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """The beginning and the end of site.yml, for these hosts in the example site."""
    groups = {
        "k3s_servers": [name for name in hosts if name.startswith("server")],
        "k3s_agents": [name for name in hosts if not name.startswith("server")],
        "gpu_hosts": [name for name in hosts if "gpu" in name],
    }
    children = {group: {"hosts": dict.fromkeys(names)} for group, names in groups.items()}
    inventory = folder / "hosts.yml"
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "children": children}}))
    seen = folder / "seen.yml"
    seen.write_text(json.dumps(SEEN))
    example = [
        f"@{path}"
        for path in sorted((ROOT / "inventories/example/group_vars").rglob("*.yml"))
        if path.stem != "chat"
    ]
    steps = [step if Path(step).stem != "seen" else str(seen) for step in STEPS]
    extra = [word for name in example for word in ("--extra-vars", name)]
    variables = {
        **SECRETS,
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "__inference_ask_hosts": True,
        "inference_host_gpus": [{"gpu": "rtx-3060-12gb"}],
    }
    return run_playbook(steps[0], *steps[1:], *extra, *words, variables=variables, inventory=inventory)


@pytest.mark.parametrize("words", [(), ("--check",)])
def test_a_gpu_host_that_is_off_is_named_at_the_end(words: tuple[str, ...], tmp_path: Path) -> None:
    done = run(tmp_path, *words, server=HERE, gpu=OFF)
    assert done.returncode == 4, done.stdout[-3000:]
    assert "absent: gpu." in done.stdout
    told = " ".join(done.stdout.partition("TASK [Say what was left out]")[2].split())
    assert re.search(r"fatal: \[gpu\]: UNREACHABLE! .*gpu did not answer \(.*Connection refused.*\)", told)
    assert "Run the same command again when gpu is on" in told
    assert re.search(r"gpu .* unreachable=1 +failed=0", done.stdout.partition("PLAY RECAP")[2])
    # Each try takes as long as the connection's time limit: one look, and the last word.
    assert done.stdout.count("UNREACHABLE!") == 2, done.stdout[-3000:]


def test_a_server_that_is_off_is_not_left_out(tmp_path: Path) -> None:
    """Without it there is no cluster: the stages try it and end there."""
    done = run(tmp_path, server_gpu=OFF, gpu=HERE)
    assert "absent: ." in done.stdout, done.stdout[-3000:]


def test_a_site_that_is_complete_ends_well(tmp_path: Path) -> None:
    done = run(tmp_path, server=HERE, gpu=HERE, agent=HERE)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "absent: ." in done.stdout


def test_an_agent_without_a_gpu_may_be_off_too(tmp_path: Path) -> None:
    done = run(tmp_path, server=HERE, gpu=HERE, agent=OFF)
    assert done.returncode == 4, done.stdout[-3000:]
    assert "absent: agent." in done.stdout


def test_what_fails_is_still_a_failure(tmp_path: Path) -> None:
    done = run(tmp_path, "--extra-vars", json.dumps({"k3s_node_labels": ["gpu"]}), server=HERE, gpu=OFF)
    assert done.returncode == 2


@pytest.mark.parametrize("step", ["hosts", "prove"])
def test_stages_leave_out_what_is_absent(step: str) -> None:
    """Agents and GPU hosts of their own may be off; a server may not."""
    for play in yaml.safe_load((ROOT / f"playbooks/steps/{step}.yml").read_text("utf-8")):
        if play.get("hosts") in ("gpu_hosts", "k3s_agents"):
            assert play["tasks"][0]["ansible.builtin.meta"] == "end_host", play["name"]


def test_the_site_ends_with_it() -> None:
    last = yaml.safe_load((ROOT / "playbooks/site.yml").read_text("utf-8"))[-1]
    assert (last["ansible.builtin.import_playbook"], last["tags"]) == ("steps/report_absence.yml", ["always"])
