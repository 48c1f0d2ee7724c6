"""From an address and a user whose sudo asks for a password to a site that can be planned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from lab.hosts.fleet import OWNER
from tests.rehearsal import play, recap


def test_an_address_and_a_user_are_enough(
    lab: dict[str, Any], secrets: dict[str, str], tmp_path: Path
) -> None:
    site = tmp_path / "home"
    address = lab["hosts"]["gpu"]["address"]
    known_hosts = f"-o UserKnownHostsFile={lab['ssh']['known_hosts']}"
    given = {
        "init_server": address,
        "init_user": OWNER,
        "init_site": str(site),
        "ansible_become_password": secrets["owner_password"],
        "ansible_ssh_private_key_file": lab["ssh"]["key"],
        "ansible_ssh_common_args": known_hosts,
    }
    first = play("localhost,", "init", given)
    assert first.returncode == 0, first.stdout[-3000:] + first.stderr[-1000:]
    assert secrets["owner_password"] not in first.stdout
    groups = yaml.safe_load((site / "hosts.yml").read_text("utf-8"))
    text = json.dumps(groups)
    assert address in text and OWNER in text and "k3s_agents" not in text
    # The plan takes it, and sees that the card is still to be named: it is on no PCI bus here.
    vault = ("--vault-password-file", str(site / ".vault-password"))
    planned = play(str(site), "plan", {"plan_offline": True}, *vault)
    assert planned.returncode == 0, planned.stdout[-3000:]
    again = play("localhost,", "init", given)
    assert "changed=0" in recap(again.stdout, "localhost")
