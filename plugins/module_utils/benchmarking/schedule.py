# SPDX-License-Identifier: Apache-2.0
"""When requests are due."""

from __future__ import annotations

import random


def poisson(rate: float, count: int, seed: int) -> list[int]:
    """Nanoseconds after the start at which each of ``count`` requests is due, ``rate`` a second on average.

    Users ask independently of each other and of how fast the server is, which a Poisson process describes.
    Everything is computed before the run: if a client draws the next pause after an answer, a slow server
    slows its users down.
    """
    chance = random.Random(f"{seed} schedule")
    due, moment = [], 0.0
    for _ in range(count):
        moment += chance.expovariate(rate)
        due.append(int(moment * 1e9))
    return due
