"""A certificate that no client would trust is refused before anything changes, and never quoted."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.front_door.certificates import (
    certificate_mistakes,
)

from tests.unit.plugins.plugin_utils.front_door.pems import NOW, certificate_pem, key_pem

HOST = "llm.example.com"


def told(certificate: str, key: str, host: str = HOST) -> list[str]:
    return [str(one) for one in certificate_mistakes(certificate, key, host, "litellm_ingress", NOW)]


@pytest.mark.parametrize("names", [(HOST,), ("*.example.com",), ("other.example.com", "LLM.example.com")])
def test_one_for_the_host_is_fine(names: tuple[str, ...]) -> None:
    assert told(certificate_pem(*names), key_pem()) == []


def test_the_authorities_in_between_may_follow_the_hosts_own() -> None:
    chain = certificate_pem(HOST) + certificate_pem("authority.example.com", number=1)
    assert told(chain, key_pem()) == []
    assert any("is not the key of the first certificate" in line for line in told(chain, key_pem(1)))


@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [
        (
            certificate_pem("other.example.com"),
            key_pem(),
            "is for other.example.com, not for llm.example.com",
        ),
        (certificate_pem("*.example.com"), key_pem(), ""),
        (certificate_pem("*.com"), key_pem(), "is for *.com"),
        (certificate_pem(), key_pem(), "is for no name"),
        (certificate_pem(HOST, days=-1), key_pem(), "_certificate expired on"),
        (certificate_pem(HOST), key_pem(1), "_key is not the key of the first certificate"),
        (certificate_pem(HOST), key_pem(password=b"secret"), "_key is not a private key that can be read"),
        (certificate_pem(HOST), "sk-0123456789", "_key is not a private key that can be read"),
        (key_pem(), certificate_pem(HOST), "_certificate is not a certificate"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", key_pem(), "is not a certificate"),
    ],
)
def test_what_clients_would_not_trust_is_told(certificate: str, key: str, words: str) -> None:
    found = told(certificate, key)
    assert bool(found) == bool(words)
    assert words in "\n".join(found)
    for line in found:
        assert "litellm_ingress_" in line
        assert "BEGIN" not in line and "sk-0123456789" not in line


def test_a_star_stands_for_one_label() -> None:
    assert told(certificate_pem("*.example.com"), key_pem(), "a.llm.example.com")
    assert told(certificate_pem("*.example.com"), key_pem(), "example.com")
