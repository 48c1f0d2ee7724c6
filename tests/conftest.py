"""Lets tests import the collection under the name that Ansible gives it."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for entry in (ROOT, ROOT / ".ansible" / "collections"):
    if str(entry) not in sys.path:
        sys.path.insert(0, str(entry))
