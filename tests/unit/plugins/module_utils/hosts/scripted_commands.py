"""Programs of a host that answer from a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ansible_collections.inference.stack.plugins.module_utils.hosts.system.commands import Finished


class Commands:
    """Answers by program, or by program and first argument; what nobody scripted is not installed."""

    def __init__(self, answers: Mapping[str, str | Finished] | None = None) -> None:
        self.answers = dict(answers or {})
        self.asked: list[list[str]] = []

    def __call__(self, words: Sequence[str], timeout: float = 0) -> Finished:
        self.asked.append(list(words))
        program = Path(words[0]).name
        for name in (" ".join([program, *words[1:2]]), program):
            answer = self.answers.get(name)
            if answer is not None:
                return Finished(0, answer, "") if isinstance(answer, str) else answer
        return Finished(None, "", f"{words[0]} cannot be run")
