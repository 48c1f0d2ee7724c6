"""A host on which the role k3s is played, with programs that answer from a script."""

from __future__ import annotations

import copy
import json
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.playbook_run import run_playbook

NODE = {
    "metadata": {"labels": {}},
    "status": {"conditions": [{"type": "Ready", "status": "True", "message": "well"}]},
}
NO_CHANGES: dict[str, Any] = {"labels": [], "taints": [], "annotation": "", "beyond_kubelet": []}
# What k3s_info sees of a host that has everything.
FINISHED: dict[str, Any] = {
    "architecture": "x86_64",
    "runs_systemd": True,
    "version": "v1.34.2+k3s1",
    "plays_other_part": False,
    "configured_name": "gpu",
    "surroundings": {
        "firewall": {"name": "", "missing": []},
        "selinux_blocks": False,
        "memory_cgroup": True,
        "clock": {"synchronised": True, "ahead_s": 0},
    },
    "token_matches": True,
    "foreign": {"files": [], "problem": "", "settings": [], "node_name": "", "data_folder": ""},
    "differing": ["/etc/rancher/k3s/proxy.env"],
    # Without a proxy there are no variables for it.
    "missing": ["/etc/rancher/k3s/proxy.env"],
    "free_tools": [],
    "unit": {
        "LoadState": "loaded",
        "UnitFileState": "enabled",
        "ActiveState": "active",
        "NeedDaemonReload": "no",
        "InvocationID": "old",
        "NRestarts": "40",
    },
    "newer_files": [],
    "service": {"is_up": True, "gave_up": False, "told": ""},
    "node": {"answers": True, "ready": True, "told": [], "changes": NO_CHANGES},
}


class Machine:
    """Programs of a host that answer from a script, and what the role does there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.seen = copy.deepcopy(FINISHED)
        self.inputs: dict[str, Any] = {"k3s_ready_timeout": 6}

    def program(self, name: str, script: str) -> None:
        path = self._folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def play(self, entry: str = "main", *words: str) -> subprocess.CompletedProcess[str]:
        role = {"name": "inference.stack.k3s", "tasks_from": entry}
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "environment": {"PATH": f"{self._folder}:/usr/bin:/bin"},
            "tasks": [{"ansible.builtin.import_role": role}],
        }
        playbook = self._folder / "play.yml"
        playbook.write_text(json.dumps([play]))
        # Extra variables win over what a task registers: the look finds this host, not the test's machine.
        variables = {
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "k3s_role": "agent",
            "k3s_token": "secret",
            "k3s_server_url": "https://192.0.2.10:6443",
            "k3s_node_name": "gpu",
            "__k3s_binary": str(self._folder / "k3s"),
            "__k3s_seen": self.seen,
            **self.inputs,
        }
        return run_playbook(playbook, *words, variables=variables)


def finished_host(folder: Path) -> Machine:
    """A host that has everything."""
    made = Machine(folder)
    made.program("k3s", f"cat <<'END'\n{json.dumps(NODE)}\nEND")
    made.program("journalctl", """echo 'time="x" level=fatal msg="token mismatch"'""")
    made.program("systemctl", "")
    return made


def recap(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    line = done.stdout.partition("PLAY RECAP")[2]
    return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", line)}
