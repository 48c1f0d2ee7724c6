"""Debian root filesystems, made from packages without a container engine."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from lab.components.component import BuildContext
from lab.settings import pins

DEBIAN_RECIPE = 1
"""Counts the changes to bootstrap() that change what comes out; part of every fingerprint."""

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

_SOURCES = Path("/etc/apt")
_DEB822_URI = re.compile(r"^URIs:\s*(\S+)", re.MULTILINE)
_ONE_LINE_URI = re.compile(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)", re.MULTILINE)
# Nobody reads manuals in there; they are a third of the size.
_WITHOUT = ("man", "doc", "locale", "info", "lintian", "linda", "bug")


def suite() -> str:
    """The Debian release of hosts and images."""
    return str(pins()["debian"]["suite"])


def mirror(sources: Path = _SOURCES) -> str:
    """Where this machine takes Debian from, or else Debian's own address."""
    files = [sources / "sources.list", *sorted((sources / "sources.list.d").glob("*"))]
    for path in files:
        if path.suffix in {".list", ".sources"} and path.is_file():
            pattern = _DEB822_URI if path.suffix == ".sources" else _ONE_LINE_URI
            for uri in pattern.findall(path.read_text(encoding="utf-8", errors="replace")):
                if re.fullmatch(r"https?://.*/debian/?", uri):
                    return str(uri).rstrip("/")
    return str(pins()["debian"]["mirror"])


def bootstrap(context: BuildContext, tree: Path, packages: Sequence[str]) -> None:
    """Fill a folder with Debian and packages; without their manuals, translations and indexes."""
    include = f"--include={','.join(packages)}"
    if shutil.which("mmdebstrap"):
        context.run([
            *("mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory", include),
            *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _WITHOUT),
            *("--dpkgopt=path-include=/usr/share/doc/*/copyright", f"--keyring={KEYRING}"),
            *(suite(), tree, f"deb {mirror()} {suite()} main"),
        ])  # fmt: skip
    else:
        context.run([
            *("debootstrap", "--variant=minbase", f"--keyring={KEYRING}", include),
            *(suite(), tree, mirror()),
        ])  # fmt: skip
    for name in _WITHOUT:
        shutil.rmtree(tree / "usr/share" / name, ignore_errors=True)
    for folder in ("var/lib/apt/lists", "var/cache/apt", "var/log"):
        _empty(tree / folder)
    # Whatever the machine's network was must not be baked in.
    (tree / "etc/resolv.conf").unlink(missing_ok=True)


def _empty(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.unlink()
