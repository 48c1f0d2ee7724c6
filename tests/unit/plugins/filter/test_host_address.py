"""The filter host_address."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import host_address

from tests.unit.plugins.filter.filter_calls import call


def test_the_address_comes_back() -> None:
    assert call(host_address, {"ansible_host": "::1"}, url=True) == "[::1]"


def test_a_name_instead_of_variables_is_a_failed_task() -> None:
    with pytest.raises(AnsibleFilterError, match="hostvars"):
        call(host_address, "server")
