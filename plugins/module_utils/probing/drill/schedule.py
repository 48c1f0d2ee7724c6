# SPDX-License-Identifier: Apache-2.0
"""What is asked at which stage of a drill. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# Under the name whose first tier is taken away, and under the next tier's own name beside it.
CHAIN, OWN = "chain", "own"
# Shares of all requests: before anything is away, while it is, and after it is back.
_BEFORE, _AWAY = 0.2, 0.5
FEWEST = 40
# While a tier comes back nothing is compared, and many questions to the others would slow it.
_PAUSE_ON_THE_WAY_BACK_S = 1.0


class Tier(NamedTuple):
    """One of those that answer for a model, and the name at the gateway that asks it first.

    ``deployment`` is empty where it cannot be taken away, such as a cloud.
    """

    name: str
    model: str
    deployment: str = ""


class Stage(NamedTuple):
    """What users ask while it lasts."""

    name: str
    asked: tuple[tuple[str, str], ...]
    requests: int
    # Seconds between an answer and a user's next request, where that is longer than usual.
    pause: float = 0.0

    def question(self, number: int) -> tuple[str, str, bool]:
        """Who is asked by a request, under which name, and whether the answer streams.

        One name after the other, and each of them in turn whole and as a stream: what is compared later was
        asked side by side, so that a busy machine slows both.
        """
        kind, model = self.asked[number % len(self.asked)]
        return kind, model, (number // len(self.asked)) % 2 == 1


def stages(tiers: Sequence[Tier], depth: int, requests: int) -> list[Stage]:
    """Before, one for each tier that is taken away, and after. Between them comes the way back."""
    model = tiers[0].model
    away_share = int(requests * _AWAY)
    before = int(requests * _BEFORE)
    found = [Stage("before", ((CHAIN, model),), before)]
    for taken in range(1, depth + 1):
        # The next tier is asked under its own name, too, unless it has to be paid.
        own = tiers[taken : taken + 1]
        # The first is what a drill is about; when everything is away, answers are refusals.
        share = (
            away_share
            if depth == 1
            else away_share * 2 // 3
            if taken == 1
            else away_share // 3 // (depth - 1)
        )
        found.append(
            Stage(
                f"without {' and '.join(tier.name for tier in tiers[:taken])}",
                ((CHAIN, model), *((OWN, tier.model) for tier in own if tier.deployment)),
                share,
            )
        )
    rest = requests - sum(stage.requests for stage in found)
    found.append(Stage("after", ((CHAIN, model),), rest))
    return found


def way_back(tier: Tier, tiers: Sequence[Tier]) -> Stage:
    """While a tier comes back. It is asked under its own name: above it, others may be away still."""
    asked = [(CHAIN, tiers[0].model)]
    if tier.name != tiers[0].name:
        asked.append((OWN, tier.model))
    return Stage(f"{tier.name} comes back", tuple(asked), 0, _PAUSE_ON_THE_WAY_BACK_S)
