"""registries.yaml: which mirrors stand in for a registry, and how to get in."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import K3sError
from .toml_writer import quote, table
from .yaml_subset import YamlError, load

_DOCKER = "docker.io"
_AUTH_KEYS = {
    "username": "username",
    "password": "password",
    "auth": "auth",
    "identity_token": "identitytoken",
}
_TLS_KEYS = ("ca_file", "cert_file", "key_file", "insecure_skip_verify")


@dataclass(frozen=True)
class Registries:
    """The checked content of the file."""

    mirrors: dict[str, list[str]]
    """Registry -> URLs to ask before the registry itself."""
    tls: dict[str, dict[str, Any]]
    auth: dict[str, dict[str, str]]


def read(path: Path) -> Registries:
    """Read the file; without it there is nothing to know."""
    if not path.exists():
        return Registries({}, {}, {})
    try:
        content = load(path.read_text(encoding="utf-8"))
        return parse(content)
    except (YamlError, K3sError) as error:
        raise K3sError(f"{path}: {error}") from error


def parse(content: Any) -> Registries:
    """Check the file's form: what is not understood is refused."""
    top = _mapping("the file", content, ("mirrors", "configs"))
    mirrors: dict[str, list[str]] = {}
    for host, entry in _mapping("mirrors", top.get("mirrors")).items():
        keys = _mapping(f"mirrors.{host}", entry, ("endpoint",))
        endpoints = keys.get("endpoint") or []
        mirrors[host] = [
            _endpoint(host, url) for url in ([endpoints] if isinstance(endpoints, str) else endpoints)
        ]
    tls: dict[str, dict[str, Any]] = {}
    auth: dict[str, dict[str, str]] = {}
    for host, entry in _mapping("configs", top.get("configs")).items():
        keys = _mapping(f"configs.{host}", entry, ("auth", "tls"))
        if keys.get("tls"):
            tls[host] = _mapping(f"configs.{host}.tls", keys["tls"], _TLS_KEYS)
        if keys.get("auth"):
            found = _mapping(f"configs.{host}.auth", keys["auth"], tuple(_AUTH_KEYS))
            auth[host] = {_AUTH_KEYS[key]: str(value) for key, value in found.items()}
    return Registries(mirrors, tls, auth)


def hosts_files(registries: Registries) -> dict[str, str]:
    """The hosts.toml of each registry, by the name of its folder below certs.d."""
    files = {}
    for host in sorted({*registries.mirrors, *registries.tls}):
        folder = "_default" if host == "*" else host
        lines = ["# Written by k3s from registries.yaml when it starts."]
        if host != "*":
            lines.append(f"server = {quote(_server(host))}")
            lines += _tls_lines(registries.tls.get(host, {}))
        for url in registries.mirrors.get(host, []):
            lines.append(f"\n[host.{quote(url)}]")
            lines.append('  capabilities = ["pull", "resolve"]')
            lines += [
                f"  {line}" for line in _tls_lines(registries.tls.get(urllib.parse.urlsplit(url).netloc, {}))
            ]
        files[folder] = "\n".join(lines) + "\n"
    return files


def auth_tables(registries: Registries) -> str:
    """The part of containerd's configuration that holds credentials."""
    prefix = "plugins.'io.containerd.cri.v1.images'.registry.configs"
    return "".join(
        table(f"{prefix}.{quote('registry-1.docker.io' if host == _DOCKER else host)}.auth", values)
        for host, values in sorted(registries.auth.items())
    )


def _endpoint(host: str, url: Any) -> str:
    address = urllib.parse.urlsplit(str(url) if "://" in str(url) else f"https://{url}")
    if address.scheme not in ("http", "https") or not address.netloc:
        raise K3sError(f"mirrors.{host}.endpoint: {url!r} is not a URL")
    path = address.path.rstrip("/")
    return f"{address.scheme}://{address.netloc}{path if path.endswith('/v2') else path + '/v2'}"


def _server(host: str) -> str:
    name = "registry-1.docker.io" if host == _DOCKER else host
    bare = name.partition(":")[0]
    # As containerd itself: registries on the own machine are spoken to without TLS.
    return f"{'http' if bare in ('localhost', '127.0.0.1') else 'https'}://{name}/v2"


def _tls_lines(tls: dict[str, Any]) -> list[str]:
    lines = []
    if tls.get("insecure_skip_verify"):
        lines.append("skip_verify = true")
    if tls.get("ca_file"):
        lines.append(f"ca = [{quote(str(tls['ca_file']))}]")
    if tls.get("cert_file"):
        lines.append(f"client = [[{quote(str(tls['cert_file']))}, {quote(str(tls.get('key_file', '')))}]]")
    return lines


def _mapping(where: str, value: Any, known: tuple[str, ...] = ()) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise K3sError(f"{where} has to hold keys and values")
    for key in value:
        if known and key not in known:
            raise K3sError(f"{where}: {key!r} is not supported; known are {', '.join(known)}")
    return {str(key): item for key, item in value.items()}
