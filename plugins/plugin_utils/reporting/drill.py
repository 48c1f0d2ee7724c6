# SPDX-License-Identifier: Apache-2.0
"""What a drill found, as playbooks/drill.yml keeps it. Pure.

format    of the document: 1
time      when it was noted, UTC
model     that users asked for
passed, requests, failures, stages, outages, problems   as the module llm_drill returns them
"""

from __future__ import annotations

from typing import Any

from .document import read_document

FORMAT = 1


def read_drill(text: str) -> dict[str, Any]:
    """The document of a file; an empty one for an empty text."""
    fix = "Remove the file, then drill anew: ansible-playbook playbooks/drill.yml"
    return read_document(text, "drill", FORMAT, fix)
