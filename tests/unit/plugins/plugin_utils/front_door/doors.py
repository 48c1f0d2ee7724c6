"""Front doors of every kind, as inventories write them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

KEYS = (
    *("kind", "host", "class", "controller", "controller_namespace", "annotations", "entry_points"),
    *("parents", "tls", "tls_secret", "issuer", "timeout"),
)
NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,12}[a-z0-9])?", fullmatch=True)
HOSTS = st.lists(NAMES, min_size=2, max_size=4).map(".".join)
# A certificate of the site's own, from a Secret or from cert-manager; that of the controller; or none.
OWN_TLS = st.one_of(
    st.fixed_dictionaries({"tls_secret": NAMES}),
    st.fixed_dictionaries(
        {"issuer": st.fixed_dictionaries({"name": NAMES}, optional={"kind": st.just("Issuer")})}
    ),
    st.fixed_dictionaries({"tls": st.sampled_from(["controller", "none"])}),
)
_SHARED: dict[str, Any] = {
    "controller_namespace": NAMES,
    "annotations": st.dictionaries(NAMES.map("example.com/{}".format), st.text(max_size=8), max_size=2),
    "timeout": st.integers(1, 9999),
}
_OF_INGRESSES = {
    "class": NAMES | st.sampled_from(["traefik", "nginx", "haproxy"]),
    "controller": st.sampled_from(["traefik", "nginx", "haproxy", "other"]),
    "entry_points": st.lists(NAMES, max_size=2),
}
PARENT = st.fixed_dictionaries(
    {"name": NAMES}, optional={"namespace": NAMES, "sectionName": NAMES, "port": st.integers(1, 65535)}
)


def _door(kind: str, more: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"kind": st.just(kind), "host": HOSTS, **more}, optional=_SHARED | optional)


def _with_tls(door: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(door, OWN_TLS).map(lambda pair: pair[0] | pair[1])


DOORS = st.one_of(
    _with_tls(_door("Ingress", {}, _OF_INGRESSES)),
    _with_tls(_door("IngressRoute", {}, _OF_INGRESSES)),
    _door("HTTPRoute", {"parents": st.lists(PARENT, min_size=1, max_size=2)}, {"tls": st.just("controller")}),
)
