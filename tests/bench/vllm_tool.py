"""`vllm bench serve` as the lab has it: a Python module among the packages that were built for the engine."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from lab.components.python_components import PYTHON_VERSION, packages_path
from lab.parts import Parts
from lab.settings import load

# What the tool says after its warm-up, and the time that it may take from there.
BEGUN, DEADLINE_S = "Starting main benchmark run", 600
# The tool's own command asks for the metadata of a package named vllm, which builds for CPUs do not have.
MAIN = """
from vllm.benchmarks.serve import FlexibleArgumentParser, add_cli_args, main
parser = FlexibleArgumentParser()
add_cli_args(parser)
main(parser.parse_args())
"""


@dataclass(frozen=True)
class Server:
    """Who is asked."""

    url: str
    """Without /v1."""
    model: str
    key: str = ""


@dataclass(frozen=True)
class Tool:
    """The tool, and a tokenizer, which it does not work without."""

    python: str
    packages: Path
    tokenizer: Path

    @contextlib.contextmanager
    def measuring(
        self, server: Server, prompts: Sequence[str], streams: int, tokens: int, folder: Path
    ) -> Iterator[dict[str, Any]]:
        """The tool while it measures; after the block its figures are in the yielded dictionary."""
        # The form of a file that takes no further packages; the second value would be an answer's length.
        path, result, log = folder / "prompts.json", folder / "result.json", folder / "log"
        path.write_text(json.dumps([{"conversations": [{"value": prompt}] * 2} for prompt in prompts]))
        command = [
            *(self.python, "-s", "-c", MAIN),
            *("--backend", "openai-chat", "--base-url", server.url, "--endpoint", "/v1/chat/completions"),
            *("--model", server.model, "--served-model-name", server.model),
            *("--tokenizer", str(self.tokenizer)),
            *("--dataset-name", "sharegpt", "--dataset-path", str(path), "--output-len", str(tokens)),
            *("--disable-shuffle", "--ignore-eos", "--temperature", "0"),
            *("--num-prompts", str(len(prompts)), "--max-concurrency", str(streams)),
            *("--num-warmups", str(streams), "--disable-tqdm"),
            *("--percentile-metrics", "ttft,tpot,itl,e2el", "--metric-percentiles", "50,99"),
            *("--save-result", "--result-dir", str(result.parent), "--result-filename", result.name),
        ]
        env = without_proxies(os.environ) | {
            "PYTHONPATH": str(self.packages),
            "PYTHONUNBUFFERED": "1",
            "OPENAI_API_KEY": server.key,
            "HF_HUB_OFFLINE": "1",
            "VLLM_NO_USAGE_STATS": "1",
        }
        found: dict[str, Any] = {}
        with (
            log.open("w") as errors,
            subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
        ):
            assert process.stdout is not None
            try:
                told = "".join(takewhile(lambda line: BEGUN not in line, process.stdout))
                yield found
                told += process.communicate(timeout=DEADLINE_S)[0]
            finally:
                process.kill()
        if process.returncode != 0:
            told = log.read_text()[-3000:]
            raise SystemExit(f"bench: vllm bench serve ended with {process.returncode}:\n{told}")
        found |= json.loads(result.read_text())
        if found["failed"]:
            raise SystemExit(f"bench: vllm bench serve failed {found['failed']} times:\n{told[-3000:]}")


def find_tool() -> Tool:
    """The tool on a Python of the version that its packages are for."""
    lab = load()
    parts = Parts(lab.cache, models=lab.models)
    packages = packages_path(parts.path("vllm"))
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = sys.executable if here == PYTHON_VERSION else shutil.which(f"python{PYTHON_VERSION}")
    if python is None or not packages.is_dir():
        raise SystemExit(f"bench: needs Python {PYTHON_VERSION} and {packages}; make demo builds it")
    tokenizer = next((parts.path(parts.models.vllm.name) / "hub").glob("models--*/snapshots/*"))
    return Tool(python, packages, tokenizer)


def without_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """The tool would go through them, llm_benchmark does not."""
    return {name: value for name, value in environment.items() if not name.lower().endswith("_proxy")}
