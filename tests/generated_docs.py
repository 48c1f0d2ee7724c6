"""Writes the parts of docs/*.md and of roles' READMEs that follow from code and catalog: nobody types them.

A part stands between `<!-- generated: NAME -->` and `<!-- end -->`. `make docs` writes all of them anew, and
tests/unit/test_generated_docs.py fails when one is stale.

To add one: write a function without arguments that returns Markdown into a module of tests/doc_blocks, name
it in BLOCKS, put both markers into a document, and run `make docs`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.doc_blocks import add_a_model, reference, size_a_gpu

ROOT = Path(__file__).resolve().parents[1]
BLOCKS: dict[str, Callable[[], str]] = {
    "imported-row": add_a_model.imported_row,
    "completed-row": add_a_model.completed_row,
    "planned-row": add_a_model.planned_row,
    "model-keys": add_a_model.model_keys,
    "overheads": size_a_gpu.overheads,
    "worked-example": size_a_gpu.worked_example,
    "worked-example-plan": size_a_gpu.worked_example_plan,
    "turning-knobs": size_a_gpu.turning_knobs,
    "small-cards": size_a_gpu.small_cards,
    "big-cards": size_a_gpu.big_cards,
    **reference.blocks(),
}
_START = re.compile(r"^<!-- generated: (?P<name>[\w-]+) -->$")
_END = "<!-- end -->"


def rewrite(text: str, blocks: Mapping[str, Callable[[], str]]) -> str:
    """The text with each of its blocks written anew."""
    lines: list[str] = []
    inside = ""
    for line in text.splitlines():
        start = _START.match(line)
        if start and not inside:
            inside = start["name"]
            if inside not in blocks:
                raise ValueError(f"Nothing generates {inside!r}. Known: {', '.join(sorted(blocks))}.")
            # Empty lines keep Markdown from taking the markers for a part of a table.
            lines += [line, "", blocks[inside]().strip("\n"), ""]
        elif start:
            raise ValueError(f"The block {inside!r} has no {_END} before {start['name']!r} begins.")
        elif line == _END:
            if not inside:
                raise ValueError(f"A {_END} ends no block.")
            lines.append(line)
            inside = ""
        elif not inside:
            lines.append(line)
    if inside:
        raise ValueError(f"The block {inside!r} has no {_END}.")
    return "\n".join(lines) + "\n"


def documents() -> list[Path]:
    """The documents that have such parts."""
    found = [*sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("roles/*/README.md"))]
    return [path for path in found if any(map(_START.match, path.read_text("utf-8").splitlines()))]


def main() -> int:
    for path in documents():
        before = path.read_text("utf-8")
        after = rewrite(before, BLOCKS)
        path.write_text(after, "utf-8")
        print(f"{path.relative_to(ROOT)}: {'written anew' if after != before else 'up to date'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
