"""A controller that lacks something is told what to run, before a host is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.inference.stack.plugins.plugin_utils.boundary import controller

ROOT = Path(__file__).resolve().parents[5]
PIP = "Run: /usr/bin/python3 -m pip install 'kubernetes>=24.2.0'"
GALAXY = "Run: ansible-galaxy collection install --upgrade 'kubernetes.core:>=6.2.0,<7.0.0'"


@pytest.mark.parametrize(
    ("package", "collection", "words"),
    [
        ("33.1.0", "6.2.0", []),
        ("24.2.0", "6.10.1-rc1", []),
        (None, "6.2.0", [f"/usr/bin/python3 has not the package kubernetes. {PIP}"]),
        ("23.6.0", "6.2.0", [f"/usr/bin/python3 has the package kubernetes 23.6.0. {PIP}"]),
        ("33.1.0", None, [f"Ansible has not the collection kubernetes.core. {GALAXY}"]),
        ("33.1.0", "5.4.1", [f"Ansible has the collection kubernetes.core 5.4.1. {GALAXY}"]),
        ("33.1.0", "7.0.0", [f"Ansible has the collection kubernetes.core 7.0.0. {GALAXY}"]),
    ],
)
def test_each_gap_has_its_command(
    monkeypatch: pytest.MonkeyPatch, package: str | None, collection: str | None, words: list[str]
) -> None:
    monkeypatch.setattr(controller, "package_version", lambda _: package)
    monkeypatch.setattr(controller, "collection_version", lambda _: collection)
    assert controller.controller_gaps("/usr/bin/python3") == words


def test_this_environment_has_everything() -> None:
    assert controller.controller_gaps("python") == []


def test_what_is_not_installed_has_no_version() -> None:
    assert controller.package_version("inference-stack-nowhere") is None
    assert controller.collection_version("nowhere.nothing") is None
    assert controller.collection_version("kubernetes.nothing") is None


def test_the_versions_are_those_of_galaxy() -> None:
    wanted = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["dependencies"]
    for name, (least, below) in controller.COLLECTIONS.items():
        assert wanted[name] == f">={controller.dotted(least)},<{controller.dotted(below)}"
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text("utf-8"))["requires_ansible"]
    step = (ROOT / "playbooks/steps/check_controller.yml").read_text("utf-8")
    assert f'__inference_least_ansible: "{runtime.removeprefix(">=").removesuffix(".0")}"' in step
