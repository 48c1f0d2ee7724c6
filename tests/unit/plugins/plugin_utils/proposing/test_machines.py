"""From what somebody types to the machines of a site."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.filter.site_machines import site_machines
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.proposing.machines import machines, with_seen


@pytest.mark.parametrize(
    ("server", "gpus", "found"),
    [
        ("192.0.2.10", "192.0.2.11", ["server S 192.0.2.10", "gpu G 192.0.2.11"]),
        ("192.0.2.10", "", ["server SG 192.0.2.10"]),
        ("192.0.2.10", "192.0.2.10", ["server SG 192.0.2.10"]),
        (" k3s.example.com ", "a, b,,a", ["server S k3s.example.com", "gpu G a", "gpu2 G b"]),
        ("one", "two,one", ["server SG one", "gpu G two"]),
        ("[2001:db8::10]", "2001:db8::11", ["server S 2001:db8::10", "gpu G 2001:db8::11"]),
        ("localhost", "", ["server SG localhost"]),
    ],
)
def test_who_is_what(server: str, gpus: str, found: list[str]) -> None:
    listed = machines(server, gpus, "admin")
    told = [f"{one.name} {'S' * one.is_server}{'G' * one.has_gpu} {one.address}" for one in listed]
    assert told == found


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("",), "init_server is empty"),
        (("admin@192.0.2.10",), "init_server: 'admin@192.0.2.10' is no address"),
        (("192.0.2.10:22",), "init_server: '192.0.2.10:22' is no address"),
        (("a", "b c"), "init_gpu: 'b c' is no address"),
        (("a", "-oProxyCommand=x"), "init_gpu: '-oProxyCommand=x' is no address"),
        (("fe80::1%eth0",), "init_server: fe80::1%eth0 reaches no further than one link"),
        (("a", "b", "me@x"), "init_user is 'me@x'"),
        (("localhost", "192.0.2.11"), "init_server: localhost means another machine on every machine"),
        (("192.0.2.10", "127.0.0.1"), "init_gpu: 127.0.0.1 means another machine on every machine"),
    ],
)
def test_what_cannot_be_is_refused(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        machines(*words)
    assert told in str(raised.value) and raised.value.hint


def test_the_filter_gives_plain_rows() -> None:
    (row,) = site_machines("127.0.0.1", None, "me")
    assert row == {
        "name": "server",
        "address": "127.0.0.1",
        "user": "",
        "is_server": True,
        "has_gpu": True,
        "is_local": True,
    }


def test_a_machine_that_nobody_asked_has_a_reason() -> None:
    (machine,) = with_seen(machines("a"), [])
    assert machine.seen.reason == "it was not asked"
