"""The filter site_machines: what playbooks/init.yml makes of the addresses that somebody typed."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import site_machines

from tests.unit.plugins.filter.filter_calls import call


def test_machines_come_as_plain_values() -> None:
    server, gpu = call(site_machines, "192.0.2.10", "192.0.2.11", "admin")
    assert server == {
        "name": "server",
        "address": "192.0.2.10",
        "user": "admin",
        "is_server": True,
        "has_gpu": False,
        "is_local": False,
    }
    assert (gpu["name"], gpu["is_server"], gpu["has_gpu"]) == ("gpu", False, True)


def test_what_is_not_given_may_be_none() -> None:
    (only,) = call(site_machines, "192.0.2.10", None, None)
    assert (only["user"], only["is_server"], only["has_gpu"]) == ("", True, True)


def test_a_refusal_names_the_variable() -> None:
    with pytest.raises(AnsibleFilterError, match="init_server is empty"):
        call(site_machines, "")
