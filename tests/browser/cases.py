"""Sites whose report is looked at: usual ones, and those at the edges of what files can hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from tests.unit.plugins.plugin_utils.reporting.site_report.records import (
    CPU_MODEL,
    KEPT,
    MODEL,
    SUBJECT,
    check,
    figures,
    history_text,
    proof_text,
    result,
    runs,
    steady,
    unanswered,
)

HOSTILE = (
    "<script>window.hostile = 1</script>",
    "</script><script>window.hostile = 1</script>",
    '<img src=x onerror="window.hostile = 1">',
    "<!-- <script> \" ' --> &amp; &lt;b&gt; {{ 7 * 7 }} {% raw %}",
    "</textarea></style></title><svg onload='window.hostile = 1'>",
)
CURSE = "".join(HOSTILE)
SLOW = [*steady(12), 50.0, 60.1]
"""The last run but one was too slow."""


class Records(NamedTuple):
    """Texts of the two files."""

    proof: str
    history: str


def usual() -> Records:
    """Two images, a slower day, one contract kept and one broken."""
    before = runs(steady(5, 55.0), subject=replace(SUBJECT, image="vllm/vllm-openai:v0.8.4"))
    broken = result(check("identity"), check("json", "failed"), model=CPU_MODEL, tier="cpu")
    return Records(proof_text(KEPT, broken), history_text([*before, *runs(SLOW)]))


def configurations(count: int) -> list[Mapping[str, Any]]:
    """A run of each of so many images."""
    subjects = [replace(SUBJECT, image=f"vllm/vllm-openai:v0.{minor}.0") for minor in range(count)]
    return [entry for place, one in enumerate(subjects) for entry in runs([50.0 + 3 * place], subject=one)]


def open_loop() -> Records:
    """A closed loop in the same run as two open ones."""
    entry = json.loads(history_text(runs([60.0], loads=(1, 2))))
    entry["points"] += [figures(speed, 16, request_rate=rate) for speed, rate in ((90.0, 0.5), (200.0, 4.0))]
    return Records("", history_text([entry]))


def with_figures(**values: Any) -> Records:
    """Every second load of a run has these figures."""
    (entry,) = json.loads(json.dumps(runs([60.0])))
    for point in entry["points"][::2]:
        point.update(values)
    return Records("", history_text([entry]))


def no_numbers() -> Records:
    """JSON has no word for these, Python writes them all the same."""
    return with_figures(
        p99_ttft_ms=float("nan"), median_tpot_ms=float("inf"), request_throughput=float("-inf"), failed=None
    )


def not_measured() -> Records:
    """A run in which two loads brought nothing, and one in which none did."""
    (nothing,) = json.loads(json.dumps(runs([60.0])))
    for point in nothing["points"]:
        point["output_throughput"] = float("nan")
    return Records("", with_figures(output_throughput=None).history + history_text([nothing]))


def cut() -> Records:
    """The last line is half a run: somebody ended the one who wrote it."""
    whole = history_text(runs(steady(3)))
    return Records("", whole + whole[:300])


def hostile() -> Records:
    """Every text that comes from outside is an attack."""
    subject = replace(SUBJECT, gpu=CURSE, image=f"registry/{CURSE}", model=CURSE)
    asked = result(
        check("chat", expected=CURSE, seen=CURSE), check("json", "failed", seen=CURSE), model=CURSE
    )
    row = {
        "model_name": CURSE,
        "litellm_params": {"api_base": f"http://{CURSE}"},
        "model_info": {"tier": HOSTILE[2]},
    }
    proof = proof_text(
        asked,
        unanswered(said=CURSE),
        image=CURSE,
        litellm_models=[row],
        litellm_fallbacks=[],
        litellm_aliases={CURSE: CURSE},
    )
    return Records(proof, history_text(runs(SLOW, subject=subject)))


def long_names() -> Records:
    """Names and answers without a place to break them."""
    name = "organisation/" + "a-model-with-a-name-" * 6
    subject = replace(SUBJECT, model=name, image=f"registry.example.org/team/{'engine' * 12}:v1")
    seen = result(check("json", "failed", seen="A" * 600), model=name)
    other = replace(subject, image="vllm/vllm-openai:v0.8.4")
    return Records(
        proof_text(seen), history_text([*runs([50.0], subject=other), *runs([60.0], subject=subject)])
    )


CASES: dict[str, Callable[[], Records]] = {
    "usual": usual,
    "only a proof": lambda: Records(usual().proof, ""),
    "only a history": lambda: Records("", usual().history),
    "one run with one load": lambda: Records("", history_text(runs([60.0], loads=(1,)))),
    "150 runs": lambda: Records("", history_text(runs(steady(150)))),
    "8 configurations": lambda: Records("", history_text(configurations(8))),
    "a silent model": lambda: Records(proof_text(unanswered(MODEL, "no answer after 900 s")), ""),
    "nothing asked": lambda: Records(json.dumps({**json.loads(proof_text()), "contracts": []}), ""),
    "an open loop": open_loop,
    "figures that are null": lambda: with_figures(median_ttft_ms=None, p99_ttft_ms=None, failed=None),
    "figures that are no numbers": no_numbers,
    "loads that brought nothing": not_measured,
    "a truncated last line": cut,
    "hostile texts": hostile,
    "long names": long_names,
}
