"""gpu_info answers on every host, and never changes one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.module_utils.hosts.gpu.facts import Sources
from ansible_collections.inference.stack.plugins.modules import gpu_info

from tests.unit.lab.gpu_standin import DRIVER_VERSION, GpuStandin, holding_memory
from tests.unit.plugins.module_utils.hosts.sysfs_tree import RTX_3060, PciBus, write_attributes
from tests.unit.plugins.modules.module_runner import ModuleRunner

MIB = 2**20


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> GpuStandin:
    return GpuStandin(tmp_path_factory.mktemp("gpu"))


@pytest.fixture
def gpu(built: GpuStandin, monkeypatch: pytest.MonkeyPatch) -> GpuStandin:
    built.configure()
    monkeypatch.setenv("NVIDIA_STANDIN_CONF", str(built.settings))
    return built


class Host:
    """A host whose parts a test puts in place."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, run_module: ModuleRunner) -> None:
        self._root = root
        self._monkeypatch = monkeypatch
        self._run_module = run_module
        self.pci = PciBus(root / "sys")
        self.thunderbolt = root / "thunderbolt"
        self.kernel_driver = root / "version"

    def gpu_info(self, library: Path | None = None, *, check: bool = False) -> dict[str, Any]:
        sources = Sources(
            nvml_library=str(library or self._root / "libnvidia-ml.so.1"),
            pci_devices=str(self.pci.devices),
            thunderbolt_devices=str(self.thunderbolt),
            kernel_driver_version=str(self.kernel_driver),
        )
        self._monkeypatch.setattr(gpu_info, "Sources", lambda: sources)
        run = self._run_module(gpu_info.main, check=check)
        assert run.exit_code == 0
        assert not run.failed
        assert run.result["changed"] is False
        return run.result


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Host:
    return Host(tmp_path, monkeypatch, ModuleRunner(capfd))


@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
def test_a_host_without_a_gpu_is_a_normal_answer(host: Host, check: bool) -> None:
    result = host.gpu_info(check=check)

    assert result["gpus"] == result["pci_devices"] == result["thunderbolt_devices"] == []
    driver = result["driver"]
    assert "cannot open shared object file" in driver.pop("reason")
    assert driver == {
        "state": "library_missing",
        "loaded": None,
        "library": None,
        "mismatch": False,
    }


@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
def test_a_healthy_gpu_is_told_in_full(host: Host, gpu: GpuStandin, check: bool) -> None:
    host.pci.add("0000:01:00.0", RTX_3060, port={"max_link_width": "4"}, driver="nvidia")
    amount = 1241
    with holding_memory(amount) as pid:
        result = host.gpu_info(gpu.library, check=check)

    assert result["silent_gpus"] == []
    (row,) = result["gpus"]
    assert row["driver_version"] == DRIVER_VERSION
    assert row["cuda_driver_version"] == "12.8"
    assert row["memory_total_bytes"] == 12288 * MIB
    assert {"pid": pid, "memory_used_bytes": amount * MIB} in row["processes"]
    (pci,) = result["pci_devices"]
    assert pci["bus_id"] == row["pci_bus_id"]
    assert pci["link"]["width_lanes"] == 4
    assert result["driver"] == {
        "state": "ready",
        "reason": "",
        "loaded": DRIVER_VERSION,
        "library": DRIVER_VERSION,
        "mismatch": False,
    }


def test_an_upgrade_without_a_reboot_is_a_mismatch(host: Host, gpu: GpuStandin) -> None:
    gpu.configure(failure="version_mismatch")
    host.kernel_driver.write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22\n")

    result = host.gpu_info(gpu.library)

    assert result["driver"]["mismatch"] is True
    assert result["driver"]["loaded"] == "550.54.14"
    assert result["driver"]["library"] == DRIVER_VERSION


def test_a_gpu_off_the_bus_is_told_apart_from_those_that_answer(host: Host, gpu: GpuStandin) -> None:
    gpu.configure(failure="fallen_off_bus")

    result = host.gpu_info(gpu.library)

    assert result["gpus"] == []
    (silent,) = result["silent_gpus"]
    assert (silent["index"], silent["is_lost"]) == (0, True)
    assert "lost" in silent["reason"]


def test_a_locked_enclosure_is_told(host: Host) -> None:
    write_attributes(host.thunderbolt / "0-1", {"authorized": "0", "unique_id": "c401"})

    result = host.gpu_info()

    assert result["thunderbolt_devices"][0]["is_authorized"] is False


def test_options_are_refused_because_there_are_none(capfd: pytest.CaptureFixture[str]) -> None:
    run = ModuleRunner(capfd)(gpu_info.main, {"verbose": True})

    assert run.failed
    assert "verbose" in run.result["msg"]


def documented_keys(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: documented_keys(field.get("contains", {})) for name, field in fields.items()}


def returned_keys(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return returned_keys(value[0]) if value else {}
    if isinstance(value, dict):
        return {name: returned_keys(part) for name, part in value.items()}
    return {}


def test_everything_returned_is_documented(host: Host, gpu: GpuStandin) -> None:
    host.pci.add("0000:01:00.0", RTX_3060)
    write_attributes(host.thunderbolt / "0-1", {"authorized": "0"})
    with holding_memory(1243):
        result = host.gpu_info(gpu.library)
    gpu.configure(failure="fallen_off_bus")
    result["silent_gpus"] = host.gpu_info(gpu.library)["silent_gpus"]
    for key in ("changed", "invocation"):
        result.pop(key, None)

    assert documented_keys(yaml.safe_load(gpu_info.RETURN)) == returned_keys(result)


def test_examples_are_tasks() -> None:
    tasks = yaml.safe_load(gpu_info.EXAMPLES)
    assert all(re.match(r"[A-Z]", task["name"]) for task in tasks)
