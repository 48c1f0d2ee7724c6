"""Builds a signed apt repository with the real NVIDIA Container Toolkit, for a site without NVIDIA's.

The layout is that of https://nvidia.github.io/libnvidia-container: ``stable/deb/amd64`` holds the index and
the packages (suite ``/``), ``gpgkey`` the key. The key signs this one repository and is then forgotten.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Protocol

from lab.components.component import BuildContext, Component
from lab.settings import pins

PACKAGE_VERSION = str(pins()["container_toolkit"]["version"])
REPOSITORY_PATH = "stable/deb/amd64"
"""Where the index lies below the output; ``Suites: /`` there."""
KEY_PATH = "gpgkey"
DEBIAN_PACKAGES = ("dpkg", "gnupg")

_CONFIG_PATH = "/etc/nvidia-container-runtime/config.toml"
# As NVIDIA's package does: the file appears with its defaults and keeps what was set before.
_WRITE_CONFIG = f"""\
#!/bin/sh
set -e
if [ "$1" = configure ]; then
    mkdir -p {Path(_CONFIG_PATH).parent}
    /usr/bin/nvidia-ctk --quiet config --config-file={_CONFIG_PATH} --in-place
fi
"""
_REMOVE_CONFIG = f"""\
#!/bin/sh
set -e
if [ "$1" = purge ]; then
    rm -f {_CONFIG_PATH}
fi
"""


class Run(Protocol):
    """Runs a program and raises when it fails; BuildContext.run is one."""

    def __call__(self, cmd: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None: ...


@dataclass(frozen=True)
class Package:
    """One binary package: what it is, needs and carries."""

    name: str
    summary: str
    programs: tuple[str, ...]
    depends: str = ""
    scripts: Mapping[str, str] | None = None

    @property
    def file_name(self) -> str:
        return f"{self.name}_{PACKAGE_VERSION}_amd64.deb"

    def control(self) -> str:
        """The package's control paragraph."""
        fields = {
            "Package": self.name,
            "Version": PACKAGE_VERSION,
            "Architecture": "amd64",
            "Maintainer": "inference.stack lab <lab@localhost>",
            "Section": "utils",
            "Priority": "optional",
            "Depends": self.depends,
            "Description": self.summary,
        }
        return "".join(f"{key}: {value}\n" for key, value in fields.items() if value)


# Split as NVIDIA splits it, so that a role has to name and hold the same packages.
PACKAGES = (
    Package(
        name="nvidia-container-toolkit-base",
        summary="NVIDIA Container Toolkit, its runtime and command line (built from source for a lab)",
        programs=("nvidia-ctk", "nvidia-container-runtime", "nvidia-cdi-hook"),
        depends="libc6",
        scripts={"postinst": _WRITE_CONFIG, "postrm": _REMOVE_CONFIG},
    ),
    Package(
        name="nvidia-container-toolkit",
        summary="NVIDIA Container Toolkit (built from source for a lab)",
        programs=("nvidia-container-runtime-hook",),
        depends=f"nvidia-container-toolkit-base (= {PACKAGE_VERSION})",
    ),
)


def build(dest: Path, programs: Path, run: Run) -> None:
    """Make the repository in ``dest`` out of the compiled programs in the folder ``programs``."""
    index = dest / REPOSITORY_PATH
    index.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="toolkit-") as work:
        for package in PACKAGES:
            _build_package(package, programs, Path(work) / package.name, index, run)
    (index / "Packages").write_text("\n".join(_describe(package, index) for package in PACKAGES))
    (index / "Release").write_text(_release(index))
    _sign(index, dest / KEY_PATH, run)


def _build_package(package: Package, programs: Path, tree: Path, index: Path, run: Run) -> None:
    control = tree / "DEBIAN"
    binaries = tree / "usr/bin"
    for folder in (control, binaries):
        folder.mkdir(parents=True)
        folder.chmod(0o755)
    for name in package.programs:
        shutil.copyfile(programs / name, binaries / name)
        (binaries / name).chmod(0o755)
    (control / "control").write_text(package.control())
    for name, script in (package.scripts or {}).items():
        (control / name).write_text(script)
        (control / name).chmod(0o755)
    tree.chmod(0o755)
    target = index / package.file_name
    # gzip: quick, and every dpkg reads it.
    run(["dpkg-deb", "--build", "--root-owner-group", "-Zgzip", "-z1", tree, target])


def _describe(package: Package, index: Path) -> str:
    """The package's paragraph in the index."""
    content = (index / package.file_name).read_bytes()
    fields = {
        "Filename": f"./{package.file_name}",
        "Size": str(len(content)),
        "SHA256": hashlib.sha256(content).hexdigest(),
    }
    return package.control() + "".join(f"{key}: {value}\n" for key, value in fields.items())


def _release(index: Path) -> str:
    content = (index / "Packages").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return (
        "Origin: inference.stack lab\n"
        "Label: NVIDIA Container Toolkit, built for a lab\n"
        "Architectures: amd64\n"
        f"Date: {formatdate(usegmt=True).replace('GMT', 'UTC')}\n"
        f"SHA256:\n {digest} {len(content)} Packages\n"
    )


def _sign(index: Path, public_key: Path, run: Run) -> None:
    """Sign the index with a new key and write its public half; the private half goes with its folder."""
    # A short path: the agent's sockets lie in it.
    with tempfile.TemporaryDirectory(prefix="gpg-", dir="/tmp", ignore_cleanup_errors=True) as home:
        env = {"GNUPGHOME": home}
        gpg = ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
        user = "inference.stack lab repository <lab@localhost>"
        release = index / "Release"
        try:
            run([*gpg, "--quick-generate-key", user, "rsa3072", "sign", "never"], env=env)
            run([*gpg, "--clearsign", "--output", index / "InRelease", release], env=env)
            run([*gpg, "--armor", "--detach-sign", "--output", index / "Release.gpg", release], env=env)
            run([*gpg, "--armor", "--export", "--output", public_key], env=env)
        finally:
            # --export and signing start an agent that would outlive its folder.
            run(["gpgconf", "--kill", "gpg-agent"], env=env)


def toolkit_repository(toolkit: Path) -> Component:
    """The component, made from the output folder of the component container-toolkit."""

    def build_component(dest: Path, context: BuildContext) -> None:
        build(dest, toolkit / "bin", context.run)

    return Component(
        name="toolkit-repository",
        kind="compile",
        estimate_s=8,
        inputs=(Path(__file__),),
        build=build_component,
        # The folder's name holds the fingerprint of the programs.
        revision=f"{PACKAGE_VERSION} {toolkit.name}",
    )
