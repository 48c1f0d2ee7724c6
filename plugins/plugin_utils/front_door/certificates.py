# SPDX-License-Identifier: Apache-2.0
"""Whether a certificate and its key belong together and to a host. Pure; no message quotes either of them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from .wanted import Mistake


def certificate_mistakes(
    certificate: str, key: str, host: str, variable: str, now: datetime.datetime
) -> Iterator[Mistake]:
    """A controller would say nothing of any of these, and answer with a certificate that nobody trusts."""
    of_certificate, of_key = f"{variable}_certificate", f"{variable}_key"
    chain = _certificates(certificate)
    if not chain:
        fix = "Give it as PEM, the host's own first, then those of the authorities in between."
        yield Mistake(of_certificate, "is not a certificate", fix)
    public = _public_key(key)
    if public is None:
        fix = "Give it as PEM, without a password."
        yield Mistake(of_key, "is not a private key that can be read", fix)
    if not chain:
        return
    leaf = chain[0]
    if public is not None and _spki(leaf) != public:
        fix = "Give the key of that certificate; the host's own certificate comes first."
        yield Mistake(of_key, f"is not the key of the first certificate of {of_certificate}", fix)
    if leaf.not_valid_after_utc <= now:
        yield Mistake(of_certificate, f"expired on {leaf.not_valid_after_utc:%Y-%m-%d}", "Give a newer one.")
    names = _names(leaf)
    if host and not any(_covers(name, host) for name in names):
        told = f"is for {', '.join(names) or 'no name'}, not for {host}"
        yield Mistake(of_certificate, told, f"Give one for {variable}.host.")


def _certificates(text: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        return []


def _public_key(text: str) -> bytes | None:
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return [name.lower() for name in extension.value.get_values_for_type(x509.DNSName)]


def _covers(name: str, host: str) -> bool:
    """A star stands for one label, and only for the first."""
    if not name.startswith("*."):
        return name == host
    return host.partition(".")[2] == name[2:]
