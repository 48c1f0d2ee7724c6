"""The scenario odd_names leaves no part of its site under a default name or port."""

from __future__ import annotations

from pathlib import Path

import yaml
from ansible_collections.inference.stack.plugins.plugin_utils.planning.parts import HOST_CACHE, VARIABLES

ROOT = Path(__file__).resolve().parents[2]
NAMES = ROOT / "molecule/odd_names/inventory/group_vars/all/names.yml"
# The tests come in through the node port; the hosts' cache follows the engines'.
KEPT = {"litellm_service_type", HOST_CACHE}


def test_every_variable_that_moves_a_part_is_another() -> None:
    names = yaml.safe_load(NAMES.read_text("utf-8"))
    # The chat is no part of this site.
    moving = {name for name in VARIABLES if not name.startswith(("open_webui_", "inference_chat"))}
    kept = {name for name in moving if names.get(name, VARIABLES[name]) == VARIABLES[name]}
    told = f"Give each another value in {NAMES.relative_to(ROOT)}, or leave out what that site does not have."
    assert kept == KEPT, told
