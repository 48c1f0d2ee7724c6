"""Whatever card was found: what is proposed works by the plan's own rules."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.plugin_utils.planning.plan import work_out
from ansible_collections.inference.stack.plugins.plugin_utils.proposing.machines import (
    Machine,
    machines,
    with_seen,
)
from ansible_collections.inference.stack.plugins.plugin_utils.proposing.proposal import propose
from ansible_collections.inference.stack.plugins.plugin_utils.proposing.site_files import (
    INFERENCE,
    site_files,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.plugins.plugin_utils.planning.sites import RAW
from tests.unit.plugins.plugin_utils.proposing.found import EXAMPLE, GIB, GPU, SERVER, pair

IDS = st.sampled_from([row["pci_ids"][0] for row in RAW["gpus"].values() if row.get("pci_ids")])
DRIVERS = st.sampled_from(
    ["", "470.256.02", "525.60.13", "535.183.01", "550.54.14", "570.195.03", "575.57.08", "580.95.05"]
)
HOSTS = st.lists(
    st.fixed_dictionaries(
        {
            "pci_ids": st.lists(IDS, min_size=1, max_size=2).map(lambda ids: ids[:1] * len(ids)),
            "driver": DRIVERS,
            "memory_bytes": st.sampled_from([None, 4 * GIB, 32 * GIB, 512 * GIB]),
            "free_bytes": st.sampled_from([None, 0, 30 * GIB, 900 * GIB]),
        }
    ),
    min_size=1,
    max_size=2,
)


def site(rows: list[dict[str, Any]]) -> list[Machine]:
    listed = machines("192.0.2.10", ",".join(f"gpu-{number}" for number in range(len(rows))))
    seen = [row | {"name": machine.name} for machine, row in zip(listed[1:], rows, strict=True)]
    return with_seen(listed, [SERVER, *seen])


def planned(listed: list[Machine], text: str) -> dict[str, Any]:
    """The plan of the inventory that was written, on the machines that were found."""
    wanted = yaml.safe_load(text)
    arguments = {
        "models": wanted["inference_models"],
        "default_mode": wanted["inference_default_mode"],
        "tiers": wanted["inference_tiers"],
        "vllm_version": wanted["inference_vllm_version"],
        "namespace": wanted["inference_namespace"],
        "hosts": [
            {
                "name": one.name,
                "pci_ids": list(one.seen.pci_ids or ()),
                "driver_found": one.seen.driver,
            }
            for one in listed
            if one.has_gpu
        ],
    }
    return work_out(arguments, RAW).plan


@settings(max_examples=40, deadline=None)
@given(HOSTS)
def test_the_plan_of_a_proposal_always_says_that_it_works(rows: list[dict[str, Any]]) -> None:
    listed = site(rows)
    proposal = propose(listed, RAW, 10 * GIB)
    plan = planned(listed, site_files(listed, proposal, EXAMPLE)[INFERENCE])
    assert bool(proposal.model) == (not proposal.reason)
    if proposal.model:
        (place,) = plan["placement"]
        (memory,) = [row for row in plan["memory"] if row["gpu"] == place["gpu"]]
        assert memory["verdict"] == proposal.verdict
        assert memory["verdict"] in ("fits", "tight")
        assert RAW["models"][proposal.model]["gated"] is False
        host = next(one for one in listed if one.name == place["host"])
        if host.seen.free_bytes is not None:
            assert plan["cache"]["bytes"] + 10 * GIB <= host.seen.free_bytes
    else:
        assert plan["vllm_models"] == []


@pytest.mark.parametrize("driver", ["550.54.14", "570.195.03", "580.95.05"])
def test_a_card_of_12_gb_gets_a_model_that_fits(driver: str) -> None:
    listed = pair(gpu={"driver": driver})
    proposal = propose(listed, RAW)
    assert proposal.verdict == "fits" and not proposal.reason
    others = [
        row["parameters"]
        for row in RAW["models"].values()
        if not row["gated"] and row["weights_bytes"] < 8 * GIB
    ]
    assert RAW["models"][proposal.model]["parameters"] == max(others)


@pytest.mark.parametrize(
    ("driver", "cuda"), [("550.54.14", "12.4.1"), ("570.195.03", "12.8.1"), ("580.95.05", "13.0")]
)
def test_the_release_runs_natively_with_the_driver_that_was_found(driver: str, cuda: str) -> None:
    listed = pair(gpu={"driver": driver})
    proposal = propose(listed, RAW)
    plan = planned(listed, site_files(listed, proposal, EXAMPLE)[INFERENCE])
    assert plan["image_verdict"]["cuda"] == cuda
    assert not proposal.notes


def test_a_release_that_somebody_saw_fail_is_left_out() -> None:
    listed = pair(gpu={"driver": "570.195.03"})
    before = propose(listed, RAW).release
    seen = {"release": before, "gpu": "rtx-3060-12gb", "driver": "570.195.03", "outcome": "failed"}
    failed = seen | {"told": "x", "source": "y", "confidence": "stated"}
    raw = RAW | {"observations": RAW["observations"] | {"mine": failed}}
    assert propose(listed, raw).release not in ("", before)


def test_cards_of_one_host_share_a_model() -> None:
    (one, two) = (
        propose(pair(gpu={"pci_ids": ["10de:2504"] * count, "driver": "580.95.05"}), RAW) for count in (1, 2)
    )
    assert two.gpus == 2
    assert RAW["models"][two.model]["parameters"] > RAW["models"][one.model]["parameters"]


@pytest.mark.parametrize(
    ("gpu", "reason", "note"),
    [
        (
            {"pci_ids": ["10de:ffff"]},
            "gpu: the catalog does not know its card 10de:ffff",
            "inference_host_gpus",
        ),
        ({"pci_ids": [], "driver": ""}, "gpu: no NVIDIA card is on its PCI bus", "boltctl"),
        # Such as a container, whose driver answers all the same.
        (
            {"pci_ids": []},
            "gpu: no NVIDIA card is on its PCI bus",
            "gpu: name its card in inference_host_gpus",
        ),
        ({"pci_ids": None}, "gpu: it could not be looked at, so its card is unknown", ""),
        ({"free_bytes": GIB}, "no model of the catalog works there", "more than the disk of gpu has"),
        ({"memory_bytes": GIB}, "no model of the catalog works there", "more than gpu can give"),
        ({"driver": "390.157"}, "no release of vLLM in the catalog runs with these cards and drivers", ""),
    ],
)
def test_nothing_is_guessed(gpu: dict[str, Any], reason: str, note: str) -> None:
    proposal = propose(pair(gpu=gpu), RAW)
    assert (proposal.model, proposal.reason) == ("", reason)
    assert note in " ".join(proposal.notes)


def test_without_a_driver_a_model_is_proposed_and_the_driver_is_named() -> None:
    proposal = propose(pair(gpu={"driver": ""}), RAW)
    assert proposal.model
    assert "gpu: no NVIDIA driver is loaded." in proposal.notes[0]
    assert f"vLLM {proposal.release} wants driver " in proposal.notes[1]


def test_a_host_with_an_unknown_card_hides_no_other() -> None:
    proposal = propose(site([GPU, {"pci_ids": ["10de:ffff"]}]), RAW)
    assert proposal.model and "gpu2: name its card" in proposal.notes[0]


@pytest.mark.parametrize(("gib", "ollama"), [(None, False), (2, False), (8, True), (64, True)])
def test_the_cpu_tier_depends_on_the_server_alone(gib: int | None, ollama: bool) -> None:
    proposal = propose(pair(server={"memory_bytes": gib and gib * GIB}, gpu={"memory_bytes": None}), RAW)
    assert bool(proposal.ollama) is ollama
    assert bool(proposal.ollama_reason) is not ollama
    row = next((one for one in RAW["models"].values() if one["ollama_name"] == proposal.ollama), None)
    assert bool(row and row["gated"]) == bool(proposal.ollama_licence)


@pytest.mark.parametrize(("gib", "gateways"), [(None, 1), (4, 1), (7.6, 2), (64, 2)])
def test_a_second_gateway_runs_where_the_server_has_memory(gib: float | None, gateways: int) -> None:
    found = pair(server={"memory_bytes": gib and round(gib * GIB)}, gpu={"memory_bytes": None})
    assert propose(found, RAW).gateways == gateways
