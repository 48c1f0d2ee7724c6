"""Parts that take minutes to build, kept in a cache under a fingerprint of what they are made from.

A component's output lies in ``<cache>/components/<name>-<fingerprint>/``. It is built beside that
folder and renamed into place, so a folder that exists is whole, whatever killed an earlier build.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

Kind = Literal["compile", "network"]
Build = Callable[[Path, "BuildContext"], None]

_FINGERPRINT_LENGTH = 12
_PARTIAL_PREFIX = ".partial-"


class ComponentError(Exception):
    """A component could not be built; the log says why."""

    def __init__(self, name: str, log_path: Path, reason: str) -> None:
        super().__init__(f"{name}: {reason}; see {log_path}")
        self.name = name
        self.log_path = log_path
        self.reason = reason


@dataclass(frozen=True)
class BuildContext:
    """What a recipe may use: the shared cache, the log, and a way to run programs into that log."""

    name: str
    cache: Path
    log_path: Path
    log: IO[str]

    def run(
        self,
        cmd: Sequence[str | Path],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """Run a program; ``env`` is added to the environment. A failure raises ComponentError."""
        words = [str(word) for word in cmd]
        self.log.write(f"$ {' '.join(words)}\n")
        self.log.flush()
        try:
            done = subprocess.run(
                words,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=subprocess.STDOUT,
                check=False,
            )
        except OSError as error:
            self.log.write(f"{error}\n")
            raise ComponentError(self.name, self.log_path, f"{words[0]}: {error.strerror}") from error
        if done.returncode != 0:
            raise ComponentError(self.name, self.log_path, f"{words[0]} ended with {done.returncode}")


@dataclass(frozen=True)
class Component:
    """One part: what it is made from, and how."""

    name: str
    kind: Kind
    estimate_s: int
    """Roughly how long a cold build takes, for the display of progress."""
    inputs: tuple[Path, ...]
    """Files and folders whose contents decide whether a built output is still right."""
    build: Build
    """Fills the (empty, existing) folder that it is given. Its paths must not remember that folder,
    which is renamed afterwards."""
    revision: str = ""
    """Whatever else decides about the output: pins and flags that no input file holds."""


def default_cache() -> Path:
    """The cache that all checkouts of one user share."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "inference-stack"


def fingerprint(component: Component) -> str:
    """A digest of the contents and relative names of the inputs, and of the recipe's revision."""
    digest = hashlib.sha256()
    for part in (component.name, component.revision):
        _feed(digest, part.encode())
    for number, root in enumerate(component.inputs):
        for path in _files(root):
            # Only the name below the input counts: another checkout has the same fingerprint.
            _feed(digest, f"{number}:{path.relative_to(root).as_posix()}".encode())
            _feed(digest, path.read_bytes())
    return digest.hexdigest()[:_FINGERPRINT_LENGTH]


def output_path(component: Component, cache: Path) -> Path:
    """Where this version of the component lies, or will lie."""
    return cache / "components" / f"{component.name}-{fingerprint(component)}"


def is_cached(component: Component, cache: Path) -> bool:
    """Whether ensure() would return at once."""
    return output_path(component, cache).is_dir()


def ensure(component: Component, cache: Path) -> Path:
    """Return the component's folder, building it first where it is missing."""
    output = output_path(component, cache)
    if output.is_dir():
        return output
    output.parent.mkdir(parents=True, exist_ok=True)
    with _locked(component, cache):
        # Whoever held the lock before may have built just this.
        if not output.is_dir():
            _build(component, cache, output)
    return output


def prune_old(component: Component, cache: Path) -> list[Path]:
    """Remove the component's other versions, never another component's; return what was removed."""
    keep = output_path(component, cache)
    removed = []
    with _locked(component, cache):
        for path in keep.parent.glob("*"):
            if path != keep and _is_version_of(component, path.name):
                shutil.rmtree(path)
                removed.append(path)
    return sorted(removed)


def log_path(component: Component, cache: Path) -> Path:
    """The log of the component's latest build."""
    return cache / "logs" / f"{component.name}.log"


def _build(component: Component, cache: Path, output: Path) -> None:
    _remove_partials(component, output.parent)
    log_file = log_path(component, cache)
    log_file.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{_PARTIAL_PREFIX}{component.name}-", dir=output.parent))
    try:
        # mkdtemp makes a folder for its owner alone; hosts read the outputs as other users.
        partial.chmod(0o755)
        with log_file.open("w", encoding="utf-8") as log:
            component.build(partial, BuildContext(component.name, cache, log_file, log))
        partial.rename(output)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _remove_partials(component: Component, folder: Path) -> None:
    """Clear what a killed build of this component left; its lock is ours, so nobody writes there."""
    marker = f"{_PARTIAL_PREFIX}{component.name}-"
    for path in folder.glob(f"{marker}*"):
        if "-" not in path.name.removeprefix(marker):
            shutil.rmtree(path, ignore_errors=True)


def _is_version_of(component: Component, folder_name: str) -> bool:
    name, _, digest = folder_name.rpartition("-")
    return name == component.name and len(digest) == _FINGERPRINT_LENGTH


def _files(root: Path) -> list[Path]:
    if not root.is_dir():
        return [root]
    return sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _feed(digest: hashlib._Hash, data: bytes) -> None:
    """Add data with its length, so that two inputs cannot run into each other."""
    digest.update(len(data).to_bytes(8, "big"))
    digest.update(data)


@contextlib.contextmanager
def _locked(component: Component, cache: Path) -> Iterator[None]:
    """Hold the component's lock; the kernel drops it with the process, so none is ever stale."""
    locks = cache / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / f"{component.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
