"""The parts that are compiled from Go modules, each out of a module of its own below ``go/``.

A module's go.mod pins what is built, its go.sum what exactly that is. The modules stay apart because
their dependencies clash, and so that a new pin compiles one part anew. They share one module and one
build cache, so that packages in common are fetched and compiled once.
"""

from __future__ import annotations

import re
import shutil
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.components.component import Build, BuildContext, Component, ComponentError
from lab.components.go_toolchain import go_program

BUILD_PACKAGES: tuple[str, ...] = (
    "g++",
    "gcc",
    "libc6-dev",
    "libstb-dev",
    "nlohmann-json3-dev",
)
"""Debian packages that the builds need beside Go itself."""

_MODULES = Path(__file__).parent / "go"

_NVIDIA_LINKER_FLAGS = "-extldflags=-Wl,-z,lazy"
"""NVIDIA's programs call a library that is loaded later: its symbols must not be resolved at start."""

KUBE_PROGRAMS: tuple[str, ...] = (
    "coredns",
    "kine",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-network-policies",
    "kube-proxy",
    "kube-scheduler",
    "kubectl",
    "kubelet",
)
"""What the binary ``kube`` can be called as; the kubernetes component has a link for each."""


def _required_version(module: str, path: str) -> str:
    """Read a version out of a module's go.mod, its only place."""
    text = (_MODULES / module / "go.mod").read_text(encoding="utf-8")
    found = re.search(rf"^\s*(?:require )?{re.escape(path)} (v\S+)", text, re.MULTILINE)
    if found is None:
        raise LookupError(f"{module}/go.mod does not require {path}")
    return found[1]


def go_environment(cache: Path) -> dict[str, str]:
    """Let every module share one cache; where modules come from stays the user's setting."""
    return {
        "GOMODCACHE": str(cache / "go" / "mod"),
        "GOCACHE": str(cache / "go" / "build"),
        # A read-only module cache could not be removed with rm.
        "GOFLAGS": "-modcacherw -mod=readonly",
    }


def _go_build(
    context: BuildContext,
    module: str,
    output: Path,
    packages: Sequence[str],
    *,
    tags: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    linker_flags: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> None:
    """Compile packages of a module into ``output``/bin; each program is named after its package.

    ``folder`` holds a changed copy of the module.
    """
    settings = [f"-X={name}={value}" for name, value in (variables or {}).items()]
    context.run(
        [
            go_program(context.cache),
            "build",
            "-trimpath",
            "-buildvcs=false",
            f"-tags={','.join(tags)}",
            f"-ldflags={' '.join(['-s', '-w', *linker_flags, *settings])}",
            "-o",
            f"{output / 'bin'}/",
            *packages,
        ],
        env={**go_environment(context.cache), **(env or {})},
        cwd=folder or _MODULES / module,
    )


def _build_kubernetes(output: Path, context: BuildContext) -> None:
    version = _required_version("kubernetes", "k8s.io/kubernetes")
    major, minor, _ = version.removeprefix("v").split(".")
    variables = {"github.com/k3s-io/kine/pkg/version.Version": _kine_version()}
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        variables |= {
            f"{package}.gitMajor": major,
            f"{package}.gitMinor": minor,
            f"{package}.gitTreeState": "clean",
            f"{package}.gitVersion": version,
        }
    _go_build(context, "kubernetes", output, ["./kube"], variables=variables)
    # Apart from kube: the two spell one dependency differently, which one command refuses to build.
    provisioner = "github.com/rancher/local-path-provisioner"
    _go_build(
        context,
        "kubernetes",
        output,
        [provisioner],
        variables={"main.VERSION": _required_version("kubernetes", provisioner)},
    )
    for program in KUBE_PROGRAMS:
        (output / "bin" / program).symlink_to("kube")


def _kine_version() -> str:
    return _required_version("kubernetes", "github.com/k3s-io/kine")


def _build_pause(output: Path, context: BuildContext) -> None:
    # Static: it is the only file of its image.
    _go_build(context, "pause", output, ["."], env={"CGO_ENABLED": "0"})


def _build_containerd(output: Path, context: BuildContext) -> None:
    module = "github.com/containerd/containerd/v2"
    _go_build(
        context,
        "containerd",
        output,
        [f"{module}/cmd/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")],
        # Snapshotters that would want libraries and devices which the hosts do not have.
        tags=("no_btrfs", "no_devmapper", "no_zfs"),
        variables={f"{module}/version.Version": _required_version("containerd", module)},
    )


def _build_container_toolkit(output: Path, context: BuildContext) -> None:
    module = "github.com/NVIDIA/nvidia-container-toolkit"
    names = (
        "nvidia-cdi-hook",
        "nvidia-container-runtime",
        "nvidia-container-runtime-hook",
        "nvidia-ctk",
    )
    version = _required_version("container_toolkit", module).removeprefix("v")
    _go_build(
        context,
        "container_toolkit",
        output,
        [f"{module}/cmd/{name}" for name in names],
        variables={f"{module}/internal/info.version": version},
        linker_flags=(_NVIDIA_LINKER_FLAGS,),
    )


def _build_device_plugin(output: Path, context: BuildContext) -> None:
    module = "github.com/NVIDIA/k8s-device-plugin"
    version = _required_version("device_plugin", module)
    _go_build(
        context,
        "device_plugin",
        output,
        [f"{module}/cmd/{name}" for name in ("gpu-feature-discovery", "nvidia-device-plugin")],
        variables={f"{module}/internal/info.version": version},
        linker_flags=(_NVIDIA_LINKER_FLAGS,),
    )


def _build_ollama(output: Path, context: BuildContext) -> None:
    module = "github.com/ollama/ollama"
    headers = _fetch_ollama_headers(context)
    flags = f"-O2 -I{headers}"
    _go_build(
        context,
        "ollama",
        output,
        [module],
        variables={f"{module}/version.Version": _required_version("ollama", module).removeprefix("v")},
        env={"CGO_CFLAGS": flags, "CGO_CXXFLAGS": flags},
    )


def _fetch_ollama_headers(context: BuildContext) -> Path:
    """Take the one header that no Debian package has out of a source archive on the package index.

    They lie at a lasting place, because Go keeps compiled objects by the flags, paths included.
    """
    headers = context.cache / "sources" / "ollama"
    archives = headers / "archives"
    shutil.rmtree(headers, ignore_errors=True)
    context.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet"),
            *("--no-deps", "--no-binary", "miniaudio"),
            *("--require-hashes", "--requirement", _MODULES / "ollama" / "headers.txt"),
            *("--dest", archives),
        ]
    )
    target = headers / "miniaudio" / "miniaudio.h"
    target.parent.mkdir(parents=True)
    for archive in archives.glob("*.tar.gz"):
        with tarfile.open(archive) as contents:
            for member in contents.getmembers():
                source = contents.extractfile(member)
                if source is not None and member.name.endswith("/miniaudio/miniaudio.h"):
                    target.write_bytes(source.read())
    if not target.exists():
        raise ComponentError(context.name, context.log_path, "the archive has no miniaudio.h")
    return headers


_MANIFESTS = "docs/content/reference/dynamic-configuration"
"""Where Traefik publishes its CustomResourceDefinitions, and what it may read."""
_TRAEFIK, _LEGO = "github.com/traefik/traefik/v3", "github.com/go-acme/lego/v4"
_REPLACED = {_TRAEFIK: "pkg/provider/ecs", _LEGO: "providers/dns"}
"""Packages whose place a stub takes: what they need takes gigabytes and most of the time."""


def _build_traefik(output: Path, context: BuildContext) -> None:
    version = _required_version("traefik", _TRAEFIK)
    folder = _trimmed_traefik(context)
    variables = {f"{_TRAEFIK}/pkg/version.Version": version.removeprefix("v")}
    _go_build(context, "traefik", output, [f"{_TRAEFIK}/cmd/traefik"], variables=variables, folder=folder)
    manifests = output / "manifests"
    manifests.mkdir()
    for name in ("kubernetes-crd-definition-v1.yml", "kubernetes-crd-rbac.yml"):
        shutil.copyfile(_module_folder(context, _TRAEFIK) / _MANIFESTS / name, manifests / name)


def _trimmed_traefik(context: BuildContext) -> Path:
    """A copy of the module with Traefik and lego beside it, in which stubs take the place of some packages.

    It lies at a lasting place, because Go keeps compiled objects by their paths.
    """
    here, folder = _MODULES / "traefik", context.cache / "sources" / "traefik"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    context.run(
        [go_program(context.cache), "mod", "download", *_REPLACED], go_environment(context.cache), here
    )
    replacements = ""
    for module, package in _REPLACED.items():
        copy = folder / module.split("/")[-2]
        unwanted = shutil.ignore_patterns("*_test.go", "testdata", "integration")
        shutil.copytree(_module_folder(context, module), copy, ignore=unwanted)
        # lego's other providers have clients of their own.
        shutil.rmtree(copy / package if module == _TRAEFIK else copy / "providers")
        shutil.copytree(here / Path(package).name, copy / package)
        replacements += f"replace {module} => ./{copy.name}\n"
    shutil.copyfile(here / "go.sum", folder / "go.sum")
    plain = (here / "go.mod").read_text(encoding="utf-8")
    (folder / "go.mod").write_text(f"{plain}\n{replacements}", encoding="utf-8")
    return folder


def _module_folder(context: BuildContext, module: str) -> Path:
    """Where Go keeps a module that it has fetched."""
    return context.cache / "go" / "mod" / f"{module}@{_required_version('traefik', module)}"


def _component(module: str, estimate_s: int, recipe: int, build: Build) -> Component:
    """``recipe`` counts the changes to the build function: this file is no input, because then a
    flag of one component would compile all of them anew."""
    return Component(
        name=module.replace("_", "-"),
        kind="compile",
        estimate_s=estimate_s,
        inputs=(_MODULES / module,),
        build=build,
        revision=f"recipe {recipe}",
    )


GO_COMPONENTS: tuple[Component, ...] = (
    _component("kubernetes", 600, 1, _build_kubernetes),
    _component("containerd", 100, 1, _build_containerd),
    _component("container_toolkit", 60, 1, _build_container_toolkit),
    _component("device_plugin", 90, 1, _build_device_plugin),
    _component("ollama", 420, 1, _build_ollama),
    _component("pause", 5, 1, _build_pause),
    _component("traefik", 400, 1, _build_traefik),
)
