"""NVML is read through a compiled library, the way a host reads it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.gpu import nvml

from tests.unit.lab.gpu_standin import DRIVER_VERSION, GpuStandin, holding_memory

MIB = 2**20


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> GpuStandin:
    return GpuStandin(tmp_path_factory.mktemp("gpu"))


@pytest.fixture
def gpu(built: GpuStandin) -> GpuStandin:
    built.configure()
    return built


def held_amounts(reading: dict[str, Any]) -> list[int]:
    """What processes hold; other tests may hold memory at the same time."""
    return [process["memory_used_bytes"] for process in reading["gpus"][0]["processes"]]


def test_a_gpu_is_read(gpu: GpuStandin) -> None:
    reading = gpu.read()

    assert reading["state"] == "ready"
    assert reading["driver_version"] == reading["library_version"] == DRIVER_VERSION
    assert reading["cuda_driver_version"] == "12.8"
    (row,) = reading["gpus"]
    assert row["name"] == "NVIDIA GeForce RTX 3060"
    assert row["uuid"].startswith("GPU-")
    assert row["memory_total_bytes"] == 12288 * MIB
    assert row["compute_capability"] == "8.6"
    assert row["pci_bus_id"] == "0000:01:00.0"


def test_memory_follows_a_live_process(gpu: GpuStandin) -> None:
    amount = 1237
    with holding_memory(amount) as pid:
        (row,) = gpu.read()["gpus"]
        assert {"pid": pid, "memory_used_bytes": amount * MIB} in row["processes"]
        held = sum(process["memory_used_bytes"] for process in row["processes"])
        assert row["memory_used_bytes"] == min(held, row["memory_total_bytes"])

    assert amount * MIB not in held_amounts(gpu.read())


def test_forked_workers_count_once(gpu: GpuStandin) -> None:
    amount = 1239
    with holding_memory(amount, ("sh", "-c", "sleep 60 & sleep 60 & wait")):
        assert held_amounts(gpu.read()).count(amount * MIB) == 1


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        ("driver_not_loaded", nvml.State.DRIVER_NOT_LOADED),
        ("version_mismatch", nvml.State.VERSION_MISMATCH),
    ],
)
def test_a_driver_that_cannot_be_used_is_told_apart(gpu: GpuStandin, failure: str, state: nvml.State) -> None:
    gpu.configure(failure=failure)

    reading = gpu.read()

    assert reading["state"] == state.value
    assert reading["library_version"] == DRIVER_VERSION
    assert reading["driver_version"] is None
    assert reading["gpus"] == []


def test_a_lost_gpu_is_counted_but_silent(gpu: GpuStandin) -> None:
    gpu.configure(failure="fallen_off_bus")

    reading = gpu.read()

    assert reading["gpus"] == []
    assert reading["silent_gpus"] == [{"index": 0, "code": nvml.ERROR_GPU_IS_LOST, "reason": "GPU is lost"}]


def test_more_processes_than_expected_are_all_read(gpu: GpuStandin) -> None:
    amounts = range(100, 140)
    with contextlib.ExitStack() as stack:
        for amount in amounts:
            stack.enter_context(holding_memory(amount))
        held = held_amounts(gpu.read())
    assert {amount * MIB for amount in amounts} <= set(held)


def test_a_driver_that_does_not_tell_processes_still_shows_its_gpu(tmp_path: Path) -> None:
    without = GpuStandin(tmp_path, flags=["-DnvmlDeviceGetComputeRunningProcesses_v3=older_name"])

    (row,) = without.read()["gpus"]

    assert row["name"] == "NVIDIA GeForce RTX 3060"
    assert row["processes"] is None


def test_another_gpu_can_be_set(gpu: GpuStandin) -> None:
    gpu.configure(
        name="NVIDIA H200", memory_mib="143771", compute_capability="9.0", pci_bus_id="0001:c1:00.0"
    )

    (row,) = gpu.read()["gpus"]

    assert (row["name"], row["compute_capability"]) == ("NVIDIA H200", "9.0")
    assert row["memory_total_bytes"] == 143771 * MIB
    assert row["pci_bus_id"] == "0001:c1:00.0"


def test_a_missing_library_is_an_answer(tmp_path: Path) -> None:
    reading = nvml.read(str(tmp_path / "libnvidia-ml.so.1"))

    assert reading.state is nvml.State.LIBRARY_MISSING
    assert "libnvidia-ml.so.1" in reading.reason


def test_a_library_without_nvmls_functions_is_reported() -> None:
    reading = nvml.read("libc.so.6")

    assert reading.state is nvml.State.FAILED
    assert "nvmlInit_v2" in reading.reason


@pytest.mark.parametrize(("number", "text"), [(12080, "12.8"), (13000, "13.0"), (11040, "11.4")])
def test_cuda_versions_are_written_as_people_write_them(number: int, text: str) -> None:
    assert nvml.format_cuda_version(number) == text


def test_bus_ids_are_written_as_the_kernel_writes_them() -> None:
    assert nvml.kernel_bus_id("00000000:0A:00.0") == "0000:0a:00.0"
    assert nvml.kernel_bus_id("00010000:01:00.0") == "10000:01:00.0"


@pytest.mark.parametrize(
    ("line", "version"),
    [
        (
            "7f00-7f01 r-xp 00000000 fe:00 12 /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.570.195.03",
            "570.195.03",
        ),
        ("7f00-7f01 r-xp 00000000 fe:00 12 /opt/my driver/libnvidia-ml.so.550.54", "550.54"),
        ("7f00-7f01 r-xp 00000000 fe:00 12 /usr/lib/libnvidia-ml.so.1", None),
        ("7f00-7f01 rw-p 00000000 00:00 0", None),
    ],
)
def test_the_librarys_release_is_in_its_files_name(tmp_path: Path, line: str, version: str | None) -> None:
    maps = tmp_path / "maps"
    maps.write_text(f"{line}\n")
    assert nvml.loaded_library_version(str(maps)) == version
