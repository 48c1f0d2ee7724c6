"""Settings: files, their folder, the environment, the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.k3s.supervisor.config import build_options, parse_flags, read_files, read_options
from lab.k3s.supervisor.errors import K3sError
from lab.k3s.supervisor.options import AgentOptions, ServerOptions

AGENT = {"server": "https://10.0.0.1:6443", "token": "secret"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text("token: secret\nnode-label:\n- a=1\ntls-san: one,two\nkubelet-arg: max-pods=50\n")
    return path


def _add(config: Path, name: str, text: str) -> None:
    folder = config.with_name("config.yaml.d")
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)


def _server(config: Path, *flags: str) -> ServerOptions:
    options = read_options("server", ["--config", str(config), *flags], {})
    assert isinstance(options, ServerOptions)
    return options


def test_reads_lists_scalars_and_commas(config: Path) -> None:
    options = _server(config)
    assert options.node_label == ["a=1"]
    assert options.tls_san == ["one", "two"]
    assert options.kubelet_arg == ["max-pods=50"]


def test_folder_replaces_and_appends_in_order(config: Path) -> None:
    _add(config, "20-more.yaml", '{"node-label+": ["c=3"], "kubelet-arg": ["v=2"]}')
    _add(config, "10-first.yaml", "node-label+: b=2\n")
    _add(config, "ignored.txt", "nonsense: true\n")
    options = _server(config)
    assert options.node_label == ["a=1", "b=2", "c=3"]
    assert options.kubelet_arg == ["v=2"]


def test_flags_win_over_files_and_files_over_environment(config: Path) -> None:
    environment = {"K3S_TOKEN": "other", "K3S_NODE_NAME": "by-environment"}
    options = read_options(
        "server", ["-c", str(config), "--node-label", "x=1", "--node-label=y=2"], environment
    )
    assert options.token == "secret"
    assert options.name == "by-environment"
    assert options.node_label == ["x=1", "y=2"]


def test_commas_stay_in_arguments_of_programs() -> None:
    options = build_options("agent", {**AGENT, "kubelet-arg": "eviction-hard=a<1%,b<2%"})
    assert options.kubelet_arg == ["eviction-hard=a<1%,b<2%"]


def test_switches_need_no_value() -> None:
    flags = parse_flags(
        "server", ["--disable-network-policy", "--debug", "--disable=traefik,coredns", "-v", "2"]
    )
    options = build_options("server", flags)
    assert isinstance(options, ServerOptions)
    assert options.disable_network_policy
    assert options.debug
    assert options.v == 2
    assert options.disable == ["traefik", "coredns"]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"nodename": "x"}, "flag provided but not defined: nodename.*did you mean node-name"),
        ({"node_name": "x"}, "flag provided but not defined: node_name"),
        ({"secrets-encryption": True}, "secrets-encryption: k3s has this setting, this build has not"),
        ({"server": "https://other:6443"}, "a second server cannot join"),
        ({"disable": "nginx"}, "disable 'nginx': known are"),
        ({"node-taint": "gpu=true"}, "node-taint"),
        ({"node-label": "gpu"}, "key=value"),
        ({"cluster-cidr": "10.42.0.0/16,fd00::/56"}, "one IPv4 range"),
        ({"debug": "maybe"}, "neither true nor false"),
        ({"node-name": ["a", "b"]}, "a list cannot be used here"),
        ({"write-kubeconfig-mode": "rw"}, "octal"),
        ({"node-ip": "fd00::1"}, "IPv6 is not supported"),
    ],
)
def test_refuses_what_it_cannot_do(settings: dict[str, object], reason: str) -> None:
    with pytest.raises(K3sError, match=reason):
        build_options("server", settings)


def test_a_no_to_what_is_absent_is_fine() -> None:
    options = build_options(
        "server", {"secrets-encryption": False, "embedded-registry": "false", "flannel-iface": "eth0"}
    )
    assert isinstance(options, ServerOptions)


def test_agents_need_a_server_and_a_token() -> None:
    with pytest.raises(K3sError, match="--server is required"):
        build_options("agent", {"token": "x"})
    with pytest.raises(K3sError, match="--token is required"):
        build_options("agent", {"server": "https://10.0.0.1:6443"})
    with pytest.raises(K3sError, match="no setting of k3s agent"):
        build_options("agent", {**AGENT, "cluster-cidr": "10.0.0.0/8"})


def test_token_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    options = build_options("agent", {"server": AGENT["server"], "token-file": str(tmp_path / "token")})
    assert options.token == "from-file"


def test_broken_file_is_named(config: Path) -> None:
    _add(config, "10-broken.yaml", "a: [1\n")
    with pytest.raises(K3sError, match=r"10-broken\.yaml: line"):
        read_files(config)


def test_addresses_follow_from_ranges() -> None:
    options = ServerOptions(service_cidr="10.99.0.0/16")
    assert (options.service_address, options.dns_address) == ("10.99.0.1", "10.99.0.10")
    assert isinstance(options, AgentOptions)
