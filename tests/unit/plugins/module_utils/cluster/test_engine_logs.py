"""Each cause is found in lines as engines really wrote them, and comes with a fix."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.inference.stack.plugins.module_utils.cluster.engine_logs import CAUSES, diagnose

LINES = yaml.safe_load(Path(__file__).with_name("engine_logs.yml").read_text("utf-8"))
LAST_WORDS = "\n".join(
    [
        *("  File core.py, line 1140, in run_engine_core",) * 60,
        "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}",
    ]
)


@pytest.mark.parametrize("met", LINES, ids=lambda met: met["source"])
def test_a_line_tells_its_cause(met: dict[str, str]) -> None:
    found = diagnose(f"INFO 04-30 10:20:35 starting\n{met['line']}\n{LAST_WORDS}")
    assert found is not None
    assert found.cause == met["cause"]
    assert met["told"] in str(found)
    assert "{" not in str(found) and "  " not in str(found)
    assert found.line in met["line"]


def test_every_cause_was_met() -> None:
    assert set(CAUSES) == {met["cause"] for met in LINES}


@pytest.mark.parametrize(
    ("first", "then"),
    [("offline_cache_missing", "tokenizer_missing"), ("shared_memory_too_small", "disk_full")],
)
def test_the_root_is_told_and_not_what_follows_from_it(first: str, then: str) -> None:
    by_cause = {met["cause"]: met["line"] for met in LINES}
    for log in (f"{by_cause[first]}\n{by_cause[then]}", f"{by_cause[then]}\n{by_cause[first]}"):
        found = diagnose(log)
        assert found is not None and found.cause == first


@pytest.mark.parametrize(
    "log",
    [
        "",
        "INFO:     Application startup complete.",
        "INFO 05-20 20:12:25 [loader.py] Loading weights took 3.4 seconds\n"
        "INFO 05-20 20:12:25 [gpu_worker.py] Available KV cache memory: 4.1 GiB",
        LAST_WORDS,
    ],
)
def test_nothing_is_made_up(log: str) -> None:
    assert diagnose(log) is None


def test_colours_and_keys_stay_out() -> None:
    line = "\x1b[31merror: unrecognized arguments: --hf-token hf_abcdefgh12345\x1b[0m"
    found = diagnose(line)
    assert found is not None
    assert "abcdefgh" not in str(found) + found.line
    assert "\x1b" not in found.line


def test_an_endless_line_is_shortened_around_what_it_tells() -> None:
    found = diagnose("x" * 5000 + " CUDA out of memory. " + "y" * 5000)
    assert found is not None
    assert len(found.line) <= 300
    assert "CUDA out of memory" in found.line
