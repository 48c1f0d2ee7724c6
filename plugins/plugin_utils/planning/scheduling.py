# SPDX-License-Identifier: Apache-2.0
"""Whether the nodes have the CPU and memory that the pods of each mode ask for.

A selector and taints say which nodes may run a pod. Where that leaves a choice Kubernetes decides, and one
arrangement that fits is enough here: pods with the fewest nodes first, then the largest, each where most is
left; if that leaves one over, other arrangements are tried. Only what this site runs is counted.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..text.units import size
from .inputs.hardware import Hardware
from .inputs.nodes import Node
from .reading.findings import Findings
from .suitable_nodes import suitable_nodes
from .workloads import Pod, transient

_CPU, _MEMORY, _GPUS = 0, 1, 2
# How many steps a search for an arrangement may take; beyond them the plan says that it found none.
_STEPS = 20_000
_ENDLESS = float("inf")
# Below so much memory beside the pods a system swaps or kills: https://docs.k3s.io/installation/requirements
_SYSTEM_BYTES = {True: 3 * 1024**3 // 2, False: 1024**3 // 2}

# CPU in thousandths, bytes of memory, GPUs.
_Amounts = tuple[float, float, float]


@dataclass(frozen=True)
class _Room:
    node: Node
    has: _Amounts

    @property
    def is_known(self) -> bool:
        return self.has[_CPU] != _ENDLESS and self.has[_MEMORY] != _ENDLESS


@dataclass(frozen=True)
class _Load:
    """A kind of pod with the positions of the nodes that may run it."""

    pod: Pod
    places: tuple[int, ...]

    @property
    def asks(self) -> _Amounts:
        return (self.pod.millicpus, self.pod.memory_bytes, self.pod.gpus)


def schedule(
    nodes: Sequence[Node], pods_by_mode: Mapping[str, Sequence[Pod]], hardware: Hardware, findings: Findings
) -> list[dict[str, Any]]:
    """One row per node: what it has for pods, and what one arrangement of each mode asks of it."""
    rooms = [_Room(node, _has(node, hardware)) for node in nodes]
    asked = (
        {mode: _of_mode(mode, pods, rooms, hardware, findings) for mode, pods in pods_by_mode.items()}
        if nodes
        else {}
    )
    rows = []
    for at, room in enumerate(rooms):
        cpus, memory = room.has[_CPU], room.has[_MEMORY]
        modes = [
            {"mode": mode, "cpus": found[at][_CPU] / 1000, "memory_bytes": int(found[at][_MEMORY])}
            for mode, found in asked.items()
            if found
        ]
        rows.append(
            {
                "name": room.node.name,
                "node": room.node.hostname,
                "cpus": None if cpus == _ENDLESS else cpus / 1000,
                "memory_bytes": None if memory == _ENDLESS else int(memory),
                "modes": modes,
            }
        )
        _warn_of_little_memory(room, modes, findings)
    return rows


def _has(node: Node, hardware: Hardware) -> _Amounts:
    return (
        _ENDLESS if node.cpus is None else max(0, round((node.cpus - node.kept_cpus) * 1000)),
        _ENDLESS if node.memory_bytes is None else max(0, node.memory_bytes - node.kept_bytes),
        hardware.most_on(node.name),
    )


def _of_mode(
    mode: str, pods: Sequence[Pod], rooms: Sequence[_Room], hardware: Hardware, findings: Findings
) -> list[_Amounts] | None:
    """What each node is asked for; None where no arrangement is known."""
    fixed, loads = [], []
    for pod in pods:
        places = _places(pod, rooms, hardware, findings)
        if pod.on_every_node:
            fixed += [_Load(pod, (at,)) for at in places]
        elif places:
            loads.append(_Load(pod, places))
    loads = [*fixed, *loads]
    if _is_too_large(loads, rooms, findings) or _is_overfull(mode, loads, rooms, findings):
        return None
    asked, is_sure = _arrange(_each(loads, rooms), rooms)
    if asked is None:
        _tell_of_no_arrangement(mode, loads, rooms, is_sure, findings)
        return None
    for pod, reason in transient(pods):
        more = _Load(pod, _places(pod, rooms, hardware, findings))
        if more.places and _arrange(_each([*loads, more], rooms), rooms)[0] is None:
            findings.warn(
                f"{pod.variable}: {reason}, and in mode {mode!r} no node has room for its pod beside the "
                f"others: {_amount(pod.millicpus, _CPU)} and {_amount(pod.memory_bytes, _MEMORY)}. It would "
                "wait for ever; lower a request."
            )
    return asked


def _places(pod: Pod, rooms: Sequence[_Room], hardware: Hardware, findings: Findings) -> tuple[int, ...]:
    """The nodes that may run a pod. Labels that no inventory sets may be there all the same."""
    found = suitable_nodes(pod, [room.node for room in rooms], hardware)
    if found.unset:
        findings.warn(
            f"k3s_node_labels: no host has the label {_labels(found.unset)} that {pod.part} wants, so its "
            "CPU and memory are not compared."
        )
    variable = f"{pod.role}_node_selector" if pod.role and not pod.on_every_node else ""
    if found.unset or found.places or not variable:
        return found.places
    if not found.selected:
        findings.problem(
            variable,
            f"no host has the labels {_labels(pod.selector or {})} that {pod.part} wants",
            f"Set them in k3s_node_labels of the host that has to run it, or change {variable}.",
        )
    elif not found.tolerated:
        taints = ", ".join(
            f"{room.node.name} ({taint})"
            for room in map(rooms.__getitem__, found.selected)
            for taint in room.node.taints
        )
        findings.problem(
            f"{pod.role}_tolerations",
            f"{pod.part} does not tolerate the taints of the hosts that may run it: {taints}",
            "Add a toleration, or take the taint out of k3s_node_taints of a host.",
        )
    else:
        names = ", ".join(rooms[at].node.name for at in found.tolerated)
        wants, have = ("a GPU", "none") if pod.gpus == 1 else (f"{pod.gpus} GPUs", "fewer")
        findings.problem(
            variable,
            f"{pod.part} wants {wants}, and the hosts that may run it have {have}: {names}",
            "Put a host with a GPU into the groups gpu_hosts and k3s_agents, and give it the label."
            if pod.gpus == 1
            else "Give the label to a host with so many, or lower gpus of the model.",
        )
    return ()


def _labels(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={item}" for key, item in sorted(labels.items()))


def _each(loads: Iterable[_Load], rooms: Sequence[_Room]) -> list[_Load]:
    """One per pod, the most demanding first."""
    whole = [
        max((room.has[kind] for room in rooms if room.has[kind] != _ENDLESS), default=1) or 1
        for kind in (0, 1)
    ]
    ordered = sorted(
        loads,
        key=lambda load: (
            len(load.places),
            -load.pod.gpus,
            -max(load.asks[kind] / whole[kind] for kind in (_CPU, _MEMORY)),
        ),
    )
    return [load for load in ordered for _ in range(load.pod.count)]


def _arrange(pods: Sequence[_Load], rooms: Sequence[_Room]) -> tuple[list[_Amounts] | None, bool]:
    """What each node is asked for. Without an answer, whether it is sure that there is none."""
    free = [list(room.has) for room in rooms]
    taken: list[int] = []
    for load in pods:
        fitting = _fitting(load, free)
        if not fitting:
            found, is_sure = _search(pods, [list(room.has) for room in rooms])
            if found is None:
                return None, is_sure
            taken = found
            break
        at = _emptiest(load, fitting, free, rooms)
        taken.append(at)
        _take(free[at], load, 1)
    asked = [[0.0, 0.0, 0.0] for _ in rooms]
    for at, load in zip(taken, pods, strict=True):
        _take(asked[at], load, -1)
    return [(row[_CPU], row[_MEMORY], row[_GPUS]) for row in asked], True


def _fitting(load: _Load, free: Sequence[Sequence[float]]) -> list[int]:
    return [
        at for at in load.places if all(free[at][kind] >= load.asks[kind] for kind in (_CPU, _MEMORY, _GPUS))
    ]


def _emptiest(
    load: _Load, places: Iterable[int], free: Sequence[Sequence[float]], rooms: Sequence[_Room]
) -> int:
    """Where the most would stay free. A node that nobody looked at comes last."""

    def left(at: int) -> tuple[bool, float]:
        room = rooms[at]
        shares = ((free[at][kind] - load.asks[kind]) / (room.has[kind] or 1) for kind in (_CPU, _MEMORY))
        return room.is_known, min(shares) if room.is_known else 0

    return max(places, key=left)


def _take(free: list[float], load: _Load, sign: int) -> None:
    for kind in (_CPU, _MEMORY, _GPUS):
        free[kind] -= sign * load.asks[kind]


def _search(pods: Sequence[_Load], free: list[list[float]]) -> tuple[list[int] | None, bool]:
    """Try arrangements, equal nodes as one; and whether all were tried."""
    choices = dict.fromkeys(load.places for load in pods)
    kinds = [tuple(at in places for places in choices) for at in range(len(free))]
    taken = [-1] * len(pods)
    options = [_different(pods[0], free, kinds)]
    for _ in range(_STEPS):
        at = len(options) - 1
        if taken[at] >= 0:
            _take(free[taken[at]], pods[at], -1)
        taken[at] = next(options[at], -1)
        if taken[at] < 0:
            options.pop()
            if not options:
                return None, True
            continue
        _take(free[taken[at]], pods[at], 1)
        if len(options) == len(pods):
            return taken, True
        options.append(_different(pods[at + 1], free, kinds))
    return None, False


def _different(load: _Load, free: Sequence[Sequence[float]], kinds: Sequence[object]) -> Iterator[int]:
    """The nodes with room, one of those that have the same rest and may run the same pods."""
    return iter({(tuple(free[at]), kinds[at]): at for at in reversed(_fitting(load, free))}.values())


def _is_overfull(mode: str, loads: Sequence[_Load], rooms: Sequence[_Room], findings: Findings) -> bool:
    """Report nodes whose pods, which may run nowhere else, ask for more than they have."""
    found = False
    for places in dict.fromkeys(load.places for load in loads):
        bound = [load for load in loads if set(load.places) <= set(places)]
        for kind in (_CPU, _MEMORY):
            has = sum(rooms[at].has[kind] for at in places)
            asked = sum(load.asks[kind] * load.pod.count for load in bound)
            if asked > has:
                found = True
                names = ", ".join(rooms[at].node.name for at in places)
                told = (
                    f"{names} would have to run pods that ask for {_amount(asked, kind)} in mode {mode!r}, "
                    f"and has {_amount(has, kind)} for pods: {_listed(bound, kind)}"
                )
                findings.problem(
                    _blamed(bound, kind), told, "Lower a request, or let another host run some of it."
                )
    return found


def _is_too_large(loads: Sequence[_Load], rooms: Sequence[_Room], findings: Findings) -> bool:
    """Report pods that fit on no node even alone."""
    found = False
    for load, kind in itertools.product(loads, (_CPU, _MEMORY)):
        most = max(rooms[at].has[kind] for at in load.places)
        if load.pod.count and load.pod.variable and load.asks[kind] > most:
            found = True
            names = ", ".join(rooms[at].node.name for at in load.places)
            findings.problem(
                load.pod.variable,
                f"{load.pod.part} asks for {_amount(load.asks[kind], kind)}, and of the hosts that may run "
                f"it ({names}) none has more than {_amount(most, kind)} for pods",
                "Lower the request, or let a larger host run it.",
            )
    return found


def _tell_of_no_arrangement(
    mode: str, loads: Sequence[_Load], rooms: Sequence[_Room], is_sure: bool, findings: Findings
) -> None:
    offers = ", ".join(
        f"{room.node.name} {_amount(room.has[_CPU], _CPU)} and {_amount(room.has[_MEMORY], _MEMORY)}"
        for room in rooms
    )
    told = (
        f"the pods of mode {mode!r} do not fit side by side on the nodes ({offers}): "
        f"{_listed(loads, _CPU)}; {_listed(loads, _MEMORY)}"
    )
    if is_sure:
        fix = "Lower a request, or let another host run some of it."
        findings.problem(_blamed(loads, _CPU), told, fix)
    else:
        findings.warn(f"{_blamed(loads, _CPU)}: it may be that {told}. No arrangement was found.")


def _blamed(loads: Sequence[_Load], kind: int) -> str:
    """The variable of what asks for the most."""
    own = [load for load in loads if load.pod.variable]
    most = max(own, key=lambda load: load.asks[kind] * load.pod.count, default=None)
    return most.pod.variable if most else "k3s_disable"


def _listed(loads: Sequence[_Load], kind: int) -> str:
    told = []
    for load in sorted(loads, key=lambda load: -load.asks[kind] * load.pod.count):
        if load.asks[kind] and load.pod.count:
            times = f"{load.pod.count} x " if load.pod.count > 1 else ""
            where = f" ({load.pod.variable})" if load.pod.variable else ""
            told.append(f"{load.pod.part} {times}{_amount(load.asks[kind], kind)}{where}")
    return ", ".join(told)


def _amount(value: float, kind: int) -> str:
    if value == _ENDLESS:
        return "?"
    return size(value) if kind == _MEMORY else f"{value / 1000:g} CPU"


def _warn_of_little_memory(room: _Room, modes: Sequence[Mapping[str, Any]], findings: Findings) -> None:
    """A scheduler gives pods all that a kubelet offers; the kernel and k3s need some of it."""
    memory, least = room.node.memory_bytes, _SYSTEM_BYTES[room.node.is_server]
    most = max((row["memory_bytes"] for row in modes), default=0)
    if memory is not None and most and memory - most < least:
        findings.warn(
            f"k3s_config of {room.node.name}: pods ask for {size(most)} of {size(memory)} of memory, which "
            f"leaves less than {size(least)} for the system and k3s itself. Lower requests, or keep some "
            "with kubelet-arg: [system-reserved=memory=1Gi]."
        )
