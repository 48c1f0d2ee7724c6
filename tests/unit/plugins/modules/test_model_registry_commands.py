"""The module model_registry_commands, with a program that keeps models in a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.modules import model_registry_commands

from tests.unit.plugins.modules.documented import assert_same_options, documented_options
from tests.unit.plugins.modules.module_runner import ModuleRun, ModuleRunner

PROGRAM = """\
import json, os, pathlib, sys
state, verb, name, *rest = sys.argv[1:]
path = pathlib.Path(state)
models = json.loads(path.read_text()) if path.exists() else {}
assert os.environ["IAS_TOKEN"] == "planted-token"
with open(state + ".calls", "a") as calls:
    calls.write(" ".join([verb, name, *rest]) + "\\n")
if name.startswith("mistral") and pathlib.Path(state + ".break").exists():
    sys.exit(f"cannot {verb} {name} with planted-token")
if verb == "add":
    assert name not in models, f"{name} exists"
    models[name] = rest
elif verb == "change":
    models[name] = rest
else:
    del models[name]
path.write_text(json.dumps(models))
"""
LLAMA = {"name": "llama3", "backend_url": "http://llama:8000", "input_cost": 0.0005, "output_cost": 5e-05}
MISTRAL = {"name": "mistral; rm -rf /", "backend_url": "http://mistral:8000"}


class Platform:
    def __init__(self, folder: Path, run_module: ModuleRunner) -> None:
        self._run_module = run_module
        self._state = folder / "models.json"
        self.record = folder / ".registry.json"
        self.broken = folder / "models.json.break"
        program = folder / "ias_admin.py"
        program.write_text(PROGRAM, "utf-8")
        self._command = [sys.executable, str(program), str(self._state)]

    def keep(self, *models: dict[str, Any], check: bool = False, **more: Any) -> ModuleRun:
        given = {
            "models": list(models),
            "add": [
                *self._command,
                "add",
                "{name}",
                "--url={backend_url}",
                "--in={input_cost}",
                "--out={output_cost}",
            ],
            "remove": [*self._command, "remove", "{name}"],
            "record": str(self.record),
            "environment": {"IAS_TOKEN": "planted-token"},
            **more,
        }
        run = self._run_module(model_registry_commands.main, given, check=check)
        assert "planted-token" not in str(run.result)
        return run

    def change_command(self) -> list[str]:
        return [*self._command, "change", "{name}", "--url={backend_url}"]

    @property
    def models(self) -> dict[str, Any]:
        return json.loads(self._state.read_text("utf-8")) if self._state.exists() else {}  # type: ignore[no-any-return]

    @property
    def calls(self) -> list[str]:
        path = Path(f"{self._state}.calls")
        return path.read_text("utf-8").splitlines() if path.exists() else []


@pytest.fixture
def platform(tmp_path: Path, run_module: ModuleRunner) -> Platform:
    return Platform(tmp_path, run_module)


def test_documentation_is_the_code() -> None:
    assert_same_options(documented_options(model_registry_commands), model_registry_commands.ARGUMENTS)


def test_models_appear_change_and_go(platform: Platform) -> None:
    assert platform.keep(LLAMA, MISTRAL).result["added"] == ["llama3", "mistral; rm -rf /"]
    assert platform.models["llama3"] == ["--url=http://llama:8000", "--in=0.0005", "--out=0.00005"]
    assert platform.keep({**LLAMA, "input_cost": 1}, MISTRAL).result["updated"] == ["llama3"]
    assert platform.calls[2:] == [
        "remove llama3",
        "add llama3 --url=http://llama:8000 --in=1 --out=0.00005",
    ]
    assert platform.keep(MISTRAL).result["removed"] == ["llama3"]
    assert list(platform.models) == ["mistral; rm -rf /"]


def test_a_command_that_changes_a_model_is_used(platform: Platform) -> None:
    platform.keep(LLAMA)
    platform.keep({**LLAMA, "backend_url": "http://new:1"}, change=platform.change_command())
    assert platform.calls[1:] == ["change llama3 --url=http://new:1"]


def test_a_second_run_runs_nothing(platform: Platform) -> None:
    platform.keep(LLAMA, MISTRAL)
    run = platform.keep(LLAMA, MISTRAL)
    assert (run.result["changed"], len(platform.calls)) == (False, 2)


def test_check_mode_tells_and_runs_nothing(platform: Platform) -> None:
    platform.keep(LLAMA)
    before = platform.record.read_bytes()
    told = platform.keep(MISTRAL, check=True)
    assert (told.result["added"], told.result["removed"]) == ([MISTRAL["name"]], ["llama3"])
    assert (len(platform.calls), platform.record.read_bytes()) == (1, before)
    assert platform.keep(MISTRAL).result["diff"] == told.result["diff"]


def test_a_run_that_breaks_off_goes_on_where_it_ended(platform: Platform) -> None:
    platform.broken.touch()
    run = platform.keep(LLAMA, MISTRAL)
    platform.broken.unlink()
    assert run.failed
    assert "exit status 1: cannot add mistral; rm -rf / with ********" in run.result["msg"]
    assert platform.keep(LLAMA, MISTRAL).result["added"] == [MISTRAL["name"]]
    assert set(platform.models) == {"llama3", MISTRAL["name"]}


def test_what_the_record_does_not_name_is_left_alone(platform: Platform) -> None:
    platform.keep(LLAMA)
    platform.record.unlink()
    assert not platform.keep().result["changed"]
    assert list(platform.models) == ["llama3"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"add": []}, ["model_registry_add_command is empty"]),
        ({"remove": []}, ["model_registry_remove_command is empty"]),
        ({"add": ["x", "{nmae}"]}, ["{nmae}", "display_name"]),
        ({"add": ["x", "--token=planted-token"]}, ["list of processes", "environment"]),
        ({"add": ["/absent/ias-admin", "{name}"]}, ["/absent/ias-admin cannot be started"]),
        ({"add": ["sleep", "60"], "timeout": 1}, ["longer than 1 s", "model_registry_timeout"]),
        ({"add": ["false"]}, ["failed with exit status 1"]),
    ],
)
def test_mistakes_are_told(platform: Platform, more: dict[str, Any], told: list[str]) -> None:
    run = platform.keep(LLAMA, **more)
    assert run.failed
    assert [word for word in told if word not in run.result["msg"]] == [], run.result["msg"]


@pytest.mark.parametrize("content", ["", "[]", '{"rows": [{}]}', '{"rows": 1}'])
def test_a_record_that_cannot_be_read_stops_everything(platform: Platform, content: str) -> None:
    platform.record.write_text(content, "utf-8")
    run = platform.keep(LLAMA)
    assert "is no record of a registry" in run.result["msg"]
    assert platform.calls == []
