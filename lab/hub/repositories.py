"""What the hub offers: the rehearsal's model, as files of a repository."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from lab.components.model_components import vllm_snapshot

_SERVER = Path(__file__).with_name("server.py")


def lay_out(folder: Path, repository: str, model: Path) -> None:
    """Fill the hub's folder with a built model. The switches of a test beside it stay."""
    snapshot = vllm_snapshot(model)
    marker = folder / f"{repository}.commit"
    if marker.exists() and marker.read_text(encoding="ascii").strip() == snapshot.name:
        return
    target = folder / repository
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in sorted(snapshot.iterdir()):
        try:
            os.link(path.resolve(), target / path.name)
        except OSError:  # another disk
            shutil.copyfile(path, target / path.name)
    marker.write_text(f"{snapshot.name}\n", encoding="ascii")


def write_server(folder: Path) -> Path:
    """The server's program under a name with its digest: another program is another container."""
    content = _SERVER.read_bytes()
    path = folder / f"hub-{hashlib.sha256(content).hexdigest()[:12]}.py"
    if not path.exists():
        for other in folder.glob("hub-*.py"):
            other.unlink()
        path.write_bytes(content)
    return path
