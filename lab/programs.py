"""Programs of the lab that run in its containers."""

from __future__ import annotations

import hashlib
from pathlib import Path

_LAB = Path(__file__).parent
HUB = _LAB / "hub/server.py"
LINE = _LAB / "registry/line.py"


def place(folder: Path, program: Path) -> Path:
    """A copy under a name with its digest: another program is another container."""
    content = program.read_bytes()
    path = folder / f"{program.stem}-{hashlib.sha256(content).hexdigest()[:12]}.py"
    if not path.exists():
        for other in folder.glob(f"{program.stem}-*.py"):
            other.unlink()
        path.write_bytes(content)
    return path
