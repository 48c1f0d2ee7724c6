# SPDX-License-Identifier: Apache-2.0
"""The layers on a GPU host: its card, the driver, and what hands GPUs to containers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..text.units import gib, many
from .gpu_problems import DRIVER, PCI, Problem
from .layer_results import Finding, broken, degraded, not_applicable, ok, unknown
from .observed_site import Host, Site

_NOT_LOOKED_AT = "the host was not observed"
_HOSTS_AGAIN = "Run playbooks/site.yml --tags hosts"
FALLEN_OFF_BUS = 79


def reachable(site: Site) -> list[Finding]:
    """Does the host answer at all?"""
    return [_reachable(host) for host in site.hosts]


def pci(site: Site) -> list[Finding]:
    """Is the card on the bus, and with all its lanes?"""
    return _each(site, _pci)


def driver(site: Site) -> list[Finding]:
    """Does NVIDIA's driver own the card, and does the card answer it?"""
    return _each(site, _driver)


def device_nodes(site: Site) -> list[Finding]:
    """Can programs reach the driver?"""
    return _each(site, _device_nodes)


def runtime(site: Site) -> list[Finding]:
    """Can containerd start containers with GPUs?"""
    return _each(site, _runtime)


def cdi(site: Site) -> list[Finding]:
    """Does the CDI specification match the driver that is loaded now?"""
    return _each(site, _cdi)


def _each(site: Site, look: Callable[[Host], Iterator[Finding]]) -> list[Finding]:
    found: list[Finding] = []
    for host in site.hosts:
        if host.gpu and host.stack:
            found.extend(look(host))
        else:
            found.append(unknown(host.name, _NOT_LOOKED_AT))
    return found


def _reachable(host: Host) -> Finding:
    if not host.reachable:
        return broken(
            host.name,
            f"the host does not answer: {host.error or 'no connection'}",
            f"Try 'ansible {host.name} -m ansible.builtin.ping'; check power, network and ansible_host.",
        )
    if not (host.gpu and host.stack):
        return broken(
            host.name,
            f"the host answers, but could not be observed: {host.error or 'no reason was given'}",
            "Check that ansible_user may become root there (a sudo that asks needs -K) and that it has "
            "Python 3.9 or newer. "
            "If a time limit was reached, the driver hangs: see 'journalctl -k' there, and reboot the host.",
        )
    return ok(host.name, f"answers{' at ' + host.address if host.address else ''}")


def _pci(host: Host) -> Iterator[Finding]:
    problems = host.problems_of(PCI)
    yield from (_finding(host, problem) for problem in problems)
    devices = host.gpu.get("pci_devices") or []
    if problems:
        return
    if devices:
        yield ok(host.name, ", ".join(_link(device) for device in devices))
    elif host.gpus:
        yield not_applicable(
            host.name, "the card is on no PCI bus that the host sees; the driver answers for it"
        )
    elif host.stack.get("is_container"):
        yield not_applicable(host.name, "the host is a container that sees no card on a PCI bus")
    else:
        yield broken(
            host.name,
            "the PCI bus shows no NVIDIA GPU",
            "Check card, power and cable (behind Thunderbolt: 'boltctl list'), or take it out of gpu_hosts.",
        )


def _link(device: dict[str, Any]) -> str:
    link = device.get("link") or {}
    words = str(device.get("bus_id"))
    if link.get("width_lanes"):
        words += f" with {link['width_lanes']} of {link.get('width_max_lanes') or '?'} lanes"
    if link.get("speed_gt_per_s"):
        words += f" at {link['speed_gt_per_s']:g} GT/s"
    return words


def _driver(host: Host) -> Iterator[Finding]:
    problems = host.problems_of(DRIVER)
    if host.driver_state != "ready" and _owned_by_nouveau(host):
        yield broken(
            host.name,
            "the kernel driver nouveau owns the card, so NVIDIA's cannot",
            "Blacklist nouveau, install NVIDIA's driver, and reboot the host.",
        )
    elif problems:
        yield from (_finding(host, problem) for problem in problems)
    elif host.problems_of(PCI) and not host.gpus:
        yield unknown(host.name, "there is no card for it")
    elif host.driver_state == "library_missing":
        yield broken(
            host.name,
            "the host has no NVIDIA driver (libnvidia-ml.so.1 cannot be loaded)",
            "Install the driver's packages, then reboot the host.",
        )
    elif not host.gpus:
        yield broken(
            host.name,
            "the driver is loaded but sees no GPU",
            "'journalctl -k' on the host names the reason, for example a driver too new for the card.",
        )
    else:
        yield from _driver_that_works(host)


def _driver_that_works(host: Host) -> Iterator[Finding]:
    complaints = [row for row in host.xids() if not row.get("is_from_program")]
    for row in complaints:
        off_bus = row.get("number") == FALLEN_OFF_BUS
        name = f"Xid {row.get('number')} of GPU {row.get('bus_id')}"
        yield degraded(
            host.name,
            f"the kernel log holds {name} ({row.get('message')}), though the GPU answers now",
            "Check cable, power and temperature; reboot the host if it happens again."
            if off_bus
            else "Reboot the host; if it happens again, the card is faulty.",
        )
    if complaints:
        return
    words = [f"{host.driver_version}, CUDA {host.gpus[0].get('cuda_driver_version')}"]
    words += [_use(gpu) for gpu in host.gpus]
    ours = sum(int(row.get("count") or 1) for row in host.xids())
    if ours:
        words.append(f"{many(ours, 'Xid')} that programs caused")
    yield ok(host.name, "; ".join(words))


def _use(gpu: dict[str, Any]) -> str:
    used, total = gib(gpu.get("memory_used_bytes")), gib(gpu.get("memory_total_bytes"))
    return f"{gpu.get('name')}: {used} of {total} GiB used"


def _owned_by_nouveau(host: Host) -> bool:
    owners = {device.get("driver") for device in host.gpu.get("pci_devices") or []}
    loaded = host.stack.get("kernel_modules") or []
    return "nouveau" in owners or ("nouveau" in loaded and "nvidia" not in loaded)


def _device_nodes(host: Host) -> Iterator[Finding]:
    nodes = {str(node["path"]).rpartition("/")[2]: node for node in host.stack.get("device_nodes") or []}
    cards = [name for name, node in nodes.items() if node.get("is_card")]
    missing = [f"/dev/{name}" for name in ("nvidiactl", "nvidia-uvm") if name not in nodes]
    expected = max(1, len(host.gpus))
    if len(cards) < expected:
        missing += [f"/dev/nvidia{index}" for index in range(expected) if f"nvidia{index}" not in nodes]
    wrong = [str(node["path"]) for node in nodes.values() if not node.get("is_device")]
    if missing and not host.gpus:
        yield unknown(host.name, "the driver makes them, but it does not work")
    elif missing:
        yield broken(
            host.name,
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing",
            "Run 'nvidia-modprobe -c 0 -u' on the host, which makes them, or reboot it.",
        )
    elif wrong:
        yield broken(
            host.name,
            f"{', '.join(wrong)} {'is no device' if len(wrong) == 1 else 'are no devices'}",
            "Remove what is there and run 'nvidia-modprobe -c 0 -u' on the host, or reboot it.",
        )
    else:
        yield ok(host.name, ", ".join(f"/dev/{name}" for name in sorted(nodes)))


def _runtime(host: Host) -> Iterator[Finding]:
    found = host.runtime
    if not found.get("path"):
        yield broken(
            host.name,
            "nvidia-container-runtime is not installed",
            f"{_HOSTS_AGAIN}: the role container_toolkit installs it.",
        )
    elif found.get("failure"):
        yield broken(
            host.name,
            f"{found['path']} cannot start: {found['failure']}",
            f"{_HOSTS_AGAIN}, which writes /etc/nvidia-container-runtime/config.toml again.",
        )
    elif not found.get("containerd_settings"):
        yield broken(
            host.name,
            "containerd has no settings yet: k3s has not run here",
            f"{_HOSTS_AGAIN}.",
        )
    elif not found.get("is_known_to_containerd"):
        yield broken(
            host.name,
            f"{found['containerd_settings']} does not name nvidia-container-runtime",
            f"Run 'systemctl restart {_unit(host)}' on the host: k3s finds the runtime when it starts.",
        )
    else:
        yield ok(
            host.name, f"{found['path']} {found.get('version') or ''}, known to containerd".replace(" ,", ",")
        )


def _cdi(host: Host) -> Iterator[Finding]:
    mode = str(host.runtime.get("mode") or "")
    specifications = host.stack.get("cdi") or []
    if not host.runtime.get("path"):
        yield unknown(host.name, "there is no runtime to use it")
    elif mode == "legacy" or (mode != "cdi" and not specifications):
        yield not_applicable(host.name, f"the runtime hands GPUs over in mode {mode or 'auto'}")
    elif not specifications:
        yield broken(
            host.name,
            "no file in /etc/cdi or /var/run/cdi describes an NVIDIA GPU",
            f"{_HOSTS_AGAIN}, or 'nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml' on the host.",
        )
    else:
        yield from (_specification(host, row) for row in specifications)


def _specification(host: Host, row: dict[str, Any]) -> Finding:
    path, names = str(row.get("path")), row.get("devices") or []
    missing, written_for = row.get("missing") or [], row.get("driver_version")
    numbered = [name for name in names if str(name).isdigit()]
    again = f"{_HOSTS_AGAIN}, or 'nvidia-ctk cdi generate --output={path}' on the host."
    if not names:
        return broken(host.name, f"{path} names no device", again)
    if written_for and host.driver_version and written_for != host.driver_version:
        told = f"{path} was written for driver {written_for}, but {host.driver_version} is loaded"
        return broken(host.name, told, again)
    if missing:
        more = f" and {len(missing) - 2} more" if len(missing) > 2 else ""
        verb = "is" if len(missing) == 1 else "are"
        told = f"{path} is stale: {', '.join(missing[:2])}{more} {verb} not there"
        return broken(host.name, told, again)
    if numbered and len(numbered) < len(host.gpus):
        told = f"{path} names {many(len(numbered), 'GPU')}, but the driver has {len(host.gpus)}"
        return broken(host.name, told, again)
    return ok(host.name, f"{path} names {', '.join(map(str, names[:4]))}")


def _finding(host: Host, problem: Problem) -> Finding:
    make = degraded if problem.is_slowdown else broken
    return make(host.name, problem.evidence, problem.next_step)


def _unit(host: Host) -> str:
    return next((str(row.get("name")) for row in host.services), "k3s-agent")
