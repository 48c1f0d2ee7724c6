"""Proofs and histories, as the files hold them from which a report is drawn."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.inference.stack.plugins.plugin_utils.history.entries import Subject, make_entry
from ansible_collections.inference.stack.plugins.plugin_utils.history.noise import judge
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.proof import proof

from tests.unit.plugins.plugin_utils.history.runs import point
from tests.unit.plugins.plugin_utils.reporting.reports import planned

GPU, IMAGE, MODEL = "rtx-3060-12gb", "vllm/vllm-openai:v0.8.5.post1", "Qwen/Qwen3-8B-AWQ"
CPU_MODEL, CLOUD_MODEL = "qwen3:4b", "gpt-4o-mini"
TIME = "2026-11-20T10:00:00Z"
LOADS = (1, 2, 4, 8)
SUBJECT = Subject(GPU, IMAGE, MODEL, ["--enforce-eager"])
# Shares of the median: the percentiles of a real run lie about like this.
_SPREAD = {"median": 1.0, "p90": 1.2, "p95": 1.35, "p99": 1.7}


def check(name: str, status: str = "passed", **more: Any) -> dict[str, Any]:
    """A check as llm_contract returns it."""
    told = {"expected": f"what {name} promises", "seen": f"what {name} gave", "required": True}
    return {"check": name, "status": status, "milliseconds": 12.5, **told, **more}


def result(*checks: dict[str, Any], model: str = MODEL, **more: Any) -> dict[str, Any]:
    """What llm_contract returned for one model of the loop."""
    broken = [row["check"] for row in checks if row["status"] == "failed" and row["required"]]
    item = {"item": {"served_name": model, "contract": {"max_model_len": 8192}}, "failed": False}
    told = {"tier": "gpu", "fulfilled": not broken, "broken": broken, "msg": "", "checks": list(checks)}
    return {**item, **told, **more}


def unanswered(model: str = MODEL, said: str = "the model never answered") -> dict[str, Any]:
    """What it returns for a model that stays silent."""
    return result(model=model, tier="", fulfilled=False, msg=said)


KEPT = result(check("identity"), check("chat"), check("json"), check("tools", "not_applicable"))


def proof_text(*results: dict[str, Any], **changes: Any) -> str:
    """The file that prove.yml writes about the home lab."""
    plan, _ = planned()
    return json.dumps(proof({**plan, **changes}, results or (KEPT,), TIME), indent=4)


def figures(throughput: float, concurrency: int = 1, **more: Any) -> dict[str, Any]:
    """Figures of one load, the slower the more users there are."""
    middles = {"ttft": 80.0 + 10 * concurrency, "tpot": 15.0 + concurrency, "e2el": 2000.0 + 60 * concurrency}
    spread = {
        f"{word}_{name}_ms": round(middle * share, 3)
        for name, middle in middles.items()
        for word, share in _SPREAD.items()
    }
    return point(throughput, concurrency, **{**spread, "request_goodput": None, **more})


def moment(day: int) -> str:
    return f"2026-{1 + day // 28:02d}-{1 + day % 28:02d}T12:00:00Z"


def runs(
    speeds: Iterable[float], loads: Sequence[int] = LOADS, subject: Subject = SUBJECT, **more: Any
) -> list[Mapping[str, Any]]:
    """A run a day, each judged by those before it; a speed is the throughput of one user."""
    noted: list[Mapping[str, Any]] = []
    for day, speed in enumerate(speeds):
        points = [figures(round(speed * load**0.9, 4), load, **more) for load in loads]
        entry = make_entry(subject, points, moment(day))
        entry["judgements"] = [judgement.as_plain() for judgement in judge(entry, noted)]
        noted.append(entry)
    return noted


def steady(count: int, speed: float = 60.0) -> list[float]:
    """Speeds that differ by less than a percent."""
    return [round(speed * (1 + 0.002 * ((day * 7) % 5 - 2)), 4) for day in range(count)]


def history_text(entries: Iterable[Mapping[str, Any]]) -> str:
    """The file that benchmark.yml appends to."""
    return "".join(f"{json.dumps(entry, ensure_ascii=False)}\n" for entry in entries)
