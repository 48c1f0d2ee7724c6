"""Whatever an inventory calls a host, the URL that is made of it leads to that host and that port."""

from __future__ import annotations

import http.client
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.text.addresses import (
    host_address,
    is_own_host,
    url_host,
    with_host,
)
from hypothesis import given
from hypothesis import strategies as st

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
V6 = st.ip_addresses(v=6).map(str)
ADDRESSES = st.one_of(NAMES, st.ip_addresses(v=4).map(str), V6)
PORTS = st.integers(1, 65535)


@given(ADDRESSES, PORTS)
def test_a_url_leads_to_the_host_and_the_port(address: str, port: int) -> None:
    url = f"http://{url_host(address)}:{port}"
    assert (urlsplit(url).hostname, urlsplit(url).port) == (address, port)
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    assert (connection.host, connection.port) == (address, port)


@given(V6)
def test_brackets_that_a_person_wrote_are_neither_doubled_nor_part_of_the_address(address: str) -> None:
    assert url_host(f"[{address}]") == url_host(address) == f"[{address}]"
    assert host_address({"ansible_host": f"[{address}]"}) == address


@given(ADDRESSES, ADDRESSES, PORTS)
def test_a_url_that_moves_keeps_all_but_its_host(old: str, new: str, port: int) -> None:
    url = f"https://{url_host(old)}:{port}/v1?a=b"
    assert with_host(url, new) == f"https://{url_host(new)}:{port}/v1?a=b"
    assert with_host(f"https://{url_host(old)}", new) == f"https://{url_host(new)}"


@given(ADDRESSES, NAMES)
def test_the_address_wins_over_the_name(address: str, name: str) -> None:
    host = {"inventory_hostname": name, "ansible_host": address, "ansible_connection": "local"}
    assert host_address(host) == host_address(host, from_controller=True) == address
    for unset in ({}, {"ansible_host": None}, {"ansible_host": ""}):
        assert host_address({"inventory_hostname": name, **unset}, url=True) == name


def test_the_controller_itself_needs_no_name_in_dns() -> None:
    host = {"inventory_hostname": "server", "ansible_connection": "local"}
    assert host_address(host, from_controller=True) == "127.0.0.1"
    assert host_address(host) == "server"


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_own_hosts_are_loopback_and_any(address: IPv4Address | IPv6Address) -> None:
    assert is_own_host(url_host(str(address))) == (address.is_loopback or address.is_unspecified)


@pytest.mark.parametrize(
    "name", ["localhost", "LOCALHOST.", "127.0.0.1", "127.8.8.8", "[::1]", "::1", "0.0.0.0", "::"]
)
def test_own_hosts_by_name(name: str) -> None:
    assert is_own_host(name)


@pytest.mark.parametrize("host", [None, "server", ["server"]])
def test_what_are_no_variables_is_refused(host: object) -> None:
    with pytest.raises(InvalidInput, match="hostvars"):
        host_address(host)
