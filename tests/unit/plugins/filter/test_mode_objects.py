"""The filter mode_objects."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.filter import mode_objects

from tests.unit.plugins.filter.filter_calls import call, seen


class TestModes:
    def scaled(self, active: bool, observed: dict[str, Any], mode: str = "ml") -> list[tuple[str, Any]]:
        models = [{"deployment": "vllm-qwen", "active": active}]
        found = call(mode_objects, models, mode, "ml", observed)
        return [(item["kind"], item.get("spec", {}).get("replicas", item.get("data"))) for item in found]

    def test_a_first_run_switches_the_active_model_on_and_records_the_mode(self) -> None:
        assert self.scaled(True, seen()) == [("Deployment", 1), ("ConfigMap", {"mode": "ml"})]
        assert self.scaled(False, seen()) == [("ConfigMap", {"mode": "ml"})]

    def test_a_killed_run_is_finished(self) -> None:
        assert self.scaled(True, seen(managers=["inference-stack"], mode="ml")) == [("Deployment", 1)]

    @pytest.mark.parametrize("managers", [[], ["kubectl"], ["inference-mode"]])
    @pytest.mark.parametrize("replicas", [0, 1])
    def test_what_somebody_scaled_stays(self, managers: list[str], replicas: int) -> None:
        assert self.scaled(True, seen(replicas, managers, "ml")) == []
        if managers != ["inference-mode"]:
            assert self.scaled(False, seen(replicas, managers, "ml")) == []

    def test_a_model_that_left_the_mode_frees_its_gpu(self) -> None:
        """Without a change of mode: its entry names another mode now, and a new model wants the GPU."""
        assert self.scaled(False, seen(1, ["inference-mode"], "ml")) == [("Deployment", 0)]
        assert self.scaled(False, seen(0, ["inference-mode"], "ml")) == []

    def test_a_change_of_mode_scales_what_is_not_as_it_should_be(self) -> None:
        record = ("ConfigMap", {"mode": "ml"})
        assert self.scaled(True, seen(0, ["inference-mode"], "r1")) == [("Deployment", 1), record]
        assert self.scaled(True, seen(2, ["autoscaler"], "r1")) == [record]
        assert self.scaled(False, seen(1, ["inference-mode"], "r1")) == [("Deployment", 0), record]
        assert self.scaled(False, seen(0, ["inference-mode"], "r1")) == [record]

    def resized(
        self, wanted: int, replicas: int, recorded: dict[str, str], mode: str = "ml"
    ) -> list[tuple[str, Any]]:
        rows = seen(replicas, ["inference-mode"], "ml")
        rows["config_maps"]["inference-mode"].update(recorded)
        models = [{"deployment": "vllm-qwen", "active": True, "replicas": wanted}]
        found = call(mode_objects, models, mode, "ml", rows)
        return [(item["kind"], item.get("spec", {}).get("replicas", item.get("data"))) for item in found]

    def test_a_model_is_switched_on_with_all_its_replicas(self) -> None:
        models = [{"deployment": "vllm-qwen", "active": True, "replicas": 2}]
        deployment, record = call(mode_objects, models, "ml", "ml", seen())
        assert deployment["spec"] == {"replicas": 2}
        assert record["data"] == {"mode": "ml", "replicas.vllm-qwen": "2"}

    def test_a_changed_number_is_followed_and_recorded_once(self) -> None:
        two = {"replicas.vllm-qwen": "2"}
        assert self.resized(2, 1, {}) == [("Deployment", 2), ("ConfigMap", {"mode": "ml", **two})]
        assert self.resized(2, 2, two) == []
        assert self.resized(1, 2, two) == [("Deployment", 1), ("ConfigMap", {"mode": "ml"})]

    def test_a_number_that_somebody_chose_since_stays(self) -> None:
        assert self.resized(2, 5, {"replicas.vllm-qwen": "2"}) == []
        assert self.resized(1, 3, {}) == []

    def test_what_is_switched_off_stays_off_when_its_number_changes(self) -> None:
        assert self.resized(2, 0, {}) == [("ConfigMap", {"mode": "ml", "replicas.vllm-qwen": "2"})]

    def test_words_of_others_in_the_record_are_theirs(self) -> None:
        assert self.resized(1, 1, {"held-by": "tt"}) == []

    def test_off_comes_before_on(self) -> None:
        rows = seen(0, ["inference-mode"], "r1")
        rows["objects"].append(
            {**seen(1, ["inference-mode"])["objects"][0], "object": "apps/v1 Deployment ml/vllm-r1"}
        )
        models = [{"deployment": "vllm-qwen", "active": True}, {"deployment": "vllm-r1", "active": False}]
        names = [item["metadata"]["name"] for item in call(mode_objects, models, "ml", "ml", rows)]
        assert names == ["vllm-r1", "vllm-qwen", "inference-mode"]
