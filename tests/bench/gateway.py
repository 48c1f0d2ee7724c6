"""What the gateway adds to a request, beside LiteLLM with its own defaults, in one run.

Usage: PYTHONPATH=.ansible/collections python -m tests.bench.gateway [--rounds N]

Three ways to the same server, which answers at once (tests/paced_server.py): direct, through LiteLLM with
nothing but a model and a master key, and through LiteLLM with what the role litellm gives it (rules, keys,
tiers), both from the lab's own packages. Each asks for streams of two tokens at 1, 4, 16 and 32 clients; the
ways take turns.
  added p50, p95   the time to an answer's end through a gateway less the direct one: ours / the defaults'
  CPU              seconds of the gateway's process for a request: ours / the defaults'. Other work on the
                   machine changes times, and this hardly.
Goal: half of the defaults'. Nearly all of it is LiteLLM's own code, so a ratio near 1 is what to expect.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.figures import percentile, times_of
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.processes import Crew
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.run import share_out
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.settings import (
    Load,
    Settings,
    Target,
    Workload,
)
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.trial import try_out
from ansible_collections.inference.stack.plugins.plugin_utils.rendering.gateway import gateway_keys

from lab.components.component import ensure
from lab.components.python_components import PYTHON_COMPONENTS
from lab.settings import load
from tests.bench.client import paced
from tests.bench.report import parser_of, verdict
from tests.playbooks.roles.cluster_roles import CONSUMER_KEY, MASTER_KEY, environment_of, rendered
from tests.rehearsal import free_port, wait_for

GOAL = 0.5
CLIENTS = (1, 4, 16, 32)
MODEL = "paced"
# The lab's images have Debian's, too.
PYTHON = "/usr/bin/python3"
START = "import sys; from litellm.proxy.proxy_cli import run_server; sys.exit(run_server())"
SECONDS_TO_START = 300


@dataclass(frozen=True)
class Way:
    """A way to the server; without a process it is the direct one."""

    url: str
    key: str = ""
    pid: int = 0

    @property
    def cpu_seconds(self) -> float:
        if not self.pid:
            return 0.0
        fields = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(way: Way, clients: int) -> dict[str, float]:
    """Milliseconds of an answer, and of CPU for a request."""
    requests = max(40, 6 * clients)
    workload = Workload(input_tokens=16, output_tokens=2)
    settings = Settings(Target(way.url, MODEL, way.key), workload, Load(clients, requests))
    with Crew() as crew:
        share = share_out(settings, f"bench{time.time_ns():x}", try_out(settings, "trial"))
        before = way.cpu_seconds
        run = crew.run(share)
    used = way.cpu_seconds - before
    failed = [request.error for request in run.measured if request.error]
    if failed:
        raise SystemExit(f"bench: {len(failed)} requests failed: {failed[0]}")
    took = sorted(times_of(request)["e2el"] for request in run.measured)
    asked = requests + clients  # each client warms up once
    return {"p50": percentile(took, 50), "p95": percentile(took, 95), "cpu": used * 1e3 / asked}


def defaults(engine: str) -> dict[str, str]:
    """LiteLLM's configuration with nothing but a model and a key."""
    row = {"model": f"hosted_vllm/{MODEL}", "api_base": f"{engine}/v1", "api_key": "none"}
    config = {
        "model_list": [{"model_name": MODEL, "litellm_params": row}],
        "general_settings": {"master_key": MASTER_KEY},
    }
    return {"config.yaml": yaml.safe_dump(config)}


def ours(engine: str, folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The files and the environment that the role gives LiteLLM."""
    inputs: dict[str, Any] = {
        "litellm_models": [
            {
                "model_name": name,
                "litellm_params": {
                    "model": f"hosted_vllm/{MODEL}",
                    "api_base": f"{engine}/v1",
                    "api_key": "none",
                },
                "model_info": {"id": f"{name}-{tier}", "tier": tier},
            }
            for name, tier in ((MODEL, "gpu"), ("next", "cpu"))
        ],
        "litellm_fallbacks": [{MODEL: ["next"]}],
        "litellm_context_window_fallbacks": [],
        "litellm_aliases": {},
        "litellm_keys": [{"name": "n8n", "key": CONSUMER_KEY}],
        "litellm_engines": [],
        "litellm_settings": {},
        "litellm_router_settings": {},
    }
    objects = rendered(json.dumps(inputs))
    files: dict[str, str] = next(row["data"] for row in objects["litellm"] if row["kind"] == "ConfigMap")
    deployment = next(row for row in objects["litellm"] if row["kind"] == "Deployment")
    keys = json.dumps(gateway_keys(inputs["litellm_keys"]))
    environment = {
        name: value for name, value in environment_of(deployment).items() if isinstance(value, str)
    }
    places = {
        "INFERENCE_AUTH_KEYS": str(folder / "keys.json"),
        "INFERENCE_AUTH_ALIASES": str(folder / "aliases.json"),
        "INFERENCE_STATE": str(folder),
        "LITELLM_MASTER_KEY": MASTER_KEY,
    }
    return files | {"keys.json": keys}, environment | places


@contextlib.contextmanager
def gateway(
    files: Mapping[str, str], environment: Mapping[str, str], folder: Path, key: str
) -> Iterator[Way]:
    """LiteLLM of the lab's own packages, on a free port of this machine."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    port = free_port()
    component = next(one for one in PYTHON_COMPONENTS if one.name == "litellm")
    packages = ensure(component, load().cache) / "site-packages"
    command = [
        *(PYTHON, "-c", START),
        *("--config", str(folder / "config.yaml"), "--host", "127.0.0.1", "--port", str(port)),
    ]
    clean = {"PATH": os.environ["PATH"], "PYTHONPATH": str(packages), "PYTHONNOUSERSITE": "1"}
    local = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    with (
        (folder / "log").open("w", encoding="utf-8") as log,
        subprocess.Popen(
            command, cwd=folder, env={**clean, **local, **environment}, stdout=log, stderr=log
        ) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for("the gateway", lambda: _lives(url, process, folder), timeout=SECONDS_TO_START)
            yield Way(url, key, process.pid)
        finally:
            process.kill()


def _lives(url: str, process: subprocess.Popen[bytes], folder: Path) -> bool:
    if process.poll() is not None:
        raise SystemExit(f"bench: the gateway ended: {(folder / 'log').read_text('utf-8')[-2000:]}")
    try:
        with urllib.request.urlopen(f"{url}/health/liveliness", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def show(rounds: Mapping[int, list[dict[str, dict[str, float]]]]) -> None:
    for clients, rows in rounds.items():
        middle = {
            way: {name: statistics.median(row[way][name] for row in rows) for name in ("p50", "p95", "cpu")}
            for way in rows[0]
        }
        for name in ("p50", "p95"):
            added = {way: middle[way][name] - middle["direct"][name] for way in ("ours", "defaults")}
            _line(clients, f"added {name}", added["ours"], added["defaults"])
        _line(clients, "CPU", middle["ours"]["cpu"], middle["defaults"]["cpu"])


def _line(clients: int, name: str, own: float, theirs: float) -> None:
    ratio = own / theirs
    print(
        f"gateway {clients:3} clients  {name:10} ours / defaults  {ratio:6.2f}    goal {GOAL:g}: "
        f"{verdict(ratio <= GOAL)}  ({own:.1f} / {theirs:.1f} ms)"
    )


def main() -> int:
    count = parser_of(__doc__, rounds=3).parse_args().rounds
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(paced("--first-ms", "0", "--gap-ms", "0"))
        own, plain = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        files, environment = ours(server.url, own)
        ways = {
            "direct": Way(server.url),
            "defaults": stack.enter_context(gateway(defaults(server.url), {}, plain, MASTER_KEY)),
            "ours": stack.enter_context(gateway(files, environment, own, CONSUMER_KEY)),
        }
        for way in ways.values():
            measure(way, 4)
        show(
            {
                clients: [{name: measure(way, clients) for name, way in ways.items()} for _ in range(count)]
                for clients in CLIENTS
            }
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
