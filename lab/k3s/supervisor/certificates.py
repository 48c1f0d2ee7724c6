"""The cluster's authorities and certificates, made with the openssl command."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .errors import K3sError

_AUTHORITY_DAYS = 3650
_LEAF_DAYS = 365
_RENEW_SECONDS = 90 * 24 * 3600
_USAGE = {"client": "clientAuth", "server": "serverAuth"}


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Names:
    """Whom a certificate speaks for."""

    common_name: str
    organizations: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """The subject as openssl takes it."""
        parts = [f"O={_escape(name)}" for name in self.organizations] + [f"CN={_escape(self.common_name)}"]
        return "/" + "/".join(parts)

    @property
    def alternatives(self) -> str:
        """The extension for alternative names."""
        return ",".join(
            [f"IP:{address}" for address in self.addresses] + [f"DNS:{host}" for host in self.hosts]
        )


def ensure_authority(folder: Path, name: str) -> Pair:
    """Return an authority, made on the first call: what it signed is void without it."""
    pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
    if pair.certificate.exists() and pair.key.exists():
        return pair
    extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,digitalSignature\n"
    with _workplace(folder) as place:
        fresh = _request(place, Names(common_name=f"k3s-{name}"))
        _run(
            *("x509", "-req", "-in", place / "request.pem", "-signkey", fresh.key, "-out", fresh.certificate),
            *("-days", str(_AUTHORITY_DAYS), "-extfile", _extensions(place, extensions)),
        )
        _install(fresh, pair)
    return pair


def ensure_leaf(
    authority: Pair, folder: Path, name: str, names: Names, usage: Literal["client", "server"]
) -> Pair:
    """Return a certificate; it is made anew when its names or its authority changed, or before it ends."""
    pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
    note = folder / f".{name}.json"
    wanted = json.dumps(
        {
            "subject": names.subject,
            "alternatives": names.alternatives,
            "usage": usage,
            "authority": hashlib.sha256(authority.certificate.read_bytes()).hexdigest(),
        }
    )
    if pair.key.exists() and note.exists() and note.read_text(encoding="utf-8") == wanted and _lasts(pair):
        return pair
    # Without the note a half-written pair is made again.
    note.unlink(missing_ok=True)
    extensions = (
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\n"
        f"extendedKeyUsage={_USAGE[usage]}\nauthorityKeyIdentifier=keyid\n"
    )
    if names.alternatives:
        extensions += f"subjectAltName={names.alternatives}\n"
    with _workplace(folder) as place:
        fresh = _request(place, names)
        _run(
            *("x509", "-req", "-in", place / "request.pem", "-out", fresh.certificate),
            *("-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial"),
            *("-CAserial", place / "serial"),
            *("-days", str(_LEAF_DAYS), "-extfile", _extensions(place, extensions)),
        )
        _install(fresh, pair)
    note.write_text(wanted, encoding="utf-8")
    return pair


def ensure_key(path: Path) -> Path:
    """Return a private key for signing service accounts' tokens."""
    if not path.exists():
        with _workplace(path.parent) as place:
            _run("genrsa", "-out", place / "key.pem", "2048")
            (place / "key.pem").chmod(0o600)
            (place / "key.pem").replace(path)
    return path


def _request(place: Path, names: Names) -> Pair:
    pair = Pair(place / "certificate.pem", place / "key.pem")
    _run(
        *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-keyout", pair.key, "-out", place / "request.pem", "-subj", names.subject),
    )
    return pair


def _lasts(pair: Pair) -> bool:
    done = subprocess.run(
        ["openssl", "x509", "-noout", "-checkend", str(_RENEW_SECONDS), "-in", str(pair.certificate)],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def _install(fresh: Pair, pair: Pair) -> None:
    fresh.key.chmod(0o600)
    fresh.certificate.chmod(0o644)
    fresh.key.replace(pair.key)
    fresh.certificate.replace(pair.certificate)


def _extensions(place: Path, text: str) -> Path:
    path = place / "extensions.cnf"
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    # Inside of the folder, so that a rename is all that is needed; mkdtemp keeps others out.
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as place:
        yield Path(place)


def _run(*words: Sequence[str] | str | Path) -> None:
    command = ["openssl", *(str(word) for word in words)]
    try:
        done = subprocess.run(command, capture_output=True, check=False, text=True)
    except FileNotFoundError as error:
        raise K3sError("openssl is missing on this host: install the package openssl") from error
    if done.returncode != 0:
        raise K3sError(f"{' '.join(command[:2])} failed: {done.stderr.strip()}")


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("/", "\\/")
