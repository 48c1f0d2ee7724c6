"""A k3s server's kubeconfig works wherever the server is found, and whatever it is called there."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.module_utils.cluster.api import Api
from ansible_collections.inference.stack.plugins.plugin_utils.rendering.server_kubeconfig import (
    server_kubeconfig,
)
from ansible_collections.kubernetes.core.plugins.module_utils.k8s import client as core
from kubernetes import client, config

VERSION = {"gitVersion": "v1.34.2+k3s1"}


def written_by_k3s(server: str, authority: str = "") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "default",
        "contexts": [{"name": "default", "context": {"cluster": "default", "user": "default"}}],
        "clusters": [
            {"name": "default", "cluster": {"server": server, "certificate-authority-data": authority}}
        ],
        "users": [{"name": "default", "user": {"token": "t"}}],
    }


@pytest.mark.parametrize(
    ("written", "address", "server"),
    [
        ("https://127.0.0.1:6443", "192.0.2.10", "https://192.0.2.10:6443"),
        ("https://127.0.0.1:6443", "server.lan", "https://server.lan:6443"),
        ("https://127.0.0.1:6443", "2001:db8::10", "https://[2001:db8::10]:6443"),
        ("https://127.0.0.1:7443", "server", "https://server:7443"),
        ("https://[::1]:6443", "2001:db8::10", "https://[2001:db8::10]:6443"),
        ("https://[::1]:7443", "server", "https://server:7443"),
        ("https://0.0.0.0:6443", "192.0.2.10", "https://192.0.2.10:6443"),
        ("https://localhost:6443", "192.0.2.10", "https://192.0.2.10:6443"),
    ],
)
def test_this_machine_becomes_the_servers_address(written: str, address: str, server: str) -> None:
    (entry,) = server_kubeconfig(written_by_k3s(written), address)["clusters"]
    assert (entry["cluster"]["server"], entry["cluster"]["tls-server-name"]) == (server, "kubernetes")


def test_an_address_of_its_own_stays() -> None:
    bound = written_by_k3s("https://192.0.2.99:6443")
    assert server_kubeconfig(bound, "server.lan") == bound


@pytest.mark.parametrize("nothing", [None, "", {}])
def test_without_a_kubeconfig_there_is_none(nothing: Any) -> None:
    assert server_kubeconfig(nothing, "server") == {}


class ApiServer(BaseHTTPRequestHandler):
    """It knows its version."""

    def do_GET(self) -> None:
        body = json.dumps(VERSION).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Of an API server on this machine whose certificate holds k3s' names, but not localhost."""
    folder = tmp_path_factory.mktemp("k3s")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-subj", "/CN=k3s", "-keyout", key, "-out", certificate),
            *("-addext", "subjectAltName=DNS:kubernetes,DNS:kubernetes.default,IP:127.0.0.1,IP:192.0.2.10"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with ThreadingHTTPServer(("127.0.0.1", 0), ApiServer) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        authority = base64.b64encode(Path(certificate).read_bytes()).decode()
        yield written_by_k3s(f"https://127.0.0.1:{server.server_port}", authority)
        server.shutdown()


def ours(kubeconfig: dict[str, Any]) -> Any:
    return Api.from_kubeconfig(kubeconfig).get("/version")


def kubernetes_client(kubeconfig: dict[str, Any]) -> Any:
    return asked(config.new_client_from_config_dict(kubeconfig))


def kubernetes_core(kubeconfig: dict[str, Any]) -> Any:
    """As the module kubernetes.core.k8s makes its connection."""
    return asked(client.ApiClient(core._create_configuration({"kubeconfig": kubeconfig})))


def asked(connection: client.ApiClient) -> Any:
    return json.loads(connection.call_api("/version", "GET", _preload_content=False)[0].data)


@pytest.mark.parametrize("read", [ours, kubernetes_client, kubernetes_core])
def test_a_name_that_the_certificate_lacks_does_not_matter(read: Any, kubeconfig: dict[str, Any]) -> None:
    moved = server_kubeconfig(kubeconfig, "localhost")
    assert yaml.safe_dump(moved).count("https://localhost:") == 1
    assert read(moved)["gitVersion"] == VERSION["gitVersion"]


@pytest.mark.parametrize("read", [ours, kubernetes_client, kubernetes_core])
def test_another_server_of_that_address_is_not_trusted(read: Any, kubeconfig: dict[str, Any]) -> None:
    moved = server_kubeconfig(kubeconfig, "localhost")
    # The certificate of a kubelet is the same authority's.
    moved["clusters"][0]["cluster"]["tls-server-name"] = "worker"
    with pytest.raises(Exception, match=r"(?i)certificate"):
        read(moved)
