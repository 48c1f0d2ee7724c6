# SPDX-License-Identifier: Apache-2.0
"""From a kubeconfig to what an HTTPS connection needs."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InvalidInput
from .objects import leaves


class Access(NamedTuple):
    """Where the API server is, and how to authenticate. Contains secrets: never print it."""

    server: str
    headers: Mapping[str, str]
    authority: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None
    verify: bool = True
    server_name: str = ""
    proxy: str = ""


def load_kubeconfig(source: Any) -> tuple[Mapping[str, Any], Path]:
    """The kubeconfig as a mapping, and the folder that its relative paths start from."""
    if isinstance(source, Mapping):
        return source, Path.cwd()
    path = Path(str(source)).expanduser()
    try:
        import yaml

        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except ImportError as error:
        raise InvalidInput(f"Reading {path} needs PyYAML.", "Install it, or pass a mapping.") from error
    except OSError as error:
        raise InvalidInput(f"The kubeconfig {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise InvalidInput(f"The kubeconfig {path} is not YAML.") from error
    if not isinstance(content, Mapping):
        raise InvalidInput(f"The kubeconfig {path} is not a mapping.")
    return content, path.resolve().parent


def read_access(source: Any, context: str | None = None) -> Access:
    """Resolve context, cluster and user of a kubeconfig."""
    config, folder = load_kubeconfig(source)
    chosen = context or config.get("current-context")
    if not chosen:
        raise InvalidInput("The kubeconfig has no current-context.", "Name one with the option context.")
    entry = _named(config, "contexts", "context", str(chosen))
    cluster = _named(config, "clusters", "cluster", str(entry.get("cluster")))
    user = _named(config, "users", "user", str(entry.get("user"))) if entry.get("user") else {}
    server = str(cluster.get("server") or "")
    if not server.startswith(("https://", "http://")):
        raise InvalidInput(f"The kubeconfig's cluster {entry.get('cluster')} has no server URL.")
    credential = _exec_credential(user["exec"]) if user.get("exec") else {}
    if user.get("auth-provider"):
        raise InvalidInput(
            "The kubeconfig uses auth-provider, which Kubernetes removed in 1.26.",
            "Use a credential plugin (exec), a token or a certificate.",
        )
    return Access(
        server=server.rstrip("/"),
        headers=_headers(user, credential, folder),
        authority=_material(cluster, "certificate-authority", folder),
        certificate=_pem(credential.get("clientCertificateData"))
        or _material(user, "client-certificate", folder),
        key=_pem(credential.get("clientKeyData")) or _material(user, "client-key", folder),
        verify=not cluster.get("insecure-skip-tls-verify", False),
        server_name=str(cluster.get("tls-server-name") or ""),
        proxy=str(cluster.get("proxy-url") or ""),
    )


def tls_context(access: Access) -> ssl.SSLContext:
    """The trusted authorities and the client's certificate. The key is on disk only while it is loaded."""
    context = ssl.create_default_context(cadata=access.authority.decode() if access.authority else None)
    # Kubernetes' authorities are older than the strict checks that Python 3.13 made the default.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    if not access.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.certificate and access.key:
        with tempfile.NamedTemporaryFile(prefix=".inference-stack-") as pair:
            pair.write(access.certificate.rstrip() + b"\n" + access.key)
            pair.flush()
            context.load_cert_chain(pair.name)
    return context


def harmless_values(source: Any) -> set[str]:
    """What a message may show of a kubeconfig: everything except the data of its users.

    The option is no_log, which would otherwise mask names such as "default" in every message.
    """
    if not isinstance(source, Mapping):
        return {str(source)}
    users = source.get("users") or []
    shown = {key: value for key, value in source.items() if key != "users"}
    names = {str(entry.get("name")) for entry in users if isinstance(entry, Mapping)}
    secrets = set(leaves([entry.get("user") for entry in users if isinstance(entry, Mapping)]))
    return (set(leaves(shown)) | names) - secrets


def _named(config: Mapping[str, Any], plural: str, singular: str, name: str) -> Mapping[str, Any]:
    for entry in config.get(plural) or []:
        if entry.get("name") == name:
            return entry.get(singular) or {}
    raise InvalidInput(f"The kubeconfig has no {singular} named {name}.")


def _material(entry: Mapping[str, Any], key: str, folder: Path) -> bytes | None:
    """A certificate or key: base64 data in the kubeconfig, or a file that it names."""
    if entry.get(key + "-data"):
        return base64.b64decode(str(entry[key + "-data"]))
    if entry.get(key):
        path = folder / str(entry[key])
        try:
            return path.read_bytes()
        except OSError as error:
            raise InvalidInput(
                f"{path}, named in the kubeconfig, cannot be read: {error.strerror}."
            ) from error
    return None


def _pem(text: Any) -> bytes | None:
    return str(text).encode() if text else None


def _headers(user: Mapping[str, Any], credential: Mapping[str, Any], folder: Path) -> dict[str, str]:
    token = credential.get("token") or user.get("token")
    if not token and user.get("tokenFile"):
        token = (folder / str(user["tokenFile"])).read_text(encoding="utf-8").strip()
    if token:
        return {"Authorization": f"Bearer {token}"}
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    return {}


def _exec_credential(plugin: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask a credential plugin (client.authentication.k8s.io) for a token or a certificate."""
    command = [str(plugin.get("command") or ""), *[str(item) for item in plugin.get("args") or []]]
    environment = dict(os.environ)
    environment.update({str(item["name"]): str(item["value"]) for item in plugin.get("env") or []})
    request = {
        "apiVersion": plugin.get("apiVersion"),
        "kind": "ExecCredential",
        "spec": {"interactive": False},
    }
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(request)
    try:
        finished = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        status = json.loads(finished.stdout).get("status") or {}
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise InvalidInput(
            f"The kubeconfig's credential plugin {command[0]} gave no credential ({type(error).__name__}).",
            "Run it by hand to see why.",
        ) from error
    return status
