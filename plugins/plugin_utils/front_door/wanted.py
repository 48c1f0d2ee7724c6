# SPDX-License-Identifier: Apache-2.0
"""A front door as an inventory describes it, in a variable such as litellm_ingress. Pure.

Everything that is wrong with it is found at once, as pairs of a sentence and its fix.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..boundary.plain import plain

NONE, INGRESS, INGRESS_ROUTE, HTTP_ROUTE = "none", "Ingress", "IngressRoute", "HTTPRoute"
KINDS = (NONE, INGRESS, INGRESS_ROUTE, HTTP_ROUTE)
# Where the certificate comes from: this site, the controller (or the Gateway's listener), or there is no TLS.
OWN, CONTROLLER, OFF = "own", "controller", "none"
TLS = (OWN, CONTROLLER, OFF)
TRAEFIK, NGINX, HAPROXY, OTHER = "traefik", "nginx", "haproxy", "other"
CONTROLLERS = (TRAEFIK, NGINX, HAPROXY, OTHER)
ISSUERS = ("ClusterIssuer", "Issuer")
ISSUER_GROUP = "cert-manager.io"
_EXAMPLE = "llm.example.com"
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_DNS_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
_ADDRESS = re.compile(r"[0-9.]+")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_NAMES = {"class": _NAME, "controller_namespace": re.compile(_LABEL), "tls_secret": _NAME}
# Keys that only some kinds have.
_OF_INGRESSES = (INGRESS, INGRESS_ROUTE)
_ONLY = {"class": _OF_INGRESSES, "entry_points": _OF_INGRESSES, "parents": (HTTP_ROUTE,)}
_OF_CERTIFICATE = ("tls_secret", "issuer")
_TEXTS = ("kind", "host", "class", "controller", "controller_namespace", "tls", "tls_secret")
_CHOICES = {"kind": KINDS, "controller": CONTROLLERS, "tls": TLS}
_KEYS = (*_TEXTS, "annotations", "entry_points", "parents", "issuer", "timeout")


class Mistake(NamedTuple):
    """What is wrong where, and how to put it right."""

    path: str
    told: str
    fix: str

    def __str__(self) -> str:
        return f"{self.path} {self.told}. {self.fix}"


@dataclass(frozen=True)
class FrontDoor:
    """One way in. ``kind`` is none where nobody asked for one."""

    kind: str = NONE
    host: str = ""
    class_name: str = ""
    controller: str = OTHER
    controller_namespace: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    entry_points: tuple[str, ...] = ()
    parents: tuple[Mapping[str, Any], ...] = ()
    tls: str = OWN
    tls_secret: str = ""
    issuer: Mapping[str, str] = field(default_factory=dict)
    timeout: int = 0

    @property
    def url(self) -> str:
        """The address for clients; empty where there is no front door."""
        return f"{'http' if self.tls == OFF else 'https'}://{self.host}" if self.kind != NONE else ""


def read_front_door(value: Any, variable: str) -> tuple[FrontDoor, list[Mistake]]:
    """The front door and everything that is wrong with it; with a mistake it is none."""
    row: Any = plain(value)
    if row is None or row == {}:
        return FrontDoor(), []
    if not isinstance(row, dict):
        fix = f"Write it like {{kind: Ingress, host: {_EXAMPLE}}}."
        return FrontDoor(), [Mistake(variable, "is not a mapping", fix)]
    found = list(_mistakes(row, variable))
    if found or (row.get("kind") or NONE) == NONE:
        return FrontDoor(), found
    kind = row["kind"]
    issuer = row.get("issuer") or {}
    return (
        FrontDoor(
            kind=kind,
            host=row["host"],
            class_name=row.get("class") or "",
            controller=row.get("controller") or _controller(kind, row.get("class")),
            controller_namespace=row.get("controller_namespace") or "",
            annotations={str(name): str(text) for name, text in (row.get("annotations") or {}).items()},
            entry_points=tuple(row.get("entry_points") or ()),
            parents=tuple(row.get("parents") or ()),
            tls=_tls(row),
            tls_secret=row.get("tls_secret") or "",
            issuer={"kind": ISSUERS[0], "group": ISSUER_GROUP, **issuer} if issuer else {},
            timeout=int(row.get("timeout") or 0),
        ),
        [],
    )


def _controller(kind: str, class_name: Any) -> str:
    """Whose annotations are understood: IngressRoute is Traefik's, and classes bear projects' names."""
    if kind == INGRESS_ROUTE:
        return TRAEFIK
    return str(class_name) if class_name in CONTROLLERS else OTHER


def _mistakes(row: dict[str, Any], variable: str) -> Iterator[Mistake]:
    """First the form of every value, then what belongs together: the second would stumble over the first."""
    if unknown := sorted(str(key) for key in row if key not in _KEYS):
        yield Mistake(variable, f"has unknown keys: {', '.join(unknown)}", f"Known: {', '.join(_KEYS)}.")
    wrong = list(_of_form(row))
    for key, told, fix in wrong:
        yield Mistake(f"{variable}.{key}", told, fix)
    if not wrong and (row.get("kind") or NONE) != NONE:
        for key, told, fix in (*_of_kind(row), *_of_tls(row)):
            yield Mistake(f"{variable}.{key}", told, fix)


def _of_form(row: Mapping[str, Any]) -> Iterator[Mistake]:
    for key in _TEXTS:
        if not isinstance(row.get(key), (str, type(None))):
            yield Mistake(key, "is not a text", "Put it in quotes.")
        elif key in _CHOICES and row.get(key) and row[key] not in _CHOICES[key]:
            yield Mistake(key, f"is {row[key]!r}", f"Choose one of {', '.join(_CHOICES[key])}.")
        elif key in _NAMES and row.get(key) and not _NAMES[key].fullmatch(row[key]):
            yield Mistake(key, f"is {row[key]!r}", "Kubernetes takes small letters, digits and dashes.")
    for key, is_right, fix in _SHAPES:
        if row.get(key) not in (None, "", [], {}) and not is_right(row[key]):
            yield Mistake(key, "has another form", fix)


def _of_kind(row: Mapping[str, Any]) -> Iterator[Mistake]:
    kind, host = row["kind"], row.get("host") or ""
    if not host:
        yield Mistake("host", "is missing", f"Name the host that clients ask, for instance {_EXAMPLE}.")
    elif not _DNS_NAME.fullmatch(host) or _ADDRESS.fullmatch(host):
        fix = f"Write a name in small letters, without a scheme, a port or a path, for instance {_EXAMPLE}."
        yield Mistake("host", f"is {host!r}", fix)
    for key, kinds in _ONLY.items():
        if row.get(key) and kind not in kinds:
            yield Mistake(key, f"means nothing to the kind {kind}", f"It belongs to {' and '.join(kinds)}.")
    if kind == HTTP_ROUTE and not row.get("parents"):
        fix = "Name the Gateway that it is attached to: [{name: public, namespace: gateways}]."
        yield Mistake("parents", "is missing", fix)


def _of_tls(row: Mapping[str, Any]) -> Iterator[Mistake]:
    given = [key for key in _OF_CERTIFICATE if row.get(key)]
    tls, issuer = _tls(row), row.get("issuer") or {}
    if row["kind"] == HTTP_ROUTE and (given or tls == OWN):
        fix = "Put the certificate on the Gateway's listener, and leave out tls_secret, issuer and tls: own."
        yield Mistake("kind", "is HTTPRoute, whose TLS is the Gateway's", fix)
    elif tls != OWN and given:
        yield Mistake("tls", f"is {tls}, but there is also {' and '.join(given)}", "Remove one of them.")
    elif len(given) > 1:
        fix = "A certificate has one source: remove one of them."
        yield Mistake("tls_secret", "and issuer are both there", fix)
    kind = issuer.get("kind") or ISSUERS[0]
    if kind not in ISSUERS and not issuer.get("group"):
        fix = f"Choose {' or '.join(ISSUERS)}, or name the group of the other kind."
        yield Mistake("issuer.kind", f"is {kind!r}", fix)


def _tls(row: Mapping[str, Any]) -> str:
    return str(row.get("tls") or (CONTROLLER if row["kind"] == HTTP_ROUTE else OWN))


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)


def _parents(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, Mapping) and isinstance(item.get("name"), str) for item in value
    )


def _issuer(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) <= {"name", "kind", "group"}
        and bool(value.get("name"))
        and all(isinstance(text, str) for text in value.values())
    )


def _annotations(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and isinstance(text, (str, int, float, bool)) for name, text in value.items()
    )


def _seconds(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool) and value > 0) or (
        isinstance(value, str) and value.isdecimal() and int(value) > 0
    )


_SHAPES: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("annotations", _annotations, "Write a mapping of names and texts."),
    ("entry_points", _texts, "Write a list of names, such as [websecure]."),
    ("parents", _parents, "Write a list of parentRefs, each with the name of a Gateway: [{name: public}]."),
    ("issuer", _issuer, "Write it like {name: letsencrypt, kind: ClusterIssuer}."),
    ("timeout", _seconds, "Write a whole number of seconds."),
)
