# SPDX-License-Identifier: Apache-2.0
"""Everything that planning reports, collected so that one run names every mistake."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ....module_utils.errors import InvalidInput


@dataclass(frozen=True)
class Problem:
    """Something that makes the plan impossible: where, what, and how to fix it."""

    path: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        told = f"{self.path}: {self.message}" if self.path else self.message
        return f"{told.rstrip('.')}. {self.fix}" if self.fix else told


@dataclass
class Findings:
    """Problems end the planning; warnings are part of the plan."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    # Where a person wrote something in other words than ours: paths and keys, and their names there.
    _paths: dict[str, str] = field(default_factory=dict)
    _keys: dict[str, str] = field(default_factory=dict)

    def call(self, paths: Mapping[str, str]) -> None:
        """From now on, findings use the words that the person wrote."""
        self._paths.update(paths)

    def reword(self, keys: Mapping[str, str]) -> None:
        """From now on, advice names these keys as the person writes them."""
        self._keys.update(keys)

    def _in_their_words(self, text: str) -> str:
        """The text with the longest known path at its beginning replaced."""
        if self._paths:
            for end in range(len(text), 0, -1):
                if (end == len(text) or text[end] in ".[: ") and text[:end] in self._paths:
                    return self._paths[text[:end]] + text[end:]
        return text

    def _advice(self, text: str) -> str:
        if not self._keys:
            return text
        keys = "|".join(map(re.escape, sorted(self._keys, key=len, reverse=True)))
        return re.sub(rf"\b({keys})\b", lambda found: self._keys[found[1]], text)

    def problem(self, path: str, message: str, fix: str = "") -> None:
        found = Problem(self._in_their_words(path), message, self._advice(fix))
        if found not in self.problems:
            self.problems.append(found)

    def warn(self, text: str) -> None:
        text = self._in_their_words(text)
        if text not in self.warnings:
            self.warnings.append(text)

    def stop_on_problems(self) -> None:
        """Raise one readable error if there are problems."""
        if not self.problems:
            return
        if len(self.problems) == 1:
            only = self.problems[0]
            told = f"{only.path}: {only.message}" if only.path else only.message
            raise InvalidInput(told, only.fix)
        lines = [f"  {number}. {found}" for number, found in enumerate(self.problems, start=1)]
        raise InvalidInput(f"The inventory has {len(self.problems)} problems:\n" + "\n".join(lines))


def near_matches(wrong: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The known words that were most likely meant, best first."""
    by_lower = {word.lower(): word for word in known}
    found = difflib.get_close_matches(wrong.lower(), list(by_lower), n=limit, cutoff=0.5)
    return [by_lower[word] for word in found]


def suggest(wrong: str, known: Iterable[str], otherwise: str = "Known") -> str:
    """A sentence that offers near matches, or else the whole vocabulary."""
    words = sorted(set(known))
    near = near_matches(wrong, words)
    if near:
        return "Did you mean " + " or ".join(near) + "?"
    return f"{otherwise}: {', '.join(words)}." if words else ""
