"""What the collection costs, as ratios measured side by side in one run.

Usage: LAB=demo python -m tests.bench.site [--rounds N] [--skip-first-deploy | --only-first-deploy]

On a lab that is up and converged, interleaved so that a noisy machine disturbs both sides alike:
  site     a no-change site.yml          against  ansible all -m ping        goal: at most 10
  cluster  its cluster part              against  kubectl diff, same objects goal: at most 6
And on a fresh lab of its own (BENCH_LAB, by default bench), once:
  deploy   the first site.yml beyond the engine's own load time              goal: at most 60 s
Below the figures stands where the time went, play by play.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from tests.bench.report import ROOT, parser_of, verdict

INVENTORY = "inventories/rehearsal"
GOAL_SITE, GOAL_CLUSTER, GOAL_DEPLOY_S = 10.0, 6.0, 60.0
REMOTE_OBJECTS = "/root/inference-stack-bench.json"
FRESH_LAB = os.environ.get("BENCH_LAB", "bench")
START = "start of Ansible"
_PLAY = re.compile(r"^PLAY (?:\[(.*)\]|RECAP)")


@dataclass(frozen=True)
class Run:
    """A command that ended well."""

    seconds: float
    output: str
    plays: Mapping[str, float]
    """Seconds of each play, for a playbook."""


def run(command: Sequence[str], lab: str, ok: Sequence[int] = (0,)) -> Run:
    """Runs a command to its end. A status outside `ok` ends the bench."""
    start = time.monotonic()
    marks = [(START, start)]
    lines = []
    environment = os.environ | {"LAB": lab, "ANSIBLE_NOCOLOR": "1", "PYTHONUNBUFFERED": "1"}
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if play := _PLAY.match(line):
                marks.append((play[1] or "", time.monotonic()))
        status = process.wait()
        end = time.monotonic()
        errors.seek(0)
        complaint = errors.read()
    if status not in ok:
        print("".join(lines[-60:]), complaint[-3000:], sep="\n", file=sys.stderr)
        raise SystemExit(f"bench: {' '.join(command)} ended with status {status}")
    return Run(end - start, "".join(lines), durations([*marks, ("", end)]))


def durations(marks: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Seconds from each mark to the next; the unnamed ones are left out."""
    spent: dict[str, float] = {}
    for (name, begin), (_, end) in pairwise(marks):
        if name:
            spent[name] = spent.get(name, 0.0) + end - begin
    return spent


def playbook(name: str, *more: str) -> list[str]:
    return ["ansible-playbook", "-i", INVENTORY, f"playbooks/{name}.yml", *more]


def on_server(*command: str) -> list[str]:
    return [sys.executable, "-m", "lab", "ssh", "server", *command]


def unchanged(recap: str) -> bool:
    lines = [line for line in recap.splitlines() if "changed=" in line and "unreachable=" in line]
    return bool(lines) and all("changed=0" in line for line in lines)


def put_objects_on_server(lab: str) -> None:
    """Renders what site.yml applies and lays it on the server, for kubectl diff to read."""
    with tempfile.TemporaryDirectory() as folder:
        run(playbook("render", "-e", f"render_output={folder}"), lab)
        resources = yaml.safe_load(Path(folder, "kustomization.yaml").read_text("utf-8"))["resources"]
        items = [yaml.safe_load(Path(folder, name).read_text("utf-8")) for name in resources]
    bundle = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    subprocess.run(
        on_server(f"cat > {REMOTE_OBJECTS}"),
        cwd=ROOT,
        env=os.environ | {"LAB": lab},
        input=bundle,
        text=True,
        check=True,
    )


def compare_runs(lab: str, rounds: int) -> dict[str, list[Run]]:
    commands = {
        "ping": ["ansible", "-i", INVENTORY, "all", "-m", "ansible.builtin.ping"],
        "site": playbook("site"),
        "cluster": playbook("site", "--tags", "cluster"),
        "diff": on_server(f"k3s kubectl diff --server-side --force-conflicts -f {REMOTE_OBJECTS} >/dev/null"),
    }
    put_objects_on_server(lab)
    done: dict[str, list[Run]] = {name: [] for name in commands}
    for index in range(rounds):
        for name, command in commands.items():
            result = run(command, lab, ok=(0, 1) if name == "diff" else (0,))
            if name in {"site", "cluster"} and not unchanged(result.output):
                raise SystemExit(f"bench: {name} changed something; bring the lab up first: make demo")
            done[name].append(result)
            print(f"  round {index + 1}/{rounds} {name}: {result.seconds:.1f} s", flush=True)
    return done


def report_comparison(done: Mapping[str, Sequence[Run]]) -> list[str]:
    median = {name: statistics.median(item.seconds for item in runs) for name, runs in done.items()}
    site, cluster = median["site"] / median["ping"], median["cluster"] / median["diff"]
    return [
        f"site     no-change site.yml / ping        {site:6.1f}    goal {GOAL_SITE:g}: "
        f"{verdict(site <= GOAL_SITE)}",
        f"cluster  cluster part / kubectl diff      {cluster:6.1f}    goal {GOAL_CLUSTER:g}: "
        f"{verdict(cluster <= GOAL_CLUSTER)}",
        f"         ping {median['ping']:.1f} s, kubectl diff {median['diff']:.1f} s; the last no-change run:",
        *shares(done["site"][-1].plays),
    ]


def moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def load_seconds(pods: Sequence[Mapping[str, Any]]) -> float:
    """From the start of the engine's container to readiness, of the pod that took longest."""
    loads = []
    for pod in pods:
        status = pod["status"]
        ready = next(c for c in status["conditions"] if c["type"] == "Ready" and c["status"] == "True")
        started = status["containerStatuses"][0]["state"]["running"]["startedAt"]
        loads.append(moment(ready["lastTransitionTime"]) - moment(started))
    return max(loads)


def measure_first_deploy() -> list[str]:
    """The first site.yml on a fresh lab, whatever an earlier run left behind."""
    lab = FRESH_LAB
    try:
        run([sys.executable, "-m", "lab", "down"], lab)
        print(f"  first deploy: the fresh lab {lab} boots", flush=True)
        run([sys.executable, "-m", "lab", "up"], lab)
        first = run(playbook("site"), lab)
        pods = run(on_server("k3s kubectl -n ml get pods -l app=vllm-server -o json"), lab)
    finally:
        run([sys.executable, "-m", "lab", "down"], lab)
    load = load_seconds(json.loads(pods.output)["items"])
    beyond = first.seconds - load
    return [
        f"deploy   first site.yml beyond the load  {beyond:6.0f} s  goal {GOAL_DEPLOY_S:g} s: "
        f"{verdict(beyond <= GOAL_DEPLOY_S)}",
        f"         {first.seconds:.0f} s in all, {load:.0f} s of them the engine's:",
        *shares(first.plays),
    ]


def shares(plays: Mapping[str, float]) -> list[str]:
    """Where the time went, without the plays that hardly took any."""
    return [f"           {seconds:6.1f} s  {name}" for name, seconds in plays.items() if seconds >= 0.5]


def main() -> int:
    parser = parser_of(__doc__, rounds=3)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--skip-first-deploy", action="store_true")
    which.add_argument("--only-first-deploy", action="store_true")
    options = parser.parse_args()
    lines = []
    if not options.only_first_deploy:
        lines += report_comparison(compare_runs(os.environ.get("LAB", "demo"), options.rounds))
    if not options.skip_first_deploy:
        lines += measure_first_deploy()
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
