# SPDX-License-Identifier: Apache-2.0
"""What a drill found, as playbooks/drill.yml keeps it. Pure.

format    of the document: 1
time      when it was noted, UTC
model     that users asked for
passed, requests, failures, stages, outages, problems   as the module llm_drill returns them
"""

from __future__ import annotations

import json
from typing import Any

from ...module_utils.errors import InvalidInput

FORMAT = 1


def read_drill(text: str) -> dict[str, Any]:
    """The document of a file; an empty one for an empty text."""
    if not text.strip():
        return {}
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise InvalidInput(
            "this version cannot read the drill",
            "Remove the file, then drill anew: ansible-playbook playbooks/drill.yml",
        )
    return told
