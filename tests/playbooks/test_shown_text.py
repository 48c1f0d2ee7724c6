"""What a verb shows is readable without the checkout's configuration, too, and lands in a file as it is."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.playbook_run import ROOT, environment, run_playbook

TEXT = 'layer  state\n\n  host  ok: "it\'s" {{ 6 * 7 }} ü\n'
PLAY = f"""
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Show
      ansible.builtin.import_tasks: {ROOT}/playbooks/steps/tasks/show_text.yml
      vars:
        __shown_text: "{{{{ text }}}}"
        __shown_name: The text
        __shown_file: "{{{{ output | default('') }}}}"
"""


def show(folder: Path, *words: str, output: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    # The text is data, as everything that hosts and models say.
    unsafe = f"all: {{hosts: {{localhost: {{text: !unsafe {json.dumps(TEXT)}}}}}}}"
    (folder / "hosts.yml").write_text(unsafe)
    (folder / "play.yml").write_text(PLAY)
    done = run_playbook(
        folder / "play.yml",
        *words,
        variables={"output": output, "ansible_connection": "local"},
        inventory=folder / "hosts.yml",
        folder=folder,
        env=environment(**env),
    )
    assert done.returncode == 0, done.stdout[-2000:]
    return done


def test_a_text_is_a_block_in_a_checkout(tmp_path: Path) -> None:
    shown = show(tmp_path).stdout
    for line in TEXT.splitlines():
        assert f"    {line}".rstrip() + "\n" in shown
    assert shown.count("layer  state") == 1


@pytest.mark.parametrize("words", [(), ("--check",)])
def test_a_file_holds_the_text_and_changes_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = show(tmp_path, *words, output="shown.txt")
    written = tmp_path / "shown.txt"
    assert written.read_text("utf-8") == TEXT
    assert f"The text is in {written}" in done.stdout
    assert "changed=0" in done.stdout and "6 * 7" not in done.stdout


def test_without_the_checkouts_configuration_it_is_one_text_too(tmp_path: Path) -> None:
    """As Ansible is set up by itself: the text stands in the output as it is, once."""
    shown = show(tmp_path, ANSIBLE_CALLBACK_RESULT_FORMAT="json").stdout
    assert f"\n{TEXT}" in shown
    assert shown.count("layer  state") == 1


def test_another_callback_gets_a_line_as_a_line(tmp_path: Path) -> None:
    shown = show(tmp_path, ANSIBLE_CALLBACK_RESULT_FORMAT="json", ANSIBLE_STDOUT_CALLBACK="minimal").stdout
    assert '"layer  state",\n' in shown and "\\n" not in shown
    assert "{{ 6 * 7 }}" in shown
