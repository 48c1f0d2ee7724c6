"""The loaded kernel module names its release in two forms."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.gpu.kernel_driver import (
    KernelDriver,
    parse,
    read,
)

PROPRIETARY = """\
NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.195.03  Sat Sep 20 00:49:22 UTC 2025
GCC version:  gcc version 12.2.0 (Debian 12.2.0-14+deb12u1)
"""
OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (dvs@host)\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PROPRIETARY, KernelDriver("570.195.03", is_open=False)),
        (OPEN, KernelDriver("580.95.05", is_open=True)),
        (
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54  Tue",
            KernelDriver("550.54", is_open=False),
        ),
        ("GCC version: 12.2.0\n", None),
        ("", None),
    ],
)
def test_versions_are_parsed(text: str, expected: KernelDriver | None) -> None:
    assert parse(text) == expected


def test_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "version"
    assert read(str(path)) is None
    path.write_text(PROPRIETARY)
    assert read(str(path)) == KernelDriver("570.195.03", is_open=False)
