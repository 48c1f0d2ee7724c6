"""The stand-in driver is laid out like a driver and changes while programs run."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest
import yaml

from lab.components.component import ensure
from lab.gpu.build import COMPONENT, SETTINGS, host_overlay
from tests.unit.lab.gpu_standin import DRIVER_VERSION, GpuStandin, holding_memory

ROOT = Path(__file__).parents[3]
GPU_IS_LOST = 15
TIMEOUT = 10
XID_CRITICAL_ERROR = 8
XID_FALLEN_OFF_BUS = 79
QUERY = "--query-gpu=name,driver_version,memory.total,memory.used,pci.bus_id,uuid"


class EventData(ctypes.Structure):
    _fields_ = (
        ("device", ctypes.c_void_p),
        ("type", ctypes.c_ulonglong),
        ("data", ctypes.c_ulonglong),
        ("gpu_instance", ctypes.c_uint),
        ("compute_instance", ctypes.c_uint),
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> GpuStandin:
    return GpuStandin(tmp_path_factory.mktemp("gpu"))


@pytest.fixture
def gpu(built: GpuStandin) -> GpuStandin:
    built.configure()
    return built


def test_libraries_are_named_and_linked_like_a_drivers(gpu: GpuStandin) -> None:
    for name in ("libnvidia-ml.so", "libcuda.so"):
        assert (gpu.libraries / f"{name}.1").readlink() == Path(f"{name}.{DRIVER_VERSION}")
        assert (gpu.libraries / f"{name}.1").is_file()


def test_nothing_in_the_overlay_hides_a_hosts_links(gpu: GpuStandin) -> None:
    """On Debian /lib and /bin are links into /usr; a folder of that name would take their place."""
    assert sorted(path.name for path in gpu.rootfs.iterdir()) == ["etc", "usr"]


def test_what_stands_in_says_so(gpu: GpuStandin) -> None:
    assert "Stand-in" in (gpu.rootfs.parent / "README").read_text()
    assert "stand-in" in (gpu.rootfs / "etc/nvidia-standin.conf").read_text()


def test_settings_travel_where_firmware_travels(gpu: GpuStandin) -> None:
    firmware = gpu.rootfs / f"usr/lib/firmware/nvidia/{DRIVER_VERSION}/gsp_standin.bin"
    assert firmware.readlink() == Path("/etc/nvidia-standin.conf")


def test_cuda_loads_but_offers_no_device(gpu: GpuStandin) -> None:
    cuda = ctypes.CDLL(str(gpu.libraries / "libcuda.so.1"))
    no_device = 100
    assert cuda.cuInit(0) == no_device


def test_the_rehearsal_wants_the_driver_that_stands_in() -> None:
    wanted = yaml.safe_load((ROOT / "inventories/rehearsal/group_vars/gpu_hosts/gpu.yml").read_text())
    assert wanted["inference_host_driver"] == DRIVER_VERSION


def test_a_list_of_gpus(gpu: GpuStandin) -> None:
    done = gpu.smi("-L")
    assert done.stdout == f"GPU 0: {SETTINGS['name']} (UUID: {SETTINGS['uuid']})\n"


def test_a_query_in_csv(gpu: GpuStandin) -> None:
    done = gpu.smi(QUERY, "--format=csv,noheader,nounits")
    name, driver, total, used, bus_id, uuid = done.stdout.strip().split(", ")
    assert (name, driver, total) == (SETTINGS["name"], DRIVER_VERSION, "12288")
    assert int(used) >= 0
    assert (bus_id, uuid) == ("00000000:01:00.0", SETTINGS["uuid"])


def test_units_and_header_are_shown_unless_refused(gpu: GpuStandin) -> None:
    header, row = gpu.smi("--query-gpu=memory.total", "--format=csv").stdout.splitlines()
    assert (header, row) == ("memory.total", "12288 MiB")


def test_more_than_the_whole_memory_cannot_be_used(gpu: GpuStandin) -> None:
    with holding_memory(99999):
        assert gpu.smi("--query-gpu=memory.used", "--format=csv,noheader,nounits").stdout == "12288\n"


def test_a_question_that_is_not_known_fails(gpu: GpuStandin) -> None:
    assert gpu.smi("--query-gpu=fan.speed", "--format=csv").returncode != 0
    assert gpu.smi().returncode != 0


def test_a_lost_gpu_fails_with_nvmls_number(gpu: GpuStandin) -> None:
    gpu.configure(failure="fallen_off_bus")
    done = gpu.smi("-L")
    assert done.returncode == GPU_IS_LOST
    assert "GPU is lost" in done.stderr


def test_settings_change_in_place(gpu: GpuStandin) -> None:
    """A container holds a mount of the file itself, not of its name."""
    before = gpu.settings.stat().st_ino
    tool = gpu.rootfs / "usr/local/bin/nvidia-standin"
    environment = {"PATH": "/usr/bin:/bin", **gpu.environment}

    subprocess.run([tool, "set", "failure=fallen_off_bus"], env=environment, check=True)
    shown = subprocess.run([tool, "show"], env=environment, check=True, capture_output=True, text=True)

    assert gpu.settings.stat().st_ino == before
    assert shown.stdout == gpu.settings.read_text()
    assert [line for line in shown.stdout.splitlines() if line.startswith("failure")] == [
        "failure=fallen_off_bus"
    ]
    assert gpu.smi("-L").returncode == GPU_IS_LOST


def test_a_watcher_hears_once_of_each_loss(gpu: GpuStandin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NVIDIA_STANDIN_CONF", str(gpu.settings))
    library = ctypes.CDLL(str(gpu.library))
    events = ctypes.c_void_p()
    library.nvmlEventSetCreate(ctypes.byref(events))
    heard = EventData()

    def wait() -> int:
        return int(library.nvmlEventSetWait_v2(events, ctypes.byref(heard), ctypes.c_uint(1)))

    assert wait() == TIMEOUT
    for _loss in range(2):
        gpu.configure(failure="fallen_off_bus")
        assert wait() == 0
        assert (heard.type, heard.data) == (XID_CRITICAL_ERROR, XID_FALLEN_OFF_BUS)
        assert wait() == TIMEOUT
        gpu.configure()
        assert wait() == TIMEOUT
    library.nvmlEventSetFree(events)


def test_the_component_gives_a_host_its_overlay(tmp_path: Path) -> None:
    overlay = host_overlay(ensure(COMPONENT, tmp_path))

    assert (overlay.rootfs / "etc/systemd/system/nvidia-standin.service").is_file()
    assert (overlay.rootfs / "usr/bin/nvidia-smi").is_file()
    assert ("ldconfig",) in overlay.commands
