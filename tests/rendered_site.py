"""Whole sites, planned and rendered by one process that stays: see render_sites.py."""

from __future__ import annotations

import atexit
import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.playbook_run import environment


class Renderer:
    """The process, which ends with its stdin."""

    def __init__(self) -> None:
        # -P: a command's own folder is not on its path either, in the way this file's would be.
        self._process = subprocess.Popen(
            [sys.executable, "-P", Path(__file__).with_name("render_sites.py")],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def render(self, variables: dict[str, Any]) -> dict[str, Any]:
        orders, answers = self._process.stdin, self._process.stdout
        assert orders and answers
        orders.write(json.dumps(variables) + "\n")
        orders.flush()
        answer: dict[str, Any] = json.loads(answers.readline())
        return answer

    def close(self) -> None:
        self._process.communicate()


@functools.cache
def _renderer() -> Renderer:
    started = Renderer()
    atexit.register(started.close)
    return started


def rendered_site(variables: dict[str, Any]) -> dict[str, Any]:
    """The plan and the objects of a site with these variables in its inventory, or why it was refused."""
    return _renderer().render(variables)
