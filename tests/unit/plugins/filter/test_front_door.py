"""The filter front_door: what it becomes is tested with its room; here, what Ansible hands over."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import front_door

from tests.unit.plugins.filter.filter_calls import call

TO = {"name": "litellm", "namespace": "ml", "service": "litellm", "port": "4000", "labels": {}}


def test_a_port_from_a_command_line_is_a_number() -> None:
    found = call(
        front_door, {"kind": "Ingress", "host": "a.example.com", "tls": "controller"}, "litellm_ingress", TO
    )
    (path,) = found["objects"][0]["spec"]["rules"][0]["http"]["paths"]
    assert path["backend"] == {"service": {"name": "litellm", "port": {"number": 4000}}}
    assert found["url"] == "https://a.example.com"


def test_a_mistake_makes_no_object() -> None:
    with pytest.raises(AnsibleFilterError, match=r"chat_ingress\.host is missing"):
        call(front_door, {"kind": "Ingress"}, "chat_ingress", TO)
