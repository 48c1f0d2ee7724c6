# SPDX-License-Identifier: Apache-2.0
"""The file of a history: lines of JSON, only ever appended to."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...module_utils.errors import InvalidInput, StackError


def parse(text: str) -> list[dict[str, Any]]:
    """The runs of a history. An unfinished line of a killed run is ignored."""
    runs = []
    for line in text.split("\n"):
        try:
            run = json.loads(line)
        except ValueError:
            continue
        if isinstance(run, dict) and isinstance(run.get("points"), list):
            runs.append(run)
    return runs


def read(path: Path) -> list[dict[str, Any]]:
    """The runs of a file; none where there is no file yet."""
    try:
        return parse(path.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InvalidInput(f"the history {path} cannot be read: {error.strerror}") from None


def append(path: Path, make: Callable[[list[dict[str, Any]]], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Add the run that ``make`` makes of the runs so far. A lock keeps other writers waiting."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+", encoding="utf-8", errors="replace") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            text = file.read()
            run = make(parse(text))
            # An unfinished line stays one of its own.
            start = "\n" if text and not text.endswith("\n") else ""
            file.write(start + json.dumps(run, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
            return run
    except OSError as error:
        raise StackError(
            f"the history {path} cannot be written: {error.strerror}", "Name another file as path."
        ) from None
