"""All components of the lab and how they depend on each other."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.components.component import BuildContext, Component, ensure, is_cached, output_path
from lab.components.go_components import GO_COMPONENTS
from lab.components.model_components import MODELS, REAL
from lab.components.python_components import PYTHON_COMPONENTS
from lab.errors import LabError
from lab.gpu.build import COMPONENT as GPU_STAND_IN
from lab.gpu.toolkit_repository import toolkit_repository
from lab.hosts.image import COMPONENT as HOST_IMAGE
from lab.images import recipes
from lab.images.base import COMPONENT as IMAGE_BASE
from lab.k3s import bundle
from lab.registry import storage
from lab.settings import pins

_REACHABLE_S = 5
_EXTRA_TITLES = {"open-webui": "Open WebUI", "traefik": "Traefik from source"}


@dataclass(frozen=True)
class Part:
    """A component, a name for people, and the parts that it is made of."""

    component: Component
    title: str
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.component.name


class Parts:
    """Every part of one cache, in the order in which a cold build should start them."""

    def __init__(
        self, cache: Path, extras: Iterable[str] = (), models: str = REAL, *, registry: bool = False
    ) -> None:
        self.cache = cache
        self.models = MODELS[models]
        self._extras = tuple(extras)
        self._registry = registry
        self._paths: dict[str, Path] = {}
        self._go = {component.name: component for component in GO_COMPONENTS}
        self._release = self._takes_release()
        self._known = {part.component.name: part for part in self._basic()}
        for part in self._derived():
            self._known[part.name] = part

    def __iter__(self) -> Iterator[Part]:
        return iter(self._known.values())

    def path(self, name: str) -> Path:
        """Where the part's output lies once it is built.

        Kept from the first look on: somebody may edit a source while a run goes on.
        """
        if name not in self._paths:
            self._paths[name] = output_path(self._known[name].component, self.cache)
        return self._paths[name]

    def ensure(self, part: Part) -> str:
        """Build the part if need be; return what was done."""
        if self.path(part.name).is_dir():
            return "cached"
        self._paths[part.name] = ensure(part.component, self.cache)
        return "built"

    def missing(self) -> list[Part]:
        """What has still to be built."""
        return [part for part in self._known.values() if not self.path(part.name).is_dir()]

    def _basic(self) -> list[Part]:
        go = self._go
        python = {component.name: component for component in PYTHON_COMPONENTS}
        weights = tuple(component.name for component in self.models.needs)
        kubernetes = [] if self._release else [
            Part(go["kubernetes"], "Kubernetes, kine, CoreDNS and network policies from source"),
            Part(go["containerd"], "containerd from source"),
        ]  # fmt: skip
        return [
            Part(python["vllm"], "vLLM for CPUs"),
            Part(HOST_IMAGE, "Debian for the hosts"),
            Part(GPU_STAND_IN, "Stand-in for the GPU's driver"),
            *(Part(component, "The file of the models' weights") for component in self.models.needs),
            Part(self.models.ollama, "A small model for Ollama", needs=weights),
            Part(go["pause"], "The pause program"),
            *kubernetes,
            Part(go["ollama"], "Ollama from source"),
            Part(go["device-plugin"], "NVIDIA's device plugin from source"),
            Part(go["container-toolkit"], "NVIDIA's container toolkit from source"),
            Part(python["litellm"], "LiteLLM"),
            Part(IMAGE_BASE, "Debian for the images"),
            Part(self.models.vllm, "A small model for vLLM", needs=("vllm", *weights)),
            *(Part({**python, **go}[name], _EXTRA_TITLES[name]) for name in self._extras),
        ]

    def _derived(self) -> list[Part]:
        images = recipes.component(
            recipes.Sources(
                base=self.path("image-base"),
                pause=self.path("pause"),
                device_plugin=self.path("device-plugin"),
                ollama=self.path("ollama"),
                vllm=self.path("vllm"),
                litellm=self.path("litellm"),
            )
        )
        if self._release:
            k3s = Part(_released_k3s(), "k3s, as released")
        else:
            folders = {name: self.path(name) for name in ("kubernetes", "containerd", "pause")}
            k3s = Part(_built_k3s(folders), "k3s out of its parts", needs=tuple(folders))
        return [
            k3s,
            Part(
                toolkit_repository(self.path("container-toolkit")),
                "apt repository of the container toolkit",
                needs=("container-toolkit",),
            ),
            Part(images, "Container images", needs=("image-base", "pause", "device-plugin", "ollama")),
            *([self._stored(images)] if self._registry else []),
        ]

    def _stored(self, images: Component) -> Part:
        folder = output_path(images, self.cache)
        return Part(storage.component(folder), "Images as a registry keeps them", needs=("images",))

    def _takes_release(self) -> bool:
        """Whether k3s' own release is taken: LAB_K3S says release, build or (default) whichever works."""
        choice = os.environ.get("LAB_K3S") or "auto"
        if choice not in {"auto", "release", "build"}:
            raise LabError(f"LAB_K3S={choice!r} is none of its values", "say release, build or auto")
        if choice != "auto":
            return choice == "release"
        if is_cached(self._go["kubernetes"], self.cache):
            return False  # the long part is done; asking the network on each run would only cost time
        request = urllib.request.Request(f"{_release_url()}/sha256sum-amd64.txt", method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=_REACHABLE_S):
                return True
        except OSError:
            return False


def k3s_version() -> str:
    return str(pins()["k3s"]["version"])


def _release_url() -> str:
    return f"{pins()['k3s']['release_url']}/{k3s_version().replace('+', '%2B')}"


def _released_k3s() -> Component:
    # Not proven where the lab was made, which reaches package registries only.
    def build(output: Path, context: BuildContext) -> None:
        binary = output / "k3s"
        context.run(["curl", "-fsSL", "--retry", "3", "-o", binary, f"{_release_url()}/k3s"])
        context.run([
            "sh", "-c",
            'sum=$(curl -fsSL "$1/sha256sum-amd64.txt" | awk \'$2 == "k3s" {print $1}\') && '
            'echo "$sum  $2" | sha256sum --check',
            "sh", _release_url(), binary,
        ])  # fmt: skip
        binary.chmod(0o755)

    return Component(
        name="k3s",
        kind="network",
        estimate_s=20,
        inputs=(),
        build=build,
        revision=f"release {_release_url()}",
    )


def _built_k3s(folders: dict[str, Path]) -> Component:
    folder = Path(__file__).parent / "k3s"
    # Not what tools leave there, such as caches of tests.
    files = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    names = [name for name in files if not any(part.startswith((".", "__")) for part in name.parts[:-1])]

    def build(output: Path, _context: BuildContext) -> None:
        programs = {name: path / "bin" for name, path in folders.items()}
        bundle.build(
            output / "k3s",
            programs["kubernetes"],
            programs["containerd"],
            version=k3s_version(),
            pause_bin=programs["pause"],
        )

    return Component(
        name="k3s",
        kind="compile",
        estimate_s=20,
        inputs=tuple(folder / name for name in names),
        build=build,
        revision=" ".join([*(path.name for path in folders.values()), *(name.as_posix() for name in names)]),
    )
