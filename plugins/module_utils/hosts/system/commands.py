# SPDX-License-Identifier: Apache-2.0
"""Runs a host's own programs to ask them something, never for longer than allowed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Finished:
    """How a program ended. ``code`` is None where it did not end by itself or could not start."""

    code: int | None
    output: str
    error: str

    @property
    def succeeded(self) -> bool:
        return self.code == 0


def run(words: Sequence[str], timeout: float = TIMEOUT_S) -> Finished:
    """Run a program without a shell and without input."""
    try:
        done = subprocess.run(
            list(words),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Finished(None, "", f"{words[0]} did not end within {timeout:g} s")
    except OSError as error:
        return Finished(None, "", f"{words[0]} cannot be run: {error.strerror}")
    return Finished(done.returncode, done.stdout, done.stderr)
