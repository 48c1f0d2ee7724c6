"""The role k3s does nothing on a finished host, and says why a service does not come up."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.playbook_run import ROOT, run_playbook
from tests.playbooks.roles.k3s_machine import NO_CHANGES, Machine, finished_host, recap
from tests.unit.plugins.scripted_server import ScriptedServer


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return finished_host(tmp_path)


def test_a_finished_host_is_looked_at_and_nothing_else(machine: Machine) -> None:
    done = machine.play()
    assert done.returncode == 0, done.stdout[-3000:]
    # The inputs, the look with its result, and the checks.
    assert (recap(done)["ok"], recap(done)["changed"]) == (5, 0)
    assert recap(done)["skipped"] <= 4


@pytest.mark.parametrize("tag", ["observe", "preflight", "install", "configure", "run", "verify"])
def test_each_phase_is_safe_alone(machine: Machine, tag: str) -> None:
    done = machine.play("main", "--tags", tag)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "observe | Look at what is there" in done.stdout


def test_an_agent_with_a_servers_option_is_refused_before_it_would_crash(machine: Machine) -> None:
    machine.inputs["k3s_config"] = {"tls-san": ["k3s.lan"], "kubelet-arg": ["max-pods=64"]}
    done = machine.play()
    assert done.returncode == 2
    assert "k3s_config of the agent localhost has options that only a server knows: tls-san." in done.stdout
    assert "group_vars/k3s_servers" in done.stdout
    assert "changed=0" in done.stdout
    machine.inputs["k3s_role"] = "server"
    assert "only a server knows" not in machine.play().stdout


def test_a_service_that_keeps_crashing_is_told_with_its_journal(machine: Machine) -> None:
    machine.seen["service"]["is_up"] = False
    machine.program(
        "systemctl",
        "printf 'ActiveState=activating\\nSubState=auto-restart\\nInvocationID=new\\nNRestarts=45\\n'",
    )
    done = machine.play("verify")
    assert done.returncode == 2
    for words in (
        "k3s-agent on localhost did not become ready within k3s_ready_timeout=6 s.",
        "Stopped at: verify | Wait for the service and its kubelet",
        "ActiveState=activating SubState=auto-restart",
        'level=fatal msg="token mismatch"',
    ):
        assert words in done.stdout
    # Five restarts after the look: it is not waited for until the time is over.
    assert "FAILED - RETRYING" not in done.stdout


def test_a_crash_loop_before_this_run_is_no_reason_to_give_up(machine: Machine) -> None:
    machine.seen["service"]["is_up"] = False
    machine.program("systemctl", "printf 'ActiveState=activating\\nInvocationID=new\\nNRestarts=41\\n'")
    done = machine.play("verify")
    assert done.returncode == 2
    assert "FAILED - RETRYING" in done.stdout


def test_what_the_node_lacks_is_set_through_the_binarys_kubectl(machine: Machine, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    machine.program("k3s", f'echo "$*" >> {asked}')
    machine.seen["node"]["changes"] = {
        **NO_CHANGES,
        "labels": ["nvidia.com/gpu=true", "old-"],
        "annotation": "inference.stack/k3s-node-settings={}",
    }
    done = machine.play()
    assert done.returncode == 0, done.stdout[-3000:]
    label, annotate = [line for line in asked.read_text().splitlines() if line.startswith("kubectl")]
    assert label.endswith("label node gpu --overwrite nvidia.com/gpu=true old-")
    assert annotate.endswith("annotate node gpu --overwrite inference.stack/k3s-node-settings={}")


def test_an_agent_may_not_taint_itself(machine: Machine) -> None:
    taints = ["gpu=true:NoSchedule"]
    machine.seen["node"]["changes"] = {**NO_CHANGES, "taints": taints, "beyond_kubelet": taints}
    done = machine.play()
    assert done.returncode == 2
    assert "Set k3s_delegate_to to the inventory name of a server" in done.stdout


def test_a_wait_can_be_left_to_a_later_play(machine: Machine) -> None:
    machine.seen["node"]["ready"] = False
    machine.inputs["k3s_wait"] = False
    done = machine.play()
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Leave the wait to a later play" in done.stdout
    assert "verify | Wait" not in done.stdout


FOREIGN = {
    "files": ["/etc/systemd/system/k3s-agent.service"],
    "problem": "",
    "settings": ["disable", "token"],
    "node_name": "gpu",
    "data_folder": "",
}


@pytest.mark.parametrize(
    ("foreign", "adopt", "words"),
    [
        ({}, False, ["k3s-agent.service with disable, token.", "Set k3s_adopt: true", "k3s-uninstall.sh"]),
        (
            {"problem": "its ExecStart uses variables"},
            True,
            ["k3s_adopt cannot", "its ExecStart uses variables"],
        ),
        ({"node_name": "box"}, True, ["Set k3s_node_name to box"]),
        ({"data_folder": "/srv/k3s"}, True, ["Set k3s_config to {data-dir: /srv/k3s}"]),
    ],
    ids=["not asked", "not readable", "another node", "other data"],
)
def test_a_k3s_of_somebody_else_is_refused(
    machine: Machine, foreign: dict[str, Any], adopt: bool, words: list[str]
) -> None:
    machine.seen["foreign"] = FOREIGN | foreign
    machine.inputs["k3s_adopt"] = adopt
    done = machine.play()
    assert done.returncode == 2
    told = " ".join(done.stdout.split())
    assert [word for word in words if word not in told] == []
    assert "changed=0" in done.stdout


def test_a_k3s_of_somebody_else_is_kept_before_it_is_replaced(machine: Machine) -> None:
    written = ["/etc/rancher/k3s/config.yaml", "/etc/systemd/system/k3s-agent.service"]
    machine.seen |= {"foreign": FOREIGN, "differing": written}
    machine.inputs |= {"k3s_adopt": True, "k3s_node_labels": {"a": "b"}}
    done = machine.play("main", "--check", "--tags", "configure", "-v")
    assert done.returncode == 0, done.stdout[-3000:]
    tasks = re.findall(r"configure \| ([^\]]+)\]", done.stdout)
    assert tasks.index("Keep what somebody else set up") < tasks.index("Write the unit")
    assert tasks.index("Write the unit") < tasks.index("Write config.yaml")


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ({"memory_cgroup": False}, "append cgroup_memory=1 cgroup_enable=memory"),
        ({"selinux_blocks": True}, "Install k3s-selinux"),
    ],
)
def test_a_host_on_which_k3s_cannot_start_is_refused(
    machine: Machine, seen: dict[str, Any], words: str
) -> None:
    machine.seen["surroundings"] |= seen
    machine.seen["service"]["is_up"] = False
    done = machine.play()
    assert done.returncode == 2
    assert words in " ".join(done.stdout.split())
    assert "changed=0" in done.stdout
    # Where it runs already the look was wrong, not the host.
    machine.seen["service"]["is_up"] = True
    assert machine.play().returncode == 0


def test_a_machine_that_k3s_is_not_built_for_is_refused(machine: Machine) -> None:
    machine.seen["architecture"] = "riscv64"
    done = machine.play()
    assert done.returncode == 2
    assert "k3s is not released for riscv64" in " ".join(done.stdout.split())
    assert "changed=0" in done.stdout


def test_what_may_be_in_the_way_is_shown_with_its_fix(machine: Machine) -> None:
    missing = ["ufw allow 8472/udp", "ufw allow from 10.42.0.0/16 to any"]
    machine.seen["surroundings"] |= {
        "firewall": {"name": "ufw", "missing": missing},
        "clock": {"synchronised": False, "ahead_s": -86400},
    }
    machine.seen["configured_name"] = "cupboard"
    done = machine.play()
    assert done.returncode == 0, done.stdout[-3000:]
    for words in (
        *missing,
        "or set k3s_manage_firewall: true",
        "86400 s behind",
        "timedatectl set-ntp true",
        "Warning: nothing keeps the clock",
        "kubectl delete node cupboard",
    ):
        assert words in done.stdout
    assert recap(done)["ok"] == 5


PROXY = {"http": "http://user:s3cret@proxy:3128", "https": "http://proxy:3128", "no_proxy": ".lan"}


@pytest.mark.parametrize(
    ("proxy", "there", "task"),
    [
        ({}, False, ""),
        ({}, True, "Remove the variables of a proxy that is gone"),
        (PROXY, False, "Write the proxy's variables"),
    ],
    ids=["none", "no more", "new"],
)
def test_k3s_knows_the_proxy_while_there_is_one(
    machine: Machine, proxy: dict[str, str], there: bool, task: str
) -> None:
    machine.seen |= {"differing": [], "missing": []} if there else {}
    machine.inputs |= {"k3s_proxy": proxy}
    done = machine.play("main", "--check", "--tags", "configure", "--diff", "-v")
    assert done.returncode == 0, done.stdout[-3000:]
    tasks = re.findall(r"configure \| ([^\]]+)\] \*+\n(?!skipping)", done.stdout)
    assert [name for name in tasks if "prox" in name] == ([task] if task else [])
    assert "s3cret" not in done.stdout


def test_the_variables_of_a_proxy_spare_the_server(machine: Machine, tmp_path: Path) -> None:
    template = ROOT / "roles/k3s/templates/proxy.env.j2"
    play = [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars_files": [str(ROOT / "roles/k3s/vars/main.yml")],
            "tasks": [
                {
                    "ansible.builtin.copy": {
                        "content": f"{{{{ lookup('template', '{template}') }}}}",
                        "dest": str(tmp_path / "env"),
                        "mode": "0600",
                    }
                }
            ],
        }
    ]
    playbook = tmp_path / "render.yml"
    playbook.write_text(json.dumps(play))
    variables = {
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "k3s_proxy": PROXY,
        "k3s_server_url": "https://192.0.2.10:6443",
    }
    done = run_playbook(playbook, variables=variables)
    assert done.returncode == 0, done.stdout[-3000:]
    lines = (tmp_path / "env").read_text().splitlines()
    assert lines[-3:] == [
        f"HTTP_PROXY='{PROXY['http']}'",
        f"HTTPS_PROXY='{PROXY['https']}'",
        "NO_PROXY='.lan,192.0.2.10'",
    ]


def test_downloads_take_the_proxy(machine: Machine, server: ScriptedServer) -> None:
    machine.seen["version"] = "v1.34.1+k3s1"
    machine.inputs |= {
        "k3s_proxy": {"http": f"http://127.0.0.1:{server.port}"},
        "k3s_binary_url": "http://binary.example/k3s",
        "k3s_binary_checksum": f"sha256:{'0' * 64}",
    }
    machine.play("main", "--check", "--tags", "install")
    assert server.paths() == ["http://binary.example/k3s"]
