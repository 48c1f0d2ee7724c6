"""The compiled stand-in of an NVIDIA driver, ready to be asked by a test."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.gpu.build import DRIVER_VERSION, MEMORY_DECLARATION, SETTINGS, build, render_settings

COLLECTIONS = Path(__file__).resolve().parents[3] / ".ansible/collections"

_READ = """
import dataclasses, json, sys
from ansible_collections.inference.stack.plugins.module_utils.hosts.gpu import nvml
reading = nvml.read(sys.argv[1])
print(json.dumps(dataclasses.asdict(reading), default=lambda state: state.value))
"""


class GpuStandin:
    """One built overlay with settings of its own."""

    def __init__(self, folder: Path, flags: Sequence[str] = ()) -> None:
        def compile_with_flags(command: Sequence[str | Path]) -> None:
            subprocess.run([*command, *flags], check=True)

        build(folder, compile_with_flags)
        self.rootfs = folder / "rootfs"
        self.libraries = self.rootfs / "usr/lib/x86_64-linux-gnu"
        self.library = self.libraries / "libnvidia-ml.so.1"
        self.settings = folder / "settings.conf"
        self.configure()

    @property
    def environment(self) -> dict[str, str]:
        return {"NVIDIA_STANDIN_CONF": str(self.settings), "LD_LIBRARY_PATH": str(self.libraries)}

    def configure(self, **changes: str) -> None:
        """The GPU as a lab has it, but for these settings."""
        self.settings.write_text(render_settings({**SETTINGS, **changes}))

    def read(self) -> dict[str, Any]:
        """What a new process reads through the collection's own code."""
        done = self._run([sys.executable, "-c", _READ, str(self.library)], {"PYTHONPATH": str(COLLECTIONS)})
        assert done.returncode == 0, done.stderr
        reading: dict[str, Any] = json.loads(done.stdout)
        return reading

    def smi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Ask through the command line."""
        return self._run([str(self.rootfs / "usr/bin/nvidia-smi"), *arguments])

    def _run(
        self, command: list[str], environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env={**os.environ, **self.environment, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )


@contextlib.contextmanager
def holding_memory(mib: int, command: tuple[str, ...] = ("sleep", "60")) -> Iterator[int]:
    """A live process that declares GPU memory; gives its pid."""
    # A session of its own, so that its children end with it.
    with subprocess.Popen(
        command, env={**os.environ, MEMORY_DECLARATION: str(mib)}, start_new_session=True
    ) as process:
        try:
            _wait_for_declaration(process.pid)
            yield process.pid
        finally:
            os.killpg(process.pid, 9)


def _wait_for_declaration(pid: int, deadline_s: float = 10) -> None:
    """The kernel lets a parent go on a moment before the new program's environment can be read."""
    environment = Path(f"/proc/{pid}/environ")
    end = time.monotonic() + deadline_s
    while MEMORY_DECLARATION.encode() not in environment.read_bytes():
        assert time.monotonic() < end, f"process {pid} shows no environment"
        time.sleep(0.005)


__all__ = ["DRIVER_VERSION", "GpuStandin", "holding_memory"]
