"""The figures of llm_benchmark beside those of `vllm bench serve`, as ratios measured in turn in one run.

Usage: LAB=demo PYTHONPATH=.ansible/collections python -m tests.bench.vllm [--rounds N]
         [--url URL --model NAME | --paced]

On the lab that LAB names, up and converged, through its gateway; or at another URL (the key: OPENAI_API_KEY),
for instance at the lab's engine itself: make port-forward TO=vllm-api PORT=8001, --url http://127.0.0.1:8001.
With --paced on a server of the test, which takes no lab and next to no computing.
Both ask the same prompts. Servers remember them, so each is asked once before anything is measured, and who
measures first changes from round to round. Goal: the ratio of medians over at least five rounds within 3 %
where the definitions agree. What they differ in:
  TTFT  vLLM's tool stamps the first event with choices, llm_benchmark the first that brought a token. vLLM
        sends an empty event right before its first token, so on vLLM both agree; on servers that send it as
        soon as they have the request, vLLM's tool measures that. Either adds the time that it takes to send;
        --paced tells how much: some 0.5 ms here, some 5 ms there, which is more than 3 % of a short TTFT.
  total token throughput  vLLM's tool counts the tokens of the prompts, llm_benchmark what was read, the chat
        template, too.
  ITL   vLLM's tool takes the gap between events for one between tokens. It is compared with ICL; the empty
        event in front makes one short gap more for each answer.
Behind each ratio stand its two medians and the ratios of single rounds: where these lie further apart than
the goal, the machine had other work.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.inference.stack.plugins.module_utils.benchmarking.run import benchmark
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.settings import (
    FILE,
    Load,
    Settings,
    Target,
    Workload,
)

from lab import settings as lab_settings
from lab import state
from lab.components.component import default_cache
from lab.components.python_components import PYTHON_VERSION, packages_path
from lab.demo import GATEWAY_PORT
from lab.parts import Parts
from tests.bench.client import Paced, paced
from tests.bench.report import near_one, parser_of

GOAL = 0.03
STREAMS, REQUESTS, WORDS, TOKENS = 4, 48, 30, 64
MODEL = "lab/tiny-qwen3"
PACE = ("--first-ms", "150", "--gap-ms", "20", "--late-role")
# Our name, vLLM's name, and whether both mean the same.
COMPARED = (
    ("request_throughput", "request_throughput", True),
    ("output_throughput", "output_throughput", True),
    ("total_token_throughput", "total_token_throughput", False),
    ("median_e2el_ms", "median_e2el_ms", True),
    ("median_tpot_ms", "median_tpot_ms", True),
    ("median_ttft_ms", "median_ttft_ms", True),
    ("median_icl_ms", "median_itl_ms", False),
)


def make_prompts() -> list[str]:
    """Words, after a first one that no server has seen."""
    mark = os.urandom(3).hex()
    words = ("alpha", "beta", "gamma", "delta", "omega", "sigma", "kappa", "theta")
    return [" ".join([f"{mark}{number:03}", *random.choices(words, k=WORDS)]) for number in range(REQUESTS)]


@dataclass(frozen=True)
class Server:
    """Who is asked, and what it takes to ask with vLLM's tool."""

    url: str
    model: str
    key: str
    packages: Path
    tokenizer: Path
    truth: Paced | None = None


def run_ours(server: Server, prompts: list[str], folder: Path, tokens: int = TOKENS) -> dict[str, Any]:
    path = folder / "prompts.jsonl"
    path.write_text("\n".join(json.dumps({"prompt": prompt}) for prompt in prompts))
    workload = Workload(
        dataset=FILE,
        dataset_path=str(path),
        output_tokens=tokens,
        ignore_eos=True,
        unique_prompts=False,
    )
    target = Target(server.url, server.model, server.key)
    figures: dict[str, Any] = benchmark(Settings(target, workload, Load(STREAMS, REQUESTS)))["figures"]
    return figures


@dataclass(frozen=True)
class Round:
    """The figures of both tools."""

    ours: Mapping[str, Any]
    theirs: Mapping[str, Any]


# The tool's own command asks for the metadata of a package named vllm, which builds for CPUs do not have.
TOOL = """
from vllm.benchmarks.serve import FlexibleArgumentParser, add_cli_args, main
parser = FlexibleArgumentParser()
add_cli_args(parser)
main(parser.parse_args())
"""


def tool_with(packages: Path) -> list[str]:
    """The tool on a Python of the version that the packages are for."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = sys.executable if here == PYTHON_VERSION else shutil.which(f"python{PYTHON_VERSION}")
    if found is None or not packages.is_dir():
        raise SystemExit(f"bench: needs Python {PYTHON_VERSION} and {packages}; make demo builds it")
    return [found, "-s", "-c", TOOL]


def run_theirs(server: Server, prompts: list[str], folder: Path) -> dict[str, Any]:
    # The tool's form of a file that takes no further packages; the second value would be an answer's length.
    path, result = folder / "prompts.json", folder / "result.json"
    path.write_text(json.dumps([{"conversations": [{"value": prompt}] * 2} for prompt in prompts]))
    done = subprocess.run(
        [
            *tool_with(server.packages),
            *("--backend", "openai-chat", "--base-url", server.url, "--endpoint", "/v1/chat/completions"),
            *("--model", server.model, "--served-model-name", server.model),
            *("--tokenizer", str(server.tokenizer)),
            *("--dataset-name", "sharegpt", "--dataset-path", str(path), "--output-len", str(TOKENS)),
            *("--disable-shuffle", "--ignore-eos", "--temperature", "0"),
            *("--num-prompts", str(REQUESTS), "--max-concurrency", str(STREAMS)),
            *("--num-warmups", str(STREAMS), "--disable-tqdm"),
            *("--percentile-metrics", "ttft,tpot,itl,e2el", "--metric-percentiles", "50,99"),
            *("--save-result", "--result-dir", str(result.parent), "--result-filename", result.name),
        ],
        env=without_proxies(os.environ)
        | {
            "PYTHONPATH": str(server.packages),
            "OPENAI_API_KEY": server.key,
            "HF_HUB_OFFLINE": "1",
            "VLLM_NO_USAGE_STATS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"bench: vllm bench serve ended with {done.returncode}:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(result.read_text())
    if found["failed"]:
        raise SystemExit(f"bench: vllm bench serve failed {found['failed']} times:\n{done.stdout[-3000:]}")
    return found


def without_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """vLLM's tool would go through them, llm_benchmark does not."""
    return {name: value for name, value in environment.items() if not name.lower().endswith("_proxy")}


def compare(server: Server, rounds: int) -> list[Round]:
    """Both tools in turn, so that a noisy machine disturbs both alike."""
    done = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prompts = make_prompts()
        run_ours(server, prompts, folder, tokens=1)
        for number in range(rounds):
            found: dict[str, Mapping[str, Any]] = {}
            tools = [("ours", run_ours), ("theirs", run_theirs)]
            for tool, measure in tools[:: -1 if number % 2 else 1]:
                found[tool] = with_own_share(server.truth, measure(server, prompts, folder))
            done.append(Round(**found))
            require_same_work(done[-1])
            print(f"  round {number + 1}/{rounds} done", flush=True)
    return done


def with_own_share(server: Paced | None, found: dict[str, Any]) -> dict[str, Any]:
    """Adds what of the time to the first token was none of the server's, where the server knows."""
    if server is not None:
        measured = list(server.truth().values())[-REQUESTS:]
        waits = [(answer["sent_ns"][0] - answer["received_ns"]) / 1e6 for answer in measured]
        found["own_ttft_ms"] = found["median_ttft_ms"] - statistics.median(waits)
    return found


def require_same_work(one: Round) -> None:
    """Ratios of different work would say nothing about clients."""
    for name in ("completed", "total_output_tokens"):
        counts = one.ours[name], one.theirs[name]
        if counts[0] != counts[1]:
            raise SystemExit(f"bench: {name} is {counts[0]} here and {counts[1]} with vllm bench serve")


def show(rounds: Sequence[Round]) -> None:
    for own, other, agrees in COMPARED:
        pairs = [(one.ours[own], one.theirs[other]) for one in rounds]
        ours, theirs = (statistics.median(values) for values in zip(*pairs, strict=True))
        told = near_one(ours / theirs, GOAL) if agrees else "defined differently, see --help"
        names = own if own == other else f"{own} / {other}"
        single = sorted(pair[0] / pair[1] for pair in pairs)
        print(
            f"vllm    {names:32} {ours / theirs:7.3f}    {told}  "
            f"({ours:.2f} / {theirs:.2f}; rounds {single[0]:.3f} to {single[-1]:.3f})"
        )
    if "own_ttft_ms" in rounds[0].ours:
        own, other = (
            statistics.median(tool["own_ttft_ms"] for tool in tools)
            for tools in zip(*((one.ours, one.theirs) for one in rounds), strict=True)
        )
        print(f"vllm    of the ttft, the clients' own        {own:.2f} ms here, {other:.2f} ms there")
    limits = [one.ours["client_limits"][0] for one in rounds if one.ours["client_limited"]]
    if limits:
        print(f"vllm    the machine had other work in {len(limits)} of {len(rounds)} rounds: {limits[0]}")


def at_gateway(model: str) -> tuple[str, str, str]:
    """URL, model and key of the lab that is up."""
    lab = lab_settings.load()
    content = state.read_lab_file(lab)
    if content is None:
        raise SystemExit(f"bench: lab {lab.name} is not up: make demo")
    url = f"http://{content['hosts']['server']['address']}:{GATEWAY_PORT}"
    return url, model, state.read_secrets(lab)["consumer_key"]


def main() -> int:
    parser = parser_of(__doc__)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--url", default="", help="another server than the lab's gateway, without /v1")
    where.add_argument("--paced", action="store_true", help="a server that sends tokens at known times")
    parser.add_argument("--model", default=MODEL)
    options = parser.parse_args()
    parts = Parts(default_cache())
    tokenizer = next((parts.path("vllm-model") / "hub").glob("models--*/snapshots/*"))
    packages = packages_path(parts.path("vllm"))
    with contextlib.ExitStack() as stack:
        if options.paced:
            truth = stack.enter_context(paced(*PACE))
            server = Server(truth.url, "paced", "", packages, tokenizer, truth)
        elif options.url:
            key = os.environ.get("OPENAI_API_KEY", "")
            server = Server(options.url, options.model, key, packages, tokenizer)
        else:
            server = Server(*at_gateway(options.model), packages, tokenizer)
        show(compare(server, options.rounds))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
