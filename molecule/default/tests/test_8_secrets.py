"""Secrets are where they are kept, and nowhere else: those that the site has, and planted ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.planted_keys import command_lines, found_below, found_in, planted, variables, watched
from tests.rehearsal import Cluster, Gateway, play

CONSUMERS = ("chat", "limited", "gpu-only", "expired", "narrow", "thrifty")
# What a site is asked for besides: each shows or writes what it knows.
VERBS = {
    "plan": {"plan_format": "json"},
    "doctor": {},
    "report": {"report_output": "report.html"},
    "render": {"render_output": "rendered"},
}


@pytest.fixture(scope="module")
def known(secrets: dict[str, str], gateway: Gateway) -> dict[str, str]:
    """All secrets that the site has, by name."""
    return secrets | {name: gateway.key_of(name) for name in CONSUMERS}


def test_no_object_but_secrets_holds_one(cluster: Cluster, known: dict[str, str]) -> None:
    kinds = cluster.kubectl("api-resources --verbs=list -o name").split()
    wanted = [kind for kind in kinds if kind != "secrets" and not kind.endswith(".metrics.k8s.io")]
    assert {"configmaps", "events", "pods", "deployments.apps", "leases.coordination.k8s.io"} <= set(wanted)
    assert found_in(cluster.kubectl(f"get {','.join(wanted)} -A -o yaml"), known) == []


def test_no_pod_says_one(cluster: Cluster, known: dict[str, str]) -> None:
    pods = cluster.get("pods -A")["items"]
    assert pods
    for pod in pods:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        # A pod that has not started has no log.
        done = cluster.server.run(f"k3s kubectl -n {namespace} logs {name} --all-containers --tail=-1")
        assert found_in(done.stdout, known) == [], name


@pytest.mark.parametrize("host", ["server", "gpu"])
def test_no_host_tells_one(host_of: Callable[[str], Any], host: str, known: dict[str, str]) -> None:
    """In a process' command line, in the journal, or in a file that everybody may read."""
    connected = host_of(host)
    lines = connected.run("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '").stdout
    assert "k3s" in lines
    assert found_in(lines, known) == []
    assert found_in(connected.run("journalctl --no-pager --output cat --boot").stdout, known) == []
    readable = connected.run(
        "find /etc /opt/inference-stack /tmp /usr/local -xdev -type f -perm /o+r -size -1M -exec cat {} +"
    )
    assert found_in(readable.stdout, known) == []


def test_the_controller_keeps_none_but_in_its_own_file(state: Path, known: dict[str, str]) -> None:
    # The lab gives its hosts a password in a file of its own.
    kept = [state / "secrets.yml", *state.glob("hosts/*/files/root/.owner")]
    assert found_below([state, Path.home() / ".ansible"], known, but=kept) == {}
    assert found_in(command_lines(), known) == []


@pytest.mark.parametrize("token", [False, True], ids=["the site's", "k3s' token"])
def test_a_run_with_planted_keys_tells_none(
    request: pytest.FixtureRequest, tmp_path: Path, gateway: Gateway, lab: dict[str, Any], token: bool
) -> None:
    """It would change every Secret and every file that holds one, and shows each difference."""
    keys = planted()
    mirrors = {"mirrors": {"registry.example.com": {"endpoint": ["https://registry.example.com"]}}}
    wanted = variables(keys, mirrors, gateway.key)
    # Another token is refused: a server keeps its own.
    wanted |= {"k3s_token": keys["vault"]} if token else {}
    file = tmp_path / "planted.json"
    file.touch(0o600)
    file.write_text(json.dumps(wanted))
    inventory = request.config.getoption("--ansible-inventory")
    words = ("--check", "--diff", "-vvv", "--extra-vars", f"@{file}")
    with watched(keys) as seen:
        done = play(inventory, "site", {}, *words, timeout=600)
        runs = {"site": done}
        if not token:
            for verb, asked in VERBS.items():
                there = {
                    name: str(tmp_path / value) if "output" in name else value
                    for name, value in asked.items()
                }
                runs[verb] = play(inventory, verb, there, "-vvv", "--extra-vars", f"@{file}", timeout=300)
    assert (done.returncode != 0) is token, done.stdout[-3000:] + done.stderr[-1000:]
    assert ("changed=0" not in done.stdout) or token
    told = {verb: found_in(run.stdout + run.stderr, keys) for verb, run in runs.items()}
    assert {verb: names for verb, names in told.items() if names} == {}
    assert seen == set()
    assert found_below([tmp_path, Path.home() / ".ansible"], keys, but=[file]) == {}
