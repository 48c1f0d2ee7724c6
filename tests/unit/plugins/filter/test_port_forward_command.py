"""The filter port_forward_command."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import port_forward_command

from tests.unit.plugins.filter.filter_calls import call

TARGET = {"namespace": "ml", "service": "litellm", "port": 4000}


def test_words_come_back() -> None:
    assert call(port_forward_command, TARGET, 8000, "/kubeconfig", {})[0] == "kubectl"


def test_a_wrong_port_is_a_failed_task() -> None:
    with pytest.raises(AnsibleFilterError, match="port_forward_port"):
        call(port_forward_command, TARGET, "x", "", {"ansible_host": "h"})
