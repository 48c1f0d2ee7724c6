"""The toolkit's repository is one that apt can trust and a role can pin."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from email.parser import Parser
from pathlib import Path

import pytest
import yaml

from lab.components.component import Component
from lab.gpu.toolkit_repository import (
    KEY_PATH,
    PACKAGE_VERSION,
    PACKAGES,
    REPOSITORY_PATH,
    Package,
    build,
    toolkit_repository,
)

ROOT = Path(__file__).resolve().parents[3]


def run(cmd: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
    subprocess.run(cmd, env={**os.environ, **(env or {})}, check=True, capture_output=True)


def output_of(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    programs = tmp_path_factory.mktemp("programs")
    for package in PACKAGES:
        for name in package.programs:
            (programs / name).write_text(f"#!/bin/sh\necho {name}\n")
    dest = tmp_path_factory.mktemp("repository")
    build(dest, programs, run)
    return dest


def test_only_the_published_key_signed_the_index(repository: Path, tmp_path: Path) -> None:
    keyring = tmp_path / "key.gpg"
    run(["gpg", "--batch", "--dearmor", "--output", keyring, repository / KEY_PATH])
    index = repository / REPOSITORY_PATH
    run(["gpgv", "--keyring", keyring, index / "InRelease"])
    run(["gpgv", "--keyring", keyring, index / "Release.gpg", index / "Release"])


def test_no_private_key_is_left(repository: Path) -> None:
    assert "PRIVATE" not in (repository / KEY_PATH).read_text()
    names = {path.name for path in repository.rglob("*") if path.is_file()}
    debs = {package.file_name for package in PACKAGES}
    assert names == {KEY_PATH, "InRelease", "Packages", "Release", "Release.gpg", *debs}


def test_the_release_names_the_index_that_is_there(repository: Path) -> None:
    content = (repository / REPOSITORY_PATH / "Packages").read_bytes()
    release = (repository / REPOSITORY_PATH / "Release").read_text()
    assert f" {hashlib.sha256(content).hexdigest()} {len(content)} Packages\n" in release


def test_the_index_describes_the_packages_that_are_there(repository: Path) -> None:
    index = repository / REPOSITORY_PATH
    paragraphs = (index / "Packages").read_text().strip().split("\n\n")
    assert len(paragraphs) == len(PACKAGES)
    for text in paragraphs:
        fields = Parser().parsestr(text)
        content = (index / fields["Filename"]).read_bytes()
        assert fields["Version"] == PACKAGE_VERSION
        assert int(fields["Size"]) == len(content)
        assert fields["SHA256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_programs_are_installed_for_everybody(repository: Path, package: Package) -> None:
    listing = output_of("dpkg-deb", "--contents", repository / REPOSITORY_PATH / package.file_name)
    for name in package.programs:
        (line,) = [line for line in listing.splitlines() if line.endswith(f"./usr/bin/{name}")]
        assert line.startswith("-rwxr-xr-x root/root")


def test_the_toolkit_needs_its_base_at_the_same_version(repository: Path) -> None:
    deb = repository / REPOSITORY_PATH / f"nvidia-container-toolkit_{PACKAGE_VERSION}_amd64.deb"
    depends = output_of("dpkg-deb", "--field", deb, "Depends").strip()
    assert depends == f"nvidia-container-toolkit-base (= {PACKAGE_VERSION})"


def test_the_lab_offers_what_the_role_installs_built_from_that_release() -> None:
    role = yaml.safe_load((ROOT / "roles/container_toolkit/vars/main.yml").read_text("utf-8"))
    assert role["__container_toolkit_release"] == PACKAGE_VERSION
    documented = (ROOT / "roles/container_toolkit/meta/argument_specs.yml").read_text("utf-8")
    assert f"C({PACKAGE_VERSION})" in documented and f"installs {PACKAGE_VERSION} and" in documented
    module = (ROOT / "lab/components/go/container_toolkit/go.mod").read_text("utf-8")
    release, _, _ = PACKAGE_VERSION.partition("-")
    assert f"github.com/NVIDIA/nvidia-container-toolkit v{release} " in module


def test_other_programs_make_another_component(tmp_path: Path) -> None:
    def revision(name: str) -> str:
        component: Component = toolkit_repository(tmp_path / name)
        return component.revision

    assert revision("container-toolkit-aaaa") != revision("container-toolkit-bbbb")
