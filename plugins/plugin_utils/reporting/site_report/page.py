# SPDX-License-Identifier: Apache-2.0
"""The page itself: figures and texts put into page.html.j2. Pure but for reading its own templates.

Everything the page needs is inside it, and its policy lets nothing else in: no request leaves it, and no
script runs but the two whose digests the policy names. Answers of models are among its texts, and they are no
friends.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ....module_utils.errors import InvalidInput
from ...history.entries import METRIC
from ...history.files import parse
from ...history.noise import DROP, LIMITED
from ...text.units import many
from ..drill import read_drill
from ..proof import read_proof
from .charts import history, latencies, throughput
from .figures import figures_table
from .runs import Measured, judgement_of, sort_runs

_HERE = Path(__file__).parent
_CHART_LIBRARY = "vendor/chart.umd.min.js"


def site_report(proof: str, runs: str, title: str = "Inference site", drill: str = "") -> str:
    """The page of a proof, a history and a drill, given as the texts of their files. Two may be empty."""
    proven, measured, drilled = read_proof(proof), sort_runs(parse(runs)), read_drill(drill)
    if not proven and not measured and not drilled:
        raise InvalidInput(
            "there is neither a proof nor a benchmark nor a drill",
            "Run playbooks/site.yml or playbooks/benchmark.yml first.",
        )
    models, charts = _models(measured)
    scripts = [_asset(_CHART_LIBRARY), _asset("page.js")]
    page: str = _template().render(
        title=title,
        proof=proven,
        drill=drilled,
        summary=list(_summary(proven, measured, drilled)),
        models=models,
        scripts=[Markup(script) for script in scripts],
        style=Markup(_asset("page.css")),
        policy=_policy(scripts, _asset("page.css")),
        charts=_embedded(charts),
    )
    # An answer may end within a character, and half a character cannot be written.
    return page.encode("utf-8", "replace").decode("utf-8")


def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html.j2")


def _models(measured: Iterable[Measured]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What the template shows of each model, and all charts; a model names its own by their places."""
    shown: list[dict[str, Any]] = []
    charts: list[dict[str, Any]] = []
    for model in measured:
        newest = model.configurations[0]
        groups = {
            "throughput": [throughput(model)],
            "latency": latencies(newest),
            "history": [history(newest)],
        }
        places: list[dict[str, Any]] = []
        for kind, drawn in groups.items():
            for chart in drawn:
                places.append({"place": len(charts), "kind": kind, "title": chart["title"]})
                charts.append(chart)
        shown.append(
            {
                "name": model.model,
                "label": model.label(newest),
                "others": len(model.configurations) - 1,
                "latest": newest.latest,
                "runs": len(newest.runs),
                "charts": places,
                "figures": figures_table(newest),
            }
        )
    return shown, charts


def _summary(
    proof: Mapping[str, Any], measured: Iterable[Measured], drill: Mapping[str, Any]
) -> Iterable[dict[str, str]]:
    """What a person wants to know first: {state, head, text}."""
    contracts = proof.get("contracts", [])
    if contracts:
        kept = sum(contract["fulfilled"] for contract in contracts)
        state = "good" if kept == len(contracts) else "bad"
        yield {"state": state, "head": f"{kept} of {len(contracts)}", "text": "contracts kept"}
    for model in measured:
        newest = model.configurations[0]
        best = max(newest.points, key=lambda point: float(point[METRIC]))
        verdicts = [judgement_of(newest.latest, point).get("verdict") for point in newest.points]
        drops, limited = verdicts.count(DROP), verdicts.count(LIMITED)
        text = f"tokens/s at most, {model.model}"
        if drops:
            text += f"; slower than before at {drops} of {many(len(verdicts), 'load')}"
        if limited:
            text += f"; the client was too slow at {limited} of {many(len(verdicts), 'load')}"
        yield {
            "state": "bad" if drops else "plain" if limited else "good",
            "head": f"{best[METRIC]:,.1f}",
            "text": text,
        }
    if drill:
        yield {
            "state": "good" if drill["passed"] else "bad",
            "head": f"{drill['failures']} of {drill['requests']}",
            "text": "requests failed while tiers were taken away",
        }


def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _policy(scripts: Iterable[str], style: str) -> str:
    def digests(texts: Iterable[str]) -> str:
        found = (hashlib.sha256(text.encode()).digest() for text in texts)
        return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in found)

    return f"default-src 'none'; script-src {digests(scripts)}; style-src {digests([style])}; img-src data:"


def _embedded(data: Any) -> Markup:
    """JSON for a script element, which ends at the first ``</script``, wherever it stands."""
    told = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        told = told.replace(character, f"\\u{ord(character):04x}")
    return Markup(told)
