# SPDX-License-Identifier: Apache-2.0
"""The action behind inference.stack.propose_site: machines in, the texts of a site out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils.errors import StackError
from ..plugin_utils.boundary.plain import plain
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


class ActionModule(ActionBase):
    """Reads catalog and example and writes nothing, so check mode is no different."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, checked = self.validate_argument_spec(argument_spec=ARGUMENTS)
        given = plain(checked)
        here, password = Path.cwd(), given["password_file"]
        try:
            found = with_seen(machines(given["server"], given["gpus"], given["user"]), given["seen"])
            proposal = propose(found, read_files(COLLECTION / "catalog"), given["reserve_bytes"])
            files = site_files(found, proposal, read_example(), below(password, given["folder"]))
        except StackError as error:
            raise AnsibleActionFail(str(error), result={"hint": error.hint}) from None
        site = Site(
            folder=typed(given["folder"], here),
            playbooks=typed(given["playbooks"], here),
            state=given["state"],
            password_file=typed(password, here) if password else "",
        )
        result.update(
            changed=False,
            model=proposal.model,
            vllm_version=proposal.release,
            ollama_model=proposal.ollama,
            files=[{"path": path, "content": text} for path, text in files.items()],
            text=closing_words(found, proposal, site, sorted([*files, VAULT])),
        )
        return result


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
