"""Short commands choose the right site, show what a playbook says, and end with a telling status."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tools import operate
from tools.operate import REHEARSAL, VERBS, UsageError, choose_site, command, main

STATS = {"failures": 0, "unreachable": 0}


def told(*rows: dict[str, Any], failures: int = 0) -> dict[str, Any]:
    tasks = [{"hosts": {"localhost": row}} for row in rows]
    return {"plays": [{"tasks": tasks}], "stats": {"localhost": {**STATS, "failures": failures}}}


def debug(text: str | list[str]) -> dict[str, Any]:
    return {"action": "ansible.builtin.debug", "msg": text}


def found(verdict: str) -> dict[str, Any]:
    return {
        "action": "ansible.builtin.set_fact",
        "ansible_facts": {"__doctor_document": {"verdict": verdict}},
    }


class Playbooks:
    """Stands where ansible-playbook would be called."""

    def __init__(self, code: int, output: dict[str, Any]) -> None:
        self.code = code
        self.output = output
        self.words: list[str] = []

    def __call__(self, words: Sequence[str], environment: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        self.words = list(words)
        return self.code, self.output


@pytest.fixture
def playbooks(monkeypatch: pytest.MonkeyPatch) -> Playbooks:
    called = Playbooks(0, {})
    monkeypatch.setattr(operate, "run", called)
    monkeypatch.setenv("SITE", "inventories/home")
    return called


class TestSite:
    def test_a_named_site_wins(self, tmp_path: Path) -> None:
        assert (
            choose_site({"SITE": "inventories/home", "XDG_STATE_HOME": str(tmp_path)}) == "inventories/home"
        )

    def test_a_lab_that_is_up_is_meant_otherwise(self, tmp_path: Path) -> None:
        folder = tmp_path / "inference-stack" / "mine"
        folder.mkdir(parents=True)
        (folder / "lab.json").write_text("{}")
        assert choose_site({"LAB": "mine", "XDG_STATE_HOME": str(tmp_path)}) == REHEARSAL

    def test_no_site_is_guessed(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="SITE=inventories/"):
            choose_site({"XDG_STATE_HOME": str(tmp_path)})


class TestVault:
    """Whoever wrote the site with init.yml says nothing of its vault."""

    @pytest.fixture
    def site(self, tmp_path: Path) -> Path:
        (tmp_path / "group_vars/all").mkdir(parents=True)
        (tmp_path / "hosts.yml").write_text("all: {}\n")
        (tmp_path / "group_vars/all/vault.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
        return tmp_path

    @pytest.mark.parametrize("named", ["", "hosts.yml"])
    def test_the_password_beside_the_site_opens_it(self, site: Path, named: str) -> None:
        (site / ".vault-password").write_text("x")
        words = command(VERBS["doctor"], str(site / named), {"ARGS": "-K"})
        assert words[-3:] == ["--vault-password-file", str(site / ".vault-password"), "-K"]

    @pytest.mark.parametrize(
        "environment",
        [
            {"ANSIBLE_VAULT_PASSWORD_FILE": "/somewhere"},
            {"ARGS": "--ask-vault-pass"},
            {"ARGS": "-J"},
            {"ARGS": "--vault-id home@prompt"},
        ],
    )
    def test_what_somebody_says_wins(self, site: Path, environment: dict[str, str]) -> None:
        (site / ".vault-password").write_text("x")
        assert "--vault-password-file" not in command(VERBS["doctor"], str(site), environment)

    def test_a_vault_without_a_password_is_named_with_the_fix(self, site: Path) -> None:
        with pytest.raises(UsageError, match="ARGS=--ask-vault-pass"):
            command(VERBS["doctor"], str(site), {})

    def test_a_site_without_a_vault_needs_none(self, site: Path) -> None:
        (site / "group_vars/all/vault.yml").write_text("vault_k3s_token: x\n")
        assert command(VERBS["doctor"], str(site), {})[-1] == "playbooks/doctor.yml"


class TestCommand:
    def test_variables_arrive_whatever_they_hold(self) -> None:
        prompt = 'it\'s "quoted" {{ 1 }} $HOME'
        words = command(VERBS["ask"], "s", {"PROMPT": prompt, "MODEL": "", "ARGS": "--ask-vault-pass -v"})
        assert json.loads(words[words.index("--extra-vars") + 1]) == {"ask_prompt": prompt}
        assert words[-2:] == ["--ask-vault-pass", "-v"]

    @pytest.mark.parametrize("name", VERBS)
    def test_every_command_has_a_playbook_that_knows_its_variables(self, name: str) -> None:
        verb = VERBS[name]
        text = (operate.ROOT / "playbooks" / f"{verb.playbook}.yml").read_text("utf-8")
        assert [variable for variable in verb.variables.values() if variable not in text] == []

    @pytest.mark.parametrize("name", VERBS)
    def test_every_command_is_in_the_makefile(self, name: str) -> None:
        assert f"python -m tools.operate {name}" in (operate.ROOT / "Makefile").read_text("utf-8")


class TestDoctor:
    @pytest.mark.parametrize(
        ("verdict", "code", "status"), [("ok", 0, 0), ("degraded", 0, 1), ("broken", 2, 2)]
    )
    def test_the_status_tells_the_verdict(
        self, playbooks: Playbooks, capsys: pytest.CaptureFixture[str], verdict: str, code: int, status: int
    ) -> None:
        playbooks.code, playbooks.output = code, told(found(verdict), debug("the report\n"), failures=code)
        assert main(["doctor"]) == status
        assert capsys.readouterr().out == "the report\n"
        assert playbooks.words[:4] == ["ansible-playbook", "-i", "inventories/home", "playbooks/doctor.yml"]

    def test_a_site_that_could_not_be_looked_at(
        self, playbooks: Playbooks, capsys: pytest.CaptureFixture[str]
    ) -> None:
        playbooks.code = 2
        playbooks.output = told({"failed": True, "msg": "inference_models[0].name is wrong"}, failures=1)
        assert main(["doctor"]) == 3
        assert "inference_models[0].name is wrong" in capsys.readouterr().err

    def test_a_run_that_fails_in_spite_of_a_good_verdict_is_no_success(self, playbooks: Playbooks) -> None:
        playbooks.code, playbooks.output = 2, told(found("ok"), debug("the report"), failures=1)
        assert main(["doctor"]) == 3

    def test_no_output_at_all(self, playbooks: Playbooks) -> None:
        playbooks.code = 4
        assert main(["doctor"]) == 3


def test_a_failure_is_shown_and_a_handled_one_is_not(
    playbooks: Playbooks, capsys: pytest.CaptureFixture[str]
) -> None:
    playbooks.code = 2
    playbooks.output = told({"failed": True, "msg": "no answer"}, failures=1)
    playbooks.output["plays"][0]["tasks"].insert(0, {"hosts": {"gpu": {"failed": True, "msg": "handled"}}})
    playbooks.output["stats"]["gpu"] = STATS
    assert main(["ask"]) == 2
    assert capsys.readouterr().err.endswith("localhost: no answer\n")


def test_lines_are_shown_as_the_text_that_they_are(
    playbooks: Playbooks, capsys: pytest.CaptureFixture[str]
) -> None:
    playbooks.output = told(
        debug("not the last"), debug(["a table", "", "  host  ok", ""]), {"action": "debug"}
    )
    assert main(["status"]) == 0
    assert capsys.readouterr().out == "a table\n\n  host  ok\n"


def test_port_forward_becomes_the_command(playbooks: Playbooks, monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr(operate.os, "execvp", lambda _program, words: became.append(words))
    words = ["ssh", "-L", "1:127.0.0.1:1", "admin@192.0.2.10", "sudo k3s kubectl port-forward"]
    playbooks.output = told(debug(shlex.join(words)))
    main(["port-forward"])
    assert became == [words]


def test_the_chat_is_installed_or_taken_away_as_told(
    playbooks: Playbooks, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    playbooks.output = told(debug("The chat is at http://192.0.2.10:30300."))
    assert main(["chat"]) == 0
    assert playbooks.words[3:] == ["playbooks/chat.yml"]
    assert capsys.readouterr().out == "The chat is at http://192.0.2.10:30300.\n"
    monkeypatch.setenv("STATE", "absent")
    monkeypatch.setenv("DATA", "absent")
    assert main(["chat"]) == 0
    assert json.loads(playbooks.words[-1]) == {"chat_state": "absent", "chat_data": "absent"}


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["repair"]) == 2
    assert "doctor|status" in capsys.readouterr().err


def test_real_output_of_ansible_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = tmp_path / "book.yml"
    book.write_text(
        "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n"
        "    - ansible.builtin.debug: {msg: 'first'}\n"
        "    - ansible.builtin.debug: {msg: 'shown'}\n"
        "    - ansible.builtin.fail: {msg: 'the reason'}\n"
    )
    environment = {**dict(operate.os.environ), "ANSIBLE_LOCALHOST_WARNING": "false"}
    code, output = operate.run(["ansible-playbook", "-i", "localhost,", str(book)], environment)
    assert code == 2
    assert operate.shown(output) == "shown"
    assert operate.complaints(output) == ["localhost: the reason"]
