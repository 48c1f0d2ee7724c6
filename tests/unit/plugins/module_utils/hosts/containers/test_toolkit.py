"""What a host has of the container toolkit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.containers.toolkit import (
    Places,
    Wanted,
    look,
)
from ansible_collections.inference.stack.plugins.module_utils.hosts.system import paths
from ansible_collections.inference.stack.plugins.module_utils.hosts.system.commands import Finished

from tests.unit.plugins.module_utils.hosts.scripted_commands import Commands

URL = "https://mirror.example/toolkit"
RELEASE = "1.18.2-1"
CONFIG = '[nvidia-container-runtime]\nmode = "cdi"'
SPEC = "cdiVersion: 0.5.0\ndevices: [{name: all}]"
DPKG = (
    "nvidia-container-toolkit\tinstalled\t1.18.0-1\thold\n"
    "libnvidia-container1\tconfig-files\t1.17.0-1\tdeinstall\n"
    "python3-apt\tinstalled\t2.6.0\tinstall\n"
)


class Host:
    """A host whose parts a test puts in place."""

    def __init__(self, root: Path, programs: Commands) -> None:
        self.root = root
        self.answers = programs.answers
        self.places = Places(
            os_release=str(root / "os-release"),
            libraries=str(root / "lib"),
            main_sources=str(root / "sources.list"),
            sources=str(root / "sources.list.d"),
            toolkit=str(root / "nvidia-ctk"),
            runtime=str(root / "nvidia-container-runtime"),
            volatile_specs=str(root / "run/cdi"),
        )

    def put(self, name: str, content: str = "") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(0o644)
        return path

    def look(self, mode: str = "cdi") -> dict[str, Any]:
        wanted = Wanted(
            packages=["nvidia-container-toolkit", "libnvidia-container1"],
            release=RELEASE,
            repository_url=URL,
            repository_suites="/",
            sources_file=str(self.root / "sources.list.d/ours.sources"),
            mode=mode,
            config_file=str(self.root / "config.toml"),
            spec_file=str(self.root / "nvidia.yaml"),
            k3s_data_folder=str(self.root / "k3s"),
        )
        return look(wanted, self.places)

    def install(self) -> None:
        for name in ("lib/libnvidia-ml.so.1", "nvidia-ctk", "nvidia-container-runtime"):
            self.put(name)
        self.answers |= {"nvidia-ctk config": CONFIG, "nvidia-ctk --quiet": SPEC}


@pytest.fixture
def host(tmp_path: Path, programs: Commands) -> Host:
    return Host(tmp_path, programs)


def test_a_bare_host_is_a_normal_answer(host: Host) -> None:
    found = host.look()
    assert found["system"] == {"id": "", "version": "", "family": []}
    assert not found["driver_found"] and not found["toolkit_found"]
    assert found["packages"] == {} and found["other_sources"] == []
    assert found["newer_version"] == ""
    assert found["config"] == {"wanted": "", "problem": "", "differs": False}
    assert found["spec"] == {"wanted": "", "problem": "", "present": "", "shadows": []}
    assert found["k3s"] == {"unit": "", "knows_runtime": None, "runtime_found": False}


@pytest.mark.parametrize(
    ("lines", "system"),
    [
        ('PRETTY_NAME="Debian"\nID=debian\nVERSION_ID="12"\n', ("debian", "12", ["debian"])),
        ("ID=debian\n", ("debian", "", ["debian"])),
        ('ID=ubuntu\nID_LIKE=debian\nVERSION_ID="26.04"\n', ("ubuntu", "26.04", ["ubuntu", "debian"])),
        (
            'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22.1"\n',
            ("linuxmint", "22.1", ["linuxmint", "ubuntu", "debian"]),
        ),
        (
            'ID=pop\nID_LIKE="ubuntu debian"\nVERSION_ID="24.04"\n',
            ("pop", "24.04", ["pop", "ubuntu", "debian"]),
        ),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', ("rocky", "", ["rocky", "rhel", "centos", "fedora"])),
    ],
)
def test_the_system_is_read_with_its_family(
    host: Host, lines: str, system: tuple[str, str, list[str]]
) -> None:
    host.put("os-release", lines)
    found = host.look()["system"]
    assert (found["id"], found["version"], found["family"]) == system


def test_packages_are_read(host: Host) -> None:
    host.answers["dpkg-query"] = Finished(1, DPKG, "no packages found matching x")
    found = host.look()
    assert found["packages"] == {
        "nvidia-container-toolkit": {"version": "1.18.0-1", "held": True},
        "python3-apt": {"version": "2.6.0", "held": False},
    }


def test_the_loader_knows_drivers_in_other_places(host: Host) -> None:
    host.answers["ldconfig"] = "\tlibnvidia-ml.so.1 (libc6,x86-64) => /opt/libnvidia-ml.so.1\n"
    assert host.look()["driver_found"]


def test_another_file_with_the_repository_is_named(host: Host) -> None:
    host.put("sources.list.d/ours.sources", f"Types: deb\nURIs: {URL}\nSuites: /\n")
    other = host.put("sources.list.d/nvidia.list", f"deb {URL} /")
    host.put("sources.list.d/debian.sources", "URIs: https://deb.debian.org")
    assert host.look()["other_sources"] == [str(other)]


def test_the_configuration_differs_until_it_is_what_the_toolkit_computes(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.install()
    assert host.look()["config"] == {"wanted": f"{CONFIG}\n", "problem": "", "differs": True}
    # Whoever runs the tests stands for root.
    monkeypatch.setattr(paths, "_number", lambda _name, look_up: os.getuid())
    path = host.put("config.toml", f"{CONFIG}\n")
    assert not host.look()["config"]["differs"]
    path.chmod(0o600)
    assert host.look()["config"]["differs"]


def test_what_the_toolkit_says_against_itself_is_kept(host: Host) -> None:
    host.install()
    failure = 'time="now" level=error msg="failed to initialise NVML: Driver Not Loaded"\n'
    host.answers["nvidia-ctk --quiet"] = Finished(1, "", failure)
    assert host.look()["spec"]["problem"] == '"failed to initialise NVML: Driver Not Loaded"'
    assert host.look("legacy")["spec"] == {"wanted": "", "problem": "", "present": "", "shadows": []}


def test_present_and_wanted_description_are_both_told(host: Host) -> None:
    host.install()
    host.put("nvidia.yaml", "cdiVersion: 0.4.0\n")
    spec = host.look()["spec"]
    assert (spec["wanted"], spec["problem"], spec["present"]) == (f"{SPEC}\n", "", "cdiVersion: 0.4.0\n")


def test_a_description_of_this_boot_hides_a_new_one_once_its_files_are_gone(host: Host) -> None:
    host.install()
    library = host.put("libcuda.so.570.1")
    fresh = host.put(
        "run/cdi/nvidia.yaml", f"kind: nvidia.com/gpu\ndevices:\n- name: all\n  hostPath: {library}\n"
    )
    host.put("run/cdi/other.yaml", "kind: vendor.com/nic\ndevices:\n- hostPath: /not/there\n")
    assert host.look()["spec"]["shadows"] == []
    library.unlink()
    assert host.look()["spec"]["shadows"] == [str(fresh)]


@pytest.mark.parametrize(
    ("version", "greater", "newer"),
    [("1.17.8-1", 1, ""), (RELEASE, 0, ""), ("1.18.2~rc.1-1", 1, ""), ("1.20.0-1", 0, "1.20.0-1")],
)
def test_dpkg_tells_which_version_is_newer(host: Host, version: str, greater: int, newer: str) -> None:
    host.answers["dpkg-query"] = f"nvidia-container-toolkit\tinstalled\t{version}\tinstall\n"
    host.answers["dpkg --compare-versions"] = Finished(greater, "", "")
    assert host.look()["newer_version"] == newer


def test_a_running_k3s_knows_the_runtime_or_does_not(host: Host) -> None:
    host.install()
    host.answers["systemctl list-units"] = "k3s-agent.service loaded active running k3s agent\n"
    config = host.put("k3s/agent/etc/containerd/config.toml", "version = 3\n")
    assert host.look()["k3s"] == {"unit": "k3s-agent.service", "knows_runtime": False, "runtime_found": True}
    config.write_text('BinaryName = "/usr/bin/nvidia-container-runtime"\n')
    assert host.look()["k3s"]["knows_runtime"] is True
