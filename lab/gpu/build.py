"""Builds the stand-in for an NVIDIA driver: what a GPU host of the lab gets instead of one.

The libraries answer what a GPU is and how much of its memory is used; they cannot compute. Memory follows
live processes that declare ``STANDIN_GPU_MEMORY_MIB`` in their environment.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.components.component import BuildContext, Component

DRIVER_VERSION = "570.195.03"
DEBIAN_PACKAGES = ("gcc", "libc6-dev")
MEMORY_DECLARATION = "STANDIN_GPU_MEMORY_MIB"
SETTINGS = {
    "name": "NVIDIA GeForce RTX 3060",
    "memory_mib": "12288",
    "driver_version": DRIVER_VERSION,
    "cuda_version": "12080",
    "compute_capability": "8.6",
    "pci_bus_id": "0000:01:00.0",
    "uuid": "GPU-5ca1ab1e-0000-4000-8000-000000003060",
    "failure": "none",
}
FAILURES = ("none", "fallen_off_bus", "driver_not_loaded", "version_mismatch")

Run = Callable[[Sequence[str | Path]], None]

_HERE = Path(__file__).parent
_SOURCES = _HERE / "standin"
_NVML_FILES = ("settings", "processes", "nvml_system", "nvml_device", "nvml_events")
_STATIC_ROOTFS = _HERE / "rootfs"
_LIBRARY_DIR = "usr/lib/x86_64-linux-gnu"
# No GNU extensions: newer C libraries would bind their own symbols, which older hosts lack.
_COMPILE: tuple[str | Path, ...] = (
    "gcc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O2", "-Wall", "-Wextra", "-Werror",
    f'-DSTANDIN_DRIVER_VERSION="{DRIVER_VERSION}"',
)  # fmt: skip
_README = f"""\
Stand-in for an NVIDIA driver {DRIVER_VERSION}, made for a lab without a GPU.

libnvidia-ml and libcuda here are not NVIDIA's and cannot compute. The GPU that they describe stands in
/etc/nvidia-standin.conf; change it with "nvidia-standin set KEY=VALUE", for instance
failure={"|".join(FAILURES)}.
Its used memory is what live processes declare as {MEMORY_DECLARATION} in their environment; the same amount
within one PID namespace counts once.
"""


@dataclass(frozen=True)
class HostOverlay:
    """What a GPU host gets before it boots."""

    rootfs: Path
    """A tree to copy over the host's ``/``; it holds links, so copy it as tar or ``cp -a`` does."""
    commands: tuple[tuple[str, ...], ...]
    """To run in the host once the tree is there."""


def host_overlay(output: Path) -> HostOverlay:
    """Where the parts lie in the component's output."""
    return HostOverlay(
        rootfs=output / "rootfs",
        commands=(("ldconfig",), ("systemctl", "enable", "nvidia-standin.service")),
    )


def build_libraries(folder: Path, run: Run) -> None:
    """Compile both libraries, named and linked as a driver installs them."""
    folder.mkdir(parents=True, exist_ok=True)
    nvml_sources = [_SOURCES / f"{name}.c" for name in _NVML_FILES]
    _build_library(folder, "libnvidia-ml.so", nvml_sources, run)
    _build_library(folder, "libcuda.so", [_SOURCES / "cuda.c"], run)


def build(dest: Path, run: Run) -> None:
    """Fill ``dest`` with the overlay of a GPU host and a README."""
    rootfs = dest / "rootfs"
    shutil.copytree(_STATIC_ROOTFS, rootfs)
    build_libraries(rootfs / _LIBRARY_DIR, run)
    smi = rootfs / "usr/bin/nvidia-smi"
    smi.parent.mkdir(parents=True)
    run([*_COMPILE, "-o", smi, _SOURCES / "nvidia_smi.c", "-ldl"])
    settings = rootfs / "etc/nvidia-standin.conf"
    settings.write_text(render_settings(SETTINGS))
    # The container runtime mounts a GPU's firmware into containers: so the settings reach them, too.
    firmware = rootfs / f"usr/lib/firmware/nvidia/{DRIVER_VERSION}/gsp_standin.bin"
    firmware.parent.mkdir(parents=True)
    firmware.symlink_to("/etc/nvidia-standin.conf")
    for readme in (dest / "README", rootfs / "usr/share/doc/nvidia-standin/README"):
        readme.parent.mkdir(parents=True, exist_ok=True)
        readme.write_text(_README)


def render_settings(settings: dict[str, str]) -> str:
    """The text of /etc/nvidia-standin.conf."""
    lines = [f"{key}={value}" for key, value in settings.items()]
    return "\n".join(["# The stand-in GPU; read at each question.", *lines, ""])


def _build_library(folder: Path, name: str, sources: Sequence[Path], run: Run) -> None:
    library = folder / f"{name}.{DRIVER_VERSION}"
    soname = f"{name}.1"
    run([
        *_COMPILE, "-fPIC", "-fvisibility=hidden", "-shared", f"-Wl,-soname,{soname}",
        "-o", library, *sources,
    ])  # fmt: skip
    (folder / soname).symlink_to(library.name)
    (folder / name).symlink_to(soname)


def _build_component(dest: Path, context: BuildContext) -> None:
    build(dest, context.run)


COMPONENT = Component(
    name="gpu-standin",
    kind="compile",
    estimate_s=3,
    inputs=(_SOURCES, _STATIC_ROOTFS, Path(__file__)),
    build=_build_component,
)
