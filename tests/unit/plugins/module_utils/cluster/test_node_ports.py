"""Node ports: told before anything is applied exactly where an API server would refuse one half-way."""

from __future__ import annotations

from typing import Any

from ansible_collections.inference.stack.plugins.module_utils.cluster.api import Refused
from ansible_collections.inference.stack.plugins.module_utils.cluster.node_ports import NodePorts
from ansible_collections.inference.stack.plugins.module_utils.cluster.objects import Identity
from hypothesis import given
from hypothesis import strategies as st

# Few of each, so that they meet.
PORTS = st.lists(st.integers(30000, 30003), max_size=2, unique=True)
NAMES = st.tuples(st.sampled_from(["ml", "ml2"]), st.sampled_from(["a", "b", "c"]))
WANTED = st.lists(st.tuples(NAMES, PORTS), max_size=4, unique_by=lambda row: row[0])


def service(namespace: str, name: str, ports: list[int], **spec: Any) -> dict[str, Any]:
    """As an API server takes and gives it."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": port} for port in ports], **spec},
    }


class Reader:
    """A list of Services, and how often it was read."""

    def __init__(self, *services: dict[str, Any], refuses: int = 0) -> None:
        self.services, self.refuses, self.reads = services, refuses, 0

    def get(self, path: str) -> dict[str, Any]:
        assert path == "/api/v1/services"
        self.reads += 1
        if self.refuses:
            raise Refused("no", self.refuses)
        return {"items": list(self.services)}


def claimed(reader: Reader, *wanted: dict[str, Any]) -> NodePorts:
    found = {Identity.of(row): row for row in reader.services}
    ports = NodePorts(reader)
    for row in wanted:
        ports.claim("web", "web_node_port", row, found.get(Identity.of(row)))
    return ports


@st.composite
def clusters(draw: st.DrawFn) -> dict[tuple[str, str], list[int]]:
    """Services, none of which shares a node port."""
    free, found = list(range(30000, 30004)), {}
    for name in draw(st.lists(NAMES, max_size=4, unique=True)):
        count = draw(st.integers(0, min(2, len(free))))
        found[name], free = free[:count], free[count:]
    return found


@given(live=clusters(), wanted=WANTED, gone=st.sets(NAMES))
def test_the_look_foresees_what_an_api_server_refuses(
    live: dict[tuple[str, str], list[int]],
    wanted: list[tuple[tuple[str, str], list[int]]],
    gone: set[tuple[str, str]],
) -> None:
    reader = Reader(*(service(*name, ports) for name, ports in live.items()))
    ports = claimed(reader, *(service(*name, want) for name, want in wanted))
    leaving = {Identity("v1", "Service", *name) for name in gone - {name for name, _ in wanted}}
    rows = ports.taken(leaving)
    assert reader.reads <= 1
    # Carry it out: what leaves and holds a port goes first, then each is applied in turn.
    first = {row["holder"] for row in rows if row["leaves"]}
    now = {name: want for name, want in live.items() if f"v1 Service {'/'.join(name)}" not in first}
    refused = set()
    for name, want in wanted:
        others = {port for other, has in now.items() if other != name for port in has}
        refused |= {(f"v1 Service {'/'.join(name)}", port) for port in others & set(want)}
        now[name] = want or now.get(name, [])
        if refused:
            break
    told = [(row["object"], row["node_port"]) for row in rows if not row["leaves"]]
    assert bool(refused) == bool(told)
    assert refused <= set(told)


def test_nothing_is_read_where_no_port_is_new() -> None:
    held = service("ml", "litellm", [30400])
    reader = Reader(held)
    inside = service("ml", "new", [], type="ClusterIP")
    assert claimed(reader, held, inside, {**held, "kind": "ConfigMap"}).taken(()) == []
    assert reader.reads == 0


def test_the_port_of_a_health_check_is_taken_too() -> None:
    balanced = service("other", "lb", [], type="LoadBalancer", healthCheckNodePort=30400)
    (row,) = claimed(Reader(balanced), service("ml", "litellm", [30400])).taken(())
    assert (row["holder"], row["variable"]) == ("v1 Service other/lb", "web_node_port")


def test_a_login_that_may_not_list_services_is_not_refused() -> None:
    reader = Reader(refuses=403)
    assert claimed(reader, service("ml", "litellm", [30400])).taken(()) == []
    assert reader.reads == 1
