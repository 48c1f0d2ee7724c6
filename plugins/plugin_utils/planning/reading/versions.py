# SPDX-License-Identifier: Apache-2.0
"""Release numbers of vLLM, compute capabilities and drivers, in the order in which they came."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RELEASE = re.compile(r"^v?(\d+)\.(\d+)(?:\.(\d+))?(?:\.?(rc|post)(\d+)|(\.)(\d+))?$")
_DRIVER = re.compile(r"^\d{3,4}(\.\d{1,3}){0,2}$")
_SUFFIXES = {"rc": -1, "": 0, ".post": 1, ".": 2}


@dataclass(frozen=True, order=True)
class Release:
    """A release such as 0.8.5.post1. A candidate comes before its release, what is added to it after it."""

    major: int
    minor: int
    patch: int = 0
    suffix_order: int = 0
    suffix_number: int = 0

    @classmethod
    def parse(cls, text: str) -> Release | None:
        """The release, or None when the text is none (a digest, a nightly, a branch)."""
        found = _RELEASE.match(text.strip())
        if not found:
            return None
        major, minor, patch, word, number, dot, added = found.groups()
        suffix = ".post" if word == "post" else word or dot or ""
        return cls(int(major), int(minor), int(patch or 0), _SUFFIXES[suffix], int(number or added or 0))

    def __str__(self) -> str:
        suffix = next(text for text, order in _SUFFIXES.items() if order == self.suffix_order)
        return f"{self.major}.{self.minor}.{self.patch}" + (f"{suffix}{self.suffix_number}" if suffix else "")


@dataclass(frozen=True)
class Driver:
    """A driver as somebody wants it or found it: a branch such as 570, or a release such as 570.195.03."""

    text: str
    numbers: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Driver | None:
        text = text.strip()
        return cls(text, numbers(text)) if _DRIVER.match(text) else None

    @property
    def branch(self) -> int:
        return self.numbers[0]

    @property
    def is_branch(self) -> bool:
        return len(self.numbers) == 1

    def at_least(self, minimum: tuple[int, ...]) -> bool | None:
        """Whether it is as new as ``minimum``; None where a branch holds older and newer releases."""
        if self.is_branch and len(minimum) > 1 and self.branch == minimum[0]:
            return None
        return self.numbers >= minimum

    def is_of(self, wanted: Driver) -> bool:
        """Whether it matches: the same release, or one of the wanted branch."""
        return self.numbers[: len(wanted.numbers)] == wanted.numbers

    def __str__(self) -> str:
        return self.text


def repository_of_image(reference: str) -> str:
    """An image's name without tag and digest."""
    name = reference.split("@", 1)[0]
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.split(":", 1)[0]


def tag_of_image(reference: str) -> str:
    """The tag, or nothing where a digest alone names the image."""
    return reference.split("@", 1)[0].rsplit("/", 1)[-1].partition(":")[2]


def release_of_image(reference: str) -> Release | None:
    """The release that an image's tag names, with or without a suffix such as ``-cu129``."""
    return Release.parse(tag_of_image(reference).split("-", 1)[0])


def suffix_of_image(reference: str) -> str:
    """What follows the release in an image's tag, such as ``-cu129``."""
    _, dash, suffix = tag_of_image(reference).partition("-")
    return dash + suffix


def numbers(text: str) -> tuple[int, ...]:
    """Dotted numbers (a compute capability, a driver) as something that compares."""
    return tuple(int(part) for part in text.split("."))
