"""Templates that may be shown: secrets are gone, everything else is as it was, equal stays equal."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.cluster.redaction import (
    HIDDEN,
    hide_secrets,
    hide_variables,
    hide_words,
)

SECRET = "geheim-4711"


def template(**container: Any) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": "vllm"}}, "spec": {"containers": [{"name": "vllm", **container}]}}


@pytest.mark.parametrize(
    "container",
    [
        {"env": [{"name": "X_API_KEY", "value": SECRET}]},
        {"env": [{"name": "HF_TOKEN", "value": SECRET}]},
        {"env": [{"name": "db-password", "value": SECRET}]},
        {"env": [{"name": "HTTPS_PROXY", "value": f"http://me:{SECRET}@proxy:3128"}]},
        {"args": ["--api-key", SECRET]},
        {"args": ["--model", "x", f"--api-key={SECRET}"]},
        {"command": ["serve", "--auth-token", SECRET]},
    ],
)
def test_secrets_do_not_show(container: dict[str, Any]) -> None:
    shown = json.dumps(hide_secrets(template(**container)))
    assert SECRET not in shown
    assert HIDDEN in shown


def test_init_containers_have_secrets_too() -> None:
    pod = {"spec": {"initContainers": [{"env": [{"name": "TOKEN", "value": SECRET}]}]}}
    assert SECRET not in json.dumps(hide_secrets(pod))


def test_everything_else_stays_as_it_is() -> None:
    container = {
        "args": ["--tokenizer", "deepseek-ai/R1", "--max-num-batched-tokens", "2048", "--enforce-eager"],
        "env": [
            {"name": "HF_HOME", "value": "/root"},
            {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "vllm-hf-token", "key": "token"}}},
            {"name": "EMPTY_KEY", "value": ""},
        ],
        "ports": [{"containerPort": 8000}],
    }
    assert hide_secrets(template(**container)) == template(**container)


def test_a_flag_hides_only_the_word_behind_it() -> None:
    words = hide_words(["--api-key", SECRET, "--model", "x", "positional"])
    assert words[0] == "--api-key"
    assert words[1].startswith(HIDDEN)
    assert words[2:] == ["--model", "x", "positional"]


def test_equal_secrets_look_alike_and_others_do_not() -> None:
    one, same, other = (
        hide_variables({"API_KEY": value})["API_KEY"] for value in (SECRET, SECRET, SECRET + "x")
    )
    assert one == same != other
