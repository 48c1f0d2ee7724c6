"""Both hosts restarted at once: everything comes back by itself. Runs last."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.rehearsal import MODEL, wait_for

ROOT = Path(__file__).resolve().parents[3]


def test_everything_comes_back_after_a_restart_of_both_hosts(
    cluster: Any, gateway: Any, host_of: Any
) -> None:
    before = {
        name: host_of(name).check_output("cat /proc/1/stat | cut -d' ' -f22") for name in ("server", "gpu")
    }
    subprocess.run(
        [sys.executable, "-m", "lab", "reboot", "server", "gpu"], cwd=ROOT, check=True, timeout=300
    )
    after = {
        name: host_of(name).check_output("cat /proc/1/stat | cut -d' ' -f22") for name in ("server", "gpu")
    }
    assert all(before[name] != after[name] for name in before), "a host was not restarted"

    def gpu_tier_answers() -> bool:
        answer = gateway.chat(model=MODEL)
        return bool(answer.ok and "tiny-qwen3-inference" in answer.headers["x-litellm-model-api-base"])

    wait_for("gpu tier after the restart", gpu_tier_answers, timeout=600, interval=5)
    assert cluster.get("node gpu")["status"]["allocatable"]["nvidia.com/gpu"] == "1"
