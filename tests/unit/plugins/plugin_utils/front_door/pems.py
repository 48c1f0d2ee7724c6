"""Certificates and keys, made on the spot."""

from __future__ import annotations

import datetime
import functools

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NOW = datetime.datetime.now(datetime.UTC)


@functools.cache
def private_key(number: int = 0) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(number: int = 0, password: bytes = b"") -> str:
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    return private_key(number).private_bytes(serialization.Encoding.PEM, form, how).decode()


def certificate_pem(*names: str, number: int = 0, days: int = 30) -> str:
    """Signed by itself, for these names of the DNS; with ``days`` below 0 it has expired."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "front door")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private_key(number).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=90))
        .not_valid_after(NOW + datetime.timedelta(days=days))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(map(x509.DNSName, names)), critical=False)
    return (
        builder.sign(private_key(number), hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    )
