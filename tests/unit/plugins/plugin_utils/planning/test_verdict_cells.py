"""Every release x driver x GPU against an independent statement of the rules.

Everything above the tests is written from NVIDIA's and vLLM's documents, not from the catalog nor from the
code that judges: a slip in either of those shows here as a list of cells.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.planning.catalog import catalog
from ansible_collections.inference.stack.plugins.plugin_utils.planning.compatibility import builds, images
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.findings import Findings
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.versions import Driver, Release

from tests.unit.plugins.plugin_utils.planning.sites import RAW, home_lab, plan

OK, WARN, UNKNOWN, REFUSE = "ok", "warn", "unknown", "refuse"
GEFORCE, WORKSTATION, DATACENTER = "geforce", "workstation", "datacenter"

# Full versions of every branch that a distribution offered, from before CUDA 12 until after CUDA 13.1.
DRIVERS = (
    *(
        "470.256.02",
        "525.147.05",
        "530.41.03",
        "535.183.01",
        "545.29.06",
        "550.54.14",
        "550.144.03",
        "555.58.02",
    ),
    *(
        "560.35.03",
        "565.77",
        "570.26",
        "570.195.03",
        "575.51.03",
        "575.64.03",
        "580.65.06",
        "580.95.05",
        "590.48.01",
    ),
)
# A toolkit runs natively from this driver on.
NATIVE = {"12.4": (550, 54, 14), "12.8": (570, 26), "12.9": (575, 51, 3), "13.0": (580, 65, 6)}
# A toolkit runs through minor-version compatibility from this branch on.
MAJORS = {"12": 525, "13": 580}


class Range(NamedTuple):
    """Releases whose official images were built alike."""

    first: str
    last: str
    cuda: str
    capability: tuple[int, int]
    compat: str = (
        "asleep"  # compat libraries: asleep, loaded (before the driver's), or asked for by a variable
    )


RANGES = (
    Range("0.5.5", "0.6.2", "12.4", (7, 0)),
    Range("0.6.4", "0.7.3", "12.4", (7, 0)),
    Range("0.8.0", "0.8.5.post1", "12.4", (7, 0)),
    Range("0.9.0", "0.9.2", "12.8", (7, 0)),
    Range("0.10.0", "0.10.0", "12.8", (7, 0)),
    Range("0.10.2", "0.10.2", "12.8", (7, 0)),
    Range("0.11.0", "0.11.0", "12.8", (7, 0)),
    Range("0.11.1", "0.13.0", "12.9", (7, 0)),
    Range("0.14.0", "0.16.0", "12.9", (7, 0), "loaded"),
    Range("0.17.0", "0.19.0", "12.9", (7, 0), "asked"),
    Range("0.20.0", "0.26.0", "13.0", (7, 5), "asked"),
    Range("0.20.0-cu129", "0.26.0-cu129", "12.9", (7, 5), "asked"),
    Range("0.28.0", "0.30.0", "13.0", (7, 5), "asked"),
)
# Before, between and after the ranges; and variants of listed releases that were never seen.
UNLISTED = ("0.5.4", "0.6.3", "0.10.1", "0.27.0", "0.31.0")
UNSEEN = ("0.28.0-cu129", "0.19.0-cu129")

GPUS: dict[str, tuple[tuple[int, int], str]] = {
    "v100-16gb": ((7, 0), DATACENTER),
    "v100-32gb": ((7, 0), DATACENTER),
    "t4-16gb": ((7, 5), DATACENTER),
    "a100-40gb": ((8, 0), DATACENTER),
    "a100-80gb": ((8, 0), DATACENTER),
    "a30-24gb": ((8, 0), DATACENTER),
    "rtx-3060-12gb": ((8, 6), GEFORCE),
    "rtx-3090-24gb": ((8, 6), GEFORCE),
    "a10-24gb": ((8, 6), DATACENTER),
    "a40-48gb": ((8, 6), DATACENTER),
    "rtx-a6000-48gb": ((8, 6), WORKSTATION),
    "l4-24gb": ((8, 9), DATACENTER),
    "l40s-48gb": ((8, 9), DATACENTER),
    "rtx-4090-24gb": ((8, 9), GEFORCE),
    "rtx-6000-ada-48gb": ((8, 9), WORKSTATION),
    "h100-80gb": ((9, 0), DATACENTER),
    "h200-141gb": ((9, 0), DATACENTER),
    "b200-180gb": ((10, 0), DATACENTER),
    "rtx-5090-32gb": ((12, 0), GEFORCE),
    "rtx-pro-6000-96gb": ((12, 0), WORKSTATION),
}


class Cell(NamedTuple):
    """One image on one driver with one GPU; ``asked``: VLLM_ENABLE_CUDA_COMPATIBILITY=1 is set."""

    build: str
    driver: str
    gpu: str
    asked: bool = False


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def range_of(build: str) -> Range | None:
    return next((row for row in RANGES if build in (row.first, row.last)), None)


def expected(cell: Cell) -> set[str]:
    """The verdicts that the rules allow: one, except where the documents leave it open."""
    row = range_of(cell.build.split("-")[0])
    if row is None:
        return {UNKNOWN}
    capability, kind = GPUS[cell.gpu]
    if capability < row.capability:
        return {REFUSE}
    row = range_of(cell.build)
    if row is None:
        return {UNKNOWN}
    driver = version(cell.driver)
    levels = by_driver(row, driver, kind, cell.asked)
    if REFUSE not in levels and not knows_blackwell(row, cell.build, capability, driver):
        return {UNKNOWN, REFUSE}
    return levels


def by_driver(row: Range, driver: tuple[int, ...], kind: str, asked: bool) -> set[str]:
    native, branch = NATIVE[row.cuda], MAJORS[row.cuda.split(".")[0]]
    loaded = row.compat == "loaded" or (row.compat == "asked" and asked)
    if loaded and driver[0] > native[0]:
        return {REFUSE}  # 803: the image's libraries are older than the driver
    if driver >= native:
        return {OK}
    same_major = driver[0] >= branch
    if loaded:
        # 804 on a GeForce, whatever major the driver has; data-centre cards are what these libraries are for.
        if kind == GEFORCE:
            return {REFUSE}
        if kind == WORKSTATION:
            return {UNKNOWN}
        if same_major:
            return {OK, WARN}
        # Across majors only the variable, set on purpose, is a site's own word that it works there.
        return {WARN} if row.compat == "asked" else {WARN, UNKNOWN}
    # Across majors forward compatibility alone could help, and its libraries are not in the path.
    return {WARN} if same_major else {REFUSE}


def knows_blackwell(row: Range, build: str, capability: tuple[int, int], driver: tuple[int, ...]) -> bool:
    """CUDA 12.8 and driver 570 are the first that know it; images hold kernels for 12.0 from 0.9.2 on.

    forums.developer.nvidia.com/t/321330, and "no kernel image is available" in vLLM's issues 13306 and 16901.
    """
    if capability < (10, 0):
        return True
    return row.cuda != "12.4" and driver[0] >= 570 and not (capability == (12, 0) and build == "0.9.0")


# Rows as the planner reads them, once for thousands of cells.
CATALOG = catalog.build(RAW, None, Findings())


def judged(cell: Cell) -> str:
    """The verdict of the planner on this cell alone."""
    text, dash, suffix = cell.build.partition("-")
    release = Release.parse(text)
    assert release
    build = builds.build_of(release, dash + suffix, CATALOG)
    return images.judge_image(build, CATALOG.gpus[cell.gpu], Driver.parse(cell.driver), cell.asked).level


def all_builds() -> Iterator[str]:
    for row in RANGES:
        yield from dict.fromkeys((row.first, row.last))
    yield from (*UNLISTED, *UNSEEN)


def cells(driver: str) -> Iterator[Cell]:
    for build in all_builds():
        for gpu in GPUS:
            yield Cell(build, driver, gpu)
            yield Cell(build, driver, gpu, asked=True)


# --- The same cell through the front door ---------------------------------------------------------------

# Small enough for every card, and without a kernel or a number format that a card could lack.
TINY = {
    "repository": "example/tiny",
    "weights_bytes": 10**9,
    "dtype": "half",
    "layers": 2,
    "kv_heads": 2,
    "head_dim": 64,
    "max_model_len": 1024,
}


def site(cell: Cell, **changes: Any) -> dict[str, Any]:
    entry = {"name": "tiny", "environment": {"VLLM_ENABLE_CUDA_COMPATIBILITY": "1"} if cell.asked else {}}
    return home_lab(
        **{
            "models": [entry],
            "catalog": {"models": {"tiny": TINY}},
            "vllm_version": cell.build.split("-")[0],
            "vllm_image": f"vllm/vllm-openai:v{cell.build}" if "-" in cell.build else "",
            "hosts": [{"name": "worker", "gpus": [{"gpu": cell.gpu, "count": 1}], "driver": cell.driver}],
            **changes,
        }
    )


@functools.cache
def planned(cell: Cell) -> str:
    """The verdict of a plan that accepts what is unknown, so that only a real refusal refuses."""
    try:
        found = plan(site(cell, allow_unknown=True))
    except InvalidInput:
        return REFUSE
    (row,) = found["hosts"]
    return str(row["verdict"])


def differing(found: dict[Cell, str]) -> str:
    """A line for each cell whose verdict no rule allows, the first forty of them."""
    wrong = [
        f"{cell.build} on {cell.driver} with {cell.gpu} (compatibility asked for: {cell.asked}): "
        f"{level}, expected {' or '.join(sorted(expected(cell)))}"
        for cell, level in found.items()
        if level not in expected(cell)
    ]
    return "\n".join([*wrong[:40], f"{len(wrong)} of {len(found)} cells differ"]) if wrong else ""


def sample() -> list[Cell]:
    """Every 97th cell, so that each build, driver and GPU comes up in changing company."""
    return [cell for driver in DRIVERS for cell in cells(driver)][::97]


# --- Tests ----------------------------------------------------------------------------------------------


def test_the_statement_covers_the_catalog() -> None:
    assert set(GPUS) == set(RAW["gpus"])
    assert {row.first for row in RANGES if "-" not in row.first} == set(RAW["vllm_releases"])


def test_the_statement_says_what_was_seen() -> None:
    def of(build: str, driver: str, gpu: str) -> set[str]:
        return expected(Cell(build, driver, gpu))

    assert of("0.16.0", "570.195.03", "rtx-3060-12gb") == {REFUSE}
    assert of("0.8.5.post1", "570.195.03", "rtx-3060-12gb") == {OK}
    assert of("0.20.0", "575.64.03", "rtx-3060-12gb") == {REFUSE}
    assert of("0.20.0-cu129", "575.64.03", "rtx-3060-12gb") == {OK}
    assert of("0.20.0", "580.95.05", "v100-32gb") == {REFUSE}
    assert of("0.13.0", "570.195.03", "rtx-3060-12gb") == {WARN}


@pytest.mark.parametrize("driver", DRIVERS)
def test_each_cell_of_a_driver(driver: str) -> None:
    assert not differing({cell: judged(cell) for cell in cells(driver)})


def test_a_sample_of_cells_in_whole_plans() -> None:
    assert not differing({cell: planned(cell) for cell in sample()})


def test_whole_plans_and_single_cells_agree() -> None:
    assert [cell for cell in sample() if planned(cell) != judged(cell)] == []


def test_the_sample_holds_every_verdict_build_driver_and_gpu() -> None:
    chosen = sample()
    assert len(chosen) > 200
    assert {cell.build for cell in chosen} == set(all_builds())
    assert {cell.driver for cell in chosen} == set(DRIVERS)
    assert {cell.gpu for cell in chosen} == set(GPUS)
    assert {level for cell in chosen for level in expected(cell)} == {OK, WARN, UNKNOWN, REFUSE}


def test_what_is_unknown_is_refused_unless_the_site_allows_it() -> None:
    for cell in [cell for cell in sample() if expected(cell) == {UNKNOWN}][:20]:
        with pytest.raises(InvalidInput, match="inference_allow_unknown"):
            plan(site(cell))
        found = plan(site(cell, allow_unknown=True))
        assert found["hosts"][0]["verdict"] == UNKNOWN
        assert any(cell.build in text for text in found["warnings"]), found["warnings"]


def test_a_verdict_that_is_not_ok_has_its_reason() -> None:
    for cell in [cell for cell in sample() if expected(cell) == {WARN}][:20]:
        (row,) = plan(site(cell))["hosts"]
        assert row["reasons"], cell
        assert any(cell.driver in reason for reason in row["reasons"]), row


def newest(driver: str, gpu: str) -> str:
    """The newest build that runs by the rules above; of two builds of one release the plain one."""
    ordered = sorted(RANGES, key=lambda row: (*version(row.first.split("-")[0]), "-" not in row.first))
    runs = [row.last for row in ordered if expected(Cell(row.last, driver, gpu)) <= {OK, WARN}]
    return runs[-1] if runs else ""


def test_a_refusal_names_the_newest_build_that_runs() -> None:
    wrong = []
    for cell in [cell for cell in sample() if expected(cell) == {REFUSE} and not cell.asked]:
        best = newest(cell.driver, cell.gpu)
        with pytest.raises(InvalidInput) as raised:
            plan(site(cell))
        told = str(raised.value)
        if best not in told:
            wrong.append(f"{cell.build} on {cell.driver} with {cell.gpu}: {best} is not in: {told}")
    assert not wrong, "\n".join(wrong[:20])
