"""What the collection costs, as ratios measured side by side in one run.

Usage: LAB=demo python -m tests.bench [--rounds N] [--skip-first-deploy]

On a lab that is up and converged, interleaved so that a noisy machine disturbs both sides alike:
  site     a no-change site.yml          against  ansible all -m ping        goal: at most 25
  cluster  its cluster part              against  kubectl diff, same objects goal: at most 1.5
And on a fresh lab of its own (LAB=bench), once:
  deploy   the first site.yml beyond the engine's own load time              goal: at most 60 s
A missed goal is reported, not hidden: the exit status is 0 as long as everything could be measured.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INVENTORY = "inventories/rehearsal"
GOAL_SITE, GOAL_CLUSTER, GOAL_DEPLOY_S = 25.0, 1.5, 60.0
REMOTE_OBJECTS = "/root/inference-stack-bench.json"


def run(command: Sequence[str], lab: str, ok: Sequence[int] = (0,)) -> tuple[float, str]:
    """Runs a command to its end; returns seconds and output. A status outside `ok` ends the bench."""
    start = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"LAB": lab}, capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - start
    if done.returncode not in ok:
        print(done.stdout[-3000:], done.stderr[-3000:], sep="\n", file=sys.stderr)
        raise SystemExit(f"bench: {' '.join(command)} ended with status {done.returncode}")
    return seconds, done.stdout


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
        items = [
            item for path in sorted(Path(folder).glob("*.json")) for item in json.loads(path.read_text())
        ]
    bundle = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    subprocess.run(
        on_server(f"cat > {REMOTE_OBJECTS}"),
        cwd=ROOT,
        env=os.environ | {"LAB": lab},
        input=bundle,
        text=True,
        check=True,
    )


def compare_runs(lab: str, rounds: int) -> dict[str, list[float]]:
    commands = {
        "ping": ["ansible", "-i", INVENTORY, "all", "-m", "ansible.builtin.ping"],
        "site": playbook("site"),
        "cluster": playbook("site", "--tags", "cluster"),
        "diff": on_server(f"k3s kubectl diff --server-side --force-conflicts -f {REMOTE_OBJECTS} >/dev/null"),
    }
    put_objects_on_server(lab)
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for index in range(rounds):
        for name, command in commands.items():
            taken, output = run(command, lab, ok=(0, 1) if name == "diff" else (0,))
            if name in {"site", "cluster"} and not unchanged(output):
                raise SystemExit(f"bench: {name} changed something; bring the lab up first: make demo")
            seconds[name].append(taken)
            print(f"  round {index + 1}/{rounds} {name}: {taken:.1f} s", flush=True)
    return seconds


def moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def measure_first_deploy() -> tuple[float, float]:
    """Seconds of the first site.yml on a fresh lab, and of the engine's own load (start to ready)."""
    lab = "bench"
    try:
        run([sys.executable, "-m", "lab", "up"], lab)
        total, _ = run(playbook("site"), lab)
        _, pods = run(on_server("k3s kubectl -n ml get pods -l app=vllm-server -o json"), lab)
    finally:
        run([sys.executable, "-m", "lab", "down"], lab)
    status = json.loads(pods)["items"][0]["status"]
    started = moment(status["containerStatuses"][0]["state"]["running"]["startedAt"])
    ready = next(c["lastTransitionTime"] for c in status["conditions"] if c["type"] == "Ready")
    return total, moment(ready) - started


def verdict(figure: float, goal: float) -> str:
    return "met" if figure <= goal else "MISSED"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--skip-first-deploy", action="store_true")
    options = parser.parse_args()
    seconds = compare_runs(os.environ.get("LAB", "demo"), options.rounds)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    site, cluster = median["site"] / median["ping"], median["cluster"] / median["diff"]
    lines = [
        f"site     no-change site.yml / ping        {site:6.1f}    goal {GOAL_SITE:g}: "
        f"{verdict(site, GOAL_SITE)}",
        f"cluster  cluster part / kubectl diff      {cluster:6.1f}    goal {GOAL_CLUSTER:g}: "
        f"{verdict(cluster, GOAL_CLUSTER)}",
    ]
    if not options.skip_first_deploy:
        total, load = measure_first_deploy()
        beyond = total - load
        lines.append(
            f"deploy   first site.yml beyond the load  {beyond:6.0f} s  goal {GOAL_DEPLOY_S:g} s: "
            f"{verdict(beyond, GOAL_DEPLOY_S)}  ({total:.0f} s in all, {load:.0f} s of them the engine's)"
        )
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
