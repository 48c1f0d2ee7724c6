"""What the role vllm refuses before anything changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.playbook_run import run_playbook
from tests.playbooks.roles.cluster_roles import QWEN

LLAMA = {"repository": "meta-llama/Llama-3.1-8B-Instruct", "revision": "", "gated": True}


def preflight(folder: Path, **inputs: Any) -> Any:
    role = {"name": "inference.stack.vllm", "tasks_from": "preflight.yml"}
    play = folder / "play.yml"
    play.write_text(
        json.dumps(
            [
                {
                    "hosts": "localhost",
                    "connection": "local",
                    "gather_facts": False,
                    "vars": {"vllm_image": "x", "vllm_models": [{**QWEN, "repositories": [LLAMA]}], **inputs},
                    "tasks": [{"ansible.builtin.include_role": role}],
                }
            ]
        )
    )
    return run_playbook(play, inventory="localhost,")


def test_a_gated_model_without_a_token_is_refused(tmp_path: Path) -> None:
    done = preflight(tmp_path)
    assert done.returncode != 0
    told = " ".join(done.stdout.split())
    assert "https://huggingface.co/meta-llama/Llama-3.1-8B-Instruct" in told
    assert "set vllm_hf_token" in told


@pytest.mark.parametrize(
    "inputs",
    [
        {"vllm_hf_token": "hf_x"},
        {"vllm_existing_hf_token_secret": "hub"},
        {"vllm_environment": {"HF_HUB_OFFLINE": "1"}},
        {"vllm_fetch_models": False},
    ],
)
def test_with_a_token_or_without_asking_it_is_not(tmp_path: Path, inputs: dict[str, Any]) -> None:
    done = preflight(tmp_path, **inputs)
    assert done.returncode == 0, done.stdout
