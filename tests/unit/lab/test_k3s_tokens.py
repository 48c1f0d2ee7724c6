"""Tokens: k3s's two forms, and the bootstrap token behind them."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.k3s.supervisor.errors import K3sError
from lab.k3s.supervisor.tokens import Token, bootstrap_token, full_token

CA = b"-----BEGIN CERTIFICATE-----\n"


def test_full_token_names_the_ca() -> None:
    text = full_token(CA, "pass:word")
    assert text == f"K10{hashlib.sha256(CA).hexdigest()}::server:pass:word"
    assert Token.parse(f"{text}\n") == Token("pass:word", hashlib.sha256(CA).hexdigest())


def test_short_token_is_the_password() -> None:
    assert Token.parse(" secret\n") == Token("secret")
    assert Token.parse("server:secret") == Token("secret")


def test_truncated_token_is_refused() -> None:
    with pytest.raises(K3sError, match="not whole"):
        Token.parse("K10abc::server:secret")


@given(st.text(min_size=1))
def test_bootstrap_token_has_kubernetes_form(password: str) -> None:
    word = ".".join(bootstrap_token(password))
    assert re.fullmatch(r"[a-z0-9]{6}\.[a-z0-9]{16}", word)
    assert word == ".".join(bootstrap_token(password))


def test_bootstrap_tokens_differ() -> None:
    assert len({bootstrap_token(str(number)) for number in range(1000)}) == 1000
