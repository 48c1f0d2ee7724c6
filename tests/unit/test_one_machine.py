"""A site on one machine: everything on one node of two cores and 16 GiB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.rendered_site import rendered_site

# What the host's own files say.
MACHINE = {"stdout": f"0-1\nMemTotal: {16 * 2**20 - 500_000} kB\n"}
BOX = {
    "inventory_hostname": "box",
    "k3s_node_labels": {"nvidia.com/gpu": "true"},
    "__inference_machine": MACHINE,
}
SITE = {
    "inference_models": [{"name": "qwen3-8b-awq"}],
    "inference_vllm_version": "0.8.5.post1",
    "inference_tiers": {"gpu": {}, "cpu": {"model": "qwen3:4b"}},
    "inference_chat": True,
    "litellm_master_key": "sk-Hu7-2kLmQz81-vYpR0t",
    "litellm_keys": [{"name": "home", "key": "sk-2mX8-qLw9-vTz1-rKp4"}],
    "open_webui_secret_key": "a-secret-of-some-length-for-sessions",
    "groups": {"gpu_hosts": ["box"], "k3s_servers": ["box"]},
    "hostvars": {"box": BOX},
}
# What k3s itself puts beside it: CoreDNS and metrics-server ask for this much each, the others for nothing.
K3S = [{"cpu": "100m", "memory": "70Mi"}] * 2
UNITS = {"m": 0.001, "Mi": 2**20, "Gi": 2**30}


def number(quantity: Any) -> float:
    for unit, factor in UNITS.items():
        if str(quantity).endswith(unit):
            return float(str(quantity).removesuffix(unit)) * factor
    return float(quantity)


def requests(objects: dict[str, list[dict[str, Any]]], *without: str) -> Iterator[dict[str, Any]]:
    for thing in (item for row in objects.values() for item in row if item["kind"] not in without):
        pod = (thing.get("spec") or {}).get("template", {}).get("spec")
        for container in serving(pod) if pod else []:
            yield container["resources"].get("requests", {})


def serving(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """The containers that the scheduler adds up: init containers that keep running are among them."""
    aside = [row for row in pod.get("initContainers") or [] if row.get("restartPolicy") == "Always"]
    return [*pod["containers"], *aside]


def test_what_the_pods_ask_for_fits() -> None:
    answer = rendered_site(SITE)
    rows = [*requests(answer["objects"]), *K3S]
    assert sum(number(row.get("cpu", 0)) for row in rows) <= 2
    assert sum(number(row.get("memory", 0)) for row in rows) <= 0.9 * 16 * 2**30


def test_the_plan_says_what_they_ask_for() -> None:
    """A Job that fetches a model ends; the plan looks whether there is room for one."""
    answer = rendered_site(SITE)
    rows = [*requests(answer["objects"], "Job"), *K3S]
    (node,) = answer["plan"]["nodes"]
    (mode,) = node["modes"]
    assert node["cpus"] == 2
    assert mode["cpus"] == round(sum(number(row.get("cpu", 0)) for row in rows), 3)
    assert mode["memory_bytes"] == sum(number(row.get("memory", 0)) for row in rows)
    (fetch,) = (row for row in requests(answer["objects"]) if row not in rows)
    assert (fetch["cpu"], fetch["memory"]) == ("100m", "256Mi")
    assert not [text for text in answer["plan"]["warnings"] if "_resources" in text or "k3s_" in text]


def test_a_taint_on_the_only_node_is_refused() -> None:
    tainted = {**SITE, "hostvars": {"box": {**BOX, "k3s_node_taints": ["gpu=true:NoSchedule"]}}}
    told = rendered_site(tainted)["refused"]
    assert "k3s_node_taints of box: keeps every pod without a toleration from the only node" in told
    assert "set k3s_node_taints to [] on one" in told
