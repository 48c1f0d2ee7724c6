"""Each planted fault is named at the right layer, with what shows it and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.walk import LAYERS, examine

from tests.unit.plugins.plugin_utils.diagnosis.healthy_site import (
    BROKEN,
    DEGRADED,
    ENGINE_LABELS,
    OK,
    QWEN,
    R1,
    Planted,
    healthy,
    no_answer,
    pod,
    workload,
)
from tests.unit.plugins.plugin_utils.diagnosis.host_faults import (
    HOST_FAULTS,
    narrow_link,
    no_engine_endpoint,
    xid,
)
from tests.unit.plugins.plugin_utils.diagnosis.name_faults import NAME_FAULTS
from tests.unit.plugins.plugin_utils.diagnosis.serving_faults import (
    SERVING_FAULTS,
    nothing_installed,
    scaled_down,
    wrong_name,
)

FAULTS = {**HOST_FAULTS, **SERVING_FAULTS, **NAME_FAULTS}


def statuses(document: Mapping[str, Any]) -> dict[str, str]:
    return {row["layer"]: row["status"] for row in document["layers"]}


def test_a_healthy_site_is_well_from_bottom_to_top() -> None:
    document = examine(healthy())
    assert document["verdict"] == OK
    assert document["fault"] is None
    assert set(statuses(document).values()) == {OK}
    assert [row["layer"] for row in document["layers"]] == [layer.name for layer in LAYERS]


@pytest.mark.parametrize("reason", ["UnexpectedAdmissionError", "Evicted", "NodeShutdown"])
@pytest.mark.parametrize("phase", ["Pending", "Running", "Succeeded", "Failed", "Unknown"])
@pytest.mark.parametrize("name", ["vllm-qwen3-8b-awq", "nvidia-device-plugin", "litellm"])
def test_only_a_pod_that_ended_is_left_out(name: str, phase: str, reason: str) -> None:
    """After a reboot a node refuses its old pods; their controller makes others, and the dead ones stay."""
    site = Planted()
    row = site.workload(name)
    trouble = {"reason": reason, "message": "Allocate failed", "container": ""}
    row["pods"].insert(0, pod("dead", phase=phase, ready=False, troubles=[trouble]))
    document = examine(site.seen)
    if phase in ("Failed", "Succeeded"):
        assert document == examine(healthy())
    elif name == "vllm-qwen3-8b-awq":
        assert "1 of 2 engines serve" in str(document)


def test_a_pod_that_ended_is_told_where_there_is_no_other() -> None:
    site = Planted()
    site.troubled("Evicted", "The node was low on resource: memory", "", phase="Failed", running_since="")
    assert "Evicted: The node was low on resource" in str(examine(site.seen)["fault"])


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_at_its_layer(name: str) -> None:
    plant, layer, verdict, words = FAULTS[name]
    site = Planted()
    plant(site)
    document = examine(site.seen)

    fault = document["fault"]
    assert fault["layer"] == layer
    assert document["verdict"] == verdict
    told = f"{fault['evidence']} {fault['next_step']}"
    assert [word for word in words if word not in told] == []
    assert fault["next_step"].endswith(".")
    # Nothing below the fault is blamed.
    names = [row.name for row in LAYERS]
    below = [statuses(document)[name] for name in names[: names.index(layer)]]
    assert BROKEN not in below


def test_layers_above_a_broken_one_are_not_reached_unless_something_shows_them() -> None:
    site = Planted()
    nothing_installed(site)
    found = statuses(examine(site.seen))
    assert found["driver"] == OK
    assert (found["runtime"], found["node"], found["gateway"]) == (BROKEN, BROKEN, BROKEN)
    assert (found["cdi"], found["pod"], found["engine"], found["model"]) == ("not_reached",) * 4


def test_a_running_engine_outlives_its_device_node() -> None:
    site = Planted()
    site.stack["device_nodes"].pop(1)
    found = statuses(examine(site.seen))
    assert found["device_nodes"] == BROKEN
    assert (found["pod"], found["engine"], found["model"], found["gateway"]) == (OK,) * 4


def test_a_card_without_a_bus_is_no_fault() -> None:
    site = Planted()
    site.gpu["pci_devices"] = []
    document = examine(site.seen)
    assert document["verdict"] == OK
    assert statuses(document)["pci"] == "not_applicable"


@pytest.mark.parametrize("mode", ["legacy", "auto", ""])
def test_a_runtime_that_needs_no_specification(mode: str) -> None:
    site = Planted()
    site.stack["runtime"]["mode"] = mode
    site.stack["cdi"] = []
    document = examine(site.seen)
    assert (document["verdict"], statuses(document)["cdi"]) == (OK, "not_applicable")


def test_xids_of_programs_are_told_but_no_fault() -> None:
    site = Planted()
    site.stack["kernel_log"]["xids"] = [xid(31, True)]
    document = examine(site.seen)
    assert document["verdict"] == OK
    assert "2 Xids that programs caused" in str(document["layers"])


class TestModes:
    def test_what_a_mode_wants_off_is_no_fault(self) -> None:
        site = Planted()
        scaled_down(site)
        site.cluster["config_maps"]["inference-mode"] = {"mode": "gaming"}
        document = examine(site.seen)
        assert document["verdict"] == OK
        assert document["mode"] == "gaming"
        assert {statuses(document)[name] for name in ("pod", "engine", "model")} == {"not_applicable"}
        assert "tier cpu answers in mode gaming" in str(document["layers"])

    def test_the_mode_in_the_cluster_decides_which_engine_has_to_run(self) -> None:
        site = Planted()
        site.cluster["config_maps"]["inference-mode"] = {"mode": "r1"}
        document = examine(site.seen)
        assert document["fault"]["layer"] == "pod"
        assert "mode r1 wants it" in document["fault"]["evidence"]

    def test_a_mode_in_which_nobody_answers_is_broken(self) -> None:
        site = Planted()
        scaled_down(site)
        site.cluster["config_maps"]["inference-mode"] = {"mode": "gaming"}
        site.gateway["answers"] = [no_answer(QWEN), no_answer("qwen3:4b")]
        document = examine(site.seen)
        assert document["verdict"] == BROKEN
        assert "no other tier answers" in document["fault"]["evidence"]

    def test_a_site_without_other_tiers_promises_nothing_meanwhile(self) -> None:
        site = Planted()
        scaled_down(site)
        del site.seen["plan"]["tiers"][1:]
        site.cluster["config_maps"]["inference-mode"] = {"mode": "gaming"}
        site.gateway["answers"] = [no_answer(QWEN)]
        assert examine(site.seen)["verdict"] == OK


class TestChat:
    def examined(self, wanted: bool, *rows: Any) -> Any:
        site = Planted()
        site.seen["plan"]["parts"]["chat"]["wanted"] = wanted
        site.cluster["workloads"] += rows
        return examine(site.seen)

    def test_a_site_without_one_lacks_nothing(self) -> None:
        for rows in ([], [workload("Deployment", "open-webui", [], exists=False)]):
            document = self.examined(False, *rows)
            assert document["verdict"] == OK
            assert "chat" not in str(document["layers"])

    def test_one_that_serves_is_told(self) -> None:
        document = self.examined(False, workload("Deployment", "open-webui", [pod("chat-1")]))
        assert document["verdict"] == OK
        assert "pod chat-1 is ready" in str(document["layers"])

    @pytest.mark.parametrize(
        ("wanted", "row", "told"),
        [
            (True, workload("Deployment", "open-webui", [], exists=False), "does not exist"),
            (False, workload("Deployment", "open-webui", []), "is scaled to 0"),
            (
                False,
                workload("Deployment", "open-webui", [pod("c", ready=False)]),
                "no pod of deployment open-webui is ready",
            ),
        ],
    )
    def test_one_that_is_away_degrades_the_site(self, wanted: bool, row: Any, told: str) -> None:
        document = self.examined(wanted, row)
        assert document["verdict"] == DEGRADED
        assert document["fault"]["subject"] == "chat"
        assert told in document["fault"]["evidence"]


def test_a_part_that_nobody_knows_yet_is_looked_at_as_well() -> None:
    site = Planted()
    row = {"part": "vectors", "kind": "Deployment", "name": "vectors", "namespace": "ml", "wanted": True}
    site.seen["plan"]["parts"]["vectors"] = row
    site.cluster["workloads"].append(workload("Deployment", "vectors", [], exists=False))
    document = examine(site.seen)
    assert (document["verdict"], document["fault"]["subject"]) == (DEGRADED, "vectors")
    assert document["fault"]["evidence"] == "deployment vectors does not exist"
    assert document["fault"]["next_step"] == "Run playbooks/site.yml."


class TestSeveral:
    def test_one_sick_host_among_many_is_the_one_that_is_named(self) -> None:
        site = Planted()
        other = healthy()["hosts"][0]
        other.update(name="gpu2", node="gpu2", address="192.0.2.12")
        other["stack"]["cdi"] = []
        site.seen["hosts"].append(other)
        site.cluster["nodes"].append({**site.node, "name": "gpu2"})
        fault = examine(site.seen)["fault"]
        assert (fault["layer"], fault["subject"]) == ("cdi", "gpu2")

    def test_the_lowest_fault_comes_first_and_slowdowns_last(self) -> None:
        site = Planted()
        wrong_name(site)
        narrow_link(site)
        assert examine(site.seen)["fault"]["layer"] == "model"

    def test_one_of_two_wanted_models_without_an_answer_breaks_the_site(self) -> None:
        site = Planted()
        site.seen["plan"]["vllm_models"][1]["mode"] = "ml"
        site.workload("vllm-r1").update(wanted=1, pods=[pod("r1-1")], labels=ENGINE_LABELS)
        site.gateway["answers"].append(no_answer(R1))
        document = examine(site.seen)
        assert document["verdict"] == BROKEN
        assert R1 in document["fault"]["evidence"]

    def test_a_node_is_known_by_its_address_too(self) -> None:
        site = Planted()
        site.host["node"] = "gpu.example.com"
        assert examine(site.seen)["verdict"] == OK


class TestGaps:
    @pytest.mark.parametrize("part", ["plan", "hosts", "cluster", "engines", "gateway", "now"])
    def test_a_part_that_is_missing_is_no_error(self, part: str) -> None:
        seen = healthy()
        del seen[part]
        assert examine(seen)["verdict"] in (OK, DEGRADED, BROKEN)

    @pytest.mark.parametrize("part", ["gpu", "stack"])
    def test_half_a_host_is_no_error(self, part: str) -> None:
        site = Planted()
        del site.host[part]
        assert examine(site.seen)["fault"]["layer"] == "host"

    @pytest.mark.parametrize("empty", [None, {}, {"hosts": [{}]}, {"cluster": {"answers": True}}])
    def test_nothing_at_all_is_no_error(self, empty: Any) -> None:
        document = examine(empty)
        assert document["verdict"] != OK

    def test_without_a_key_nothing_is_proven(self) -> None:
        site = Planted()
        site.gateway.update(has_key=False, answers=[])
        document = examine(site.seen)
        assert document["verdict"] == DEGRADED
        assert statuses(document)["gateway"] == "unknown"

    def test_an_engine_that_nobody_could_ask_is_proven_by_the_gateway(self) -> None:
        site = Planted()
        no_engine_endpoint(site)
        document = examine(site.seen)
        assert document["verdict"] == OK
        assert statuses(document)["model"] == OK
