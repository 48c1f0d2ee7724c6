"""The filter pod_proxy: how containers reach the world."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import pod_proxy

from tests.unit.plugins.filter.filter_calls import call

PROXY = "http://proxy.example.com:3128"


@pytest.mark.parametrize("given", [{}, None, {"no_proxy": "a.example.com"}, {"http": "", "https": None}])
def test_without_a_proxy_nothing_is_set(given: Any) -> None:
    assert call(pod_proxy, given) == {}


def test_programs_find_it_under_both_names_and_the_cluster_without_it() -> None:
    found = call(pod_proxy, {"http": PROXY, "https": PROXY, "no_proxy": "registry.example.com,"})
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        assert found[name] == PROXY
    assert found["NO_PROXY"] == found["no_proxy"]
    excepted = found["NO_PROXY"].split(",")
    assert {"registry.example.com", ".svc", ".cluster.local", "10.0.0.0/8", "127.0.0.1"} <= set(excepted)
    assert "" not in excepted


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"https": "http://me:secret@proxy.example.com"}, "vllm_proxy.https holds credentials"),
        ({"htps": PROXY}, "vllm_proxy has unknown keys: htps"),
    ],
)
def test_credentials_and_typing_errors_are_refused(given: dict[str, str], told: str) -> None:
    with pytest.raises(AnsibleFilterError, match=told) as raised:
        call(pod_proxy, given, "vllm_proxy")
    assert "secret" not in str(raised.value)
