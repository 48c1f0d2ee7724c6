# SPDX-License-Identifier: Apache-2.0
"""The rules of one image on one GPU under one driver."""

from __future__ import annotations

from collections.abc import Mapping

from ..catalog.image_rows import ACTIVE, ON_REQUEST
from ..catalog.model_rows import Gpu
from ..inputs.wanted import HOST_DRIVER
from ..reading.versions import Driver, numbers
from .builds import Build
from .verdicts import OK, REFUSE, UNKNOWN, WARN, Judgement, worst

COMPAT_SWITCH = "VLLM_ENABLE_CUDA_COMPATIBILITY"


def asks_for_compat(environment: Mapping[str, str]) -> bool:
    """Whether an engine is told to put the image's compatibility libraries first, as vLLM reads it."""
    return environment.get(COMPAT_SWITCH, "").strip().lower() in ("1", "true")


def judge_image(build: Build, gpu: Gpu, driver: Driver | None, asks_compat: bool = False) -> Judgement:
    """Whether an image runs on a GPU under a driver.

    ``asks_compat`` says that the engine's environment asks for the image's compatibility libraries.
    """
    capability = judge_capability(build, gpu)
    if capability.level == REFUSE:
        return capability  # no driver changes that
    return worst([judge_driver(build, gpu, driver, asks_compat), judge_card(gpu, driver), capability])


def judge_card(gpu: Gpu, driver: Driver | None) -> Judgement:
    """A driver knows the cards of its time. When a card appeared is concluded from its toolkit."""
    since = gpu.since.driver if gpu.since else None
    if driver is None or since is None or driver.at_least(since.numbers):
        return Judgement(OK, f"no rule speaks against {gpu.name} with its driver")
    if driver.at_least(since.numbers) is None:
        return _branch_on_both_sides(driver, f"{gpu.name} needs driver {since}")
    told = f"{gpu.name} came with driver {since}, and whether the older {driver} knows it is unknown"
    return Judgement(UNKNOWN, told, f"Set {HOST_DRIVER} to {since} or newer.")


def judge_capability(build: Build, gpu: Gpu) -> Judgement:
    """An image is built for GPUs from some compute capability on, and for none newer than its CUDA."""
    need = build.min_compute_capability
    since = gpu.since
    if since and build.cuda and numbers(build.cuda)[:2] < since.cuda:
        return Judgement(
            REFUSE,
            f"CUDA {build.cuda} of the image does not know {gpu.name}, a generation that came with CUDA "
            f"{dotted(since.cuda)}",
        )
    if not build.is_official:
        return Judgement(OK, "which GPUs an image of your own is built for was not compared")
    if need is None:
        return Judgement(UNKNOWN, f"the compute capability that {build} needs is unknown")
    if gpu.compute_capability is None:
        told = f"the compute capability of {gpu.name} is unknown"
        return Judgement(UNKNOWN, told, f"Add it below inference_catalog.gpus.{gpu.key}.")
    has = dotted(gpu.compute_capability)
    if gpu.compute_capability < need:
        return Judgement(REFUSE, f"{gpu.name} has compute capability {has}, but {build} needs {dotted(need)}")
    if build.doubtful_capability and gpu.compute_capability >= build.doubtful_capability:
        told = f"whether {build} holds kernels for the compute capability {has} of {gpu.name} is unknown"
        return Judgement(UNKNOWN, told)
    return Judgement(OK, f"{gpu.name} has compute capability {has} of the {dotted(need)} that are needed")


def judge_driver(build: Build, gpu: Gpu, driver: Driver | None, asks_compat: bool = False) -> Judgement:
    """A driver runs the CUDA of its time, newer ones of the same major with limits, others almost never."""
    if not build.is_comparable:
        return Judgement(WARN, "the CUDA of an image of your own was not compared")
    if driver is None:
        return Judgement(WARN, "no driver is known, so CUDA was not compared")
    if not (build.native and build.major):
        return Judgement(UNKNOWN, f"the driver that {build} needs is unknown")
    is_native = driver.at_least(build.native.numbers)
    is_of_major = driver.at_least(build.major.numbers)
    if is_native is None or is_of_major is None:
        return _branch_on_both_sides(driver, f"CUDA {build.cuda} wants driver {build.native.text}")
    meets_compat = build.compat == ACTIVE or (build.compat == ON_REQUEST and asks_compat)
    if is_native and meets_compat and driver.branch > build.native.numbers[0]:
        return Judgement(
            REFUSE,
            f"the image's own libraries of CUDA {build.cuda} come before those of driver {driver}, which is "
            f"newer than they are: error 803 ({build.compat_source})",
        )
    if is_native:
        return Judgement(OK, f"driver {driver} runs CUDA {build.cuda} natively (from {build.native.text} on)")
    if meets_compat:
        return _by_forward_compatibility(build, gpu, driver)
    if is_of_major:
        return _by_minor_version(build, gpu, driver)
    return _older_major(build, gpu, driver)


def _branch_on_both_sides(driver: Driver, need: str) -> Judgement:
    told = f"{need}, and branch {driver} has older and newer releases"
    return Judgement(UNKNOWN, told, f"Give the full version in {HOST_DRIVER}, as nvidia-smi shows it.")


def _by_forward_compatibility(build: Build, gpu: Gpu, driver: Driver) -> Judgement:
    """The image's libraries replace those of the driver, which only some cards allow."""
    told = f"the image's own libraries of CUDA {build.cuda} come before those of the older driver {driver}"
    allows = gpu.family.forward_compatibility if gpu.family else None
    if allows:
        return Judgement(WARN, f"{told}; forward compatibility lets a data-centre card run so")
    if allows is None:
        return Judgement(UNKNOWN, f"{told}, and whether {gpu.name} has forward compatibility is unknown")
    return Judgement(
        REFUSE,
        f"{told}, and {gpu.name} has no forward compatibility: error 804, forward compatibility was "
        f"attempted on non supported HW ({build.compat_source})",
    )


def _by_minor_version(build: Build, gpu: Gpu, driver: Driver) -> Judgement:
    floor = build.native.text if build.native else ""
    told = (
        f"driver {driver} is older than CUDA {build.cuda} wants ({floor}); minor-version compatibility "
        "bridges that, but kernels that are compiled at run time (PTX) can fail"
    )
    if gpu.family and gpu.family.named_by_images is False:
        told += (
            f"; the image's NVIDIA_REQUIRE_CUDA names no card of the class {gpu.family.key}, so the legacy "
            "container runtime refuses the start, while CDI mode, which the role container_toolkit sets, "
            "does not ask"
        )
    return Judgement(WARN, told)


def _older_major(build: Build, gpu: Gpu, driver: Driver) -> Judgement:
    """Only forward compatibility could help, and here its library is not in use."""
    major = build.cuda.split(".")[0]
    floor, source = (build.major.text, build.major.source) if build.major else ("", "")
    told = f"CUDA {major} needs driver {floor} or newer, and driver {driver} is older"
    if gpu.family and gpu.family.forward_compatibility is False:
        return Judgement(
            REFUSE, f"{told}; {gpu.name} has no forward compatibility either (error 804, {source})"
        )
    if not build.compat:
        return Judgement(UNKNOWN, f"{told}; whether the image's compatibility libraries help is unknown")
    return Judgement(REFUSE, f"{told}; the image does not reach its compatibility libraries ({source})")


def dotted(capability: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in capability)
