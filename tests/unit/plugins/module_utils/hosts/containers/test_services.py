"""Only units that are installed are told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.containers import services
from ansible_collections.inference.stack.plugins.module_utils.hosts.system import commands
from ansible_collections.inference.stack.plugins.module_utils.hosts.system.commands import Finished

ANSWERS = {
    "k3s-agent.service": "LoadState=loaded\nActiveState=failed\nSubState=failed\n",
    "k3s.service": "LoadState=not-found\nActiveState=inactive\nSubState=dead\n",
}


def test_a_unit_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(words: Sequence[str]) -> Finished:
        return Finished(0, ANSWERS[words[-1]], "")

    monkeypatch.setattr(commands, "run", run)
    assert services.read() == [services.Service("k3s-agent", "failed", "failed")]


def test_a_host_without_systemd_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "run", lambda _words: Finished(None, "", "systemctl cannot be run"))
    assert services.read() == []
