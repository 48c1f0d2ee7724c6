"""The filter own_objects."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import own_objects

from tests.unit.plugins.filter.filter_calls import call, thing


class TestOwn:
    def test_labels_trace_and_order(self) -> None:
        objects = [thing(), thing("Service", "api"), thing("ConfigMap", "settings")]
        owned = call(own_objects, objects, "vllm", ["REQ-12", "REQ-7"])
        assert [item["kind"] for item in owned] == ["ConfigMap", "Service", "Deployment"]
        for item in owned:
            assert item["metadata"]["labels"] == {
                "app.kubernetes.io/managed-by": "inference.stack",
                "inference.stack/owner": "vllm",
            }
            assert item["metadata"]["annotations"] == {"inference.stack/requirements": "REQ-12, REQ-7"}
        assert "labels" not in objects[0]["metadata"]

    def test_an_object_keeps_its_own_trace(self) -> None:
        own = {"annotations": {"inference.stack/requirements": "REQ-1"}, "name": "a", "namespace": "ml"}
        (item,) = call(own_objects, [thing(metadata=own)], "vllm", ["REQ-2"])
        assert item["metadata"]["annotations"]["inference.stack/requirements"] == "REQ-1"

    def test_without_requirements_there_is_no_annotation(self) -> None:
        (item,) = call(own_objects, [thing()], "vllm", [])
        assert "annotations" not in item["metadata"]

    @pytest.mark.parametrize(
        ("objects", "words"),
        [
            ([thing(), thing()], "twice"),
            ([{"kind": "Pod"}], "apiVersion"),
            ("text", "not a list"),
            ([1], "mapping"),
        ],
    )
    def test_what_cannot_be_applied_is_refused(self, objects: Any, words: str) -> None:
        with pytest.raises(AnsibleFilterError, match=words):
            call(own_objects, objects, "vllm")
