"""The gateway's models, fallbacks and keys, and what Ollama has to pull."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import (
    gateway_fallbacks,
    gateway_keys,
    gateway_models,
    missing_ollama_models,
)

KEY = "sk-n8n-0123456789abcdef"
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()


def call(module: Any, *arguments: Any) -> Any:
    ((_, function),) = module.FilterModule().filters().items()
    return function(*arguments)


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


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"key": KEY}, "no name"),
        ({"name": "n"}, "either key or key_sha256"),
        ({"name": "n", "key": KEY, "key_sha256": DIGEST}, "either key or key_sha256"),
        ({"name": "n", "key": "short"}, "fewer than 16"),
        ({"name": "n", "key_sha256": "abc"}, "no SHA-256"),
        ({"name": "n", "key": KEY, "rpm": 0}, "rpm"),
        ({"name": "n", "key": KEY, "rpm": True}, "rpm"),
        ({"name": "n", "key": KEY, "models": "m"}, "models"),
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


def test_our_tiers_keep_out_of_litellms_way() -> None:
    rows = [{"model_name": "a", "model_info": {"tier": tier}} for tier in ("gpu", "paid")]
    infos = [row["model_info"] for row in call(gateway_models, rows)]
    assert infos == [{"inference_tier": "gpu"}, {"tier": "paid"}]


def test_aliases_get_the_fallbacks_of_their_models_unless_they_have_their_own() -> None:
    fallbacks = [{"big": ["small"]}, {"mine": ["other"]}]
    found = call(gateway_fallbacks, fallbacks, {"alias": "big", "mine": "big", "lone": "small"})
    assert found == [*fallbacks, {"alias": ["small"]}]


LISTING = (
    "NAME          ID    SIZE    MODIFIED\nqwen3:4b      abc   2.5 GB  now\nhouse:latest  def   1 GB  now\n"
)


@pytest.mark.parametrize(
    ("model", "commands"),
    [
        ({"name": "qwen3:4b"}, None),
        ({"name": "house", "source": "http://r:5000/x/house:1"}, None),
        ({"name": "gemma3"}, ["ollama pull gemma3:latest"]),
        ({"name": "gemma3:1b", "source": "gemma3:1b"}, ["ollama pull gemma3:1b"]),
        (
            {"name": "m", "source": "http://r:5000/x/m:1"},
            ["ollama pull --insecure r:5000/x/m:1", "ollama cp r:5000/x/m:1 m:latest"],
        ),
        (
            {"name": "m", "source": "https://r/x/m"},
            ["ollama pull r/x/m:latest", "ollama cp r/x/m:latest m:latest"],
        ),
        (
            {"name": "m", "source": "r:5000/x/m", "insecure": True},
            ["ollama pull --insecure r:5000/x/m:latest", "ollama cp r:5000/x/m:latest m:latest"],
        ),
    ],
)
def test_only_missing_models_are_pulled(model: dict[str, Any], commands: list[str] | None) -> None:
    found = call(missing_ollama_models, [model], LISTING)
    assert [item["commands"] for item in found] == ([] if commands is None else [commands])


def test_a_source_of_another_kind_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="ftp"):
        call(missing_ollama_models, [{"name": "m", "source": "ftp://r/m"}], "")
