"""Which models Ollama has to pull, and how."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.cluster.ollama_models import (
    download_progress,
    missing_models,
    models_in,
)
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput

LISTING = (
    "NAME          ID    SIZE    MODIFIED\nqwen3:4b      abc   2.5 GB  now\nhouse:latest  def   1 GB  now\n"
)


def test_the_listing_names_models_with_their_tags() -> None:
    assert models_in(LISTING) == ["qwen3:4b", "house:latest"]
    assert models_in("") == models_in("NAME  ID  SIZE  MODIFIED\n") == []


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
    found = missing_models([model], models_in(LISTING))
    assert [[" ".join(words) for words in pull.commands] for pull in found] == (
        [] if commands is None else [commands]
    )


@pytest.mark.parametrize(
    ("model", "words"), [({"name": "m", "source": "ftp://r/m"}, "ftp"), ({"name": ""}, "without a name")]
)
def test_what_cannot_be_pulled_is_refused(model: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        missing_models([model], [])


DRAWN = (
    "\x1b[?2026h\x1b[?25l\x1b[A\x1b[1Gpulling manifest \x1b[K\n"
    "pulling 3e4cb1417446:  45% ▕███     ▏ 1.1 GB/2.5 GB   40 MB/s    31s\x1b[K\x1b[?25h\x1b[?2026l"
)


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ("", ""),
        ("pulling manifest ⠋ \x1b[K", ""),
        (DRAWN, "45 %, 1.1 GB/2.5 GB 40 MB/s 31s"),
        (DRAWN + DRAWN.replace("45%", "46%"), "46 %, 1.1 GB/2.5 GB 40 MB/s 31s"),
        # A layer that is there is drawn on.
        (DRAWN + "\npulling ae370d884f10: 100% ▕████████▏ 1.7 KB\x1b[K", "45 %, 1.1 GB/2.5 GB 40 MB/s 31s"),
        ("pulling ae370d884f10: 100% ▕████████▏ 1.7 KB\x1b[K", "100 %, 1.7 KB"),
        # The beginning is cut off.
        (DRAWN[DRAWN.index(" 45%") :], "45 %, 1.1 GB/2.5 GB 40 MB/s 31s"),
    ],
)
def test_the_progress_of_a_download_is_read_off_its_bars(shown: str, told: str) -> None:
    assert download_progress(shown) == told
