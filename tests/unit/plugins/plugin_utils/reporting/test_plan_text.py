"""The plan as a person reads it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.plan_document import plan_document
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.plan_text import plan_text
from ansible_collections.inference.stack.plugins.plugin_utils.text.tables import WIDTH

from tests.unit.plugins.plugin_utils.reporting.reports import (
    AWAY,
    BARE,
    SILENT,
    compared,
    gpu_info,
    host,
    live,
    planned,
)


def text(*hosts: dict[str, Any], found: dict[str, Any] = BARE, **changes: Any) -> str:
    plan, observed = planned(**changes)
    rows = list(hosts or [host()])
    return plan_text(plan_document(plan, observed, rows, compared(plan, found, *rows)))


def line(told: str, start: str) -> list[str]:
    """The words of the one line that begins so."""
    (found,) = [line for line in told.splitlines() if line.strip().startswith(start)]
    return found.split()


def section(told: str, title: str) -> str:
    (found,) = [part for part in told.split("\n\n") if part.startswith(title)]
    return found


def test_memory_is_told_line_by_line() -> None:
    qwen = section(text(), "MODEL  qwen3-8b-awq")
    parts = ("weights", "activations", "CUDA context", "CUDA graphs")
    spent = [float(line(qwen, part)[-1]) for part in parts]
    cache = next(float(row.split()[-1]) for row in qwen.splitlines() if row.strip().startswith("KV cache"))
    requested = float(line(qwen, "= requested")[-1])
    assert sum(spent) + cache == pytest.approx(requested, abs=0.02)
    assert requested + float(line(qwen, "free")[-1]) == pytest.approx(12, abs=0.02)
    assert "GeForce RTX 3060 12GB" in qwen


def test_what_the_memory_holds() -> None:
    plan, _ = planned()
    qwen = section(text(), "MODEL  qwen3-8b-awq")
    assert f"{plan['memory'][0]['kv_tokens']:,}" in qwen
    assert line(qwen, "sequences at once")[-1] == str(plan["memory"][0]["concurrency"])
    assert line(qwen, "verdict")[-1] == "fits"


def test_the_final_arguments_and_names() -> None:
    qwen = section(text(), "MODEL  qwen3-8b-awq")
    assert "--max-model-len 8192" in qwen
    assert qwen.rstrip().endswith("--enforce-eager")
    assert line(qwen, "names")[1:] == ["Qwen/Qwen3-8B-AWQ,", "vllm-qwen"]


def test_what_is_asked_of_each_node_and_what_there_is() -> None:
    looked = {"name": "worker", "cpus": 4, "memory_bytes": 16 * 2**30, "labels": {"nvidia.com/gpu": "true"}}
    more = {"name": "qwen3-8b-awq", "resources": {"requests": {"cpu": "2"}}}
    models = [{**more, "mode": "big"}, {"name": "deepseek-r1-distill-qwen-7b-awq"}]
    nodes = section(text(nodes=[looked], models=models), "NODES")
    # Of the modes the one that asks for the most.
    assert line(nodes, "worker") == ["worker", "2.99", "4", "6.7", "GiB", "16.0", "GiB", "big"]
    assert "unknown" not in nodes


def test_a_node_that_nobody_looked_at_is_unknown() -> None:
    nodes = section(text(nodes=[{"name": "worker", "labels": {"nvidia.com/gpu": "true"}}]), "NODES")
    assert line(nodes, "worker")[:3] == ["worker", "1.49", "?"]
    assert "CPU and memory of worker are unknown, and not compared." in nodes
    assert "NODES" not in text()


def test_the_addresses_for_clients_and_the_way_in_beside_them() -> None:
    door = {"kind": "Ingress", "host": "llm.example.com"}
    assert line(text(parts={"litellm_ingress": door}), "Gateway https") == (
        ["Gateway", "https://llm.example.com,", "also", "port", "30400", "of", "the", "nodes"]
    )
    closed = {"litellm_ingress": door | {"tls": "none"}, "litellm_service_type": "ClusterIP"}
    assert line(text(parts=closed), "Gateway http") == ["Gateway", "http://llm.example.com"]
    unwanted = {"open_webui_ingress": door}
    assert "llm.example.com" not in text(parts=unwanted)
    assert "Chat https://llm.example.com" in text(parts={**unwanted, "inference_chat": True})


def test_the_image_and_why_it_is_allowed() -> None:
    plan, _ = planned()
    told = " ".join(text().split())
    assert plan["image"] in told
    assert "CUDA 12.4.1, allowed because - worker (GeForce RTX 3060 12GB, driver 570.195.03):" in told
    assert "seen to work with driver 570.195.03" in told
    assert len(plan["image_verdict"]["because"]) == section(text(), "Namespace").count("\n  - ")


def test_hosts_with_driver_and_link() -> None:
    hosts = section(text(), "HOSTS")
    assert line(hosts, "worker  ")[-5:] == ["570.195.03", "570.195.03", "(CUDA", "12.8)", "12.4.1"]
    assert "worker: PCIe 4.0 x4 of x16; Thunderbolt Razer Core X" in hosts


def test_an_enclosure_that_is_not_authorised_shows() -> None:
    shut = gpu_info(
        thunderbolt_devices=[
            {
                "bus_name": "0-1",
                "vendor": "Razer",
                "name": "Core X",
                "unique_id": "c401",
                "is_authorized": False,
            }
        ],
        pci_devices=[],
    )
    hosts = " ".join(section(text(host(gpu_info=shut)), "HOSTS").split())
    assert "Thunderbolt Razer Core X at 0-1 is not authorised" in hosts
    assert "boltctl enroll --policy auto c401" in hosts


def test_a_host_that_did_not_answer_says_why() -> None:
    told = text(SILENT)
    assert "worker: Connection timed out" in section(told, "HOSTS")
    downloads = section(told, "DOWNLOADS")
    assert line(downloads, "together")[1:] == ["34.2", "GiB", "?", "?"]
    assert line(downloads, "vllm/vllm-openai:v0.8.5.post1")[1:] == ["23.3", "GiB"]
    assert "worker did not answer: some of it may be there already." in downloads


def test_each_mode_says_who_owns_the_gpu() -> None:
    modes = section(text(), "MODES")
    assert "ml (default)  qwen3-8b-awq on worker (1 x rtx-3060-12gb)" in modes
    assert "r1            deepseek-r1-distill-qwen-7b-awq on worker (1 x rtx-3060-12gb)" in modes
    free = section(text(default_mode="gaming"), "MODES")
    assert "gaming (default)  no other model of this site" in free


MISSING = {"repository": "Qwen/Qwen3-8B-AWQ", "revision": "", "bytes": 6 * 1024**3}
UNSIZED = {"repository": "lab/unsized", "revision": "", "bytes": 0}


@pytest.mark.parametrize(
    ("missing", "start", "words"),
    [
        ([], "worker", ["nothing is missing", "0 B", "100.0 GiB", "100.0 GiB"]),
        ([MISSING], "worker", ["Qwen/Qwen3-8B-AWQ", "6.0 GiB", "100.0 GiB", "94.0 GiB"]),
        ([MISSING, UNSIZED], "worker", ["Qwen/Qwen3-8B-AWQ", "6.0 GiB"]),
        ([MISSING, UNSIZED], "lab/unsized", ["?"]),
        ([MISSING, UNSIZED], "together", ["6.0 GiB and more", "100.0 GiB", "94.0 GiB"]),
    ],
)
def test_downloads_and_what_they_leave(missing: list[dict[str, Any]], start: str, words: list[str]) -> None:
    assert line(section(text(host(missing=missing)), "DOWNLOADS"), start)[1:] == " ".join(words).split()


def test_warnings_of_plan_and_moment_stand_together() -> None:
    missing = [{"repository": "Qwen/Qwen3-8B-AWQ", "revision": "", "bytes": 95 * 1024**3}]
    plan, _ = planned()
    warnings = section(text(host(missing=missing)), "WARNINGS")
    assert warnings.count("\n  - ") == len(plan["warnings"]) + 1
    assert "do not fit" in warnings


def test_gated_models_name_their_licence_page() -> None:
    told = " ".join(text(models=["qwen3-8b-awq", {"name": "llama-3.2-3b", "mode": "r1"}]).split())
    assert "licence llama3.2, to be accepted at https://huggingface.co/meta-llama/" in told


def test_without_a_gpu_nothing_is_compared() -> None:
    plan, observed = planned()
    for row in plan["memory"]:
        row.update(gpu=None)
    told = plan_text(plan_document(plan, observed, [host()], compared(plan, BARE, host())))
    assert "not compared, no GPU is known; weights 5.7 GiB" in told


def test_a_site_without_gpu_models() -> None:
    tiers = {"cpu": {"backend": "ollama", "model": "qwen3:4b"}}
    told = text(models=[], tiers=tiers)
    assert "MODEL" not in told.replace("MODES", "")
    assert told.endswith("Plan: no model on a GPU; cluster, gateway and the other tiers are installed\n")


@pytest.mark.parametrize("state", ["bare", "away", "running", "changed"])
def test_it_fits_a_terminal(state: str) -> None:
    plan, _ = planned()
    found = {"bare": BARE, "away": AWAY}.get(state) or live(plan, vllm_qwen3_8b_awq=1)
    changes = {"vllm_version": "0.9.2"} if state == "changed" else {}
    told = text(host(), found=found, **changes)
    assert [row for row in told.splitlines() if len(row) > WIDTH or row != row.rstrip()] == []
    assert told.isascii()
    assert told.endswith("\n") and not told.endswith("\n\n")
