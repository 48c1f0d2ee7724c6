"""The only machine restarted: everything comes back by itself. Runs last."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.rehearsal import MODEL, Gateway, wait_for

ROOT = Path(__file__).resolve().parents[3]


def test_tokens_come_back_after_a_reboot(gateway: Gateway) -> None:
    subprocess.run([sys.executable, "-m", "lab", "reboot", "gpu"], cwd=ROOT, check=True, timeout=300)

    def gpu_tier_answers() -> bool:
        answer = gateway.chat(model=MODEL)
        return bool(answer.ok and "tiny-qwen3-inference" in answer.headers["x-litellm-model-api-base"])

    wait_for("gpu tier after the reboot", gpu_tier_answers, timeout=600, interval=5)
