"""Where everything lies; k3s's own places, so that roles and people find them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_DATA_DIR = Path("/var/lib/rancher/k3s")
CONFIG_FILE = Path("/etc/rancher/k3s/config.yaml")
KUBECONFIG = Path("/etc/rancher/k3s/k3s.yaml")
REGISTRIES = Path("/etc/rancher/k3s/registries.yaml")
RUNTIME_DIR = Path("/run/k3s")
CONTAINERD_SOCKET = RUNTIME_DIR / "containerd" / "containerd.sock"
KUBELET_ROOT = Path("/var/lib/kubelet")
CNI_PLUGINS = Path("/usr/lib/cni")


@dataclass(frozen=True)
class Layout:
    """The folders below the data directory."""

    data_dir: Path = DEFAULT_DATA_DIR

    @property
    def server(self) -> Path:
        """State of the control plane."""
        return self.data_dir / "server"

    @property
    def tls(self) -> Path:
        """The control plane's certificates and keys."""
        return self.server / "tls"

    @property
    def credentials(self) -> Path:
        """Kubeconfigs of the control plane's programs."""
        return self.server / "cred"

    @property
    def agent(self) -> Path:
        """State of the node."""
        return self.data_dir / "agent"

    @property
    def images(self) -> Path:
        """Archives of images that are loaded at start."""
        return self.agent / "images"

    @property
    def containerd_root(self) -> Path:
        """What containerd keeps."""
        return self.agent / "containerd"

    @property
    def containerd_etc(self) -> Path:
        """containerd's configuration and its template."""
        return self.agent / "etc" / "containerd"

    @property
    def cni_etc(self) -> Path:
        """The configuration of the pods' network."""
        return self.agent / "etc" / "cni" / "net.d"

    @property
    def payload(self) -> Path:
        """Where the executable unpacks its programs."""
        return self.data_dir / "data"

    @property
    def programs(self) -> Path:
        """The programs of the executable that ran last, at a path that stays."""
        return self.payload / "current" / "bin"


def write_private(path: Path, text: str, mode: int = 0o600) -> bool:
    """Replace a file whole, readable for its owner alone; return whether its content changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        path.chmod(mode)
        return False
    partial = path.with_name(f".{path.name}.new")
    partial.unlink(missing_ok=True)
    with os.fdopen(
        os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8"
    ) as file:
        file.write(text)
    partial.chmod(mode)
    partial.replace(path)
    return True
