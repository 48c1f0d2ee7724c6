"""The plan was right before anything was there, and says so now that everything is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.resources import parse_quantity

from tests.rehearsal import Cluster, play


def written(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.fixture(scope="module")
def before(state: Path) -> dict[str, Any]:
    """What plan.yml said of the empty hosts."""
    return written(state / "plan-of-empty-hosts.json")


@pytest.fixture(scope="module")
def after(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What it says of the finished ones."""
    output = tmp_path_factory.mktemp("plan") / "plan.json"
    inventory = request.config.getoption("--ansible-inventory")
    done = play(inventory, "plan", {"plan_format": "json", "plan_output": str(output)}, "--check")
    assert done.returncode == 0, done.stdout[-3000:]
    return written(output)


def statuses(document: dict[str, Any]) -> dict[str, str]:
    return {row["model"]: row["status"] for row in document["comparison"]["models"]}


def test_the_plan_is_that_of_the_empty_hosts(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert after["plan"] == before["plan"]


def test_what_was_to_be_created_is_there_unchanged(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert before["comparison"]["cluster"]["state"] == "absent"
    assert statuses(before) == {"tiny-qwen3": "created"}
    assert after["comparison"]["cluster"]["state"] == "answers"
    assert statuses(after) == {"tiny-qwen3": "unchanged"}, after["comparison"]["models"]
    assert after["comparison"]["mode"] == {"live": "ml", "planned": "ml"}


def test_what_was_to_be_downloaded_is_in_the_cache(before: dict[str, Any], after: dict[str, Any]) -> None:
    (missing,) = before["comparison"]["downloads"]
    assert [row["repository"] for row in missing["missing"]] == ["lab/tiny-qwen3"]
    assert missing["left_bytes"] == missing["free_bytes"] - missing["bytes"] > 0
    (full,) = after["comparison"]["downloads"]
    assert (full["known"], full["missing"]) == (True, [])


def test_both_saw_the_host(before: dict[str, Any], after: dict[str, Any]) -> None:
    for document in (before, after):
        (host,) = document["observed"]["hosts"]
        assert (host["name"], host["asked"]) == ("gpu", True)
    assert after["observed"]["hosts"][0]["driver_found"]


def quantity(text: Any) -> float:
    found = parse_quantity(str(text))
    assert found is not None, text
    return found


def test_what_nodes_offer_and_pods_ask_is_what_the_cluster_says(
    after: dict[str, Any], cluster: Cluster
) -> None:
    planned = {row["name"]: (row["cpus"], row["memory_bytes"]) for row in after["plan"]["nodes"]}
    offered = {row["metadata"]["name"]: row["status"]["allocatable"] for row in cluster.get("nodes")["items"]}
    assert planned == {name: (quantity(row["cpu"]), quantity(row["memory"])) for name, row in offered.items()}
    asked = [0.0, 0.0]
    for pod in cluster.get("pods --all-namespaces")["items"]:
        if pod["status"]["phase"] == "Running":
            # Init containers that keep running count as well.
            aside = [
                row for row in pod["spec"].get("initContainers") or [] if row.get("restartPolicy") == "Always"
            ]
            for container in [*pod["spec"]["containers"], *aside]:
                requests = container["resources"].get("requests", {})
                asked[0] += quantity(requests.get("cpu", 0))
                asked[1] += quantity(requests.get("memory", 0))
    modes = [mode for row in after["plan"]["nodes"] for mode in row["modes"] if mode["mode"] == "ml"]
    assert sum(mode["cpus"] for mode in modes) == pytest.approx(asked[0])
    assert sum(mode["memory_bytes"] for mode in modes) == pytest.approx(asked[1])
