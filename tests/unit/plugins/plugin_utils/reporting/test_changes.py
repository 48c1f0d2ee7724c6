"""What a plan changes: each engine's fate, for how long it is away, and who answers meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.cluster.redaction import hide_secrets
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.changes import STATUSES, plan_changes

from tests.unit.plugins.plugin_utils.reporting.reports import (
    AWAY,
    BARE,
    QWEN,
    R1,
    SILENT,
    compared,
    definitions,
    host,
    live,
    planned,
)

CPU_THEN_CLOUD = [{"model": "qwen3:4b", "tier": "cpu"}, {"model": "gpt-4o-mini", "tier": "cloud"}]


def statuses(comparison: dict[str, Any]) -> dict[str, str]:
    return {row["deployment"]: row["status"] for row in comparison["models"]}


def row(comparison: dict[str, Any], deployment: str = QWEN) -> dict[str, Any]:
    return next(row for row in comparison["models"] if row["deployment"] == deployment)


def running(plan: dict[str, Any], mode: str = "ml") -> dict[str, Any]:
    return live(plan, mode, vllm_qwen3_8b_awq=1)


class TestCluster:
    def test_without_one_everything_is_created(self) -> None:
        plan, _ = planned()
        found = compared(plan, BARE, host())
        assert found["cluster"] == {"state": "absent", "server": "", "reason": BARE["reason"]}
        assert statuses(found) == {QWEN: "created", R1: "created"}

    def test_what_does_not_answer_is_not_guessed(self) -> None:
        plan, _ = planned()
        found = compared(plan, AWAY, SILENT)
        assert found["cluster"]["state"] == "unknown"
        assert statuses(found) == {QWEN: "unknown", R1: "unknown"}
        assert row(found)["replicas"] == {"live": None, "planned": 1}
        assert row(found)["away"] is None

    def test_what_runs_already_is_unchanged(self) -> None:
        plan, _ = planned()
        found = compared(plan, running(plan), host())
        assert found["cluster"]["state"] == "answers"
        assert statuses(found) == {QWEN: "unchanged", R1: "unchanged"}
        assert [row["away"] for row in found["models"]] == [None, None]
        assert row(found)["serving"] == 1
        assert found["mode"] == {"live": "ml", "planned": "ml"}

    def test_the_summary_counts_every_status(self) -> None:
        plan, _ = planned()
        assert compared(plan, running(plan))["summary"] == {
            **dict.fromkeys(STATUSES, 0),
            "unchanged": 2,
        }


class TestRestarts:
    def test_a_change_of_the_image_restarts_what_runs(self) -> None:
        before, _ = planned()
        plan, _ = planned(vllm_version="0.9.2")
        found = compared(plan, running(before), host())
        assert statuses(found) == {QWEN: "restarts", R1: "updated"}
        changes = {change["field"]: change for change in row(found)["changes"]}
        assert (changes["image"]["old"], changes["image"]["new"]) == (before["image"], plan["image"])
        assert row(found)["pulls_image"]

    def test_it_tells_for_how_long_and_who_answers(self) -> None:
        before, _ = planned()
        plan, _ = planned(models=[{"name": "qwen3-8b-awq", "max_model_len": 4096, "load_timeout": 300}])
        found = row(compared(plan, running(before), host()))
        assert found["status"] == "restarts"
        assert found["away"] == {"seconds_at_most": 300, "until": "", "last_start_seconds": 87.0}
        assert found["meanwhile"] == CPU_THEN_CLOUD
        assert not found["pulls_image"]

    def test_secrets_are_compared_without_being_shown(self) -> None:
        secret = {"name": "SOME_API_KEY", "value": "geheim-4711"}
        plan, _ = planned()
        objects, cluster = definitions(plan), running(plan)
        objects[1]["spec"]["template"]["spec"]["containers"][0]["env"] = [secret]
        template = cluster["deployments"][0]["template"]
        template["spec"]["containers"][0]["env"] = hide_secrets({"env": [secret]})["env"]
        assert row(plan_changes(plan, objects, cluster, []))["status"] == "unchanged"
        secret["value"] = "geheim-4712"
        found = plan_changes(plan, objects, cluster, [])
        assert [change["name"] for change in row(found)["changes"]] == ["SOME_API_KEY"]
        assert "geheim" not in str(found)

    def test_what_is_off_needs_no_restart(self) -> None:
        before, _ = planned()
        plan, _ = planned(vllm_version="0.9.2")
        found = row(compared(plan, running(before), host()), R1)
        assert (found["status"], found["away"], found["meanwhile"]) == ("updated", None, [])


class TestComingAndGoing:
    def test_a_change_of_mode_evicts_one_and_switches_the_other_on(self) -> None:
        plan, _ = planned(default_mode="r1")
        found = compared(plan, running(plan), host())
        assert statuses(found) == {QWEN: "scaled_down", R1: "scaled_up"}
        assert row(found)["away"] == {"seconds_at_most": None, "until": "mode ml", "last_start_seconds": 87.0}
        assert row(found)["replicas"] == {"live": 1, "planned": 0}
        assert row(found, R1)["away"]["seconds_at_most"] == 210
        assert row(found, R1)["replicas"] == {"live": 0, "planned": 1}
        assert row(found)["meanwhile"] == CPU_THEN_CLOUD

    def test_what_somebody_scaled_by_hand_stays(self) -> None:
        plan, _ = planned()
        found = compared(plan, live(plan), host())
        assert row(found)["status"] == "unchanged"
        assert row(found)["replicas"] == {"live": 0, "planned": 0}

    def test_a_new_model_is_created_beside_the_others(self) -> None:
        before, _ = planned(models=["qwen3-8b-awq"])
        plan, _ = planned()
        found = compared(plan, running(before), host())
        assert statuses(found) == {QWEN: "unchanged", R1: "created"}
        assert row(found, R1)["away"] is None, "its mode is off"
        assert row(found, R1)["pulls_image"]

    def test_a_model_that_left_is_removed(self) -> None:
        before, _ = planned()
        plan, _ = planned(models=["qwen3-8b-awq"])
        found = compared(plan, live(before, vllm_qwen3_8b_awq=1), host())
        assert statuses(found) == {QWEN: "unchanged", R1: "removed"}
        gone = row(found, R1)
        assert (gone["model"], gone["mode"]) == ("deepseek-r1-distill-qwen-7b-awq", "r1")
        assert gone["away"] is None, "it was off"

    def test_a_model_that_leaves_while_it_runs_is_away_for_good(self) -> None:
        before, _ = planned(default_mode="r1")
        plan, _ = planned(models=["qwen3-8b-awq"])
        found = row(compared(plan, live(before, "r1", vllm_deepseek_r1_distill_qwen_7b_awq=1)), R1)
        assert found["away"] == {"seconds_at_most": None, "until": "", "last_start_seconds": None}

    def test_what_others_made_is_left_alone(self) -> None:
        before, _ = planned()
        plan, _ = planned(models=["qwen3-8b-awq"])
        cluster = running(before)
        for deployment in cluster["deployments"]:
            deployment["owned"] = False
        assert statuses(compared(plan, cluster, host())) == {QWEN: "unchanged"}


def applied(owner: str, *objects: str, folders: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"owner": owner, "namespace": "ml", "objects": list(objects), "folders": list(folders)}


OLLAMA = applied("ollama", "apps/v1 Deployment ml/ollama", folders=("/var/lib/ollama",))
CHAT = applied("open-webui", "apps/v1 Deployment ml/open-webui")
OLD: dict[str, Any] = {
    "namespace": "old",
    "owners": ["litellm"],
    "objects": ["v1 Service old/litellm"],
    "with_gpus": [],
    "node_ports": [30400],
    "claims": [],
    "removal": "kubectl delete namespace old",
}


class TestDepartures:
    @pytest.mark.parametrize(
        ("changes", "applied", "expected"),
        [
            ({}, [OLLAMA], []),
            ({"tiers": {"gpu": {}}}, [OLLAMA], [("ollama", "cpu", "removed")]),
            ({"tiers": {"gpu": {}}}, [], []),
            ({}, [CHAT], [("chat", "", "stays")]),
            ({"parts": {"inference_chat": True}}, [CHAT], []),
            # Its data are kept on purpose.
            ({}, [applied("open-webui-data", "v1 PersistentVolumeClaim ml/open-webui-data")], []),
        ],
    )
    def test_parts_that_the_inventory_no_longer_asks_for(
        self,
        changes: dict[str, Any],
        applied: list[dict[str, Any]],
        expected: list[tuple[str, str, str]],
    ) -> None:
        plan, _ = planned(**changes)
        found = compared(plan, {**running(plan), "inventories": applied}, host())["parts"]
        assert [(row["part"], row["tier"], row["status"]) for row in found] == expected
        assert all(row["objects"] and row["namespace"] == "ml" for row in found)

    @pytest.mark.parametrize(("port", "blocked"), [(30400, ["litellm_node_port"]), (30401, [])])
    def test_a_port_that_an_old_namespace_keeps_stops_a_run(self, port: int, blocked: list[str]) -> None:
        plan, _ = planned(parts={"litellm_node_port": port})
        (found,) = compared(plan, {**running(plan), "elsewhere": [OLD]}, host())["elsewhere"]
        assert found == {**OLD, "blocked": blocked}

    @pytest.mark.parametrize("wanted", [True, False])
    def test_a_port_of_a_part_that_nobody_wants_stops_no_run(self, wanted: bool) -> None:
        plan, _ = planned(parts={"inference_chat": wanted})
        old = {**OLD, "node_ports": [30300]}
        (found,) = compared(plan, {**running(plan), "elsewhere": [old]}, host())["elsewhere"]
        assert found["blocked"] == (["open_webui_node_port"] if wanted else [])

    def test_nothing_is_guessed_without_a_cluster(self) -> None:
        plan, _ = planned()
        for cluster in (BARE, AWAY):
            found = compared(plan, cluster, host())
            assert (found["parts"], found["elsewhere"]) == ([], [])


class TestDownloads:
    MISSING = ({"repository": "Qwen/Qwen3-8B-AWQ", "revision": "", "bytes": 6098853561},)

    @pytest.mark.parametrize(("missing", "size"), [(MISSING, 6098853561), ((), 0)])
    def test_each_model_knows_what_it_still_needs(
        self, missing: tuple[dict[str, Any], ...], size: int
    ) -> None:
        plan, _ = planned()
        found = compared(plan, BARE, host(missing=list(missing)))
        assert row(found)["download_bytes"] == size
        assert row(found, R1)["download_bytes"] == 0

    def test_a_size_that_nobody_knows_stays_unknown(self) -> None:
        plan, _ = planned()
        unknown = {**self.MISSING[0], "bytes": 0}
        assert row(compared(plan, BARE, host(missing=[unknown])))["download_bytes"] is None
