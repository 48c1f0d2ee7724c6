"""Command lines, containerd's configuration, networks: what the programs are told."""

from __future__ import annotations

import io
import json
import tarfile
import tomllib
from pathlib import Path
from typing import Any

import pytest

from lab.k3s.supervisor import (
    addons,
    arguments,
    containerd,
    images,
    kubelet,
    network,
    policy_rules,
    registries,
)
from lab.k3s.supervisor.errors import K3sError
from lab.k3s.supervisor.layout import Layout, write_private
from lab.k3s.supervisor.options import AgentOptions, ServerOptions

HOST = kubelet.Host(cgroup_driver="cgroupfs", is_container=True, may_change_oom_score=False)


def _toml(settings: containerd.Settings, content: Any = None) -> dict[str, Any]:
    return tomllib.loads(containerd.base_configuration(settings, registries.parse(content)))


def test_users_arguments_win_repeat_and_add() -> None:
    command = arguments.command(
        Path("/bin/kubelet"),
        {"max-pods": "110", "node-labels": "a=1", "v": "1"},
        ["max-pods=50", "node-labels+=b=2", "register-node", "--x=1", "x=2"],
    )
    assert command == (
        *("/bin/kubelet", "--node-labels=a=1,b=2", "--v=1"),
        *("--max-pods=50", "--register-node=true", "--x=1", "--x=2"),
    )


def test_api_server_admits_as_upstream_and_checks_nodes() -> None:
    flags = arguments.api_server(ServerOptions(), "10.0.0.1")
    assert flags["enable-admission-plugins"] == "NodeRestriction"
    assert flags["authorization-mode"] == "Node,RBAC"
    assert "disable-admission-plugins" not in flags
    by_user = ServerOptions(kube_apiserver_arg=["anonymous-auth=false"])
    assert "authentication-config" not in arguments.api_server(by_user, "10.0.0.1")


def test_no_secret_is_on_a_command_line() -> None:
    options = ServerOptions(token="very-secret")
    for flags in (arguments.api_server(options, "10.0.0.1"), arguments.kine(options)):
        assert "very-secret" not in json.dumps(flags)


def test_kubelet_follows_the_host(tmp_path: Path) -> None:
    options = AgentOptions(data_dir=str(tmp_path))
    content = kubelet.configuration(
        options, HOST, dns_address="10.43.0.10", domain="cluster.local", resolv_conf=Path("/r")
    )
    assert content["localStorageCapacityIsolation"] is False
    assert content["oomScoreAdj"] == 0
    machine = kubelet.Host(cgroup_driver="systemd", is_container=False, may_change_oom_score=True)
    content = kubelet.configuration(
        options, machine, dns_address="10.43.0.10", domain="cluster.local", resolv_conf=Path("/r")
    )
    assert "oomScoreAdj" not in content
    assert content["cgroupDriver"] == "systemd"


def test_kubelet_registers_labels_and_taints() -> None:
    options = AgentOptions(node_label=["nvidia.com/gpu=true"], node_taint=["gpu=true:NoSchedule"])
    flags = kubelet.flags(options, "10.0.0.2", Path("/etc"))
    assert "nvidia.com/gpu=true" in flags["node-labels"].split(",")
    assert flags["register-with-taints"] == "gpu=true:NoSchedule"


@pytest.mark.parametrize(
    ("text", "own"), [("nameserver 10.0.0.1\n", False), ("nameserver 127.0.0.53\n", True), ("", True)]
)
def test_pods_get_reachable_nameservers(tmp_path: Path, text: str, own: bool) -> None:
    host_file = tmp_path / "resolv.conf"
    host_file.write_text(text)
    path = kubelet.resolv_conf(AgentOptions(data_dir=str(tmp_path / "data")), host_file)
    assert (path != host_file) is own


def test_containerd_knows_pause_image_and_runtimes(tmp_path: Path) -> None:
    settings = containerd.Settings(
        layout=Layout(tmp_path),
        pause_image="lab.local/pause:1",
        restrict_oom_score=True,
        runtimes={"nvidia": Path("/usr/bin/nvidia-container-runtime")},
    )
    plugins = _toml(settings)["plugins"]
    assert plugins["io.containerd.cri.v1.images"]["pinned_images"]["sandbox"] == "lab.local/pause:1"
    runtime = plugins["io.containerd.cri.v1.runtime"]
    assert runtime["restrict_oom_score_adj"] is True
    assert runtime["containerd"]["default_runtime_name"] == "runc"
    nvidia = runtime["containerd"]["runtimes"]["nvidia"]
    assert nvidia["options"] == {"BinaryName": "/usr/bin/nvidia-container-runtime", "SystemdCgroup": False}


def test_default_runtime_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(K3sError, match="default-runtime 'nvidia' was not found"):
        _toml(containerd.Settings(Layout(tmp_path), "p", default_runtime="nvidia"))


def test_runtimes_are_found_where_k3s_looks(tmp_path: Path) -> None:
    assert containerd.find_runtimes(tmp_path) == {}
    for folder in ("usr/bin", "usr/local/nvidia/toolkit"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "nvidia-container-runtime").touch()
    assert containerd.find_runtimes(tmp_path) == {
        "nvidia": tmp_path / "usr/local/nvidia/toolkit/nvidia-container-runtime"
    }


def test_template_is_base_and_text() -> None:
    assert containerd.from_template("BASE\n", '{{ template "base" . }}\n[debug]\n') == "BASE\n\n[debug]\n"
    with pytest.raises(K3sError, match="only the line"):
        containerd.from_template("BASE", '{{ template "base" . }}{{ if .X }}{{ end }}')


def test_registries_become_hosts_files(tmp_path: Path) -> None:
    known = registries.parse(
        {
            "mirrors": {
                "docker.io": {"endpoint": ["http://10.0.0.9:5000", "https://other/path"]},
                "*": {"endpoint": ["https://cache.example"]},
                "10.0.0.9:5000": None,
            },
            "configs": {
                "10.0.0.9:5000": {"tls": {"insecure_skip_verify": True, "ca_file": "/ca.crt"}},
                "docker.io": {"auth": {"username": "me", "password": 'p"w'}},
            },
        }
    )
    files = registries.hosts_files(known)
    docker = tomllib.loads(files["docker.io"])
    assert docker["server"] == "https://registry-1.docker.io/v2"
    assert list(docker["host"]) == ["http://10.0.0.9:5000/v2", "https://other/path/v2"]
    assert docker["host"]["http://10.0.0.9:5000/v2"]["skip_verify"] is True
    assert "server" not in tomllib.loads(files["_default"])
    assert tomllib.loads(files["10.0.0.9:5000"])["ca"] == ["/ca.crt"]
    auth = tomllib.loads(registries.auth_tables(known))["plugins"]["io.containerd.cri.v1.images"]["registry"]
    assert auth["configs"]["registry-1.docker.io"]["auth"] == {"username": "me", "password": 'p"w'}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"mirror": {}}, "'mirror' is not supported"),
        ({"mirrors": {"a": {"rewrite": {}}}}, r"mirrors\.a: 'rewrite' is not supported"),
        ({"mirrors": {"a": {"endpoint": ["ftp://x"]}}}, "is not a URL"),
        ([], "has to hold keys"),
    ],
)
def test_registries_refuse_what_is_not_understood(content: Any, reason: str) -> None:
    with pytest.raises(K3sError, match=reason):
        registries.parse(content)


def test_routes_follow_the_nodes() -> None:
    nodes = network.neighbours(
        {
            "items": [
                _node("a", "10.0.0.1", "10.42.0.0/24"),
                _node("b", "10.0.0.2", "10.42.1.0/24"),
                _node("new", "10.0.0.3", None),
            ]
        }
    )
    assert [node.name for node in nodes] == ["a", "b"]
    present = {"10.42.1.0/24": "10.0.0.9", "10.42.7.0/24": "10.0.0.7"}
    missing, stale = network.route_changes("a", nodes, present)
    assert missing == {"10.42.1.0/24": "10.0.0.2"}
    assert stale == ["10.42.7.0/24"]
    assert network.route_changes("a", nodes, {"10.42.1.0/24": "10.0.0.2"}) == ({}, [])


def _node(name: str, address: str, pod_cidr: str | None) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {"podCIDR": pod_cidr} if pod_cidr else {},
        "status": {"addresses": [{"type": "InternalIP", "address": address}]},
    }


def test_image_archives_are_whole_and_the_same(tmp_path: Path) -> None:
    program = tmp_path / "pause"
    program.write_bytes(b"program")
    archive = images.image_archive("k3s.local/pause:1", program)
    assert archive == images.image_archive("k3s.local/pause:1", program)
    with tarfile.open(fileobj=io.BytesIO(archive)) as content:
        assert content.getnames() == ["config.json", "layer.tar", "manifest.json"]
        manifest = json.load(content.extractfile("manifest.json") or io.BytesIO())
    assert manifest[0]["RepoTags"] == ["k3s.local/pause:1"]


def test_images_folder_lists_archives_alone(tmp_path: Path) -> None:
    for name in ("b.tar", "a.tar.zst", "list.txt", "c.tar.partial"):
        (tmp_path / name).touch()
    assert [path.name for path in images.listing(tmp_path)] == ["a.tar.zst", "b.tar"]
    assert images.listing(tmp_path / "missing") == []


def test_addons_have_paths_in_the_api() -> None:
    from lab.k3s.supervisor.api import object_path

    objects = [
        addons.bootstrap_secret("abcdef", "0123456789abcdef"),
        *addons.node_accounts(),
        *addons.joining({}, "{}"),
        *addons.runtime_classes(),
        *addons.cluster_dns(ServerOptions(), "k3s.local/pause:1", Layout()),
    ]
    paths = [object_path(item) for item in objects]
    assert len(set(paths)) == len(paths)
    assert "/apis/node.k8s.io/v1/runtimeclasses/nvidia" in paths


def test_private_files_stay_private(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "secret"
    assert write_private(path, "one")
    assert not write_private(path, "one")
    assert write_private(path, "two")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [item.name for item in path.parent.iterdir()] == ["secret"]


def test_policies_leave_other_chains_alone() -> None:
    wanted = "\n".join(
        [
            "*filter",
            ":INPUT ACCEPT - [0:0]",
            ":KUBE-SERVICES - [0:0]",
            ":KUBE-ROUTER-INPUT - [0:0]",
            ":KUBE-ROUTER-FORWARD - [0:0]",
            ":KUBE-POD-FW-NEW - [0:0]",
            "-A INPUT -j KUBE-ROUTER-INPUT",
            "-A KUBE-SERVICES -d 10.43.0.9/32 -j REJECT",
            "-A KUBE-ROUTER-INPUT -s 10.42.0.3/32 -j KUBE-POD-FW-NEW",
            "-A KUBE-ROUTER-FORWARD -m mark --mark 0x20000/0x20000 -j ACCEPT",
            "-A KUBE-ROUTER-FORWARD -d 10.43.0.0/16 -j RETURN",
            "-I KUBE-POD-FW-NEW 1 -j ACCEPT",
            "COMMIT",
        ]
    )
    present = ["INPUT", "KUBE-SERVICES", "KUBE-PROXY-FIREWALL", "KUBE-ROUTER-INPUT", "KUBE-POD-FW-OLD"]
    assert policy_rules.own_part(wanted, present, "10.43.0.0/16").splitlines() == [
        "*filter",
        ":KUBE-ROUTER-INPUT - [0:0]",
        ":KUBE-ROUTER-FORWARD - [0:0]",
        ":KUBE-POD-FW-NEW - [0:0]",
        ":KUBE-POD-FW-OLD - [0:0]",
        "-A KUBE-ROUTER-FORWARD -d 10.43.0.0/16 -j RETURN",
        "-A KUBE-ROUTER-INPUT -s 10.42.0.3/32 -j KUBE-POD-FW-NEW",
        "-A KUBE-ROUTER-FORWARD -m mark --mark 0x20000/0x20000 -j ACCEPT",
        "-I KUBE-POD-FW-NEW 1 -j ACCEPT",
        "-X KUBE-POD-FW-OLD",
        "COMMIT",
    ]
