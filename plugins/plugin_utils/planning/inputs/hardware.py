# SPDX-License-Identifier: Apache-2.0
"""Which GPUs a site has, according to its inventory and PCI ids."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from ..catalog.catalog import Catalog
from ..catalog.model_rows import Gpu
from ..reading.findings import Findings, suggest
from .wanted import WantedHost

_NVIDIA = "10de"


@dataclass(frozen=True)
class Hardware:
    """GPUs per host. ``complete`` says that no host is left whose GPUs are unknown."""

    hosts: tuple[tuple[str, tuple[tuple[Gpu, int], ...]], ...]
    complete: bool

    @property
    def total(self) -> int:
        return sum(count for _, gpus in self.hosts for _, count in gpus)

    @cached_property
    def kinds(self) -> tuple[Gpu, ...]:
        """Each kind once, by its key: the order of hosts does not matter."""
        found = {gpu.key: gpu for _, gpus in self.hosts for gpu, _ in gpus}
        return tuple(found[key] for key in sorted(found))

    def of_at_least(self, gigabytes: int) -> Hardware:
        """The same hosts with those cards alone whose nominal size is not known to be below."""
        hosts = tuple(
            (name, tuple(pair for pair in gpus if (pair[0].nominal_gib or gigabytes) >= gigabytes))
            for name, gpus in self.hosts
        )
        return Hardware(hosts, self.complete)

    def most_on(self, host: str) -> float:
        """How many GPUs a host has at most: without end where nobody knows."""
        kinds = dict(self.hosts)
        found = sum(count for _, count in kinds.get(host, ()))
        is_unknown = not found and not self.complete and (host in kinds or not kinds)
        return float("inf") if is_unknown else found

    @cached_property
    def most_per_host(self) -> dict[str, int]:
        """How many GPUs of each kind one host has at most: a model's GPUs must share a host."""
        most: dict[str, int] = {}
        for _, gpus in self.hosts:
            for gpu, count in gpus:
                most[gpu.key] = max(count, most.get(gpu.key, 0))
        return most


def resolve(hosts: tuple[WantedHost, ...], catalog: Catalog, findings: Findings) -> Hardware:
    """The inventory wins over PCI ids."""
    resolved = []
    complete = bool(hosts)
    for host in hosts:
        counted: Counter[str] = Counter()
        unknown = not host.gpus and not host.pci_ids
        for key, count in host.gpus:
            if key in catalog.gpus:
                counted[key] += count
            else:
                unknown = True
                findings.problem(
                    f"inference_host_gpus of {host.name}",
                    f"{key!r} is not in the catalog",
                    f"{suggest(key, catalog.gpus, 'GPUs of the catalog')} "
                    "A GPU of your own is a row below inference_catalog.gpus.",
                )
        if not host.gpus:
            for pci_id in host.pci_ids:
                if ":" in pci_id and _NVIDIA not in pci_id.lower().split(":")[0]:
                    continue
                gpu = catalog.gpu_of_pci_id(pci_id)
                if gpu:
                    counted[gpu.key] += 1
                else:
                    unknown = True
                    findings.warn(
                        f"{host.name}: PCI id {pci_id} is not in the catalog; "
                        "set inference_host_gpus there, or add the id below inference_catalog.gpus."
                    )
        complete = complete and not unknown
        resolved.append((host.name, tuple((catalog.gpus[key], count) for key, count in counted.items())))
    return Hardware(tuple(resolved), complete)
