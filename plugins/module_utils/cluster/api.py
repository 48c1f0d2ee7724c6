# SPDX-License-Identifier: Apache-2.0
"""Questions to a Kubernetes API server over one kept connection."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Union
from urllib.parse import quote, urlencode, urlsplit

from ..errors import ProbeFailed, Unreachable
from .kubeconfig import Access, read_access, tls_context
from .objects import Identity

Query = Union[Mapping[str, str], Sequence[tuple[str, str]]]


class Resource(NamedTuple):
    """How the API server calls a kind in its paths."""

    plural: str
    namespaced: bool


class Refused(ProbeFailed):
    """The server answered, and refused."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """Reads a cluster. Not found is an answer (None); everything else that is not 200 is an error."""

    def __init__(self, access: Access, timeout: float = 30) -> None:
        self._access = access
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None
        self._resources: dict[str, dict[str, Resource]] = {}

    @classmethod
    def from_kubeconfig(cls, source: Any, context: str | None = None) -> Api:
        return cls(read_access(source, context))

    def get(self, path: str, query: Query | None = None) -> dict[str, Any] | None:
        """The JSON document at a path, or None where there is none."""
        status, body = self._request("GET", path, query)
        if status == 404:
            return None
        if status != 200:
            raise Refused(f"{self._access.server} answered {status} to GET {path}: {_reason(body)}", status)
        return json.loads(body)

    def text(self, path: str, query: Query | None = None) -> str:
        """Plain text, such as a log; empty where the server has none to give."""
        status, body = self._request("GET", path, query)
        return body.decode("utf-8", "replace") if status == 200 else ""

    def resource(self, api_version: str, kind: str) -> Resource | None:
        """A kind as this cluster knows it, or None where its API is not installed."""
        if api_version not in self._resources:
            found = self.get(_group_path(api_version)) or {}
            self._resources[api_version] = {
                entry["kind"]: Resource(entry["name"], bool(entry["namespaced"]))
                for entry in found.get("resources", [])
                if "/" not in entry["name"]
            }
        return self._resources[api_version].get(kind)

    def read(self, api_version: str, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        """One object, or None when it or its kind does not exist."""
        path = self._path(api_version, kind, namespace, name)
        return self.get(path) if path else None

    def try_apply(self, definition: Mapping[str, Any], field_manager: str) -> dict[str, Any]:
        """What a server-side apply with force would make of an object. A dry run: nothing is kept."""
        identity = Identity.of(definition)
        path = self._path(*identity)
        if not path:
            raise Refused(f"The cluster does not know {identity.api_version} {identity.kind}.", 404)
        query = {"fieldManager": field_manager, "force": "true", "dryRun": "All"}
        # JSON is YAML, too.
        status, body = self._request("PATCH", path, query, json.dumps(definition).encode())
        if status not in (200, 201):
            raise Refused(_reason(body), status)
        return json.loads(body)

    def change(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: Mapping[str, Any] | None = None,
        form: str = "application/json",
    ) -> dict[str, Any] | None:
        """Change something and return it, or None where it does not exist. It may be done twice."""
        sent = None if body is None else json.dumps(body).encode()
        status, answer = self._request(method, path, query, sent, form)
        if status == 404:
            return None
        if status not in (200, 201, 202):
            raise Refused(
                f"{self._access.server} answered {status} to {method} {path}: {_reason(answer)}", status
            )
        return json.loads(answer)

    def connect(self) -> http.client.HTTPConnection:
        """A separate connection for the caller, for exchanges that do not end with one answer."""
        connection = self._connect()
        connection.connect()
        return connection

    def target(self, path: str, query: Query | None = None) -> str:
        """The target of a request line for a path of the API."""
        target = urlsplit(self._access.server).path.rstrip("/") + path
        return f"{target}?{urlencode(query)}" if query else target

    @property
    def address(self) -> str:
        """Host and port as the kubeconfig says them."""
        return urlsplit(self._access.server).netloc

    def headers(self) -> dict[str, str]:
        """The headers that authenticate. Secret."""
        return dict(self._access.headers)

    def _path(self, api_version: str, kind: str, namespace: str, name: str) -> str:
        """The path of an object; empty when its API is not installed."""
        resource = self.resource(api_version, kind)
        if resource is None:
            return ""
        scope = f"/namespaces/{quote(namespace)}" if resource.namespaced else ""
        return f"{_group_path(api_version)}{scope}/{resource.plural}/{quote(name)}"

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _request(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: bytes | None = None,
        form: str = "application/apply-patch+yaml",
    ) -> tuple[int, bytes]:
        target = self.target(path, query)
        # A server may close a kept connection at any time. One fresh attempt shows whether it is an outage.
        for fresh in (False, True):
            try:
                if self._connection is None or fresh:
                    self.close()
                    self._connection = self._connect()
                headers = {"Accept": "application/json", **self.headers()}
                if body is not None:
                    headers["Content-Type"] = form
                self._connection.request(method, target, body, headers)
                response = self._connection.getresponse()
                return response.status, response.read()
            except ssl.SSLError as error:
                self.close()
                raise Unreachable(
                    f"{self._access.server} offered no trusted certificate: {error.reason or error}",
                    "Does the kubeconfig belong to this cluster?",
                ) from error
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if fresh:
                    raise Unreachable(
                        f"The Kubernetes API at {self._access.server} does not answer: {error}",
                        "Is the server up, and is its port reachable from the controller?",
                    ) from error
        raise AssertionError("unreachable")

    def _connect(self) -> http.client.HTTPConnection:
        url = urlsplit(self._access.server)
        host = url.hostname or ""
        if url.scheme == "http":
            return http.client.HTTPConnection(host, url.port or 80, timeout=self._timeout)
        context = tls_context(self._access)
        port = url.port or 443
        proxy = urlsplit(self._access.proxy) if self._access.proxy else None
        if proxy is not None and proxy.hostname:
            connection = _NamedHost(
                proxy.hostname, proxy.port or 3128, context, self._timeout, self._access.server_name or host
            )
            connection.set_tunnel(host, port)
            return connection
        return _NamedHost(host, port, context, self._timeout, self._access.server_name or host)


class _NamedHost(http.client.HTTPSConnection):
    """Checks the certificate against the name that the kubeconfig gives, not the address it dials."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, timeout: float, name: str) -> None:
        super().__init__(host, port, context=context, timeout=timeout)
        self._tls = context
        self._name = name

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)


def _group_path(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _reason(body: bytes) -> str:
    try:
        return str(json.loads(body).get("message") or body[:300])
    except (ValueError, AttributeError):
        return body[:300].decode("utf-8", "replace")
