"""Broken inventories that say ``playbook: true`` are answered by plan.yml as by the planner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.playbook_run import run_playbook
from tests.unit.plugins.plugin_utils.planning.test_broken_inventories import PLAYED, named, secrets

INVENTORY = """
gpu_hosts:
  hosts:
    worker:
      ansible_connection: local
      ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""
WHOLE: dict[str, Any] = {
    "inference_models": ["qwen3-8b-awq"],
    "inference_vllm_version": "0.8.5.post1",
    "inference_tiers": {"gpu": {"backend": "vllm"}, "cpu": {"model": "qwen3:4b"}},
    "inference_host_gpus": [{"gpu": "rtx-3060-12gb", "count": 1}],
    "inference_host_driver": "570.195.03",
    "plan_offline": True,  # no host is asked, so the host above stands for any
}


@named(PLAYED)
def test_the_playbook_tells_it_too(case: dict[str, Any], tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(INVENTORY, encoding="utf-8")
    done = run_playbook("plan.yml", variables=WHOLE | case["variables"], inventory=inventory)
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in output
    assert f"{case['names']}: " in output, done.stdout[-2000:]
    assert [text for text in case["says"] if str(text) not in output] == [], done.stdout[-2000:]
    assert [secret for secret in secrets(case["variables"]) if secret in output] == []
