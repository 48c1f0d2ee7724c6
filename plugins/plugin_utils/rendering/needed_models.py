# SPDX-License-Identifier: Apache-2.0
"""What of a model cache has to stay: for the models of an inventory, and for engines of a cluster. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ..boundary.filters import read_rows

_FETCH = "fetch-model"
# A repository's name has a slash, or stands in a mapping: {"model": "gpt2"}, name=gpt2.
_MAY_NAME = frozenset("/{=")


def needed_models(models: Any, deployments: Any = ()) -> dict[str, list[str]]:
    """``needed`` are words as REPOSITORY@REVISION; ``mentioned`` texts that may name further repositories.

    Engines of ``deployments``, of whichever site, keep theirs until they are gone.
    """
    needed: dict[str, None] = {}
    mentioned: dict[str, None] = {}
    for model in read_rows(models, "vllm_models"):
        words = [_word(row) for row in model.get("repositories") or []]
        _note(words, model.get("arguments") or [], needed, mentioned)
    for deployment in read_rows(deployments or [], "deployments"):
        pod = deployment["spec"]["template"]["spec"]
        words = [word for row in pod.get("initContainers") or [] for word in _fetched(row)]
        _note(words, [text for row in pod.get("containers") or [] for text in _texts(row)], needed, mentioned)
    return {"needed": list(needed), "mentioned": list(mentioned)}


def _note(
    words: Sequence[str], texts: Iterable[str], needed: dict[str, None], mentioned: dict[str, None]
) -> None:
    """A text that is only the name of what was fetched keeps no other snapshot of it."""
    needed.update(dict.fromkeys(words))
    names = {word.partition("@")[0] for word in words}
    mentioned.update(dict.fromkeys(text for text in texts if _MAY_NAME & set(text) and text not in names))


def _word(row: Mapping[str, Any]) -> str:
    return f"{row['repository']}@{row.get('revision') or 'main'}"


def _fetched(container: Mapping[str, Any]) -> Iterator[str]:
    """The repositories in the command of the container that fetches models."""
    words = [str(word) for word in container.get("command") or []] if container.get("name") == _FETCH else []
    options = ("--reserve-bytes", "--patience")
    for before, word in pairwise(words[1:]):
        if before not in options and not word.startswith("--"):
            name, _, revision = word.partition("@")
            yield f"{name}@{revision or 'main'}"


def _texts(container: Mapping[str, Any]) -> list[str]:
    return [str(word) for key in ("command", "args") for word in container.get(key) or []]
