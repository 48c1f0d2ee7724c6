"""A front door as somebody wrote it: every mistake is named with its fix, and nothing makes it stumble."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.front_door.wanted import read_front_door
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plugins.plugin_utils.front_door.doors import KEYS

INGRESS = {"kind": "Ingress", "host": "llm.example.com"}
ROUTE = {"kind": "HTTPRoute", "host": "llm.example.com", "parents": [{"name": "public"}]}


def told(value: Any) -> list[str]:
    return [str(one) for one in read_front_door(value, "litellm_ingress")[1]]


@pytest.mark.parametrize("value", [None, {}, {"kind": "none"}, {"host": "llm.example.com"}, {"kind": None}])
def test_nobody_asked_for_one(value: Any) -> None:
    door, mistakes = read_front_door(value, "litellm_ingress")
    assert (door.url, mistakes) == ("", [])


@pytest.mark.parametrize(
    ("value", "url"),
    [
        (INGRESS, "https://llm.example.com"),
        (INGRESS | {"tls": "none"}, "http://llm.example.com"),
        (ROUTE, "https://llm.example.com"),
        (ROUTE | {"tls": "none"}, "http://llm.example.com"),
    ],
)
def test_its_address_is_what_clients_ask(value: dict[str, Any], url: str) -> None:
    assert read_front_door(value, "litellm_ingress")[0].url == url


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("Ingress", "litellm_ingress is not a mapping"),
        ([INGRESS], "litellm_ingress is not a mapping"),
        (INGRESS | {"hots": "a"}, "litellm_ingress has unknown keys: hots. Known: kind, host, class"),
        (
            {"kind": "ingress"},
            "litellm_ingress.kind is 'ingress'. Choose one of none, Ingress, IngressRoute, HTTPRoute.",
        ),
        ({"kind": "Ingress"}, "litellm_ingress.host is missing"),
        (INGRESS | {"host": "https://llm.example.com"}, "without a scheme, a port or a path"),
        (INGRESS | {"host": "LLM.example.com"}, "in small letters"),
        (INGRESS | {"host": "llm.example.com:443"}, "without a scheme, a port or a path"),
        (INGRESS | {"host": "10.0.0.1"}, "litellm_ingress.host is '10.0.0.1'"),
        (INGRESS | {"host": "a`) || Host(`b"}, "litellm_ingress.host is"),
        (INGRESS | {"tls": False}, "litellm_ingress.tls is not a text"),
        (INGRESS | {"tls": "yes"}, "litellm_ingress.tls is 'yes'. Choose one of own, controller, none."),
        (INGRESS | {"controller": "envoy"}, "litellm_ingress.controller is 'envoy'"),
        (INGRESS | {"class": "Not A Class"}, "litellm_ingress.class is 'Not A Class'"),
        (
            INGRESS | {"parents": [{"name": "public"}]},
            "litellm_ingress.parents means nothing to the kind Ingress",
        ),
        (INGRESS | {"issuer": "letsencrypt"}, "Write it like {name: letsencrypt, kind: ClusterIssuer}."),
        (INGRESS | {"issuer": {"name": "a", "kind": "Isuer"}}, "litellm_ingress.issuer.kind is 'Isuer'"),
        (INGRESS | {"issuer": {"name": "a"}, "tls_secret": "b"}, "A certificate has one source"),
        (
            INGRESS | {"tls_secret": "b", "tls": "none"},
            "litellm_ingress.tls is none, but there is also tls_secret",
        ),
        (
            INGRESS | {"timeout": "5m"},
            "litellm_ingress.timeout has another form. Write a whole number of seconds.",
        ),
        (INGRESS | {"timeout": 0}, "litellm_ingress.timeout has another form"),
        (INGRESS | {"annotations": ["a"]}, "litellm_ingress.annotations has another form"),
        (INGRESS | {"entry_points": "websecure"}, "Write a list of names, such as [websecure]."),
        (ROUTE | {"parents": []}, "litellm_ingress.parents is missing. Name the Gateway"),
        (ROUTE | {"parents": ["public"]}, "litellm_ingress.parents has another form"),
        (ROUTE | {"class": "nginx"}, "litellm_ingress.class means nothing to the kind HTTPRoute"),
        (ROUTE | {"tls_secret": "llm"}, "Put the certificate on the Gateway's listener"),
        (ROUTE | {"tls": "own"}, "Put the certificate on the Gateway's listener"),
    ],
)
def test_a_mistake_is_named_with_its_fix(value: Any, words: str) -> None:
    found = told(value)
    assert words in "\n".join(found)
    assert all(line.startswith("litellm_ingress") and line.endswith(".") for line in found), found


def test_several_mistakes_are_named_at_once() -> None:
    assert len(told({"kind": "Ingress", "class": "Not A Class", "timeout": 0, "hots": "a"})) == 3


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)


@given(
    st.dictionaries(st.sampled_from(KEYS), ANYTHING | st.sampled_from(["Ingress", "HTTPRoute", "own"]))
    | ANYTHING
)
def test_whatever_somebody_writes_becomes_a_door_or_a_sentence(value: Any) -> None:
    door, mistakes = read_front_door(value, "litellm_ingress")
    assert not (mistakes and door.url)
    assert all(one.told and one.fix for one in mistakes)
