# SPDX-License-Identifier: Apache-2.0
"""Releases of the gateway that must not be installed, and those that nobody mends any more."""

from __future__ import annotations

import re

from ..catalog.catalog import Catalog
from ..inputs.wanted import VARIABLES
from ..reading.findings import Findings
from ..reading.tables import Table
from ..reading.versions import Release, tag_of_image

_RELEASE = re.compile(r"(?<![\d.])\d+\.\d+\.\d+(?!\.?\d)")


def check(wanted: object, catalog: Catalog, findings: Findings) -> None:
    """A tag names a release with or without words around it, as in main-v1.82.6-stable."""
    variable = VARIABLES["litellm_image"]
    image = Table({variable: wanted}, "", findings).text(variable)
    named = _RELEASE.search(tag_of_image(image))
    release = Release.parse(named[0]) if named else None
    if release is None:
        return
    oldest = catalog.litellm_supported
    bans = [ban for ban in catalog.litellm_banned if ban.holds(release)]
    if bans:
        told = f"{bans[0].reason} ({bans[0].advisory}, {bans[0].source})"
        told += "".join(f"; {ban.advisory}" for ban in bans[1:])
        fix = f"Choose {oldest} or newer." if oldest and oldest > release else "Choose another release."
        findings.problem(variable, f"names LiteLLM {release}, which must not run: {told}", fix)
    elif oldest and release < oldest:
        findings.warn(
            f"{variable} names LiteLLM {release}, whose faults nobody mends any more."
            f" Choose {oldest} or newer."
        )
