"""What somebody reads in the end."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.proposing.closing_words import (
    Site,
    closing_words,
)
from ansible_collections.inference.stack.plugins.plugin_utils.proposing.machines import machines, with_seen
from ansible_collections.inference.stack.plugins.plugin_utils.proposing.proposal import propose

from tests.unit.plugins.plugin_utils.planning.sites import RAW
from tests.unit.plugins.plugin_utils.proposing.found import pair

SITE = Site("inventories/home", "playbooks", "written", "inventories/home/.vault-password")
VAULT = "--vault-password-file inventories/home/.vault-password"


def told(site: Site = SITE, **seen: dict[str, Any]) -> str:
    listed = pair(**seen)
    return closing_words(listed, propose(listed, RAW), site, ["hosts.yml"])


def commands(text: str) -> list[str]:
    return re.findall(r"^  (ansible-playbook .*)$", text, re.MULTILINE)


def test_a_site_whose_machines_answer() -> None:
    text = told()
    assert "NOTES" not in text
    assert re.search(
        r"gpu +192\.0\.2\.11 +GeForce RTX 3060 12GB +570\.195\.03 +32\.0 GiB +8 +200\.0 GiB", text
    )
    assert re.search(r"gpu  \S+ with vLLM \S+: fits\n  cpu  \S+ with Ollama", text)
    assert commands(text) == [
        f"ansible-playbook -i inventories/home playbooks/{verb}.yml {VAULT}" for verb in ("plan", "site")
    ]


def test_k_is_named_where_sudo_asks_or_nobody_knows() -> None:
    for gpu in ({"sudo": "asks"}, {"sudo": ""}, {"sudo": "sudo refuses the password that -K gives"}):
        assert all(f" -K {VAULT}" in line for line in commands(told(gpu=gpu)))
    assert "leave it out where sudo asks for none" in told(gpu={"sudo": ""})
    assert "leave it out" not in told(gpu={"sudo": "asks"})


def test_a_sudo_that_refuses_is_named() -> None:
    missing = "Premature end of stream.\n>>> Standard Error\n/bin/sh: 1: sudo: not found"
    assert "- gpu: /bin/sh: 1: sudo: not found. The site needs" in told(gpu={"sudo": missing})
    text = told(gpu={"sudo": "sudo does not let ansible_user become root"})
    assert "- gpu: sudo does not let ansible_user become root. The site needs a user" in text


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        (
            "Failed to connect to the host via ssh: Host key verification failed.",
            "ssh-keyscan 192.0.2.11 >> ~/.ssh",
        ),
        (
            "@@@@@@\n@  WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!  @\n@@@@@@\n"
            "Host key verification failed.",
            "ssh-keygen -R 192.0.2.11, then ssh admin@192.0.2.11",
        ),
        ("admin@192.0.2.11: Permission denied (publickey).", "ssh-copy-id admin@192.0.2.11"),
        ("ssh: connect to host 192.0.2.11 port 22: No route to host", "Try ssh admin@192.0.2.11"),
    ],
)
def test_a_machine_that_does_not_answer(reason: str, advice: str) -> None:
    text = told(gpu={"reason": reason, "pci_ids": None, "driver": "", "sudo": ""})
    words = " ".join(text.split())
    assert "gpu was not looked at" in words and advice in words
    assert "@@@" not in text
    assert "StrictHostKeyChecking" not in text


def test_a_site_that_is_there_is_kept_and_one_that_is_checked_is_listed() -> None:
    kept = told(Site("inventories/home", "playbooks", "kept"))
    assert "is a site already: nothing was changed." in kept
    assert all(line.endswith("--ask-vault-pass") for line in commands(kept))
    checked = told(Site("inventories/home", "playbooks", "checked"))
    assert "nothing was written. inventories/home would hold\n    hosts.yml" in checked


def test_odd_folders_can_be_pasted() -> None:
    text = told(Site("/home/me/my site", "playbooks", "written", "/home/me/my site/.vault-password"))
    assert "-i '/home/me/my site' playbooks/plan.yml --vault-password-file '/home/me/my site/" in text


def test_an_installed_collection_names_its_playbooks() -> None:
    folder = "../.ansible/collections/ansible_collections/inference/stack/playbooks"
    assert commands(told(Site("home", folder, "written", "home/.vault-password"))) == [
        f"ansible-playbook -i home inference.stack.{verb} --vault-password-file home/.vault-password"
        for verb in ("plan", "site")
    ]


def test_the_controller_itself_gets_no_advice_about_ssh() -> None:
    listed = with_seen(machines("localhost"), [{"name": "server", "reason": "no Python"}])
    assert "Try ssh" not in closing_words(listed, propose(listed, RAW), SITE)
