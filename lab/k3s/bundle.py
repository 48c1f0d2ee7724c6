"""Makes the ``k3s`` executable: one file with the supervisor and every program that it starts."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

from lab.components.go_components import KUBE_PROGRAMS

_SHEBANG = b"#!/usr/bin/env python3\n"
_MAIN = "import sys\n\nfrom supervisor.cli import main\n\nsys.exit(main())\n"
_SUPERVISOR = Path(__file__).parent / "supervisor"
_KUBE = "kube"
_CONTAINERD = ("containerd", "containerd-shim-runc-v2", "ctr")
_OPTIONAL = ("crictl",)
_GO_BUILD_INFO = b"\xff Go buildinf:"
# Level 1 unpacks in a second or two and is a third of the size.
_COMPRESSION = 1
_EPOCH = (1980, 1, 1, 0, 0, 0)


class BundleError(Exception):
    """The executable cannot be made of what was given."""


def build(
    dest: Path, kube_bin: Path, containerd_bin: Path, version: str, pause_bin: Path | None = None
) -> None:
    """Write the executable to ``dest``; the same inputs make the same bytes.

    The folders hold what the components were built to. ``pause`` is looked for in ``pause_bin``, else
    beside the others.
    """
    programs = _find_programs([kube_bin, containerd_bin, *([pause_bin] if pause_bin else [])])
    digest = _digest(version, programs)
    manifest = {
        "version": version,
        "hash": digest,
        "go_version": go_version(programs[_KUBE]),
        "programs": sorted(programs),
        "links": dict.fromkeys(KUBE_PROGRAMS, _KUBE),
        # Named after the program alone: nothing is loaded anew where only the rest changed.
        "pause_image": f"k3s.local/pause:{hashlib.sha256(programs['pause'].read_bytes()).hexdigest()[:12]}",
    }
    dest.parent.mkdir(parents=True, exist_ok=True)
    partial = dest.with_name(f".{dest.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(_SHEBANG)
            with zipfile.ZipFile(file, "w") as archive:
                _add(archive, "__main__.py", _MAIN.encode())
                _add(archive, "payload.json", json.dumps(manifest, sort_keys=True).encode())
                for path in _modules():
                    _add(archive, f"supervisor/{path.name}", path.read_bytes())
                for name, path in sorted(programs.items()):
                    _add(archive, f"bin/{name}", path.read_bytes())
        partial.chmod(0o755)
        partial.replace(dest)
    finally:
        partial.unlink(missing_ok=True)


def go_version(program: Path) -> str:
    """Read which Go a program was built with, out of what its linker left there."""
    content = program.read_bytes()
    start = content.find(_GO_BUILD_INFO)
    # Since Go 1.18: magic, pointer size, flags, padding to 32 bytes, then length and text.
    if start < 0 or len(content) < start + 33 or not content[start + 15] & 2:
        return "unknown"
    length = content[start + 32]
    return content[start + 33 : start + 33 + length].decode(errors="replace")


def _find_programs(folders: list[Path]) -> dict[str, Path]:
    found = {}
    for name in (_KUBE, *_CONTAINERD, "pause", *_OPTIONAL):
        path = next((folder / name for folder in folders if (folder / name).is_file()), None)
        if path:
            found[name] = path
        elif name not in _OPTIONAL:
            raise BundleError(f"{name} is missing in {', '.join(str(folder) for folder in folders)}")
    return found


def _modules() -> list[Path]:
    return sorted(_SUPERVISOR.glob("*.py"))


def _digest(version: str, programs: dict[str, Path]) -> str:
    """The name of this payload: whoever has unpacked it need not do so again."""
    digest = hashlib.sha256(version.encode())
    for name, path in sorted([*programs.items(), *((path.name, path) for path in _modules())]):
        content = path.read_bytes()
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o755 << 16
    entry.create_system = 3
    archive.writestr(entry, content, compresslevel=_COMPRESSION)
