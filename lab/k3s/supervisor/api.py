"""A small client of the Kubernetes API: what the supervisor itself has to read and write."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .certificates import Pair

Object = dict[str, Any]

_TIMEOUT_S = 15.0
_FIELD_MANAGER = "k3s"
# kind -> (path of the API, plural, lives in a namespace)
_KINDS: dict[str, tuple[str, str, bool]] = {
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles", False),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", False),
    "ConfigMap": ("/api/v1", "configmaps", True),
    "Deployment": ("/apis/apps/v1", "deployments", True),
    "Node": ("/api/v1", "nodes", False),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles", True),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings", True),
    "RuntimeClass": ("/apis/node.k8s.io/v1", "runtimeclasses", False),
    "Secret": ("/api/v1", "secrets", True),
    "Service": ("/api/v1", "services", True),
    "ServiceAccount": ("/api/v1", "serviceaccounts", True),
}


class ApiError(Exception):
    """The API server answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"HTTP {status}: {message}")
        self.status = status


class Unreachable(Exception):
    """The API server did not answer."""


class CertificateUntrusted(Unreachable):
    """Who answered is not known to the cluster's CA."""


def trusting(ca: Path) -> ssl.SSLContext:
    """Trust one CA alone."""
    return ssl.create_default_context(cafile=str(ca))


def trusting_anybody() -> ssl.SSLContext:
    """Trust whoever answers: good for fetching what is checked by other means."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass
class Api:
    """One server and one identity."""

    server: str
    context: ssl.SSLContext
    token: str = ""
    token_file: Path | None = None
    """A token that is renewed in a file."""

    @classmethod
    def with_certificate(cls, server: str, ca: Path, pair: Pair) -> Api:
        """Speak as whom a client certificate names."""
        context = trusting(ca)
        context.load_cert_chain(pair.certificate, pair.key)
        return cls(server, context)

    def call(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        """Do one request; JSON goes in and out."""
        status, text = self._exchange(method, path, body, content_type)
        if status >= 400:
            raise ApiError(status, _message(text))
        return json.loads(text) if text.startswith(b"{") else text.decode(errors="replace")

    def apply(self, item: Object) -> None:
        """Bring one object to this state, whoever changed it before."""
        path = f"{object_path(item)}?fieldManager={_FIELD_MANAGER}&force=true"
        self.call("PATCH", path, item, "application/apply-patch+yaml")

    def apply_all(self, items: Iterable[Object]) -> None:
        """Apply objects in the order given."""
        for item in items:
            self.apply(item)

    def is_ready(self) -> bool:
        """Whether the API server says that it is ready."""
        try:
            return str(self.call("GET", "/readyz")) == "ok"
        except (ApiError, Unreachable):
            return False

    def _exchange(self, method: str, path: str, body: Any, content_type: str) -> tuple[int, bytes]:
        address = urllib.parse.urlsplit(self.server)
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port or 443, timeout=_TIMEOUT_S, context=self.context
        )
        headers = {"Accept": "application/json"}
        token = self.token_file.read_text(encoding="utf-8") if self.token_file else self.token
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None
        if body is not None:
            headers["Content-Type"] = content_type
            data = json.dumps(body)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except ssl.SSLCertVerificationError as error:
            raise CertificateUntrusted(error.verify_message) from error
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(str(error) or type(error).__name__) from error
        finally:
            connection.close()


def object_path(item: Object) -> str:
    """The path of an object in the API."""
    prefix, plural, namespaced = _KINDS[item["kind"]]
    metadata = item["metadata"]
    middle = f"/namespaces/{metadata['namespace']}" if namespaced else ""
    return f"{prefix}{middle}/{plural}/{urllib.parse.quote(metadata['name'], safe='')}"


def _message(text: bytes) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text.decode(errors="replace").strip()
