# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.propose_site: machines in, the texts of a site out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..plugin_utils.boundary.computed_action import ComputedAction
from ..plugin_utils.planning.catalog.catalog import read_files
from ..plugin_utils.proposing.closing_words import STATES, Site, closing_words
from ..plugin_utils.proposing.machines import machines, with_seen
from ..plugin_utils.proposing.proposal import propose
from ..plugin_utils.proposing.site_files import site_files

# Both are beside plugins/, in a checkout and in an installed collection.
COLLECTION = Path(__file__).parents[2]
EXAMPLE = COLLECTION / "inventories" / "example"
# Written by the playbook: its content is secret.
VAULT = "group_vars/all/vault.yml"
ARGUMENTS: dict[str, dict[str, Any]] = {
    "server": {"type": "str", "required": True},
    "gpus": {"type": "str", "default": ""},
    "user": {"type": "str", "default": ""},
    "seen": {"type": "list", "elements": "dict", "default": []},
    "reserve_bytes": {"type": "int", "default": 0},
    "folder": {"type": "path", "required": True},
    "playbooks": {"type": "path", "required": True},
    "password_file": {"type": "path", "default": ""},
    "state": {"type": "str", "default": STATES[0], "choices": list(STATES)},
}


class ActionModule(ComputedAction):
    """Reads catalog and example and writes nothing, so check mode is no different."""

    arguments = ARGUMENTS

    def answer(self, arguments: dict[str, Any]) -> dict[str, Any]:
        here, password = Path.cwd(), arguments["password_file"]
        found = machines(arguments["server"], arguments["gpus"], arguments["user"])
        found = with_seen(found, arguments["seen"])
        proposal = propose(found, read_files(COLLECTION / "catalog"), arguments["reserve_bytes"])
        files = site_files(found, proposal, read_example(), below(password, arguments["folder"]))
        site = Site(
            folder=typed(arguments["folder"], here),
            playbooks=typed(arguments["playbooks"], here),
            state=arguments["state"],
            password_file=typed(password, here) if password else "",
        )
        return {
            "changed": False,
            "model": proposal.model,
            "vllm_version": proposal.release,
            "ollama_model": proposal.ollama,
            "files": [{"path": path, "content": text} for path, text in files.items()],
            "text": closing_words(found, proposal, site, sorted([*files, VAULT])),
        }


def below(path: str, folder: str) -> str:
    """A path as it is in a folder; empty if it is elsewhere."""
    return Path(path).relative_to(folder).as_posix() if path and Path(path).is_relative_to(folder) else ""


def typed(path: str, here: Path) -> str:
    """A path as somebody would type it in the current folder."""
    return below(path, str(here)) or path


def read_example() -> dict[str, str]:
    """The files of inventories/example by their path there."""
    found = sorted(path for path in EXAMPLE.rglob("*.yml") if path.is_file())
    return {path.relative_to(EXAMPLE).as_posix(): path.read_text("utf-8") for path in found}
