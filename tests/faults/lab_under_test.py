"""The lab as somebody who breaks it sees it: its hosts, its cluster, and the doctor."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.components.model_components import MODELS
from lab.hosts.podman import Podman
from lab.settings import load
from tests.rehearsal import NAMESPACE, wait_for

ROOT = Path(__file__).resolve().parents[2]
# What the lab serves, by the name that the gateway offers, that of the inventory, and its engine's.
SERVED = MODELS[load().models].repository
MODEL = SERVED.rpartition("/")[2]
ENGINE = f"deployment/vllm-{MODEL}"
# What a command may take on a machine that loads engines meanwhile.
PATIENCE_S = 600


class Lab:
    """The lab's hosts, its cluster, and the doctor."""

    def __init__(self, report: Path) -> None:
        self.settings = load()
        self._report = report

    def ssh(self, host: str, script: str) -> str:
        return self._run([sys.executable, "-m", "lab", "ssh", host, script])

    def kubectl(self, arguments: str) -> str:
        return self.ssh("server", f"k3s kubectl {arguments}")

    def get(self, arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl(f"get {arguments} -o json"))
        return found

    def patch(self, what: str, patch: Any, kind: str = "merge") -> None:
        self.kubectl(f"-n {NAMESPACE} patch {what} --type={kind} -p {shlex.quote(json.dumps(patch))}")

    def inside(self, host: str, script: str) -> None:
        """A command in a host that nobody can log in to."""
        Podman(self.settings).output("exec", self.settings.container(host), "sh", "-c", script)

    def node(self) -> dict[str, Any]:
        return self.get("node gpu")

    def offered(self) -> int:
        return int(self.node()["status"]["allocatable"].get("nvidia.com/gpu", 0))

    def serves(self) -> bool:
        """The engine of the current version, and nothing of an earlier one."""
        found = self.get(f"-n {NAMESPACE} {ENGINE}")
        status, generation = found["status"], found["metadata"]["generation"]
        counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
        return status.get("observedGeneration") == generation and counts == [1, 1, 1]

    def doctor(self, variables: Mapping[str, str]) -> dict[str, Any]:
        self._report.unlink(missing_ok=True)
        words = ["ansible-playbook", "-i", "inventories/rehearsal", "playbooks/doctor.yml"]
        given = {**variables, "doctor_format": "json", "doctor_output": str(self._report)}
        done = self._finish([*words, "--extra-vars", json.dumps(given)])
        if not self._report.exists():
            raise RuntimeError(done.stdout[-3000:] + done.stderr[-1000:])
        document: dict[str, Any] = json.loads(self._report.read_text("utf-8"))
        if done.returncode != (2 if document["verdict"] == "broken" else 0):
            raise RuntimeError(done.stdout[-3000:])
        return document

    def wait_until_well(self) -> None:
        wait_for("a doctor without a complaint", self._is_well, timeout=PATIENCE_S, interval=5)

    def _is_well(self) -> bool:
        document = self.doctor({})
        if "added by hand" in str(document["fault"]):
            # What kubectl changed and changed back is kubectl's until a run takes it back.
            words = [
                "ansible-playbook",
                "-i",
                "inventories/rehearsal",
                "playbooks/site.yml",
                "--tags",
                "cluster",
            ]
            self._run(words)
            document = self.doctor({})
        assert document["verdict"] == "ok", document["fault"]
        return True

    def _run(self, words: list[str]) -> str:
        done = self._finish(words)
        assert done.returncode == 0, f"{shlex.join(words)}: {done.stderr[-2000:]}"
        return done.stdout

    @staticmethod
    def _finish(words: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=ROOT,
            env=os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
