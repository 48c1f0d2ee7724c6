# SPDX-License-Identifier: Apache-2.0
"""Releases of the gateway that must not be installed."""

from __future__ import annotations

import re

from ..catalog.catalog import Catalog
from ..inputs.wanted import VARIABLES
from ..reading.findings import Findings
from ..reading.tables import Table
from ..reading.versions import tag_of_image

_RELEASE = re.compile(r"(?<![\d.])\d+\.\d+\.\d+(?!\.?\d)")


def check(wanted: object, catalog: Catalog, findings: Findings) -> None:
    """A tag names a release with or without words around it, as in main-v1.82.6-stable."""
    variable = VARIABLES["litellm_image"]
    image = Table({variable: wanted}, "", findings).text(variable)
    named = _RELEASE.search(tag_of_image(image))
    banned = catalog.litellm_banned.get(named[0]) if named else None
    if named and banned is not None:
        why = f"{banned.get('reason', 'the catalog bans it')} ({banned.get('source', 'inference_catalog')})"
        findings.problem(
            variable, f"names LiteLLM {named[0]}, which must not run: {why}", "Choose another release."
        )
