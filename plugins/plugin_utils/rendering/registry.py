# SPDX-License-Identifier: Apache-2.0
"""What Ollama has to pull. Pure."""

from __future__ import annotations

import shlex
from typing import Any

from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.rendering.plain import read_rows


def missing_ollama_models(models: Any, listing: str) -> list[dict[str, Any]]:
    """Commands, in order, for each model that ``ollama list`` does not show."""
    present = {line.split()[0] for line in str(listing).splitlines()[1:] if line.split()}
    missing = []
    for model in read_rows(models, "ollama_models"):
        name = with_tag(str(model.get("name") or ""))
        if name not in present:
            missing.append({"name": name, "commands": pull_commands(name, model)})
    return missing


def pull_commands(name: str, model: dict[str, Any]) -> list[str]:
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
    commands = [shlex.join(pull)]
    if reference != name:
        commands.append(shlex.join(["ollama", "cp", reference, name]))
    return commands


def with_tag(name: str) -> str:
    """Ollama's own default: a name without a tag means latest."""
    if not name:
        raise InvalidInput("ollama_models has an entry without a name.")
    return name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest"
