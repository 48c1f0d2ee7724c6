"""Which images there are, what is in them, and which host gets which."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.components.component import BuildContext, Component
from lab.images.archive import File, Image, Layer, read_layer, write_archive, write_layer
from lab.images.base import LAYER

INDEX = "images.json"

# One archive per host, so that a layer which its images share is imported once.
ARCHIVES: dict[str, tuple[str, ...]] = {
    "server": ("pause", "litellm", "haproxy", "ollama"),
    "gpu": ("pause", "device-plugin", "vllm"),
}

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PYTHON = {
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PATH": _PATH,
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTHONUNBUFFERED": "1",
}
_LITELLM = """\
#!/usr/bin/python3
import sys

from litellm.proxy.proxy_cli import run_server

sys.exit(run_server())
"""


@dataclass(frozen=True)
class Sources:
    """Outputs of the components that images are made of."""

    base: Path
    pause: Path
    device_plugin: Path
    ollama: Path
    vllm: Path
    litellm: Path


@dataclass(frozen=True)
class PublishedImage:
    """A line of the index: an image, the archive it is in, and the host that needs it."""

    name: str
    reference: str
    archive: str
    host: str


def component(sources: Sources) -> Component:
    """The archives as a component; its fingerprint follows those of its parts."""

    def build(output: Path, context: BuildContext) -> None:
        build_archives(output, sources)

    return Component(
        name="images",
        kind="network",
        estimate_s=15,
        inputs=(Path(__file__), Path(__file__).with_name("archive.py")),
        build=build,
        revision=" ".join(path.name for path in vars(sources).values()),
    )


def build_archives(output: Path, sources: Sources) -> None:
    """Write one archive per host and an index beside them."""
    work = output / "layers"
    work.mkdir()
    images = _images(sources, work)
    index = []
    for host, names in ARCHIVES.items():
        archive = f"images-{host}.tar"
        write_archive(output / archive, [images[name] for name in names])
        index += [
            {"name": name, "reference": images[name].reference, "archive": archive, "host": host}
            for name in names
        ]
    for path in work.iterdir():
        path.unlink()
    work.rmdir()
    (output / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def read_index(output: Path) -> list[PublishedImage]:
    """The images that a built component holds."""
    return [PublishedImage(**entry) for entry in json.loads((output / INDEX).read_text(encoding="utf-8"))]


def _images(sources: Sources, work: Path) -> dict[str, Image]:
    base = read_layer(sources.base / LAYER)

    def layer(name: str, files: Mapping[str, File]) -> Layer:
        return write_layer(work / f"{name}.tar", files)

    def program(source: Path, target: str) -> dict[str, File]:
        return {target: File(source=source)}

    plugin = sources.device_plugin / "bin"
    images = (
        Image(
            name="pause",
            layers=[layer("pause", program(sources.pause / "bin/pause", "/pause"))],
            environment={"PATH": _PATH},
            entrypoint=["/pause"],
        ),
        Image(
            name="device-plugin",
            layers=[base, layer("device-plugin", {
                **program(plugin / "nvidia-device-plugin", "/usr/bin/nvidia-device-plugin"),
                **program(plugin / "gpu-feature-discovery", "/usr/bin/gpu-feature-discovery"),
            })],
            # As NVIDIA's own image: its runtime mounts the driver's libraries because of these.
            environment={
                "NVIDIA_DRIVER_CAPABILITIES": "utility",
                "NVIDIA_VISIBLE_DEVICES": "all",
                "PATH": _PATH,
            },
            entrypoint=["nvidia-device-plugin"],
        ),
        Image(
            name="vllm",
            layers=[base],
            environment={**_PYTHON, "PYTHONPATH": "/opt/vllm/site-packages", "VLLM_NO_USAGE_STATS": "1"},
            entrypoint=["python3", "-m", "vllm.entrypoints.openai.api_server"],
            # Other packages at the mount make another image, so that pods take notice.
            labels={"packages": sources.vllm.name},
        ),
        Image(
            name="litellm",
            layers=[base, layer("litellm", {"/usr/local/bin/litellm": File(text=_LITELLM)})],
            # Prices come from the package: asking the Internet for newer ones would delay each start.
            environment={
                **_PYTHON,
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                "PYTHONPATH": "/opt/litellm/site-packages",
            },
            entrypoint=["litellm"],
            labels={"packages": sources.litellm.name},
        ),
        Image(name="haproxy", layers=[base], environment={"PATH": _PATH}, entrypoint=["haproxy"]),
        Image(
            name="ollama",
            layers=[base, layer("ollama", program(sources.ollama / "bin/ollama", "/usr/bin/ollama"))],
            environment={"HOME": "/root", "OLLAMA_HOST": "0.0.0.0:11434", "PATH": _PATH},
            entrypoint=["/usr/bin/ollama"],
            command=["serve"],
        ),
    )  # fmt: skip
    return {image.name: image for image in images}
