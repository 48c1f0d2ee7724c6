# SPDX-License-Identifier: Apache-2.0
"""The table of parts: the workload, Service, ports and address of everything that a site consists of.

Whatever names a part (engine arguments, Services, gateway routes, doctor, logs, port-forward) reads it. A new
part is one row of ROWS. The defaults are those of the role that deploys it, and a unit test compares them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..front_door.wanted import read_front_door
from .inputs.tiers import CPU, GPU, Tier
from .inputs.wanted import read_label
from .naming import PODS_SUFFIX, Identity, service_url
from .reading.findings import Findings
from .reading.tables import Table

CLUSTER_IP, NODE_PORT = "ClusterIP", "NodePort"
SERVICE_TYPES = (CLUSTER_IP, NODE_PORT, "LoadBalancer")
PORTS = range(1, 65536)
NODE_PORTS = range(30000, 32768)  # what an API server hands out unless it is told otherwise
# The plan's argument.
ARGUMENT = "parts"
ENGINES = "vllm-api"
ENGINE_SELECTOR = {"app": "vllm-server"}
CHAT = "inference_chat"
ENGINE_CACHE, HOST_CACHE = "vllm_cache_path", "model_cache_path"
# Where HAProxy listens inside the gateway's pod: between LiteLLM and the engines.
ENGINE_PROXY = "litellm_engine_proxy_port"
DEFAULT_ENGINE_PROXY = 8100
# Where the watchdog of an engine listens, in the engine's pod and Service.
WATCHDOG = "vllm_watchdog_port"
DEFAULT_WATCHDOG = 8002
DEFAULT_CACHE = "/var/lib/vllm/huggingface"
# The variable VLLM_PORT, which a Service of this name puts into pods, is one of vLLM's own.
_FORBIDDEN_SERVICE = "vllm"
# A Service's name begins with a letter: other programs make variables of it.
_SERVICE = re.compile(r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")


@dataclass(frozen=True)
class Part:
    """One row of the table.

    ``part`` is its name for people and for playbooks; ``role`` deploys it and begins the names of its
    variables. What it lacks (a workload, a Service, a port) is empty or 0.
    """

    part: str
    role: str
    kind: str = ""
    name: str = ""
    service: str = ""
    port: int = 0
    service_type: str = CLUSTER_IP
    node_port: int = 0
    # Where clients from outside find it, if it has a front door.
    public_url: str = ""
    namespace: str = ""
    selector: Mapping[str, str] | None = None
    # The tier that it answers for.
    tier: str = ""
    # The variable that asks for it; others are asked for by their tier, or always.
    switch: str = ""
    wanted: bool = True

    @property
    def workload(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.name else ""

    @property
    def url(self) -> str:
        """The address inside the cluster."""
        return service_url(self.service, self.namespace, self.port) if self.service else ""

    def as_plain(self) -> dict[str, Any]:
        shown = ("part", "role", "wanted", "tier", "namespace", "kind", "name")
        return {
            **{key: getattr(self, key) for key in shown},
            "workload": self.workload,
            "selector": dict(self.selector or {"app.kubernetes.io/name": self.name}),
            "service": self.service,
            "service_type": self.service_type if self.service else "",
            "port": self.port or None,
            "node_port": self.node_port or None,
            "url": self.url,
            "public_url": self.public_url,
        }


# What each part is called where the inventory says nothing else. A namespace that is empty is the site's.
ROWS = (
    Part(
        "gateway",
        role="litellm",
        kind="Deployment",
        name="litellm",
        service="litellm",
        port=4000,
        service_type=NODE_PORT,
        node_port=30400,
    ),
    Part(
        "chat",
        role="open_webui",
        kind="Deployment",
        name="open-webui",
        service="open-webui",
        port=8080,
        service_type=NODE_PORT,
        node_port=30300,
        switch=CHAT,
    ),
    # The stable name of whatever owns the GPU; each model's engine is a row of its own.
    Part(ENGINES, role="vllm", service="vllm-api", port=8000, selector=ENGINE_SELECTOR),
    Part("ollama", role="ollama", kind="Deployment", name="ollama", service="ollama", port=11434, tier=CPU),
    Part(
        "device-plugin",
        role="device_plugin",
        kind="DaemonSet",
        name="nvidia-device-plugin",
        namespace="kube-system",
    ),
)


def _variables(row: Part) -> dict[str, Any]:
    """The role's inputs that move a part, and what they are unless the inventory says otherwise."""
    found: dict[str, Any] = {}
    if row.service:
        found |= {f"{row.role}_service_name": row.service, f"{row.role}_port": row.port}
    if row.node_port:
        found |= {f"{row.role}_service_type": row.service_type, f"{row.role}_node_port": row.node_port}
        found[f"{row.role}_ingress"] = {}
    if row.namespace:
        found[f"{row.role}_namespace"] = row.namespace
    return found


# Every variable of an inventory that the table follows, with its default.
VARIABLES: dict[str, Any] = {
    **{name: default for row in ROWS for name, default in _variables(row).items()},
    **{row.switch: False for row in ROWS if row.switch},
    ENGINE_CACHE: DEFAULT_CACHE,
    HOST_CACHE: DEFAULT_CACHE,
    ENGINE_PROXY: DEFAULT_ENGINE_PROXY,
    WATCHDOG: DEFAULT_WATCHDOG,
}


@dataclass(frozen=True)
class Parts:
    """The table of one site, the folder from which its engines read models, and HAProxy's port."""

    rows: tuple[Part, ...]
    cache_path: str
    engine_proxy_port: int = DEFAULT_ENGINE_PROXY
    watchdog_port: int = DEFAULT_WATCHDOG

    def __getitem__(self, part: str) -> Part:
        return next(row for row in self.rows if row.part == part)

    def of_tier(self, tier: str) -> Part | None:
        """The part that answers for a tier with one address."""
        return next((row for row in self.rows if row.tier == tier), None)

    def proxied(self, service: str) -> str:
        """The address at which the gateway asks an engine, through the HAProxy in its own pod."""
        return f"http://127.0.0.1:{self.engine_proxy_port}/{service}"

    def as_plain(self) -> dict[str, dict[str, Any]]:
        return {row.part: row.as_plain() for row in self.rows}


def read_parts(value: object, namespace: str, tiers: Sequence[Tier], findings: Findings) -> Parts:
    """The table without the models' engines. ``value`` holds variables of the inventory by their names."""
    given = Table(value, ARGUMENT, findings)
    given.reject_unknown(VARIABLES)
    table = Table(given.data, "", findings)
    on = {tier.name for tier in tiers}
    rows = tuple(_read(row, namespace, on, table) for row in ROWS)
    inside = (_port(ENGINE_PROXY, DEFAULT_ENGINE_PROXY, table), _port(WATCHDOG, DEFAULT_WATCHDOG, table))
    return Parts(rows, _read_cache(table), *inside)


def with_engines(parts: Parts, identities: Iterable[Identity]) -> Parts:
    """The same table with a row for the engine of each model."""
    engines = tuple(
        Part(
            row.name,
            role="vllm",
            kind="Deployment",
            name=row.deployment,
            service=row.service,
            port=parts[ENGINES].port,
            namespace=parts[ENGINES].namespace,
            selector={**ENGINE_SELECTOR, "inference.stack/model": row.slug},
            tier=GPU,
        )
        for row in identities
    )
    return replace(parts, rows=parts.rows + engines)


def check_clashes(parts: Parts, paths: Mapping[str, str], findings: Findings) -> None:
    """Find parts that would share a name or port. ``paths`` says where a model was written."""
    own = [row for row in parts.rows if row.tier != GPU]
    engines = [row for row in parts.rows if row.tier == GPU]
    services: dict[str, str] = {}
    node_ports: dict[int, str] = {}
    for row in own:
        if row.wanted and row.service:
            _claim(services, row.service, f"{row.role}_service_name", findings)
            if row.tier:
                _claim(services, f"{row.service}{PODS_SUFFIX}", f"{row.role}_service_name", findings)
        if row.wanted and row.node_port:
            _claim(node_ports, row.node_port, f"{row.role}_node_port", findings)
    inside = {parts["gateway"].port: "litellm_port"}
    _claim(inside, parts.engine_proxy_port, ENGINE_PROXY, findings)
    _claim({parts[ENGINES].port: "vllm_port"}, parts.watchdog_port, WATCHDOG, findings)
    names = {row.part for row in own}
    for row in engines:
        path = f"{paths[row.part]}.name"
        if row.part in names:
            fix = "Give the model a catalog row of another name below inference_catalog.models."
            findings.problem(path, f"{row.part!r} is the name of a part that every site has", fix)
        if row.service in services:  # the inventory can change the other one
            _claim({row.service: path}, row.service, services[row.service], findings)


def _claim(taken: dict[Any, str], wanted: str | int, variable: str, findings: Findings) -> None:
    other = taken.setdefault(wanted, variable)
    if other != variable:
        findings.problem(
            variable, f"is {wanted}, which belongs to another part ({other})", "Give each its own."
        )


def _read(row: Part, namespace: str, tiers: set[str], table: Table) -> Part:
    wanted = row.tier in tiers if row.tier else table.flag(row.switch) if row.switch else True
    found = replace(row, wanted=wanted, namespace=namespace)
    if row.namespace:
        variable = f"{row.role}_namespace"
        own = read_label(table.data.get(variable), variable, row.namespace, table.findings)
        found = replace(found, namespace=own)
    if row.service:
        service = _service(f"{row.role}_service_name", row.service, table)
        found = replace(found, service=service, port=_port(f"{row.role}_port", row.port, table))
    if row.node_port:
        service_type = table.choice(f"{row.role}_service_type", SERVICE_TYPES, row.service_type)
        node_port = _node_port(f"{row.role}_node_port", row.node_port, table)
        on_nodes = 0 if service_type == CLUSTER_IP else node_port
        public_url = _public_url(f"{row.role}_ingress", table)
        found = replace(found, service_type=service_type, node_port=on_nodes, public_url=public_url)
    return found


def _public_url(variable: str, table: Table) -> str:
    """The address of the front door that the role makes. A plan knows no certificate: the role checks it."""
    door, mistakes = read_front_door(table.data.get(variable), variable)
    for mistake in mistakes:
        table.findings.problem(*mistake)
    return door.url


def _service(variable: str, default: str, table: Table) -> str:
    name = read_label(table.data.get(variable), variable, default, table.findings)
    if name == _FORBIDDEN_SERVICE:
        told = "is vllm, a Service that would put VLLM_PORT into pods, which vLLM reads as its own port"
        table.findings.problem(variable, told, f"Choose another name, for example {default}.")
    elif not _SERVICE.match(name):
        table.findings.problem(variable, f"is {name!r}", "Begin a Service's name with a letter.")
    return name


def _number(variable: str, default: int, table: Table) -> int:
    """A whole number; on a command line (-e vllm_port=9000) it is a text."""
    written = table.data.get(variable)
    if isinstance(written, str) and written.strip().isdecimal():
        return int(written)
    return table.integer(variable, default) or 0


def _port(variable: str, default: int, table: Table) -> int:
    port = _number(variable, default, table)
    if port not in PORTS:
        _refuse_port(variable, port, PORTS, table)
    return port


def _node_port(variable: str, default: int, table: Table) -> int:
    port = _number(variable, default, table)
    if port and port not in NODE_PORTS:
        _refuse_port(variable, port, NODE_PORTS, table, " or 0, which lets Kubernetes choose")
    return port


def _refuse_port(variable: str, port: int, allowed: range, table: Table, otherwise: str = "") -> None:
    # A value that is not a number has been reported.
    told = {row.path for row in table.findings.problems}
    if variable not in told:
        fix = f"Choose a port from {allowed[0]} to {allowed[-1]}{otherwise}."
        table.findings.problem(variable, f"is {port}", fix)


def _read_cache(table: Table) -> str:
    """One folder, for the role that fills it and the engines that read it."""
    hosts = sorted(set(_paths(HOST_CACHE, table)))
    engines = next(_paths(ENGINE_CACHE, table), "")
    if len(hosts) > 1:
        table.findings.problem(
            HOST_CACHE,
            f"differs between the GPU hosts: {', '.join(hosts)}",
            "An engine finds its model at the same path on every host: set one path for all.",
        )
    elif engines and hosts and engines != hosts[0]:
        table.findings.problem(
            ENGINE_CACHE,
            f"is {engines}, but {HOST_CACHE} is {hosts[0]}",
            "Both name the folder of the models: set one of them, or both to the same path.",
        )
    return engines or next(iter(hosts), DEFAULT_CACHE)


def _paths(variable: str, table: Table) -> Iterator[str]:
    written = table.data.get(variable)
    several = isinstance(written, (list, tuple))
    for text in table.texts(variable) if several else [table.text(variable)]:
        if not text.startswith("/") or ".." in text.split("/"):
            if text:
                table.findings.problem(variable, f"is {text!r}", "Write an absolute path.")
            continue
        yield posixpath.normpath("/" + text.strip("/"))
