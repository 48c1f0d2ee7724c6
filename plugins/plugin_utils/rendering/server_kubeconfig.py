# SPDX-License-Identifier: Apache-2.0
"""The kubeconfig that k3s writes on its server, as it works elsewhere. Pure."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ..boundary.plain import plain
from ..text.addresses import is_own_host, with_host

# k3s' own serving certificate holds this name (pkg/cluster/https.go), that of a kubelet does not. So it fits
# however the controller finds the server: by name, over a VPN, through a forwarded port.
_API_SERVER = "kubernetes"


def server_kubeconfig(kubeconfig: Any, address: str) -> dict[str, Any]:
    """The same kubeconfig with clusters at ``address`` instead of on "this machine".

    A cluster that k3s wrote with an address of its own (bind-address) stays as it is.
    """
    found = plain(kubeconfig)
    if not isinstance(found, dict):
        return {}
    for entry in found.get("clusters") or []:
        cluster = entry.get("cluster") or {}
        server = str(cluster.get("server") or "")
        if is_own_host(urlsplit(server).hostname or ""):
            cluster["server"] = with_host(server, address)
            cluster.setdefault("tls-server-name", _API_SERVER)
    return found
