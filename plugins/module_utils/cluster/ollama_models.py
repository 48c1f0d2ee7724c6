# SPDX-License-Identifier: Apache-2.0
"""Which models an Ollama server has to pull, and with which commands. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import InvalidInput

# "pulling 3e4cb1417446:  45% ▕███   ▏ 1.1 GB/2.5 GB   40 MB/s    31s", drawn again and again for each layer.
_BAR = re.compile(r"(\d+)% ▕[^▏]*▏([^\x1b\r\n]*)")


class Pull(NamedTuple):
    """A model that is missing, and how to get it."""

    name: str
    commands: list[list[str]]


def models_in(listing: str) -> list[str]:
    """The names in the output of ``ollama list``."""
    return [line.split()[0] for line in listing.splitlines()[1:] if line.split()]


def missing_models(models: Sequence[Mapping[str, Any]], present: Sequence[str]) -> list[Pull]:
    """What to pull, in the order of the list."""
    wanted = [Pull(with_tag(str(model.get("name") or "")), pull_commands(model)) for model in models]
    return [pull for pull in wanted if pull.name not in present]


def pull_commands(model: Mapping[str, Any]) -> list[list[str]]:
    name = with_tag(str(model.get("name") or ""))
    source = str(model.get("source") or "")
    scheme, separator, reference = source.partition("://")
    if not separator:
        reference = source
    elif scheme not in ("http", "https"):
        raise InvalidInput(
            f"ollama_models: the source of {name} starts with {scheme}://.", "Use http or https."
        )
    insecure = bool(model.get("insecure")) or (scheme == "http" and bool(separator))
    reference = with_tag(reference) if reference else name
    pull = ["ollama", "pull", *(["--insecure"] if insecure else []), reference]
    return [pull] if reference == name else [pull, ["ollama", "cp", reference, name]]


def with_tag(name: str) -> str:
    """Ollama's own default: a name without a tag means latest."""
    if not name:
        raise InvalidInput("ollama_models has an entry without a name.")
    return name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest"


def download_progress(shown: str) -> str:
    """How far the layer is that comes last in what ``ollama pull`` shows; empty where it shows none."""
    bars = [(int(found[1]), " ".join(found[2].split())) for found in _BAR.finditer(shown)]
    # What is there is drawn on as long as the others load.
    loading = [bar for bar in bars if bar[0] < 100] or bars
    return ", ".join([f"{loading[-1][0]} %", *filter(None, [loading[-1][1]])]) if loading else ""
