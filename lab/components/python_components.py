"""The big Python servers, each as a folder of packages that a thin image gets mounted.

``<component>/site-packages`` works at any path, for any CPython 3.11 on glibc: on ``PYTHONPATH``,
read-only. It holds bytecode, because nobody could write it there later, and without it every process
of a server compiles thousands of files when it starts.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.components.component import BuildContext, Component, ComponentError
from lab.components.torch_without_cuda import remove_cuda

BUILD_PACKAGES: tuple[str, ...] = ("binutils", "gcc", "libc6-dev", "python3")
"""Debian packages that the builds need; ``python3`` where that is a 3.11."""

RUNTIME_PACKAGES: dict[str, tuple[str, ...]] = {
    "vllm": ("libnuma1", "libstdc++6", "python3"),
    "litellm": ("python3",),
    "open-webui": ("python3",),
}
"""Debian packages that an image needs to run what is mounted into it."""

PYTHON_VERSION = "3.11"
PLATFORM = "x86_64-manylinux_2_36"
"""What Debian 12 can load."""

_LOCKS = Path(__file__).parent / "python"

_UNUSED_IN_VLLM: tuple[str, ...] = (
    # For building against, not for running.
    "nvidia/cu13/include",
    "nvidia/cu13/lib/*.a",
    "torch/bin/protoc*",
    "torch/include",
    "torch/share",
)


def uv_program() -> Path:
    """The uv of this environment, or else the one on the search path."""
    beside = Path(sys.executable).with_name("uv")
    found = beside if beside.exists() else shutil.which("uv")
    if found is None:
        raise LookupError("uv is missing: install this project's requirements")
    return Path(found)


def uv_environment(cache: Path) -> dict[str, str]:
    """One uv cache for all; hard links, so that an installed package takes no space again."""
    return {
        "UV_CACHE_DIR": str(cache / "uv"),
        "UV_LINK_MODE": "hardlink",
        "UV_PYTHON_INSTALL_DIR": str(cache / "python"),
    }


def find_python(context: BuildContext) -> Path:
    """A CPython of the version that the packages are for; uv fetches one where there is none."""
    uv = uv_program()
    if system := shutil.which(f"python{PYTHON_VERSION}", path="/usr/bin:/usr/local/bin"):
        return Path(system)
    env = uv_environment(context.cache)
    context.run([uv, "python", "install", "--no-bin", PYTHON_VERSION], env=env)
    found = subprocess.run(
        [uv, "python", "find", "--managed-python", PYTHON_VERSION],
        env=env,
        capture_output=True,
        check=False,
        text=True,
    )
    if found.returncode != 0:
        raise ComponentError(context.name, context.log_path, f"no Python {PYTHON_VERSION} found")
    return Path(found.stdout.strip())


def packages_path(output: Path) -> Path:
    """Where the packages of a Python component's output lie: what ``PYTHONPATH`` has to hold."""
    return output / "site-packages"


def install(output: Path, context: BuildContext, python: Path) -> Path:
    """Install the component's locked packages below its output, for any place."""
    packages = packages_path(output)
    context.run(
        [
            *(uv_program(), "pip", "install", "--quiet", "--python", python, "--target", packages),
            *("--python-platform", PLATFORM, "--no-deps", "--only-binary", ":all:"),
            *("--require-hashes", "--requirements", _LOCKS / context.name / "requirements.txt"),
            "--compile-bytecode",
        ],
        # Bytecode that is taken as it is: a mount may show other times than the build saw.
        env={**uv_environment(context.cache), "PYC_INVALIDATION_MODE": "UNCHECKED_HASH"},
    )
    # Their first lines name the interpreter of this machine.
    shutil.rmtree(packages / "bin", ignore_errors=True)
    return packages


def _build_vllm(output: Path, context: BuildContext) -> None:
    python = find_python(context)
    packages = install(output, context, python)
    remove_cuda(packages, context.run)
    for pattern in _UNUSED_IN_VLLM:
        for path in packages.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    # Symbols for debuggers are half of these libraries.
    _strip([*(packages / "torch" / "lib").glob("*.so"), *(packages / "vllm").glob("*.so")], context)
    _check(python, packages, "import torch, vllm; assert torch.ones(2) @ torch.ones(2) == 2", context)


def _build_litellm(output: Path, context: BuildContext) -> None:
    python = find_python(context)
    packages = install(output, context, python)
    _check(python, packages, "import litellm.proxy.proxy_cli", context)


def _build_open_webui(output: Path, context: BuildContext) -> None:
    python = find_python(context)
    packages = install(output, context, python)
    with tempfile.TemporaryDirectory() as folder:
        # It makes its database and copies its icons while it is imported.
        env = {
            "DATA_DIR": folder,
            "STATIC_DIR": f"{folder}/static",
            "FRONTEND_BUILD_DIR": str(packages / "open_webui/frontend"),
            "WEBUI_SECRET_KEY": "only for this import",
        }
        _check(python, packages, "import open_webui.main", context, env)


def _strip(libraries: Sequence[Path], context: BuildContext) -> None:
    for library in libraries:
        # Not in place: the file is linked to the one in uv's cache.
        stripped = library.with_suffix(".stripped")
        context.run(["strip", "--strip-unneeded", "-o", stripped, library])
        stripped.replace(library)


def _check(
    python: Path,
    packages: Path,
    statement: str,
    context: BuildContext,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Fail while the component is being built rather than in a pod."""
    env = {"PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})}
    context.run([python, "-s", "-c", statement], env=env)


PYTHON_COMPONENTS: tuple[Component, ...] = (
    Component(
        name="vllm",
        kind="network",
        estimate_s=120,
        inputs=(_LOCKS / "vllm", Path(__file__).with_name("torch_without_cuda.py")),
        build=_build_vllm,
        revision="recipe 1",
    ),
    Component(
        name="litellm",
        kind="network",
        estimate_s=45,
        inputs=(_LOCKS / "litellm",),
        build=_build_litellm,
        revision="recipe 1",
    ),
    Component(
        name="open-webui",
        kind="network",
        estimate_s=75,
        inputs=(_LOCKS / "open-webui",),
        build=_build_open_webui,
        revision="recipe 1",
    ),
)
