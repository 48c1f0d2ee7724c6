"""--limit and --tags do what they say, or are refused before anything is asked, with the words to add."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.playbook_run import ROOT, run_playbook
from tests.playbooks.test_preflight import SECRETS

VERBS = [
    *("ask", "benchmark", "chat", "doctor", "drill", "logs", "models", "plan", "port_forward"),
    *("prune_models", "registry", "render", "report", "site", "status"),
]
LEFT_OUT = {
    "gpu": ("localhost and server", "gpu,localhost,server"),
    "gpu_hosts:!gpu2": ("localhost and server", "gpu_hosts:!gpu2:localhost:server"),
    "server": ("localhost", "server,localhost"),
    "gpu,localhost": ("server", "gpu,localhost,server"),
}


def play(name: str, *words: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    here = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "ansible_become": False,
        "inference_gateway_url": "http://127.0.0.1:9",
    }
    return run_playbook(f"{name}.yml", *words, variables=here | SECRETS | variables)


def test_every_verb_is_in_the_table() -> None:
    found = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    # They know no inventory.
    assert found - set(VERBS) == {"import_model", "init"}


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The words of the refusal, which came before anybody was asked."""
    assert done.returncode == 2, done.stdout[-2000:]
    tasks = {
        line.partition("[")[2].partition("]")[0] for line in done.stdout.splitlines() if "TASK [" in line
    }
    controller = "Check Ansible and what it needs for a cluster"
    assert tasks <= {controller, "Check the format", "Check --limit", "Check --tags"}
    return " ".join(done.stdout.split())


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_does_half_of_its_work_in_silence(verb: str) -> None:
    told = refused(play(verb, "--limit", "gpu"))
    assert "--limit leaves out localhost and server, which every run needs." in told
    assert "--limit 'gpu,localhost,server'" in told


@pytest.mark.parametrize("limit", LEFT_OUT)
def test_a_limit_that_leaves_out_too_much_is_completed(limit: str) -> None:
    missing, complete = LEFT_OUT[limit]
    told = refused(play("plan", "--limit", limit))
    assert f"--limit leaves out {missing}, which every run needs. Say --limit '{complete}'." in told


@pytest.mark.parametrize("limit", [complete for _, complete in LEFT_OUT.values()])
def test_what_the_refusal_proposes_works(limit: str) -> None:
    done = play("plan", "--limit", limit)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "MODEL  qwen3-8b-awq" in done.stdout


def test_a_cluster_of_ones_own_needs_no_server() -> None:
    done = play("plan", "--limit", "gpu,localhost", inference_kubeconfig="/nowhere")
    assert done.returncode == 0, done.stdout[-2000:]


def test_a_gpu_host_that_is_left_out_stays_in_the_plan() -> None:
    cards = {"inference_host_gpus": [{"gpu": "rtx-3060-12gb"}]}
    done = play("plan", "--limit", "server,localhost", **cards)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "1 x GeForce RTX 3060 12GB" in " ".join(done.stdout.split())
    assert "gpu: not asked, because --limit leaves it out" in done.stdout


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "site"])
def test_a_verb_without_tags_says_so(verb: str) -> None:
    told = refused(play(verb, "--tags", "vllm"))
    assert "Nothing here has the tag vllm. This playbook knows no tags: leave out --tags." in told


@pytest.mark.parametrize(("tags", "unknown"), [("vllm", "vllm"), ("cluster,vllm,apply", "apply or vllm")])
def test_a_tag_that_nothing_has_is_refused_with_those_that_there_are(tags: str, unknown: str) -> None:
    told = refused(play("site", "--tags", tags))
    assert f"Nothing here has the tag {unknown}. Choose from plan, hosts, cluster, registry, prove, " in told


def test_the_tags_of_the_site_are_those_that_it_has() -> None:
    listed = run_playbook("site.yml", "--list-tags").stdout
    found = {
        tag.strip()
        for line in listed.splitlines()
        if "TAGS: [" in line
        for tag in line.split("TAGS: [")[1].rstrip("]").split(",")
    }
    told = refused(play("site", "--tags", "vllm"))
    choices = set(told.partition("Choose from ")[2].partition(".")[0].split(", "))
    assert choices == found - {"always", ""} | {"plan"}


def test_tags_of_the_site_are_taken() -> None:
    done = play("site", "--tags", "plan")
    assert done.returncode == 0, done.stdout[-2000:]
