"""The filter missing_ollama_models."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import missing_ollama_models

from tests.unit.plugins.filter.filter_calls import call

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
