"""Addresses are checked and taken apart before anything is asked."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.module_utils.openai_api.origin import Origin


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("127.0.0.1:8000", "is not an address"),
        ("ftp://host", "is not an address"),
        ("http://", "is not an address"),
        ("http://host:port", "no valid host or port"),
        ("http://host:99999", "no valid host or port"),
        ("http://[::1", "no valid host or port"),
        ("http://ho st", "invalid characters"),
        ("http://höst", "invalid characters"),
        ("http://me:geheim@host", "user name or password"),
    ],
)
def test_addresses_are_checked_first(url: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told) as raised:
        Origin.parse(url)
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "shown", "path"),
    [
        ("http://host/", "http://host:80", ""),
        ("https://host/llm/v1/", "https://host:443", "/llm/v1"),
        ("http://[::1]:8000", "http://[::1]:8000", ""),
    ],
)
def test_addresses_are_taken_apart(url: str, shown: str, path: str) -> None:
    origin = Origin.parse(url)
    assert (str(origin), origin.path) == (shown, path)
