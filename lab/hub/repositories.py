"""What the hub offers: the rehearsal's model, as files of a repository."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lab.components.model_components import vllm_snapshot


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
