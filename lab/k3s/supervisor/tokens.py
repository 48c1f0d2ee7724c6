"""Tokens in k3s's form, and the bootstrap token of Kubernetes that follows from one.

``K10<sha256 of the CA file>::<user>:<password>`` names the cluster's CA, so that a node can tell the
right server from another; a short token is the password alone.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from .errors import K3sError

_FULL = re.compile(r"^K10([0-9a-f]{64})::([^:]*):(.+)$", re.DOTALL)
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Token:
    """What a token says."""

    password: str
    ca_hash: str = ""

    @classmethod
    def parse(cls, text: str) -> Token:
        """Read a full or a short token."""
        text = text.strip()
        if found := _FULL.match(text):
            return cls(password=found[3], ca_hash=found[1])
        if text.startswith("K10"):
            raise K3sError("the token starts with K10 but is not whole: K10<hash>::server:<password>")
        # "server:password" is k3s's short form with a name.
        return cls(password=text.removeprefix("server:").removeprefix("node:"))


def full_token(ca: bytes, password: str, user: str = "server") -> str:
    """Write the token that names the cluster's CA."""
    return f"K10{ca_hash(ca)}::{user}:{password}"


def ca_hash(ca: bytes) -> str:
    """The hash of a CA file that a full token carries."""
    return hashlib.sha256(ca).hexdigest()


def bootstrap_token(password: str) -> tuple[str, str]:
    """Derive the id and the secret of the bootstrap token with which nodes ask for certificates.

    The id is public, so it must not lead back to the secret: both are cut out of one hash.
    """
    number = int.from_bytes(hashlib.sha256(b"k3s bootstrap token\0" + password.encode()).digest(), "big")
    digits = []
    for _ in range(22):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    word = "".join(digits)
    return word[:6], word[6:]
