"""init.yml over SSH: it looks at the lab's hosts as at a newcomer's, and changes nothing there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.rehearsal import play, recap


def test_init_writes_a_site_for_the_hosts_of_the_lab(lab: dict[str, Any], tmp_path: Path) -> None:
    server, gpu = (lab["hosts"][name]["address"] for name in ("server", "gpu"))
    ssh = {
        "ansible_ssh_private_key_file": lab["ssh"]["key"],
        "ansible_ssh_common_args": (
            f"-o UserKnownHostsFile={lab['ssh']['known_hosts']} -o StrictHostKeyChecking=yes"
        ),
    }
    wanted = {"init_server": server, "init_gpu": gpu, "init_user": lab["ssh"]["user"]}
    done = play("localhost,", "init", ssh | wanted | {"init_site": str(tmp_path / "site")})
    assert done.returncode == 0, done.stdout[-3000:]
    told = done.stdout.partition("FOUND")[2]
    assert "was not looked at" not in told
    for name in ("server", "gpu"):
        assert "changed=0" in recap(done.stdout, name)
    # The hosts are containers, and on their PCI bus is no card.
    assert "gpu: name its card in inference_host_gpus" in " ".join(told.split())
    hosts = yaml.safe_load((tmp_path / "site" / "hosts.yml").read_text())
    assert hosts["k3s_cluster"]["children"]["k3s_agents"]["hosts"]["gpu"]["ansible_host"] == gpu
