"""The filter host_proxy: how a host reaches the world."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import host_proxy

from tests.unit.plugins.filter.filter_calls import call

PROXY = "http://me:secret@proxy.example.com:3128"


@pytest.mark.parametrize("given", [{}, None, {"http": "", "https": None}])
def test_without_a_proxy_nothing_is_set(given: Any) -> None:
    assert call(host_proxy, given, direct=["server"]) == {}


@pytest.mark.parametrize(
    ("given", "direct", "found"),
    [
        # In this order: a file is made of it, and another order would restart k3s.
        ({"no_proxy": "a", "https": PROXY, "http": PROXY}, [], ["http_proxy", "https_proxy", "no_proxy"]),
        ({"https": PROXY}, [""], ["https_proxy"]),
        ({"https": PROXY}, ["server"], ["https_proxy", "no_proxy"]),
        ({"no_proxy": "a"}, [], ["no_proxy"]),
    ],
)
def test_the_variables_that_are_set(given: Any, direct: list[str], found: list[str]) -> None:
    variables = call(host_proxy, given, direct=direct)
    assert list(variables) == found
    assert {variables.get("http_proxy", PROXY), variables.get("https_proxy", PROXY)} == {PROXY}


def test_hosts_that_are_reached_without_it() -> None:
    given = {"https": PROXY, "no_proxy": "registry,server,"}
    assert call(host_proxy, given, direct=["server", "10.0.0.1"])["no_proxy"] == "registry,server,10.0.0.1"


def test_no_role_spells_the_variables() -> None:
    roles = Path(__file__).parents[4] / "roles"
    files = [path for path in roles.rglob("*") if path.suffix in (".yml", ".j2")]
    spelled = [path for path in files if re.search("https?_proxy", path.read_text("utf-8"), re.IGNORECASE)]
    assert files and spelled == []


def test_a_typing_error_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="k3s_proxy has unknown keys: htps"):
        call(host_proxy, {"htps": PROXY}, "k3s_proxy")
