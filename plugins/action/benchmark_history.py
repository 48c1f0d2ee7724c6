# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.benchmark_history: figures in, a noted and judged run out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..plugin_utils.boundary.computed_action import ComputedAction
from ..plugin_utils.history.entries import Subject, make_entry
from ..plugin_utils.history.files import append, read
from ..plugin_utils.history.noise import DROP, MINIMUM_RUNS, Judgement, judge

ARGUMENTS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "gpu": {"type": "str", "required": True},
    "image": {"type": "str", "required": True},
    "model": {"type": "str", "required": True},
    "arguments": {"type": "list", "elements": "str", "default": []},
    "points": {"type": "list", "elements": "dict", "required": True},
    "context": {"type": "dict", "default": {}},
    "minimum_runs": {"type": "int", "default": MINIMUM_RUNS},
    "accept": {"type": "bool", "default": False},
    "fail_on_drop": {"type": "bool", "default": True},
}


class ActionModule(ComputedAction):
    """Appends to a file of the controller; in check mode it only returns what it would append."""

    arguments = ARGUMENTS

    def answer(self, arguments: dict[str, Any]) -> dict[str, Any]:
        judgements: list[Judgement] = []
        path = Path(arguments["path"]).expanduser()
        entry = make_entry(_subject(arguments), arguments["points"], _now())

        def judged(history: list[dict[str, Any]]) -> Mapping[str, Any]:
            judgements[:] = judge(entry, history, arguments["minimum_runs"], arguments["accept"])
            entry["judgements"] = [judgement.as_plain() for judgement in judgements]
            entry["accepted"] = arguments["accept"]
            return entry

        if self._task.check_mode:
            judged(read(path))
        else:
            append(path, judged)
        drops = [
            f"{arguments['model']}, {judgement.message}"
            for judgement in judgements
            if judgement.verdict == DROP
        ]
        result = {"changed": True, "path": str(path), "entry": entry, "drops": drops}
        if drops and arguments["fail_on_drop"]:
            result.update(failed=True, msg=f"Slower than before: {'; '.join(drops)}. {_HINT}")
        return result


_HINT = (
    "Check what changed besides the arguments (driver, heat, other load), or set accept for a new reference."
)


def _subject(arguments: Mapping[str, Any]) -> Subject:
    names = ("gpu", "image", "model", "arguments", "context")
    return Subject(**{name: arguments[name] for name in names})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
