# SPDX-License-Identifier: Apache-2.0
"""What controllers have to be told so that answers stream and may take their time. Pure.

Only annotations that the controllers document. Traefik and HAProxy pass on at once what they get, and
Traefik has no deadline for an answer.
"""

from __future__ import annotations

from .wanted import HAPROXY, INGRESS, NGINX, FrontDoor

# Prompts with pictures are larger than the megabyte that nginx takes.
BODY = "64m"


def streaming_annotations(door: FrontDoor, seconds: int) -> dict[str, str]:
    """For an Ingress whose controller is known; two projects share each of these names."""
    if door.kind != INGRESS:
        return {}
    if door.controller == NGINX:
        return {
            "nginx.ingress.kubernetes.io/proxy-body-size": BODY,
            "nginx.ingress.kubernetes.io/proxy-buffering": "off",
            "nginx.ingress.kubernetes.io/proxy-read-timeout": f"{seconds}",
            "nginx.ingress.kubernetes.io/proxy-send-timeout": f"{seconds}",
            "nginx.org/client-max-body-size": BODY,
            "nginx.org/proxy-buffering": "False",
            "nginx.org/proxy-read-timeout": f"{seconds}s",
            "nginx.org/proxy-send-timeout": f"{seconds}s",
        }
    if door.controller == HAPROXY:
        return {
            "haproxy-ingress.github.io/timeout-server": f"{seconds}s",
            "haproxy.org/timeout-server": f"{seconds}s",
        }
    return {}
