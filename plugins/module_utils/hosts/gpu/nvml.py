# SPDX-License-Identifier: Apache-2.0
"""Reads GPUs through NVIDIA's management library, without nvidia-smi."""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

LIBRARY_NAME = "libnvidia-ml.so.1"

ERROR_NOT_SUPPORTED = 3
ERROR_NO_PERMISSION = 4
ERROR_INSUFFICIENT_SIZE = 7
ERROR_DRIVER_NOT_LOADED = 9
ERROR_GPU_IS_LOST = 15
ERROR_LIB_RM_VERSION_MISMATCH = 18

_SUCCESS = 0
_NO_SUCH_FUNCTION = -1
# Not everybody may ask for processes, and not every driver can answer.
_UNTOLD = (ERROR_NOT_SUPPORTED, ERROR_NO_PERMISSION, _NO_SUCH_FUNCTION)
_TEXT_BYTES = 96
_VALUE_NOT_AVAILABLE = 2**64 - 1
_PROCESSES_AT_FIRST = 32
_PROCESSES_ATTEMPTS = 3


class State(Enum):
    """How far the library gets on its way to the GPUs."""

    READY = "ready"
    LIBRARY_MISSING = "library_missing"
    DRIVER_NOT_LOADED = "driver_not_loaded"
    VERSION_MISMATCH = "version_mismatch"
    FAILED = "failed"


@dataclass(frozen=True)
class Process:
    """A process that computes on a GPU."""

    pid: int
    memory_used_bytes: int | None
    """None where the driver does not tell."""


@dataclass(frozen=True)
class Gpu:
    """A GPU that answers."""

    index: int
    name: str
    uuid: str
    memory_total_bytes: int
    memory_used_bytes: int
    compute_capability: str
    pci_bus_id: str
    """As the kernel writes it: 0000:01:00.0."""
    processes: tuple[Process, ...] | None
    """None where the driver does not tell."""


@dataclass(frozen=True)
class SilentGpu:
    """A GPU that the driver counts but cannot ask."""

    index: int
    code: int
    reason: str

    @property
    def is_lost(self) -> bool:
        return self.code == ERROR_GPU_IS_LOST


@dataclass(frozen=True)
class Reading:
    """Everything that one look at the library told."""

    state: State
    reason: str = ""
    library_version: str | None = None
    """Of the library's file, which is known even when it does not match the driver."""
    driver_version: str | None = None
    cuda_driver_version: str | None = None
    gpus: tuple[Gpu, ...] = ()
    silent_gpus: tuple[SilentGpu, ...] = ()


class _PciInfo(ctypes.Structure):
    _fields_ = (
        ("busIdLegacy", ctypes.c_char * 16),
        ("domain", ctypes.c_uint),
        ("bus", ctypes.c_uint),
        ("device", ctypes.c_uint),
        ("pciDeviceId", ctypes.c_uint),
        ("pciSubSystemId", ctypes.c_uint),
        ("busId", ctypes.c_char * 32),
    )


class _Memory(ctypes.Structure):
    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


class _ProcessInfo(ctypes.Structure):
    _fields_ = (
        ("pid", ctypes.c_uint),
        ("usedGpuMemory", ctypes.c_ulonglong),
        ("gpuInstanceId", ctypes.c_uint),
        ("computeInstanceId", ctypes.c_uint),
    )


class _NvmlError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class _Library:
    """Calls by name; whatever is not a success is raised."""

    handle: ctypes.CDLL = field(repr=False)

    def call(self, name: str, *arguments: Any) -> None:
        code = self.function(name)(*arguments)
        if code != _SUCCESS:
            raise _NvmlError(code, self.describe(code))

    def function(self, name: str) -> Any:
        try:
            return getattr(self.handle, name)
        except AttributeError:
            raise _NvmlError(_NO_SUCH_FUNCTION, f"{LIBRARY_NAME} has no {name}") from None

    def describe(self, code: int) -> str:
        describe = self.function("nvmlErrorString")
        describe.restype = ctypes.c_char_p
        return str(describe(code).decode())

    def text(self, name: str, *arguments: Any) -> str:
        buffer = ctypes.create_string_buffer(_TEXT_BYTES)
        self.call(name, *arguments, buffer, ctypes.c_uint(_TEXT_BYTES))
        return buffer.value.decode(errors="replace")


def read(library_name: str = LIBRARY_NAME) -> Reading:
    """Look at the driver and every GPU. A host without either is an answer, not an error."""
    try:
        library = _Library(ctypes.CDLL(library_name))
    except OSError as error:
        return Reading(State.LIBRARY_MISSING, reason=str(error))
    version = loaded_library_version()
    try:
        library.call("nvmlInit_v2")
    except _NvmlError as error:
        states = {
            ERROR_DRIVER_NOT_LOADED: State.DRIVER_NOT_LOADED,
            ERROR_LIB_RM_VERSION_MISMATCH: State.VERSION_MISMATCH,
        }
        return Reading(states.get(error.code, State.FAILED), error.reason, library_version=version)
    try:
        return _read_driver(library, version)
    except _NvmlError as error:
        return Reading(State.FAILED, error.reason, library_version=version)
    finally:
        library.function("nvmlShutdown")()


def loaded_library_version(maps_path: str = "/proc/self/maps") -> str | None:
    """The driver release that the loaded library file belongs to, from its name."""
    # The kernel names the file itself there, not the link by which it was opened.
    maps = Path(maps_path).read_text(encoding="utf-8", errors="replace")
    found = re.search(r"/libnvidia-ml\.so\.(\d+\.\d+(?:\.\d+)?)$", maps, re.MULTILINE)
    return found[1] if found else None


def _read_driver(library: _Library, library_version: str | None) -> Reading:
    driver_version = library.text("nvmlSystemGetDriverVersion")
    cuda = ctypes.c_int()
    library.call("nvmlSystemGetCudaDriverVersion", ctypes.byref(cuda))
    count = ctypes.c_uint()
    library.call("nvmlDeviceGetCount_v2", ctypes.byref(count))
    gpus: list[Gpu] = []
    silent: list[SilentGpu] = []
    for index in range(count.value):
        try:
            gpus.append(_read_gpu(library, index))
        except _NvmlError as error:
            silent.append(SilentGpu(index, error.code, error.reason))
    return Reading(
        State.READY,
        library_version=library_version or driver_version,
        driver_version=driver_version,
        cuda_driver_version=format_cuda_version(cuda.value),
        gpus=tuple(gpus),
        silent_gpus=tuple(silent),
    )


def _read_gpu(library: _Library, index: int) -> Gpu:
    device = ctypes.c_void_p()
    library.call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(device))
    memory = _Memory()
    library.call("nvmlDeviceGetMemoryInfo", device, ctypes.byref(memory))
    major, minor = ctypes.c_int(), ctypes.c_int()
    library.call("nvmlDeviceGetCudaComputeCapability", device, ctypes.byref(major), ctypes.byref(minor))
    pci = _PciInfo()
    library.call("nvmlDeviceGetPciInfo_v3", device, ctypes.byref(pci))
    return Gpu(
        index=index,
        name=library.text("nvmlDeviceGetName", device),
        uuid=library.text("nvmlDeviceGetUUID", device),
        memory_total_bytes=memory.total,
        memory_used_bytes=memory.used,
        compute_capability=f"{major.value}.{minor.value}",
        pci_bus_id=kernel_bus_id(pci.busId.decode()),
        processes=_read_processes(library, device),
    )


def _read_processes(library: _Library, device: ctypes.c_void_p) -> tuple[Process, ...] | None:
    capacity = _PROCESSES_AT_FIRST
    for _attempt in range(_PROCESSES_ATTEMPTS):
        count = ctypes.c_uint(capacity)
        infos = (_ProcessInfo * capacity)()
        try:
            library.call("nvmlDeviceGetComputeRunningProcesses_v3", device, ctypes.byref(count), infos)
        except _NvmlError as error:
            if error.code in _UNTOLD:
                return None
            if error.code != ERROR_INSUFFICIENT_SIZE:
                raise
            # More may start before the next question.
            capacity = count.value * 2
            continue
        return tuple(
            Process(info.pid, None if info.usedGpuMemory == _VALUE_NOT_AVAILABLE else info.usedGpuMemory)
            for info in infos[: count.value]
        )
    return None


def kernel_bus_id(nvml_bus_id: str) -> str:
    """Turn NVML's 00000000:01:00.0 into the kernel's 0000:01:00.0."""
    domain, _separator, rest = nvml_bus_id.lower().partition(":")
    return f"{int(domain, 16):04x}:{rest}"


def format_cuda_version(number: int) -> str:
    """Turn 12080 into 12.8."""
    return f"{number // 1000}.{number % 1000 // 10}"
