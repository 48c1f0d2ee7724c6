"""The figures of llm_benchmark beside those of `vllm bench serve`, as ratios measured in turn in one run.

Usage: LAB=demo PYTHONPATH=.ansible/collections python -m tests.bench_vllm [--rounds N]
         [--url URL --model NAME]

On the lab that LAB names, up and converged, through its gateway; or at another URL (the key: OPENAI_API_KEY).
The prompts have the same words, but a first one of their own, since servers remember prompts. Goal: medians
over the rounds within 3 % of each other where the definitions agree. What they differ in:
  TTFT  vLLM's tool stamps the first event with choices, llm_benchmark the first that brought a token. vLLM
        sends an empty event right before its first token, so on vLLM both agree; on servers that send it as
        soon as they have the request, vLLM's tool measures that.
  ITL   vLLM's tool takes the gap between events for one between tokens. It is compared with ICL; the empty
        event in front makes one short gap more for each answer.
A missed goal is reported, not hidden: the exit status is 0 as long as everything could be measured.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
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

GOAL = 0.03
STREAMS, REQUESTS, WORDS, TOKENS = 4, 24, 30, 64
MODEL = "lab/tiny-qwen3"
# Our name, vLLM's name, and whether both mean the same.
COMPARED = (
    ("output_throughput", "output_throughput", True),
    ("median_e2el_ms", "median_e2el_ms", True),
    ("median_tpot_ms", "median_tpot_ms", True),
    ("median_ttft_ms", "median_ttft_ms", True),
    ("median_icl_ms", "median_itl_ms", False),
)


def make_prompts(seed: int, mark: str) -> list[str]:
    """The same words for the same seed, after a first one that no server has seen."""
    chance = random.Random(seed)
    words = ("alpha", "beta", "gamma", "delta", "omega", "sigma", "kappa", "theta")
    return [" ".join([f"{mark}{number:03}", *chance.choices(words, k=WORDS)]) for number in range(REQUESTS)]


def run_ours(url: str, model: str, key: str, prompts: list[str], folder: Path) -> dict[str, Any]:
    path = folder / "prompts.jsonl"
    path.write_text("\n".join(json.dumps({"prompt": prompt}) for prompt in prompts))
    workload = Workload(
        dataset=FILE,
        dataset_path=str(path),
        output_tokens=TOKENS,
        ignore_eos=True,
        unique_prompts=False,
    )
    figures: dict[str, Any] = benchmark(Settings(Target(url, model, key), workload, Load(STREAMS, REQUESTS)))[
        "figures"
    ]
    return figures


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


def run_theirs(
    url: str, model: str, key: str, prompts: list[str], folder: Path, packages: Path, tokenizer: Path
) -> dict[str, Any]:
    # The tool's form of a file that takes no further packages; the second value would be an answer's length.
    path, result = folder / "prompts.json", folder / "result.json"
    path.write_text(json.dumps([{"conversations": [{"value": prompt}] * 2} for prompt in prompts]))
    done = subprocess.run(
        [
            *tool_with(packages),
            *("--backend", "openai-chat", "--base-url", url, "--endpoint", "/v1/chat/completions"),
            *("--model", model, "--served-model-name", model, "--tokenizer", str(tokenizer)),
            *("--dataset-name", "sharegpt", "--dataset-path", str(path), "--output-len", str(TOKENS)),
            *("--disable-shuffle", "--ignore-eos", "--temperature", "0"),
            *("--num-prompts", str(REQUESTS), "--max-concurrency", str(STREAMS)),
            *("--num-warmups", str(STREAMS), "--disable-tqdm"),
            *("--percentile-metrics", "ttft,tpot,itl,e2el", "--metric-percentiles", "50,99"),
            *("--save-result", "--result-dir", str(result.parent), "--result-filename", result.name),
        ],
        env=os.environ
        | {
            "PYTHONPATH": str(packages),
            "OPENAI_API_KEY": key,
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


def compare(
    url: str, model: str, key: str, rounds: int, packages: Path, tokenizer: Path
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Both tools in turn, so that a noisy machine disturbs both alike."""
    ours: list[Mapping[str, Any]] = []
    theirs: list[Mapping[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(rounds):
            prompts = make_prompts(number, f"a{os.urandom(3).hex()}")
            ours.append(run_ours(url, model, key, prompts, folder))
            prompts = make_prompts(number, f"b{os.urandom(3).hex()}")
            theirs.append(run_theirs(url, model, key, prompts, folder, packages, tokenizer))
            print(f"  round {number + 1}/{rounds} done", flush=True)
    return ours, theirs


def show(ours: list[Mapping[str, Any]], theirs: list[Mapping[str, Any]]) -> None:
    for own, other, agrees in COMPARED:
        medians = [
            statistics.median(row[name] for row in rows) for rows, name in ((ours, own), (theirs, other))
        ]
        ratio = medians[0] / medians[1]
        told = f"goal 1 ± {GOAL:g}: {'met' if abs(ratio - 1) <= GOAL else 'MISSED'}"
        names = own if own == other else f"{own} / {other}"
        print(f"vllm    {names:32} {ratio:7.3f}    {told if agrees else 'defined differently, see --help'}")
    limits = [row["client_limits"][0] for row in ours if row["client_limited"]]
    if limits:
        print(f"vllm    the machine had other work in {len(limits)} of {len(ours)} rounds: {limits[0]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--url", default="", help="another server than the lab's gateway, without /v1")
    parser.add_argument("--model", default=MODEL)
    options = parser.parse_args()
    url, key = options.url, os.environ.get("OPENAI_API_KEY", "")
    if not url:
        lab = lab_settings.load()
        content = state.read_lab_file(lab)
        if content is None:
            raise SystemExit(f"bench: lab {lab.name} is not up: make demo")
        url = f"http://{content['hosts']['server']['address']}:{GATEWAY_PORT}"
        key = state.read_secrets(lab)["consumer_key"]
    parts = Parts(default_cache())
    tokenizer = next((parts.path("vllm-model") / "hub").glob("models--*/snapshots/*"))
    show(*compare(url, options.model, key, options.rounds, packages_path(parts.path("vllm")), tokenizer))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
