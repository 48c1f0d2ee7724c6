# SPDX-License-Identifier: Apache-2.0
"""Typed reading of what people wrote. A wrong value becomes a finding with its path, and reading goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .findings import Findings, suggest

_SHOWN = 60  # characters of a wrong value that a message repeats
LARGEST = 10**18  # no size is beyond it, and Python can still divide it


def describe(value: object) -> str:
    """The name of a wrong value in a message."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"the number {value}" if abs(value) <= LARGEST else "a number that is too large"
    if isinstance(value, str):
        shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
        return f"the text {shown!r}"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return f"a {type(value).__name__}"


def text_advice(value: object) -> str:
    if isinstance(value, bool):
        return "YAML reads on, off, yes and no as booleans: put the word in quotes."
    if isinstance(value, (int, float)):
        return "Put it in quotes: YAML reads it as a number and drops zeros at its end."
    return ""


class Table:
    """One mapping of an inventory, with the path that a message names."""

    def __init__(self, value: object, path: str, findings: Findings) -> None:
        self.path = path
        self.findings = findings
        self.data: dict[str, Any] = {}
        if isinstance(value, Mapping):
            self.data = {str(key): item for key, item in value.items()}
        elif value is not None:
            findings.problem(path, f"must be a mapping, but is {describe(value)}")

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def wrong(self, key: str, expected: str, fix: str = "") -> None:
        self.findings.problem(self.at(key), f"must be {expected}, but is {describe(self.data.get(key))}", fix)

    def missing(self, key: str, fix: str) -> None:
        self.findings.problem(self.at(key), "is missing", fix)

    def has(self, key: str) -> bool:
        """Null counts as not written: so an inventory returns to a default."""
        return self.data.get(key) is not None

    def reject_unknown(self, known: Iterable[str], meant: Mapping[str, str] | None = None) -> None:
        """``meant`` are words of others for known keys."""
        words = set(known)
        for key in self.data:
            if key in words:
                continue
            ours = (meant or {}).get(key)
            fix = f"Did you mean {ours}?" if ours else suggest(key, words)
            self.findings.problem(self.at(key), "is not a known key", fix)

    def text(self, key: str, default: str = "") -> str:
        value = self.data.get(key)
        if value is None:
            return default
        if not isinstance(value, str):
            self.wrong(key, "text", text_advice(value))
            return default
        return value.strip()

    def integer(
        self, key: str, default: int | None = None, minimum: int = 0, maximum: int = LARGEST
    ) -> int | None:
        value = self.data.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            is_quoted = isinstance(value, str) and value.strip().isdecimal()
            self.wrong(key, "a whole number", "Remove the quotes." if is_quoted else "")
            return default
        if value < minimum:
            self.wrong(key, f"at least {minimum}")
            return default
        if value > maximum:
            self.wrong(key, f"at most {maximum}")
            return default
        return value

    def number(self, key: str, default: float | None = None, minimum: float = 0) -> float | None:
        value = self.data.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.wrong(key, "a number")
            return default
        if value > LARGEST:
            self.wrong(key, f"at most {LARGEST}")
            return default
        if not value >= minimum:  # nan is not a number either
            self.wrong(key, f"at least {minimum}")
            return default
        return float(value)

    def fraction(self, key: str, default: float) -> float:
        value = self.data.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
            self.wrong(key, "a number above 0 and up to 1")
            return default
        return float(value)

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.data.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.wrong(key, "true or false")
            return default
        return value

    def choice(self, key: str, choices: Iterable[str], default: str) -> str:
        words = list(choices)
        value = self.text(key, default)
        if value not in words and isinstance(self.data.get(key), (str, type(None))):
            self.findings.problem(self.at(key), f"is {value!r}", suggest(value, words))
        return value if value in words else default

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.data.get(key)
        if value is None:
            return ()
        if not isinstance(value, (list, tuple)):
            self.wrong(key, "a list of texts")
            return ()
        words: list[str] = []
        for index, item in enumerate(value):
            if isinstance(item, str) and item.strip():
                words.append(item.strip())
            elif isinstance(item, str):
                self.findings.problem(f"{self.at(key)}[{index}]", "is empty", "Remove the line.")
            else:
                self.findings.problem(
                    f"{self.at(key)}[{index}]", f"must be text, but is {describe(item)}", text_advice(item)
                )
        return tuple(words)

    def mapping(self, key: str, secret: bool = False) -> dict[str, Any]:
        value = self.data.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            if secret and isinstance(value, str):
                self.findings.problem(self.at(key), "must be a mapping, but is a text")
            else:
                self.wrong(key, "a mapping")
            return {}
        return {str(name): item for name, item in value.items()}

    def text_mapping(self, key: str, secret: bool = False) -> dict[str, str]:
        """A mapping of texts. Numbers are accepted; booleans are not: their spelling would be a guess."""
        words: dict[str, str] = {}
        for name, item in self.mapping(key, secret).items():
            if isinstance(item, str):
                words[name] = item
            elif isinstance(item, (int, float)) and not isinstance(item, bool):
                words[name] = str(item)
            else:
                self.findings.problem(
                    f"{self.at(key)}.{name}", f"must be text, but is {describe(item)}", text_advice(item)
                )
        return words


def rows(value: object, path: str, findings: Findings) -> list[Any]:
    """The list that was written, or an empty one and a finding."""
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return list(value)
    findings.problem(path, f"must be a list, but is {describe(value)}", "Begin each entry with a dash.")
    return []
