"""What the role writes into k3s' file: the names of a server, and no option that an agent would end at."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import yaml

from lab.k3s.supervisor.options import Role, options_class, unsupported, without_effect
from tests.playbook_run import ROOT, run_playbook

ROLE = ROOT / "roles/k3s"
SERVER_ONLY = {
    "tls-san": ["k3s.lan"],
    "tls-san+": ["k3s.lan"],
    "disable": ["traefik"],
    "cluster-init": True,
    "write-kubeconfig-mode": "0640",
    "kube-apiserver-arg": ["v=2"],
    "etcd-s3-bucket": "b",
    "flannel-backend": "host-gw",
    "https-listen-port": 7443,
    "datastore-endpoint": "mysql://x",
    "secrets-encryption": True,
    "service-node-port-range": "30000-31000",
    "disable-network-policy": True,
}
FOR_BOTH = {
    "kubelet-arg": ["max-pods=64"],
    "data-dir": "/data/k3s",
    "node-external-ip": "192.0.2.20",
    "flannel-iface": "eth1",
    "disable-default-registry-endpoint": True,
    "kube-proxy-arg": ["v=2"],
    "selinux": True,
    "snapshotter": "zfs",
    "protect-kernel-defaults": True,
}


def told(folder: Path, expression: str, role: str, host: dict[str, Any], **inputs: Any) -> Any:
    """What the role makes of its inputs on one host."""
    files = [str(ROLE / name / "main.yml") for name in ("defaults", "vars")]
    task = {
        "ansible.builtin.copy": {
            "content": "{{ " + expression + " | to_json }}",
            "dest": str(folder / "told"),
        }
    }
    play = {
        "hosts": "all",
        "connection": "local",
        "gather_facts": False,
        "vars_files": files,
        "tasks": [task],
    }
    (folder / "play.yml").write_text(json.dumps([play]))
    (folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"server": host}}}))
    variables = {
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "k3s_role": role,
        "k3s_token": "secret",
        **inputs,
    }
    done: subprocess.CompletedProcess[str] = run_playbook(
        folder / "play.yml", variables=variables, inventory=folder / "hosts.yml"
    )
    assert done.returncode == 0, done.stdout[-2000:]
    return yaml.safe_load((folder / "told").read_text("utf-8"))


@pytest.mark.parametrize(
    ("host", "url", "names"),
    [
        ({}, "", ["server"]),
        ({"ansible_host": "192.0.2.10"}, "https://192.0.2.10:6443", ["192.0.2.10"]),
        ({"ansible_host": "100.64.0.1"}, "https://k3s.lan:6443", ["100.64.0.1", "k3s.lan"]),
        ({"ansible_host": "2001:db8::10"}, "https://[2001:db8::10]:6443", ["2001:db8::10"]),
        # A zone is no part of a certificate.
        ({"ansible_host": "fe80::1%eth0"}, "https://vip:6443", ["vip"]),
    ],
)
def test_a_servers_certificate_holds_what_others_call_it(
    host: dict[str, Any], url: str, names: list[str], tmp_path: Path
) -> None:
    settings = told(tmp_path, "__k3s_settings", "server", host, k3s_server_url=url)
    assert settings["tls-san"] == names


def test_names_of_ones_own_win(tmp_path: Path) -> None:
    settings = told(tmp_path, "__k3s_settings", "server", {}, k3s_config={"tls-san": ["mine"]})
    assert settings["tls-san"] == ["mine"]


def test_an_agent_has_no_certificate_for_them(tmp_path: Path) -> None:
    url = "https://k3s.lan:6443"
    settings = told(tmp_path, "__k3s_settings", "agent", {"ansible_host": "192.0.2.11"}, k3s_server_url=url)
    assert "tls-san" not in settings


def known(role: Role) -> set[str]:
    """The options that the rehearsal's k3s knows."""
    fields = {name.replace("_", "-") for name in get_type_hints(options_class(role))}
    return fields | set(unsupported(role)) | set(without_effect(role))


def test_the_rehearsal_tells_them_apart_alike(tmp_path: Path) -> None:
    every = dict.fromkeys(known("server") | known("agent"), "x")
    found = set(told(tmp_path, "__k3s_server_options", "agent", {}, k3s_config=every))
    assert found & known("agent") == set()
    # Agents of newer releases know it, too.
    assert known("server") - known("agent") - found == {"bind-address"}


def test_options_of_servers_are_told_from_those_of_all(tmp_path: Path) -> None:
    found = told(tmp_path, "__k3s_server_options", "agent", {}, k3s_config=SERVER_ONLY | FOR_BOTH)
    assert set(found) == {name.removesuffix("+") for name in SERVER_ONLY}
