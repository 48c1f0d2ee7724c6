"""The role vllm names the mode's record as the package mode does; no other file of a site spells it."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.module_utils.mode.names import CONFIG_MAP, FIELD_MANAGER

from tests.unit.roles.test_argument_specs import ROLES, load


def test_the_role_and_the_package_mean_the_same_record() -> None:
    names = load(ROLES / "vllm" / "vars" / "main.yml")
    assert names["__vllm_mode_config_map"] == CONFIG_MAP
    assert names["__vllm_mode_manager"] == FIELD_MANAGER


def test_no_other_file_of_roles_and_playbooks_spells_it() -> None:
    root = ROLES.parent
    files = [path for folder in ("roles", "playbooks") for path in (root / folder).rglob("*.[yj]*")]
    spelled = {str(path.relative_to(root)) for path in files if f": {CONFIG_MAP}" in path.read_text("utf-8")}
    assert spelled == {"roles/vllm/vars/main.yml"}
