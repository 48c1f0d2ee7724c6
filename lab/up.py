"""``up``: from nothing, or from wherever the last run stopped, to hosts that answer and artefacts that
are served. It is a set of steps; each is done at once when there is nothing to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lab import packages, preflight, programs, state
from lab.artefacts import nginx
from lab.artefacts.publish import Parts as PublishedParts
from lab.artefacts.publish import Publication, publish
from lab.components.component import log_path as component_log
from lab.hosts.fleet import Fleet
from lab.hub import repositories
from lab.parts import Part, Parts, k3s_version
from lab.settings import HUB, MIRROR, REGISTRY, Settings, wanted_extras
from lab.steps import Running, Step

_SERVED = ("k3s", "images", "toolkit-repository")


@dataclass
class Up:
    """The steps of one ``up`` and what they hand to each other."""

    settings: Settings
    parts: Parts
    fleet: Fleet
    mounts: Mapping[str, str]
    """Which parts the hosts mount, and where."""
    publications: list[Publication] = field(default_factory=list)

    def steps(self) -> list[Step]:
        """All steps, the longest builds first, so that they start first."""
        models = self.parts.models
        served = (*_SERVED, models.vllm.name, models.ollama.name)
        registry = self._step(
            REGISTRY, "Images are served", self._serve_images, needs=("network", "registry-storage")
        )
        return [
            self._step("packages", "Packages of this machine", self._install),
            self._step("kernel", "What the kernel can do", self._try_kernel, needs=("packages",)),
            *(self._build(part) for part in self.parts),
            self._step("network", "Network, keys and image", self._prepare, needs=("kernel", "host-image")),
            self._step(
                "hosts", "Hosts answer over SSH", self._boot, needs=("network", "gpu-standin", *self.mounts)
            ),
            self._step("mirror", "Artefacts are served", self._serve, needs=("network", *served)),
            self._step("hub", "Models are served", self._serve_models, needs=("network", models.vllm.name)),
            *([registry] if self._has_registry else []),
            self._step(
                "inventory",
                "Facts for the inventory",
                self._describe,
                needs=("hosts", *self.settings.services),
            ),
        ]

    @property
    def _has_registry(self) -> bool:
        return REGISTRY in self.settings.services

    def _step(
        self, key: str, title: str, action: Callable[[Running], str], needs: tuple[str, ...] = ()
    ) -> Step:
        log = self.settings.logs / f"{key}.log"
        return Step(key=key, title=title, kind="network", log_path=log, action=action, needs=needs)

    def _build(self, part: Part) -> Step:
        component = part.component
        return Step(
            key=part.name,
            title=part.title,
            kind=component.kind,
            log_path=component_log(component, self.settings.cache),
            action=lambda _run: self.parts.ensure(part),
            needs=("packages", *part.needs),
            estimate_s=component.estimate_s,
            own_log=False,
        )

    def _install(self, run: Running) -> str:
        return packages.install(bool(self.parts.missing()), run.log)

    def _try_kernel(self, _run: Running) -> str:
        if self.fleet.states()[self.settings.server] == "running":
            return "hosts run already"
        return preflight.check_kernel(self.settings.podman_home)

    def _prepare(self, run: Running) -> str:
        state.ensure_secrets(self.settings)
        return self.fleet.prepare(self.parts.path("host-image"), run.log)

    def _boot(self, run: Running) -> str:
        mounts = {str(self.parts.path(name)): path for name, path in self.mounts.items()}
        return self.fleet.boot(mounts, self.parts.path("gpu-standin"), run.log)

    def _serve(self, run: Running) -> str:
        url = state.mirror_url(self.fleet.addresses((MIRROR,)))
        served = PublishedParts(
            k3s=self.parts.path("k3s"),
            k3s_version=k3s_version(),
            images=self.parts.path("images"),
            toolkit_repository=self.parts.path("toolkit-repository"),
            vllm_model=self.parts.path(self.parts.models.vllm.name),
            ollama_model=self.parts.path(self.parts.models.ollama.name),
        )
        self.publications.append(publish(self.settings.artefacts, served, url))
        configuration = nginx.write_configuration(self.settings.state)
        result = self.fleet.serve(configuration, run.log)
        nginx.wait_until_served(url)
        return f"{url}, {result}"

    def _serve_models(self, run: Running) -> str:
        models = self.parts.models
        repositories.lay_out(self.settings.hub, models.repository, self.parts.path(models.vllm.name))
        result = self.fleet.serve_hub(programs.place(self.settings.state, programs.HUB), run.log)
        url = state.hub_url(self.fleet.addresses((HUB,)))
        nginx.wait_until_served(url)
        return f"{url}, {result}"

    def _serve_images(self, run: Running) -> str:
        self.settings.registry.mkdir(parents=True, exist_ok=True)
        program = programs.place(self.settings.state, programs.LINE)
        result = self.fleet.serve_registry(program, self.parts.path("registry-storage"), run.log)
        url = state.registry_url(self.fleet.addresses((REGISTRY,)))
        nginx.wait_until_served(url, "/v2/")
        return f"{url}, {result}"

    def _describe(self, _run: Running) -> str:
        addresses = self.fleet.addresses((*self.settings.hosts, *self.settings.services))
        offer = self.publications[-1]
        content = state.describe(self.settings, addresses, offer, k3s_version(), self.mounts)
        state.write_lab_file(self.settings, content)
        return str(self.settings.lab_file)


def refuse_early(settings: Settings, parts: Parts, fleet: Fleet) -> None:
    """Check the machine against what this run will do."""
    missing = parts.missing()
    preflight.check(
        preflight.Needs(
            cache=settings.cache,
            cold=bool(missing),
            hosts_running="running" in fleet.states().values(),
        )
    )


def plan(settings: Settings) -> list[Step]:
    """The steps of ``up`` on this machine; raises what stands against it."""
    extras = state.extras(settings, wanted_extras())
    parts = Parts(settings.cache, extras, settings.models, registry=REGISTRY in settings.services)
    fleet = Fleet(settings)
    refuse_early(settings, parts, fleet)
    return Up(settings, parts, fleet, state.mounts(extras)).steps()
