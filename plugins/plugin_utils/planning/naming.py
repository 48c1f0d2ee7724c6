# SPDX-License-Identifier: Apache-2.0
"""The names of models: slugs, object names, addresses, and which names must differ."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .reading.findings import Findings

_LABEL_LIMIT = 63  # of a DNS label, hence of a Service and of a label's value
_SERVICE_SUFFIX = "-inference"
_DEPLOYMENT_PREFIX = "vllm-"
# Each engine has a second Service that names its pods, ready or not: no pod, no address.
PODS_SUFFIX = "-pods"
SLUG_LIMIT = _LABEL_LIMIT - max(len(_SERVICE_SUFFIX) + len(PODS_SUFFIX), len(_DEPLOYMENT_PREFIX))


@dataclass(frozen=True)
class Identity:
    """Every name under which one model is known."""

    name: str
    slug: str
    served_name: str
    aliases: tuple[str, ...]
    deployment: str
    service: str
    url: str
    mode: str
    tier: str

    def as_plain(self) -> dict[str, Any]:
        return {**self.__dict__, "aliases": list(self.aliases)}


def slugify(name: str) -> str:
    """A name as object names may spell it. The Service must begin with a letter, so a digit gets a prefix."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"model-{slug}" if slug[:1].isdigit() else slug


def service_url(service: str, namespace: str, port: int) -> str:
    return f"http://{service}.{namespace}.svc.cluster.local:{port}"


def pods_url(service: str, namespace: str, port: int) -> str:
    """The address of a Service's pods, which is known only while there is one."""
    return service_url(f"{service}{PODS_SUFFIX}", namespace, port)


def identify(
    name: str,
    served_name: str,
    aliases: tuple[str, ...],
    mode: str,
    namespace: str,
    port: int,
    tier: str = "gpu",
) -> Identity:
    slug = slugify(name)
    service = f"{slug}{_SERVICE_SUFFIX}"
    return Identity(
        name=name,
        slug=slug,
        served_name=served_name,
        aliases=aliases,
        deployment=f"{_DEPLOYMENT_PREFIX}{slug}",
        service=service,
        url=service_url(service, namespace, port),
        mode=mode,
        tier=tier,
    )


def check_clashes(
    identities: Iterable[tuple[str, Identity]], taken: Iterable[tuple[str, str]], findings: Findings
) -> None:
    """Find names that two things would share.

    ``identities`` come with the path of their inventory entry; ``taken`` are gateway names of other tiers.
    """
    slugs: dict[str, tuple[str, Identity]] = {}
    gateway: dict[str, str] = {}
    for path, name in taken:
        gateway.setdefault(name, path)
    entries = list(identities)
    for path, identity in entries:
        if not identity.slug:
            findings.problem(
                f"{path}.name",
                f"{identity.name!r} has no letter or digit, so objects cannot be named after it",
                "Choose a name with letters.",
            )
        elif len(identity.slug) > SLUG_LIMIT:
            findings.problem(
                f"{path}.name",
                f"{identity.name!r} is too long for the names of Kubernetes objects",
                f"Use at most {SLUG_LIMIT} characters; add a shorter name to inference_catalog.models.",
            )
        elif identity.slug in slugs:
            other_path, other = slugs[identity.slug]
            findings.problem(
                f"{path}.name",
                f"{identity.name!r} and {other.name!r} ({other_path}.name) both become {identity.slug!r}",
                "Keep one, or give the second a catalog row of its own below inference_catalog.models.",
            )
        slugs.setdefault(identity.slug, (path, identity))
        _claim(gateway, identity.served_name, f"{path}.served_name", findings)
    # Aliases come last: a served name always wins over somebody else's alias, whichever was written first.
    for path, identity in entries:
        for index, alias in enumerate(identity.aliases):
            _claim(gateway, alias, f"{path}.aliases[{index}]", findings)


def _claim(gateway: dict[str, str], name: str, path: str, findings: Findings) -> None:
    other = gateway.setdefault(name, path)
    if other != path:
        findings.problem(
            path, f"{name!r} is a name at the gateway already ({other})", "Give each model names of its own."
        )
