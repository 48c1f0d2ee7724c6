"""The layer that all Python images of the lab share: Debian 12 with Python, and nothing to build with."""

from __future__ import annotations

import shutil
from pathlib import Path

from lab.components.component import BuildContext, Component
from lab.components.python_components import RUNTIME_PACKAGES
from lab.debian import DEBIAN_RECIPE, bootstrap, mirror, suite

# libstdc++ is for Ollama, the certificates for whoever calls a cloud's API, HAProxy for the gateway's pod.
PACKAGES = tuple(sorted({"ca-certificates", "haproxy", "libstdc++6"}.union(*RUNTIME_PACKAGES.values())))
LAYER = "layer.tar"

# What an image never uses, although essential packages bring it. Perl alone is a third.
_USELESS = (
    *("usr/share/perl", "usr/share/perl5"),
    *("usr/lib/x86_64-linux-gnu/perl", "usr/lib/x86_64-linux-gnu/perl-base"),
    *("usr/share/bash-completion", "usr/lib/apt", "var/lib/apt", "var/cache/debconf"),
    *("usr/lib/x86_64-linux-gnu/gconv", "usr/share/common-licenses"),
)
_USELESS_FILES = (
    *("usr/bin/apt*", "usr/bin/perl*", "usr/lib/x86_64-linux-gnu/libperl.so*"),
    "var/lib/dpkg/*-old",
)


def _build(output: Path, context: BuildContext) -> None:
    tree = output / "tree"
    try:
        bootstrap(context, tree, PACKAGES)
        for name in _USELESS:
            shutil.rmtree(tree / name, ignore_errors=True)
        for path in (path for pattern in _USELESS_FILES for path in tree.glob(pattern)):
            path.unlink()
        # A runtime fills these; device nodes in a layer would only be in its way.
        for path in (tree / "dev").iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        context.run([
            *("tar", "--create", "--file", output / LAYER, "--directory", tree, "--numeric-owner"),
            *("--sort=name", "--mtime=@0", "--transform=s,^\\./,,", "."),
        ])  # fmt: skip
    finally:
        shutil.rmtree(tree, ignore_errors=True)


COMPONENT = Component(
    name="image-base",
    kind="network",
    estimate_s=60,
    inputs=(),
    build=_build,
    revision=repr((1, DEBIAN_RECIPE, suite(), mirror(), PACKAGES, _USELESS, _USELESS_FILES)),
)
