# SPDX-License-Identifier: Apache-2.0
"""The objects of a front door: an Ingress, an IngressRoute or an HTTPRoute, and its certificate. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .streaming import streaming_annotations
from .wanted import CONTROLLER, HTTP_ROUTE, INGRESS, INGRESS_ROUTE, NONE, OFF, OWN, TRAEFIK, FrontDoor

CERTIFICATE = "Certificate"
API_VERSIONS = {
    INGRESS: "networking.k8s.io/v1",
    INGRESS_ROUTE: "traefik.io/v1alpha1",
    HTTP_ROUTE: "gateway.networking.k8s.io/v1",
    CERTIFICATE: "cert-manager.io/v1",
}
# Kubernetes knows the others by itself.
_BROUGHT_BY = {INGRESS_ROUTE: "Traefik", HTTP_ROUTE: "the Gateway API", CERTIFICATE: "cert-manager"}
_CERTIFICATE_KEYS = ("tls.crt", "tls.key")
_TLS_TYPE = "kubernetes.io/tls"
# How Traefik's own documentation and its chart call the entry points of HTTP and of HTTPS.
_WEB, _WEB_SECURE = "web", "websecure"
_CLASS_OF_ROUTES = "kubernetes.io/ingress.class"
# No deadline of the route: it would count a whole answer, and cut one that streams for longer.
_NO_DEADLINE = "0s"


class Service(NamedTuple):
    """What a front door leads to. Its objects bear the Service's own labels and the name ``name``."""

    name: str
    namespace: str
    service: str
    port: int
    labels: Mapping[str, str]


def front_door_objects(door: FrontDoor, to: Service, has_pem: bool, seconds: int) -> list[dict[str, Any]]:
    """The objects; none where there is no front door. ``seconds`` is how long an answer may take to begin."""
    if door.kind == NONE:
        return []
    secret = _secret_name(door, to, has_pem)
    made = {INGRESS: _ingress, INGRESS_ROUTE: _ingress_route, HTTP_ROUTE: _http_route}[door.kind]
    spec, own = made(door, to, secret)
    told = {**streaming_annotations(door, door.timeout or seconds), **own, **door.annotations}
    found = [_object(door.kind, to.name, to, spec, told)]
    if door.issuer:
        wanted = {"secretName": secret, "dnsNames": [door.host], "issuerRef": dict(door.issuer)}
        found.append(_object(CERTIFICATE, to.name, to, wanted, {}))
    return found


def front_door_secrets(door: FrontDoor, to: Service, certificate: str, key: str) -> list[dict[str, Any]]:
    """Rows of a set's secrets: one that is made of a certificate and its key, or one that has to be there."""
    if door.kind == NONE or door.tls != OWN or door.issuer:
        return []
    name = _secret_name(door, to, bool(certificate))
    if certificate:
        values = dict(zip(_CERTIFICATE_KEYS, (certificate, key), strict=True))
        return [{"name": name, "values": values, "type": _TLS_TYPE}]
    return [{"name": name, "existing": list(_CERTIFICATE_KEYS)}]


def front_door_kinds(door: FrontDoor, variable: str) -> list[dict[str, str]]:
    """The kinds that a cluster may lack, each with what to say then."""
    wanted = [(door.kind, f"{variable}.kind is {door.kind}"), (CERTIFICATE, f"{variable}.issuer is set")]
    rows = []
    for kind, because in wanted if door.issuer else wanted[:1]:
        if kind in _BROUGHT_BY:
            instead = "use tls_secret" if kind == CERTIFICATE else "choose another kind, such as Ingress"
            told = (
                f"{because}, but the cluster does not know {kind} ({API_VERSIONS[kind]}). "
                f"Install {_BROUGHT_BY[kind]} with its CustomResourceDefinitions first, or {instead}."
            )
            rows.append({"api_version": API_VERSIONS[kind], "kind": kind, "told": told})
    return rows


def front_door_peers(door: FrontDoor) -> list[dict[str, Any]]:
    """Whom a NetworkPolicy has to let through: the namespace of the controller."""
    if door.kind == NONE or not door.controller_namespace:
        return []
    labels = {"kubernetes.io/metadata.name": door.controller_namespace}
    return [{"namespaceSelector": {"matchLabels": labels}}]


def _secret_name(door: FrontDoor, to: Service, has_pem: bool) -> str:
    """cert-manager's Secret and that of the inventory have different names: neither replaces the other."""
    if door.tls != OWN:
        return ""
    if door.issuer:
        return f"{to.name}-certificate"
    return f"{to.name}-tls" if has_pem else door.tls_secret


def _ingress(door: FrontDoor, to: Service, secret: str) -> tuple[dict[str, Any], dict[str, str]]:
    backend = {"service": {"name": to.service, "port": {"number": to.port}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    spec: dict[str, Any] = {"rules": [{"host": door.host, "http": {"paths": [path]}}]}
    if door.class_name:
        spec["ingressClassName"] = door.class_name
    if door.tls != OFF:
        spec["tls"] = [{"hosts": [door.host], **({"secretName": secret} if secret else {})}]
    own = {}
    if door.controller == TRAEFIK:
        # Without these it would answer on every entry point, and send keys in clear on one of them.
        points = door.entry_points or ((_WEB_SECURE,) if door.tls != OFF else ())
        if points:
            own["traefik.ingress.kubernetes.io/router.entrypoints"] = ",".join(points)
        if door.tls != OFF:
            own["traefik.ingress.kubernetes.io/router.tls"] = "true"
    return spec, own


def _ingress_route(door: FrontDoor, to: Service, secret: str) -> tuple[dict[str, Any], dict[str, str]]:
    service = {"name": to.service, "port": to.port}
    spec: dict[str, Any] = {
        "entryPoints": list(door.entry_points) or [_WEB if door.tls == OFF else _WEB_SECURE],
        "routes": [{"kind": "Rule", "match": f"Host(`{door.host}`)", "services": [service]}],
    }
    if door.tls != OFF:
        # An empty mapping is the controller's default certificate.
        spec["tls"] = {} if door.tls == CONTROLLER else {"secretName": secret}
    return spec, {_CLASS_OF_ROUTES: door.class_name} if door.class_name else {}


def _http_route(door: FrontDoor, to: Service, secret: str) -> tuple[dict[str, Any], dict[str, str]]:
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "backendRefs": [{"name": to.service, "port": to.port}],
        "timeouts": {"request": _NO_DEADLINE},
    }
    parents = [dict(parent) for parent in door.parents]
    return {"parentRefs": parents, "hostnames": [door.host], "rules": [rule]}, {}


def _object(
    kind: str, name: str, to: Service, spec: dict[str, Any], told: Mapping[str, str]
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": to.namespace, "labels": dict(to.labels)}
    if told:
        metadata["annotations"] = dict(sorted(told.items()))
    return {"apiVersion": API_VERSIONS[kind], "kind": kind, "metadata": metadata, "spec": spec}
