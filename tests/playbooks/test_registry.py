"""registry.yml and its place in the site: a real PostgreSQL, a command, check mode, and no secret shown."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook_run import ROOT, run_playbook
from tests.playbooks.test_operating import AWAY, NOBODY
from tests.unit.postgresql import PASSWORD, PostgreSQL, running

OWNER = "ml@server"
TABLE = """
DROP SCHEMA public CASCADE; CREATE SCHEMA public;
CREATE TABLE model_mappings (name text PRIMARY KEY, display_name text, backend_url text,
  input_cost float8, output_cost float8);
INSERT INTO model_mappings VALUES ('gpt-4o', 'GPT-4o', 'https://api.openai.com/v1', 0.0025, 0.01)
"""
MODELS = [{"name": "llama-3-8b", "registry_name": "llama3"}]
URL = "http://llama-3-8b-inference.ml.svc.cluster.local:8000"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with running() as started:
        yield started


@contextmanager
def watched_processes(secret: str) -> Iterator[list[str]]:
    """Command lines of this machine that hold a secret, while something runs."""
    seen: list[str] = []
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.01):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
                except OSError:
                    continue
                if secret in line:
                    seen.append(line)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def registry(*words: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    site = {"inference_models": MODELS, "inference_host_gpus": [{"gpu": "a100-80gb", "count": 1}]}
    return run_playbook("registry.yml", "--diff", *words, variables={**site, **variables})


def rows(server: PostgreSQL) -> list[tuple[Any, ...]]:
    with server.connect() as connection:
        return connection.execute(
            "SELECT name, backend_url, output_cost FROM model_mappings ORDER BY name"
        ).fetchall()


def test_the_rows_of_a_site_appear_and_go(server: PostgreSQL, tmp_path: Path) -> None:
    with server.connect() as connection:
        connection.execute(TABLE)
    # Extra variables are no secrets of the tests alone: ansible-playbook's own command line would show them.
    secret = tmp_path / "dsn"
    secret.write_text(server.dsn(), "utf-8")
    table = {
        "model_registry_kind": "postgresql",
        "model_registry_dsn": "{{ lookup('ansible.builtin.file', '" + str(secret) + "') }}",
    }
    foreign = ("gpt-4o", "https://api.openai.com/v1", 0.01)
    told = []
    with watched_processes(server.dsn().split("@")[0].rsplit(":", 1)[1]) as seen:
        for words, changed, left in (
            (["--check"], 1, [foreign]),
            (["-vvv"], 1, [foreign, ("llama3", URL, 0.0015)]),
            ([], 0, [foreign, ("llama3", URL, 0.0015)]),
            (["-e", "inference_registry_through=gateway"], 1, [foreign, ("llama3", URL, 0.0015)]),
            (["-e", "registry_state=absent"], 1, [foreign]),
        ):
            done = registry(*words, **table)
            told.append(done.stdout + done.stderr)
            assert done.returncode == 0, done.stdout[-3000:]
            assert f"changed={changed}" in done.stdout.rpartition("localhost")[2]
            found = rows(server)
            if "gateway" in str(words):
                assert found[-1][1] == "http://litellm.ml.svc.cluster.local:4000"
            else:
                assert found == left
    assert f"+llama3: display_name=Llama 3 8B Instruct, backend_url={URL}" in told[0]
    assert PASSWORD not in "".join(told) and server.dsn() not in "".join(told)
    assert seen == []
    with server.connect() as connection:
        assert connection.execute("SELECT * FROM inference_stack_models").fetchall() == []


def test_a_command_keeps_its_record_beside_the_inventory(tmp_path: Path) -> None:
    program = tmp_path / "ias_admin.py"
    program.write_text(
        "import os, sys; assert os.environ['IAS_TOKEN']; open(sys.argv[1], 'a').write(str(sys.argv[2:]))"
    )
    command = [sys.executable, str(program), str(tmp_path / "calls")]
    given = {
        "model_registry_kind": "command",
        "model_registry_add_command": [*command, "add", "{name}", "{input_cost}"],
        "model_registry_remove_command": [*command, "remove", "{name}"],
        "model_registry_environment": {"IAS_TOKEN": "planted-token"},
        "inference_registry_record": str(tmp_path / "record.json"),
    }
    for changed in (1, 0):
        done = registry("-vvv", **given)
        assert done.returncode == 0, done.stdout[-3000:]
        assert f"changed={changed}" in done.stdout.rpartition("localhost")[2]
        assert "planted-token" not in done.stdout.partition("TASK [")[2]
    assert (tmp_path / "calls").read_text("utf-8") == "['add', 'llama3', '0.0005']"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, ["This site has no registry", "model_registry_kind"]),
        ({"model_registry_kind": "postgresql"}, ["model_registry_dsn is empty"]),
        ({"model_registry_kind": "mysql"}, ["model_registry_kind", "postgresql"]),
        ({"model_registry_kind": "command"}, ["model_registry_add_command is empty", "remove"]),
        ({"model_registry_kind": "command", "registry_state": "gone"}, ["registry_state is gone", "absent"]),
    ],
)
def test_mistakes_are_refused_by_name(given: dict[str, Any], told: list[str]) -> None:
    done = registry(**given)
    text = " ".join(done.stdout.split())
    assert done.returncode == 2
    assert [word for word in told if word not in text] == [], done.stdout[-3000:]


def test_the_site_registers_what_runs_before_it_is_proven() -> None:
    plays = yaml.safe_load((ROOT / "playbooks/site.yml").read_text("utf-8"))
    steps = [play["ansible.builtin.import_playbook"] for play in plays]
    place = steps.index("steps/registry.yml")
    assert (steps[place - 1], steps[place + 1]) == ("steps/cluster.yml", "steps/prove.yml")


def test_a_mistake_stops_the_site_before_anything_changes() -> None:
    done = run_playbook(
        str(ROOT / "playbooks/steps/compute_plan.yml"),
        str(ROOT / "playbooks/steps/preflight.yml"),
        variables={
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "vault_k3s_token": "0" * 32,
            "vault_litellm_home_key": "sk-" + "0" * 32,
            "vault_litellm_master_key": "sk-" + "0" * 32,
            "model_registry_kind": "postgresql",
        },
    )
    assert done.returncode == 2
    assert "model_registry_dsn is empty" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("dsn", "told"),
    [
        ("right", "the registry has no row of it"),
        ("wrong", "password authentication failed"),
        ("locked", "vault_registry_dsn"),  # a vault that was not opened
    ],
)
def test_doctor_compares_the_registry_and_changes_nothing(
    server: PostgreSQL, tmp_path: Path, dsn: str, told: str
) -> None:
    with server.connect() as connection:
        connection.execute(TABLE)
    values = {"right": server.dsn(), "wrong": server.dsn("Wr0ng-word"), "locked": "{{ vault_registry_dsn }}"}
    report = tmp_path / "doctor.json"
    done = run_playbook(
        "doctor.yml",
        variables={
            **AWAY,
            "inference_models": MODELS,
            "inference_host_gpus": [{"gpu": "a100-80gb", "count": 1}],
            "inference_gateway_url": NOBODY,
            "model_registry_kind": "postgresql",
            "model_registry_dsn": values[dsn],
            "doctor_format": "json",
            "doctor_output": str(report),
        },
    )
    assert "changed=0" in done.stdout.rpartition("localhost")[2], done.stdout[-3000:]
    (layer,) = (row for row in json.loads(report.read_text("utf-8"))["layers"] if row["layer"] == "names")
    assert layer["status"] == "degraded"
    assert told in str(layer["findings"])
    assert PASSWORD not in done.stdout and "Wr0ng-word" not in done.stdout + report.read_text("utf-8")
    assert [row[0] for row in rows(server)] == ["gpt-4o"]
