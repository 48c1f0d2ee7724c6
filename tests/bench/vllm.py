"""The figures of llm_benchmark beside those of `vllm bench serve`, as ratios measured in one run.

Usage: LAB=demo PYTHONPATH=.ansible/collections python -m tests.bench.vllm [--rounds N]
         [--gateway | --paced | --url URL --model NAME]

On the lab that LAB names, up and converged: at its engine, from the engine's own host, or through its
gateway. Or at another URL (the key: OPENAI_API_KEY). With --paced on a server of the test, which takes no lab
and next to no computing. Both ask the same prompts. Servers remember them, so each is asked once before
anything is measured. They ask at the same time, request beside request, so that whatever disturbs the server
disturbs both alike: measured in turn, single rounds on a shared machine differ by half. On the paced server,
which nothing disturbs, they take turns. Goal: the ratio of medians over at least five rounds within 3 % where
the definitions agree. What they differ in:
  TTFT  vLLM's tool stamps the first event with choices, llm_benchmark the first that brought a token: the
        same on vLLM, which sends an empty event right before its first token, but not on servers that send it
        as soon as they have the request. Either adds the time that it takes itself to send a request and to
        read the first event; --paced tells how much: half a millisecond here and three to six there, which of
        a TTFT below 200 ms can be more than 3 %.
  ITL   vLLM's tool takes the gap between events for one between tokens. It is compared with ICL; the empty
        event in front makes one short gap more for each answer.
  Through LiteLLM, the event with the usage has choices, too. vLLM's tool ends its E2EL and with it the TPOT
        there, some milliseconds after the last token, and counts the prompt's tokens without the template.
Behind each ratio stand its two medians and the ratios of single rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
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

from lab.components.model_components import MODELS
from lab.settings import load
from tests.bench.client import Paced, paced
from tests.bench.lab_engine import at_engine, at_gateway
from tests.bench.report import near_one, parser_of
from tests.bench.vllm_tool import Server, Tool, find_tool

GOAL = 0.03
STREAMS, REQUESTS, WORDS, TOKENS = 1, 48, 30, 64
PACE = ("--first-ms", "150", "--gap-ms", "20", "--late-role")
COMPARED = (
    *("request_throughput", "output_throughput", "total_token_throughput"),
    *("median_e2el_ms", "median_tpot_ms", "median_ttft_ms", "median_icl_ms"),
)
# What vLLM's tool names otherwise, and what does not mean the same, through the gateway or anyway.
THEIR_NAMES = {"median_icl_ms": "median_itl_ms"}
DIFFERENT = frozenset({"median_icl_ms"})
DIFFERENT_AT_GATEWAY = DIFFERENT | {"median_e2el_ms", "median_tpot_ms", "total_token_throughput"}


@dataclass(frozen=True)
class Round:
    """The figures of both tools."""

    ours: Mapping[str, Any]
    theirs: Mapping[str, Any]


@dataclass(frozen=True)
class Clients:
    """Both tools with the same work."""

    tool: Tool
    prompts: Sequence[str]
    folder: Path

    def ours(self, server: Server, tokens: int = TOKENS) -> dict[str, Any]:
        path = self.folder / "prompts.jsonl"
        path.write_text("\n".join(json.dumps({"prompt": prompt}) for prompt in self.prompts))
        workload = Workload(
            dataset=FILE,
            dataset_path=str(path),
            output_tokens=tokens,
            ignore_eos=True,
            unique_prompts=False,
        )
        target = Target(server.url, server.model, server.key)
        settings = Settings(target, workload, Load(STREAMS, len(self.prompts)))
        figures: dict[str, Any] = benchmark(settings)["figures"]
        return figures

    def side_by_side(self, server: Server) -> Round:
        """The tool asks alone during our trial and warm-up, we as long alone at the end."""
        with self.tool.measuring(server, self.prompts, STREAMS, TOKENS, self.folder) as theirs:
            ours = self.ours(server)
        return same_work(Round(ours, theirs))

    def in_turn(self, truth: Paced) -> Round:
        """On the paced server, which also tells what of the time to the first token was none of its own."""
        server = Server(truth.url, "paced")
        with self.tool.measuring(server, self.prompts, STREAMS, TOKENS, self.folder) as theirs:
            pass
        theirs["own_ttft_ms"] = theirs["median_ttft_ms"] - self._waits(truth)
        ours = self.ours(server)
        ours["own_ttft_ms"] = ours["median_ttft_ms"] - self._waits(truth)
        return same_work(Round(ours, theirs))

    def _waits(self, truth: Paced) -> float:
        measured = list(truth.truth().values())[-len(self.prompts) :]
        return statistics.median((answer["sent_ns"][0] - answer["received_ns"]) / 1e6 for answer in measured)


def same_work(one: Round) -> Round:
    """Ratios of different work would say nothing about clients."""
    for name in ("completed", "total_output_tokens"):
        counts = one.ours[name], one.theirs[name]
        if counts[0] != counts[1]:
            raise SystemExit(f"bench: {name} is {counts[0]} here and {counts[1]} with vllm bench serve")
    return one


def make_prompts() -> list[str]:
    """Words, after a first one that no server has seen."""
    mark = os.urandom(3).hex()
    words = ("alpha", "beta", "gamma", "delta", "omega", "sigma", "kappa", "theta")
    return [" ".join([f"{mark}{number:03}", *random.choices(words, k=WORDS)]) for number in range(REQUESTS)]


def repeat(measure: Callable[[], Round], rounds: int) -> list[Round]:
    done = []
    for number in range(rounds):
        done.append(measure())
        print(f"  round {number + 1}/{rounds} done", flush=True)
    return done


def show(rounds: Sequence[Round], different: frozenset[str]) -> None:
    for own in COMPARED:
        other = THEIR_NAMES.get(own, own)
        names = own if own == other else f"{own} / {other}"
        pairs = [(one.ours[own], one.theirs[other]) for one in rounds]
        ours, theirs = (statistics.median(values) for values in zip(*pairs, strict=True))
        told = "defined differently, see --help" if own in different else near_one(ours / theirs, GOAL)
        single = sorted(pair[0] / pair[1] for pair in pairs)
        print(
            f"vllm    {names:32} {ours / theirs:7.3f}    {told}  "
            f"({ours:.2f} / {theirs:.2f}; rounds {single[0]:.3f} to {single[-1]:.3f})"
        )
    if "own_ttft_ms" in rounds[0].ours:
        ours, theirs = (
            statistics.median(tool["own_ttft_ms"] for tool in tools)
            for tools in zip(*((one.ours, one.theirs) for one in rounds), strict=True)
        )
        print(f"vllm    of the ttft, the clients' own        {ours:.2f} ms here, {theirs:.2f} ms there")
    limits = [one.ours["client_limits"][0] for one in rounds if one.ours["client_limited"]]
    if limits:
        print(f"vllm    the machine had other work in {len(limits)} of {len(rounds)} rounds: {limits[0]}")


def server_of(options: argparse.Namespace) -> Server:
    if options.gateway:
        return at_gateway(options.model)
    if options.url:
        return Server(options.url, options.model, os.environ.get("OPENAI_API_KEY", ""))
    return at_engine(options.model)


def main() -> int:
    parser = parser_of(__doc__)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--gateway", action="store_true", help="through the lab's gateway")
    where.add_argument("--paced", action="store_true", help="a server that sends tokens at known times")
    where.add_argument("--url", default="", help="another server, without /v1")
    parser.add_argument("--model", default=MODELS[load().models].repository)
    options = parser.parse_args()
    tool = find_tool()
    server = None if options.paced else server_of(options)
    with tempfile.TemporaryDirectory() as name:
        clients = Clients(tool, make_prompts(), Path(name))
        if server is None:
            with paced(*PACE) as truth:
                rounds = repeat(lambda: clients.in_turn(truth), options.rounds)
        else:
            clients.ours(server, tokens=1)
            rounds = repeat(lambda: clients.side_by_side(server), options.rounds)
    show(rounds, DIFFERENT_AT_GATEWAY if options.gateway else DIFFERENT)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
