# SPDX-License-Identifier: Apache-2.0
"""Release numbers of vLLM, compute capabilities and drivers, in the order in which they came."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RELEASE = re.compile(r"^v?(\d+)\.(\d+)(?:\.(\d+))?(?:\.?(rc|post)(\d+))?$")
_SUFFIX_ORDER = {"rc": -1, "": 0, "post": 1}


@dataclass(frozen=True, order=True)
class Release:
    """A release such as 0.8.5.post1. A candidate comes before its release, a post release after it."""

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
        major, minor, patch, suffix, number = found.groups()
        return cls(int(major), int(minor), int(patch or 0), _SUFFIX_ORDER[suffix or ""], int(number or 0))

    def __str__(self) -> str:
        suffix = {-1: "rc", 0: "", 1: ".post"}[self.suffix_order]
        return f"{self.major}.{self.minor}.{self.patch}" + (f"{suffix}{self.suffix_number}" if suffix else "")


def release_of_image(reference: str) -> Release | None:
    """The release that an image's tag names, with or without a suffix such as ``-cu129``."""
    name = reference.split("@", 1)[0]
    last = name.rsplit("/", 1)[-1]
    if ":" not in last:
        return None
    return Release.parse(last.rsplit(":", 1)[1].split("-", 1)[0])


def numbers(text: str) -> tuple[int, ...]:
    """Dotted numbers (a compute capability, a driver) as something that compares."""
    return tuple(int(part) for part in text.split("."))
