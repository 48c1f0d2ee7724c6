# SPDX-License-Identifier: Apache-2.0
"""What a role needs of its front door: everything that is wrong with it, and everything that it becomes."""

from __future__ import annotations

import datetime
from typing import Any

from ...module_utils.errors import InvalidInput
from ..boundary.plain import plain
from .certificates import certificate_mistakes
from .objects import Service, front_door_kinds, front_door_objects, front_door_peers, front_door_secrets
from .wanted import HTTP_ROUTE, NONE, OWN, FrontDoor, Mistake, read_front_door


def front_door(
    value: Any, variable: str, to: Any, certificate: Any = "", key: Any = "", seconds: Any = 600
) -> dict[str, Any]:
    """Objects, rows of secrets, kinds that a cluster may lack, peers of a NetworkPolicy, the address.

    ``to`` has name, namespace, service, port and labels. Raises InvalidInput for a mistake.
    """
    door, found = read_front_door(value, variable)
    if found:
        raise InvalidInput("\n".join(map(str, found)))
    target = plain(to)
    service = Service(**{**target, "port": int(target["port"])})
    pem, private = str(plain(certificate) or ""), str(plain(key) or "")
    return {
        "objects": front_door_objects(door, service, bool(pem), int(seconds)),
        "secrets": front_door_secrets(door, service, pem, private),
        "kinds": front_door_kinds(door, variable),
        "peers": front_door_peers(door),
        "url": door.url,
    }


def front_door_mistakes(
    value: Any, variable: str, certificate: Any = "", key: Any = "", peers: Any = (), peers_variable: str = ""
) -> list[str]:
    """Everything that is wrong with the variable, its certificate and key, and peers that lock it out."""
    door, found = read_front_door(value, variable)
    pem, private = str(plain(certificate) or ""), str(plain(key) or "")
    found += _sources(door, variable, pem, private)
    if pem and private and door.kind != NONE and not found:
        now = datetime.datetime.now(datetime.UTC)
        found += certificate_mistakes(pem, private, door.host, variable, now)
    if plain(peers) and door.kind != NONE and not door.controller_namespace:
        told = f"is missing, and {peers_variable} lets nobody else in"
        fix = "Name the namespace of the ingress controller, for instance kube-system for k3s' Traefik."
        found.append(Mistake(f"{variable}.controller_namespace", told, fix))
    return [str(one) for one in found]


def _sources(door: FrontDoor, variable: str, certificate: str, key: str) -> list[Mistake]:
    """A certificate has one source, and both halves."""
    of_certificate, of_key = f"{variable}_certificate", f"{variable}_key"
    if bool(certificate) != bool(key):
        fix = f"A certificate and its key belong together: {of_certificate} and {of_key}."
        return [Mistake(of_key if certificate else of_certificate, "is missing", fix)]
    if door.kind == NONE:
        return []
    others = {"tls_secret": door.tls_secret, "issuer": door.issuer, f"tls: {door.tls}": door.tls != OWN}
    other = next((name for name, is_there in others.items() if is_there), "")
    if certificate and other:
        fix = "A certificate has one source: remove one of them."
        if door.kind == HTTP_ROUTE:
            fix = "The TLS of an HTTPRoute is the Gateway's: put the certificate on its listener."
        return [Mistake(of_certificate, f"is there, and so is {variable}.{other}", fix)]
    if not certificate and not other:
        fix = (
            f"Set {variable}.tls_secret to a Secret that exists, {variable}.issuer to one of cert-manager, "
            f"or {of_certificate} and {of_key}. With {variable}.tls: controller clients see the controller's "
            "own certificate; with tls: none keys travel in clear."
        )
        return [Mistake(variable, "has no certificate", fix)]
    return []
