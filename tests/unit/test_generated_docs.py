"""What documents say in numbers is what the code computes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.module_utils.probing.contract.registry import CHECKS
from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.walk import LAYERS
from ansible_collections.inference.stack.plugins.plugin_utils.planning.inputs.inventory_hosts import (
    DRIVER,
    GPUS,
)

from tests.doc_blocks import reference
from tests.generated_docs import BLOCKS, ROOT, documents, rewrite

ONE = {"one": lambda: "| a |\n| --- |\n"}
# Variables of a site that no role has are read with a default, and named after the site or the playbook.
OPTIONAL = re.compile(
    r"\b((?:inference|ask|benchmark|chat|doctor|drill|import_model|init|llm|logs|observe|plan|port_forward"
    r"|prune_models|registry|render|report|status)_\w+)\s+\| default\(('[^']*'|\w+|\[[^]]*\]|\{\})?"
)
TEXT = "# Title\n\n<!-- generated: one -->\nold\n<!-- end -->\n\nThe rest.\n"
WRITTEN = "# Title\n\n<!-- generated: one -->\n\n| a |\n| --- |\n\n<!-- end -->\n\nThe rest.\n"


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_part_is_stale(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text == rewrite(text, BLOCKS), f"{path.relative_to(ROOT)} is stale: run `make docs`"


def test_every_block_stands_in_a_document() -> None:
    everything = "\n".join(path.read_text("utf-8") for path in documents())
    assert [name for name in BLOCKS if f"<!-- generated: {name} -->" not in everything] == []


def test_a_block_is_replaced_and_everything_else_stays() -> None:
    assert rewrite(TEXT, ONE) == WRITTEN
    assert rewrite(WRITTEN, ONE) == WRITTEN


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (TEXT.replace("generated: one", "generated: two"), "Nothing generates 'two'. Known: one."),
        (TEXT.replace("<!-- end -->", ""), "'one' has no <!-- end -->"),
        (TEXT.replace("<!-- generated: one -->", ""), "ends no block"),
        (TEXT.replace("old", "<!-- generated: one -->"), "before 'one' begins"),
    ],
)
def test_markers_that_do_not_match_are_told(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        rewrite(text, ONE)


def read_variables() -> dict[str, set[str]]:
    """The variables that playbooks read with a default, and those defaults."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "playbooks").rglob("*.yml")):
        for name, default in OPTIONAL.findall(path.read_text("utf-8")):
            found.setdefault(name, set()).add(default)
    # The filter plan_hosts reads them.
    found |= {GPUS: set(), DRIVER: set()}
    # In the words of another project, which docs/inherited_inventories.md tells.
    return {name: defaults for name, defaults in found.items() if name != "llm_backend"}


def test_every_variable_of_a_playbook_is_documented() -> None:
    documented = {row["name"] for rows in reference.site_variables().values() for row in rows}
    planned = set(reference.planned_variables())
    assert documented & planned == set()
    read = set(read_variables())
    unlisted, unread = sorted(read - documented - planned), sorted((documented | planned) - read)
    assert unlisted == [], "Playbooks read these: list them in tests/doc_blocks/site_variables.yml."
    assert unread == [], "No playbook reads these. OPTIONAL needs the first word of a new verb."


def test_plain_defaults_are_those_of_the_playbooks() -> None:
    read = read_variables()
    for row in (row for rows in reference.site_variables().values() for row in rows):
        told = yaml.safe_load(row["default"]) if row["default"] else ""
        defaults = [
            yaml.safe_load(text)
            for text in read[row["name"]]
            if (text and not text.isalpha()) or text == "false"
        ]
        if row["default"] and defaults:
            assert told in defaults, row["name"]


def test_the_guides_name_every_check_and_every_layer() -> None:
    contract = (ROOT / "docs" / "contract.md").read_text("utf-8")
    assert [name for check in CHECKS for name in check.names if f"`{name}`" not in contract] == []
    operating = (ROOT / "docs" / "operate.md").read_text("utf-8")
    assert [layer.title for layer in LAYERS if f"\n| {layer.title} | " not in operating] == []


@pytest.mark.parametrize("kind", reference.KINDS)
def test_every_plugin_is_in_the_reference(kind: str) -> None:
    text = (ROOT / "docs" / "modules.md").read_text("utf-8")
    assert [name for name in reference.plugins(kind) if f"\n### {name}\n" not in text] == []


def values(returned: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every value that a plugin returns, those inside others as well, with its path."""
    for name, value in returned.items():
        if "contains" in value:
            yield from values(value["contains"], f"{prefix}{name}.")
        else:
            yield prefix + name, value


@pytest.mark.parametrize(
    "path", [p for k in reference.KINDS for p in reference.plugins(k).values()], ids=lambda p: p.stem
)
def test_what_a_plugin_returns_has_samples_of_its_type(path: Path) -> None:
    types = {"str": str, "bool": bool, "int": int, "float": float, "dict": dict, "list": list, "raw": object}
    for name, value in values(yaml.safe_load(reference.texts_of(path)["RETURN"])):
        assert "sample" in value, name
        assert isinstance(value["sample"], types[value["type"]]), name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("C(a) or O(b.c)", "`a` or `b.c`"),
        ("P(inference.stack.plan_changes#filter)", "`inference.stack.plan_changes`"),
        ("RV(inference.stack.gpu_info#module:gpus)", "`gpus` of `inference.stack.gpu_info`"),
        ("V(f(x\\)) I(much)", "`f(x)` *much*"),
        ("GPU(s) stay", "GPU(s) stay"),
    ],
)
def test_marks_of_ansible_become_markdown(text: str, shown: str) -> None:
    assert reference.marked_up(text) == shown
