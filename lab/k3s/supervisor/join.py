"""How a node comes to trust a server, and the server comes to trust the node."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from . import kubeconfig, log
from .addons import CLUSTER_INFO, SETTINGS_NAME
from .api import Api, ApiError, CertificateUntrusted, Unreachable, trusting, trusting_anybody
from .errors import JoinRefused
from .layout import Layout, write_private
from .tokens import Token, bootstrap_token, ca_hash

_RETRY_S = 5.0
_QUICK_RETRY_S = 0.3
_TOKEN_LIFE_S = 7 * 24 * 3600
_RENEW_S = 12 * 3600.0
_RENEW_RETRY_S = 60.0


@dataclass(frozen=True)
class ClusterSettings:
    """What nodes have to know of their cluster; the server tells those who may join."""

    client_ca: str
    cluster_cidr: str
    service_cidr: str
    service_node_port_range: str
    dns_address: str
    domain: str
    kube_proxy: bool
    network_policies: bool
    pod_network: bool

    def as_dict(self) -> dict[str, object]:
        """The form in which they travel."""
        return asdict(self)


@dataclass(frozen=True)
class Membership:
    """The way to the server that a node was let in by."""

    server: str
    ca: bytes
    ca_file: Path
    api: Api
    settings: ClusterSettings
    bootstrap_token: str


async def join(server: str, token: Token, places: Layout, *, at_home: bool) -> Membership:
    """Ask until the server lets this node in; what hinders it is said once, and again when it changes."""
    complaint = ""
    if not token.ca_hash:
        log.warning(
            "Cluster CA certificate is not trusted by the host CA bundle, but the token does not include "
            "a CA hash. Use the full token from the server's node-token file to enable Cluster CA validation."
        )
    while True:
        try:
            return await asyncio.to_thread(_join, server, token, places)
        except JoinRefused as error:
            # Each time: a person who looks later shall find it among the last lines of the journal.
            log.error(f"Failed to validate connection to cluster at {server}: {error}")
        except (Unreachable, ApiError) as error:
            if str(error) != complaint and not at_home:
                log.info(f"Waiting for the server at {server}: {error}")
            complaint = str(error)
        await asyncio.sleep(_QUICK_RETRY_S if at_home else _RETRY_S)


def _join(server: str, token: Token, places: Layout) -> Membership:
    ca = fetch_ca(server)
    if token.ca_hash and ca_hash(ca) != token.ca_hash:
        raise JoinRefused(
            "token CA hash does not match the Cluster CA certificate hash: "
            f"{token.ca_hash} != {ca_hash(ca)}; the token belongs to another cluster"
        )
    word = ".".join(bootstrap_token(token.password))
    # Whoever handed out the CA must hold its key, before a secret goes there.
    with tempfile.NamedTemporaryFile(suffix=".crt") as file:
        Path(file.name).write_bytes(ca)
        api = Api(server, trusting(Path(file.name)), word)
    try:
        found = api.call("GET", f"/api/v1/namespaces/kube-system/configmaps/{SETTINGS_NAME}")
    except CertificateUntrusted as error:
        raise JoinRefused(f"the server's certificate does not fit its CA: {error}") from error
    except ApiError as error:
        if error.status == 401:
            raise JoinRefused(
                "not authorized: the server does not accept the token; compare it with "
                "/var/lib/rancher/k3s/server/node-token on the server"
            ) from error
        raise
    ca_file = places.agent / "server-ca.crt"
    write_private(ca_file, ca.decode(), 0o644)
    settings = ClusterSettings(**json.loads(found["data"]["settings"]))
    write_private(places.agent / "client-ca.crt", settings.client_ca, 0o644)
    return Membership(server, ca, ca_file, api, settings, word)


def fetch_ca(server: str) -> bytes:
    """Read the CA that a server shows to anybody."""
    path = f"/api/v1/namespaces/kube-public/configmaps/{CLUSTER_INFO}"
    try:
        found = Api(server, trusting_anybody()).call("GET", path)
    except ApiError as error:
        raise Unreachable(f"it is not ready yet (HTTP {error.status})") from error
    try:
        content = json.loads(found["data"]["kubeconfig"])
        return base64.b64decode(content["clusters"][0]["cluster"]["certificate-authority-data"])
    except (KeyError, TypeError, ValueError) as error:
        raise Unreachable("who answers there is no k3s server of this build") from error


def forget_foreign_identity(places: Layout, node: str, ca: bytes) -> None:
    """Drop the kubelet's certificate when it is another cluster's or another node's."""
    note = places.agent / "identity.json"
    if write_private(note, json.dumps({"node": node, "ca": ca_hash(ca)})):
        (places.agent / "kubelet.kubeconfig").unlink(missing_ok=True)
        shutil.rmtree(places.agent / "pki", ignore_errors=True)


def write_bootstrap_kubeconfig(membership: Membership, places: Layout) -> None:
    """Let the kubelet ask for its certificate."""
    user = kubeconfig.by_token(membership.bootstrap_token)
    text = kubeconfig.document(membership.server, membership.ca, user)
    write_private(places.agent / "bootstrap.kubeconfig", text)


class Accounts:
    """Short-lived tokens of the service accounts whose rights a node uses."""

    def __init__(self, membership: Membership, places: Layout, names: tuple[str, ...]) -> None:
        self._membership = membership
        self._folder = places.agent
        self._names = names

    def kubeconfig(self, name: str) -> Path:
        """A kubeconfig for one account; programs read its token anew when it changes."""
        path = self._folder / f"{name}.kubeconfig"
        user = kubeconfig.by_token_file(self._token_file(name))
        write_private(path, kubeconfig.document(self._membership.server, self._membership.ca, user))
        return path

    def api(self, name: str) -> Api:
        """A client with the rights of one account."""
        return Api(
            self._membership.server, trusting(self._membership.ca_file), token_file=self._token_file(name)
        )

    async def first(self) -> None:
        """Get all tokens, as soon as the server has the accounts."""
        while True:
            with contextlib.suppress(ApiError, Unreachable):
                await asyncio.to_thread(self._renew)
                return
            await asyncio.sleep(1)

    async def keep(self) -> None:
        """Renew the tokens long before they end."""
        pause = _RENEW_S
        while True:
            await asyncio.sleep(pause)
            try:
                await asyncio.to_thread(self._renew)
                pause = _RENEW_S
            except (ApiError, Unreachable) as error:
                log.warning(f"Unable to renew this node's tokens: {error}")
                pause = _RENEW_RETRY_S

    def _renew(self) -> None:
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": _TOKEN_LIFE_S},
        }
        for name in self._names:
            path = f"/api/v1/namespaces/kube-system/serviceaccounts/{name}/token"
            answer = self._membership.api.call("POST", path, request)
            write_private(self._token_file(name), answer["status"]["token"])

    def _token_file(self, name: str) -> Path:
        return self._folder / f"{name}.token"
