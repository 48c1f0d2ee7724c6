"""The filter front_door_mistakes: a certificate has one source and both halves, and nobody is locked out."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.filter import front_door_mistakes

from tests.unit.plugins.filter.filter_calls import call
from tests.unit.plugins.plugin_utils.front_door.pems import certificate_pem, key_pem

DOOR = {"kind": "Ingress", "host": "llm.example.com"}
ROUTE = {**DOOR, "kind": "HTTPRoute", "parents": [{"name": "public"}]}
PEM = {"certificate": certificate_pem("llm.example.com"), "key": key_pem()}
PEERS = {"peers": [{"podSelector": {}}], "peers_variable": "litellm_allowed_peers"}


def mistakes(value: Any, **more: Any) -> list[str]:
    found: list[str] = call(front_door_mistakes, value, "litellm_ingress", **more)
    return found


@pytest.mark.parametrize(
    ("value", "more"),
    [
        ({}, {}),
        ({}, PEM),
        (DOOR, PEM),
        (DOOR | {"tls_secret": "llm"}, {}),
        (DOOR | {"issuer": {"name": "a"}}, {}),
        (DOOR | {"tls": "controller"}, {}),
        (DOOR | {"tls": "none"}, {}),
        (DOOR | {"tls": "none", "controller_namespace": "traefik"}, PEERS),
        ({}, PEERS),
        (ROUTE, {}),
    ],
)
def test_nothing_is_wrong(value: Any, more: Any) -> None:
    assert mistakes(value, **more) == []


@pytest.mark.parametrize(
    ("value", "more", "words"),
    [
        (DOOR, {}, "litellm_ingress has no certificate. Set litellm_ingress.tls_secret"),
        (DOOR, {"certificate": PEM["certificate"]}, "litellm_ingress_key is missing"),
        (DOOR, {"key": PEM["key"]}, "litellm_ingress_certificate is missing"),
        (
            DOOR | {"tls_secret": "llm"},
            PEM,
            "litellm_ingress_certificate is there, and so is litellm_ingress.tls_secret",
        ),
        (DOOR | {"issuer": {"name": "a"}}, PEM, "and so is litellm_ingress.issuer"),
        (DOOR | {"tls": "controller"}, PEM, "and so is litellm_ingress.tls: controller"),
        (DOOR | {"tls": "none"}, PEM, "and so is litellm_ingress.tls: none"),
        (ROUTE, PEM, "put the certificate on its listener"),
        (DOOR | {"host": "other.example.com"}, PEM, "is for llm.example.com, not for other.example.com"),
        (DOOR, {**PEM, "key": key_pem(1)}, "litellm_ingress_key is not the key"),
        (
            DOOR | {"tls": "none"},
            PEERS,
            "litellm_ingress.controller_namespace is missing, and litellm_allowed_peers",
        ),
    ],
)
def test_what_is_wrong_is_told_without_a_secret(value: Any, more: Any, words: str) -> None:
    found = "\n".join(mistakes(value, **more))
    assert words in found
    assert "BEGIN" not in found
