"""Lets tests import the collection under the name that Ansible gives it, and gives them a server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.plugins.scripted_server import ScriptedServer

ROOT = Path(__file__).resolve().parent.parent
for entry in (ROOT, ROOT / ".ansible" / "collections"):
    if str(entry) not in sys.path:
        sys.path.insert(0, str(entry))


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server without routes."""
    from tests.unit.plugins.scripted_server import ScriptedServer

    scripted = ScriptedServer()
    yield scripted
    scripted.close()
