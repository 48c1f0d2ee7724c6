"""Every front door becomes objects as the projects publish them, and leads to the Service."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.front_door.rendered import front_door
from hypothesis import given

from tests.unit.plugins.plugin_utils.front_door.doors import DOORS
from tests.unit.plugins.plugin_utils.front_door.published import SCHEMAS, faults

HOST = "llm.example.com"
TO = {"name": "litellm", "namespace": "ml", "service": "front", "port": 4100, "labels": {"app": "litellm"}}
INGRESS = {"kind": "Ingress", "host": HOST}
INGRESS_ROUTE = {"kind": "IngressRoute", "host": HOST}
HTTP_ROUTE = {"kind": "HTTPRoute", "host": HOST, "parents": [{"name": "public", "namespace": "gateways"}]}
PEM = {"certificate": "CERTIFICATE", "key": "PRIVATE"}


def made(value: dict[str, Any], **more: Any) -> dict[str, Any]:
    return front_door(value, "litellm_ingress", TO, **more)


def one(value: dict[str, Any], **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = made(value, **more)["objects"][0]
    return found


@given(DOORS)
def test_every_object_is_what_its_project_publishes(value: dict[str, Any]) -> None:
    found = made(value)
    for thing in found["objects"]:
        assert faults(thing) == []
        assert (thing["metadata"]["name"], thing["metadata"]["namespace"]) == ("litellm", "ml")
        assert thing["metadata"]["labels"] == TO["labels"]
        assert all(isinstance(text, str) for text in thing["metadata"].get("annotations", {}).values())
    kinds = [thing["kind"] for thing in found["objects"]]
    assert kinds == [value["kind"], *(["Certificate"] if "issuer" in value else [])]
    assert {row["kind"] for row in found["kinds"]} == set(kinds) - {"Ingress"}
    assert value["host"] in json.dumps(found["objects"][0]["spec"])


def test_the_schemas_say_where_they_are_from_and_find_a_fault() -> None:
    for path in SCHEMAS.iterdir():
        read = json.loads(path.read_text("utf-8"))
        assert read["source"] and read["licence"], path.name
    for value in (INGRESS | {"tls": "controller"}, INGRESS_ROUTE | {"tls": "controller"}, HTTP_ROUTE):
        thing = one(value)
        assert faults(thing) == []
        assert faults({**thing, "spec": {**thing["spec"], "hots": "a"}})
    assert faults({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "spec": {"dnsNames": ["a"]}})


def test_without_one_there_is_nothing() -> None:
    for value in ({}, {"kind": "none", "host": HOST}):
        assert made(value) == {"objects": [], "secrets": [], "kinds": [], "peers": [], "url": ""}


@pytest.mark.parametrize(
    ("value", "more", "secret", "tls"),
    [
        (
            INGRESS | {"tls_secret": "llm"},
            {},
            {"existing": ["tls.crt", "tls.key"]},
            [{"hosts": [HOST], "secretName": "llm"}],
        ),
        (
            INGRESS,
            PEM,
            {"type": "kubernetes.io/tls", "values": {"tls.crt": "CERTIFICATE", "tls.key": "PRIVATE"}},
            [{"hosts": [HOST], "secretName": "litellm-tls"}],
        ),
        (
            INGRESS | {"issuer": {"name": "a"}},
            {},
            None,
            [{"hosts": [HOST], "secretName": "litellm-certificate"}],
        ),
        (INGRESS | {"tls": "controller"}, {}, None, [{"hosts": [HOST]}]),
        (INGRESS | {"tls": "none"}, {}, None, None),
        (
            INGRESS_ROUTE | {"tls_secret": "llm"},
            {},
            {"existing": ["tls.crt", "tls.key"]},
            {"secretName": "llm"},
        ),
        (INGRESS_ROUTE | {"issuer": {"name": "a"}}, {}, None, {"secretName": "litellm-certificate"}),
        (INGRESS_ROUTE | {"tls": "controller"}, {}, None, {}),
        (INGRESS_ROUTE | {"tls": "none"}, {}, None, None),
    ],
)
def test_where_the_certificate_comes_from(value: Any, more: Any, secret: Any, tls: Any) -> None:
    found = made(value, **more)
    assert found["objects"][0]["spec"].get("tls") == tls
    if secret is None:
        assert found["secrets"] == []
    else:
        (row,) = found["secrets"]
        assert {key: value for key, value in row.items() if key != "name"} == secret
        assert row["name"] in json.dumps(tls)
    assert "PRIVATE" not in json.dumps(found["objects"])


def test_cert_manager_is_asked_for_the_host() -> None:
    route, certificate = made(INGRESS | {"issuer": {"name": "letsencrypt"}})["objects"]
    assert certificate["spec"] == {
        "secretName": route["spec"]["tls"][0]["secretName"],
        "dnsNames": [HOST],
        "issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer", "group": "cert-manager.io"},
    }


@pytest.mark.parametrize(
    ("more", "annotations"),
    [
        ({"class": "internal"}, {}),
        (
            {"class": "nginx"},
            {
                "nginx.ingress.kubernetes.io/proxy-body-size": "64m",
                "nginx.ingress.kubernetes.io/proxy-buffering": "off",
                "nginx.ingress.kubernetes.io/proxy-read-timeout": "720",
                "nginx.ingress.kubernetes.io/proxy-send-timeout": "720",
                "nginx.org/client-max-body-size": "64m",
                "nginx.org/proxy-buffering": "False",
                "nginx.org/proxy-read-timeout": "720s",
                "nginx.org/proxy-send-timeout": "720s",
            },
        ),
        (
            {"class": "haproxy", "timeout": 90},
            {"haproxy-ingress.github.io/timeout-server": "90s", "haproxy.org/timeout-server": "90s"},
        ),
        (
            {"class": "internal", "controller": "haproxy"},
            {"haproxy-ingress.github.io/timeout-server": "720s", "haproxy.org/timeout-server": "720s"},
        ),
        (
            {"class": "traefik"},
            {
                "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
                "traefik.ingress.kubernetes.io/router.tls": "true",
            },
        ),
        ({"class": "traefik", "tls": "none"}, {}),
    ],
)
def test_controllers_are_told_that_answers_stream(more: dict[str, Any], annotations: dict[str, str]) -> None:
    given_tls = {} if "tls" in more else {"tls": "controller"}
    found = one(INGRESS | given_tls | more, seconds=720)
    assert found["metadata"].get("annotations", {}) == annotations


def test_what_the_inventory_says_wins() -> None:
    more = {"nginx.ingress.kubernetes.io/proxy-read-timeout": "5", "example.com/a": "b"}
    found = one(INGRESS | {"tls": "controller", "class": "nginx", "annotations": more})["metadata"][
        "annotations"
    ]
    assert found["nginx.ingress.kubernetes.io/proxy-read-timeout"] == "5"
    assert found["example.com/a"] == "b"


def test_no_deadline_of_a_route_cuts_a_stream() -> None:
    """It counts the whole answer. Without one the implementation has its own: Envoy has 15 seconds."""
    (rule,) = one(HTTP_ROUTE)["spec"]["rules"]
    assert rule["timeouts"] == {"request": "0s"}


def test_traefik_knows_its_class_by_an_annotation() -> None:
    found = one(INGRESS_ROUTE | {"tls": "controller", "class": "inner"})
    assert found["metadata"]["annotations"] == {"kubernetes.io/ingress.class": "inner"}
    assert found["spec"]["entryPoints"] == ["websecure"]
    assert one(INGRESS_ROUTE | {"tls": "none"})["spec"]["entryPoints"] == ["web"]
    assert one(INGRESS_ROUTE | {"tls": "none", "entry_points": ["llm"]})["spec"]["entryPoints"] == ["llm"]


def test_the_controllers_namespace_is_let_in() -> None:
    labels = {"kubernetes.io/metadata.name": "kube-system"}
    found = made(INGRESS | {"tls": "controller", "controller_namespace": "kube-system"})["peers"]
    assert found == [{"namespaceSelector": {"matchLabels": labels}}]
    assert made({"kind": "none", "controller_namespace": "kube-system"})["peers"] == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            INGRESS_ROUTE | {"tls": "controller"},
            ["litellm_ingress.kind is IngressRoute", "Install Traefik", "Ingress"],
        ),
        (HTTP_ROUTE, ["litellm_ingress.kind is HTTPRoute", "Install the Gateway API", "Ingress"]),
        (
            INGRESS | {"issuer": {"name": "a"}},
            ["litellm_ingress.issuer is set", "Install cert-manager", "tls_secret"],
        ),
    ],
)
def test_a_kind_that_is_missing_is_told_with_the_variable_and_the_fix(value: Any, words: list[str]) -> None:
    (row,) = made(value)["kinds"]
    assert [word for word in words if word not in row["told"]] == []
