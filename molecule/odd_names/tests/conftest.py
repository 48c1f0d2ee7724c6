"""Fixtures of the scenario: what its inventory calls everything, and the short commands on its site."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rehearsal import play
from tools import operate

ODD = Path(__file__).resolve().parents[1] / "inventory"


@pytest.fixture(scope="session")
def names() -> dict[str, Any]:
    """The variables by which this site differs."""
    found: dict[str, Any] = yaml.safe_load((ODD / "group_vars/all/names.yml").read_text("utf-8"))
    return found


@pytest.fixture(scope="session")
def nodes() -> dict[str, str]:
    """The name of each host's node."""
    hosts = yaml.safe_load((ODD / "hosts.yml").read_text("utf-8"))["all"]["hosts"]
    return {host: variables["k3s_node_name"] for host, variables in hosts.items()}


@pytest.fixture(scope="session")
def namespace(names: dict[str, Any]) -> str:
    return str(names["inference_namespace"])


@pytest.fixture(scope="session")
def gateway_port(names: dict[str, Any]) -> int:
    return int(names["litellm_node_port"])


@pytest.fixture(scope="session")
def model(names: dict[str, Any]) -> str:
    return str(names["inference_models"][0]["served_name"])


@pytest.fixture(scope="session")
def document_of(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., dict[str, Any]]:
    """What a playbook such as doctor.yml writes as JSON."""
    inventory = request.config.getoption("--ansible-inventory")

    def run(verb: str, **variables: Any) -> dict[str, Any]:
        output = tmp_path_factory.mktemp(verb) / "document.json"
        given = {f"{verb}_format": "json", f"{verb}_output": str(output), **variables}
        done = play(inventory, verb, given, "--inventory", str(ODD))
        assert output.exists(), done.stdout[-3000:] + done.stderr[-1000:]
        found: dict[str, Any] = json.loads(output.read_text("utf-8"))
        return found

    return run


@pytest.fixture(scope="session")
def parts(document_of: Callable[..., dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The parts that this site has, by their names for people."""
    found = document_of("plan", plan_offline=True)["plan"]["parts"]
    return {name: row for name, row in found.items() if row["wanted"]}


@pytest.fixture(scope="session")
def shown_by(request: pytest.FixtureRequest) -> Callable[..., str]:
    """What a short command shows, such as `make logs OF=gateway`."""
    inventory = request.config.getoption("--ansible-inventory")

    def run(verb: str, **variables: str) -> str:
        environment = {**os.environ, "ARGS": shlex.join(["-i", str(ODD)]), **variables}
        words = operate.command(operate.VERBS[verb], inventory, environment)
        code, told = operate.run(words, environment)
        assert code == 0, operate.complaints(told)
        return operate.shown(told)

    return run
