"""containerd's configuration, written anew at each start."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from . import layout, registries
from .errors import K3sError
from .layout import Layout, write_private
from .toml_writer import table

# In this order, as k3s looks for them; only when it starts.
_NVIDIA_FOLDERS = ("usr/local/nvidia/toolkit", "usr/bin")
_NVIDIA_RUNTIMES = {
    "nvidia": "nvidia-container-runtime",
    "nvidia-cdi": "nvidia-container-runtime.cdi",
    "nvidia-experimental": "nvidia-container-runtime-experimental",
}
_BASE = re.compile(r'\{\{-?\s*template\s+"base"\s+\.\s*-?\}\}')
_IMAGES = "plugins.'io.containerd.cri.v1.images'"
_RUNTIME = "plugins.'io.containerd.cri.v1.runtime'"


@dataclass(frozen=True)
class Settings:
    """What the configuration depends on."""

    layout: Layout
    pause_image: str
    snapshotter: str = "overlayfs"
    default_runtime: str = "runc"
    systemd_cgroup: bool = False
    restrict_oom_score: bool = False
    runtimes: dict[str, Path] = field(default_factory=dict)
    """Runtimes beside runc, by their names."""


def find_runtimes(root: Path = Path("/")) -> dict[str, Path]:
    """Look for NVIDIA's container runtimes."""
    found: dict[str, Path] = {}
    for folder in _NVIDIA_FOLDERS:
        for name, program in _NVIDIA_RUNTIMES.items():
            path = root / folder / program
            if name not in found and path.is_file():
                found[name] = path
    return found


def base_configuration(settings: Settings, known: registries.Registries) -> str:
    """What k3s would write without a template."""
    state = layout.CONTAINERD_SOCKET.parent
    runtimes = {"runc": Path(shutil.which("runc") or "runc"), **settings.runtimes}
    if settings.default_runtime not in runtimes:
        raise K3sError(
            f"default-runtime {settings.default_runtime!r} was not found on this host; there are "
            f"{', '.join(runtimes)}"
        )
    parts = [
        "# Written by k3s when it starts; changes belong into config-v3.toml.tmpl beside this file.\n",
        "version = 3\n",
        f'root = "{settings.layout.containerd_root}"\n',
        f'state = "{state}"\n',
        table("grpc", {"address": str(layout.CONTAINERD_SOCKET)}),
        table("plugins.'io.containerd.internal.v1.opt'", {"path": str(settings.layout.containerd_root)}),
        table(
            "plugins.'io.containerd.grpc.v1.cri'",
            {"stream_server_address": "127.0.0.1", "stream_server_port": "10010"},
        ),
        table(
            _RUNTIME,
            {
                "enable_selinux": False,
                "enable_unprivileged_ports": True,
                "enable_unprivileged_icmp": True,
                "device_ownership_from_security_context": False,
                "restrict_oom_score_adj": settings.restrict_oom_score,
            },
        ),
        table(
            _IMAGES,
            {
                "snapshotter": settings.snapshotter,
                "disable_snapshot_annotations": True,
                # The transfer service would unpack for its own default snapshotter.
                "use_local_image_pull": True,
            },
        ),
        table(f"{_IMAGES}.pinned_images", {"sandbox": settings.pause_image}),
        table(
            f"{_RUNTIME}.cni",
            {"bin_dirs": [str(layout.CNI_PLUGINS)], "conf_dir": str(settings.layout.cni_etc)},
        ),
        table(f"{_RUNTIME}.containerd", {"default_runtime_name": settings.default_runtime}),
    ]
    for name, path in runtimes.items():
        parts.append(
            table(f"{_RUNTIME}.containerd.runtimes.'{name}'", {"runtime_type": "io.containerd.runc.v2"})
            + table(
                f"{_RUNTIME}.containerd.runtimes.'{name}'.options",
                {"BinaryName": str(path), "SystemdCgroup": settings.systemd_cgroup},
            )
        )
    certs = settings.layout.containerd_etc / "certs.d"
    parts.append(table(f"{_IMAGES}.registry", {"config_path": str(certs)}))
    parts.append(registries.auth_tables(known))
    return "".join(parts)


def from_template(base: str, template: str) -> str:
    """Fill in a user's template: the line that stands for the base, and text around it.

    k3s's templates are Go's. Anything more of that language is refused: it cannot be done here.
    """
    parts = _BASE.split(template)
    for part in parts:
        if "{{" in part:
            raise K3sError(
                "config-v3.toml.tmpl: only the line '{{ template \"base\" . }}' and plain text are supported"
            )
    return base.join(parts)


def write_configuration(settings: Settings, known: registries.Registries) -> Path:
    """Write config.toml and the registries' files; return the former."""
    folder = settings.layout.containerd_etc
    text = base_configuration(settings, known)
    template = folder / "config-v3.toml.tmpl"
    if template.exists():
        text = from_template(text, template.read_text(encoding="utf-8"))
    elif (folder / "config.toml.tmpl").exists():
        raise K3sError(f"{folder}/config.toml.tmpl is for containerd 1; this one reads config-v3.toml.tmpl")
    path = folder / "config.toml"
    write_private(path, text)
    certs = folder / "certs.d"
    # A registry that left the file must not stay behind.
    shutil.rmtree(certs, ignore_errors=True)
    certs.mkdir()
    for host, content in registries.hosts_files(known).items():
        write_private(certs / host / "hosts.toml", content)
    return path
