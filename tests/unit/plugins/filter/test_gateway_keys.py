"""The filter gateway_keys."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import gateway_keys

from tests.unit.plugins.filter.filter_calls import call

KEY = "sk-n8n-0123456789abcdef"
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()


def test_keys_become_digests_in_order_of_their_names() -> None:
    rows = call(
        gateway_keys,
        [
            {"name": "z", "key": KEY, "models": ["m"], "rpm": 5, "expires": "2027-01-31"},
            {"name": "a", "key_sha256": "sha256:" + "AB" * 32},
        ],
    )
    assert rows == [
        {"name": "a", "sha256": "ab" * 32, "models": [], "rpm": None, "expires": None},
        {"name": "z", "sha256": DIGEST, "models": ["m"], "rpm": 5, "expires": "2027-01-31T00:00:00+00:00"},
    ]


def test_what_only_some_keys_have_is_kept() -> None:
    rules = {"tpm": 1000, "budget_day": 0.5, "budget_month": 10.0, "never_fall_back_to": ["cloud"]}
    (row,) = call(gateway_keys, [{"name": "n", "key": KEY, **rules, "budget_month": 10}])
    assert {name: row[name] for name in rules} == rules


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"key": KEY}, "no name"),
        ({"name": "n"}, "either key or key_sha256"),
        ({"name": "n", "key": KEY, "key_sha256": DIGEST}, "either key or key_sha256"),
        ({"name": "n", "key": "short"}, "fewer than 16"),
        ({"name": "n", "key_sha256": "abc"}, "not a SHA-256"),
        ({"name": "n", "key": KEY, "rpm": 0}, "rpm"),
        ({"name": "n", "key": KEY, "rpm": True}, "rpm"),
        ({"name": "n", "key": KEY, "models": "m"}, "models"),
        ({"name": "n", "key": KEY, "tpm": 1.5}, "tpm"),
        ({"name": "n", "key": KEY, "budget_day": 0}, "budget_day"),
        ({"name": "n", "key": KEY, "budget_month": -1}, "budget_month"),
        ({"name": "n", "key": KEY, "budget_month": float("nan")}, "budget_month"),
        ({"name": "n", "key": KEY, "budget_month": True}, "budget_month"),
        ({"name": "n", "key": KEY, "budget_month": "5"}, "budget_month"),
        ({"name": "n", "key": KEY, "never_fall_back_to": "cloud"}, "never_fall_back_to"),
        ({"name": "n", "key": KEY, "expires": "soon"}, "expires"),
        ({"name": "n", "key": KEY, "modles": []}, "modles"),
    ],
)
def test_a_wrong_entry_is_named_and_its_key_is_not(entry: dict[str, Any], words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words) as caught:
        call(gateway_keys, [entry])
    assert KEY not in str(caught.value)


def test_names_and_keys_are_unique() -> None:
    with pytest.raises(AnsibleFilterError, match="the name is taken"):
        call(gateway_keys, [{"name": "n", "key": KEY}, {"name": "n", "key": KEY + "2"}])
    with pytest.raises(AnsibleFilterError, match="the same key"):
        call(gateway_keys, [{"name": "n", "key": KEY}, {"name": "o", "key_sha256": DIGEST}])
