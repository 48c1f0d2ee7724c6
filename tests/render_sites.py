"""Plans sites and renders all their objects in one process: each line of stdin is a site, each answer a line.

A line is JSON: the variables of an inventory, as the host localhost sees them. They go the way that a run
takes (playbooks/steps/compute_plan.yml, playbooks/vars/cluster_inputs.yml, each role's tasks/render.yml),
through Ansible's own templating, so that what is rendered is what would be applied. The answer holds `plan`
and `objects` (a list for each role) and `pod_security` (levels by namespace), or `refused`.
"""

from __future__ import annotations

import functools
import gc
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import jinja2
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins import loader
from ansible.template import Templar

ROOT = Path(__file__).resolve().parents[1]
ROLES = ("device_plugin", "vllm", "ollama", "litellm", "open_webui")
FILES = DataLoader()


@functools.cache
def read(path: str) -> Any:
    """A file of the checkout, as Ansible reads what it may template."""
    return FILES.load_from_file(str(ROOT / path), cache="none", trusted_as_template=True) or {}


def template(value: Any, variables: dict[str, Any]) -> Any:
    return Templar(loader=FILES, variables=variables).template(value)


def arguments(variables: dict[str, Any]) -> dict[str, Any]:
    """What compute_plan.yml hands to the plan."""
    (task,) = (
        task["inference.stack.plan"]
        for play in read("playbooks/steps/compute_plan.yml")
        for task in play.get("tasks") or []
        if "inference.stack.plan" in task
    )
    inherited = read("playbooks/vars/inherited_inventory.yml")
    found: dict[str, Any] = template(task, {**inherited, **variables})
    return found


def facts(tasks: Any) -> Iterator[tuple[str, Any]]:
    """What a role's render.yml keeps as lists of objects."""
    for task in tasks:
        for name, value in (task.get("ansible.builtin.set_fact") or {}).items():
            if name.endswith("objects"):
                yield name, value


def render(role: str, variables: dict[str, Any]) -> list[dict[str, Any]]:
    folder = f"roles/{role}"
    inputs = {**variables, **read("playbooks/vars/cluster_inputs.yml")}
    known = {
        **read(f"{folder}/defaults/main.yml"),
        # Once, instead of wherever a template reads them.
        **{name: template(value, inputs) for name, value in inputs.items() if name.startswith(f"{role}_")},
        **read(f"{folder}/vars/main.yml"),
        "ansible_search_path": [str(ROOT / folder)],
        "role_path": str(ROOT / folder),
    }
    for name, value in facts(read(f"{folder}/tasks/render.yml")):
        known[name] = template(value, known)
    # What the role hands to cluster_objects. Its Secrets refer to nothing, and are not worth their time.
    sets = known[f"{role}_object_sets"]
    sets = sets if isinstance(sets, list) else template(sets, known)
    return [definition for one in sets for definition in template(one["definitions"], known)]


def site(variables: dict[str, Any]) -> dict[str, Any]:
    # Only now is the collection known to Ansible.
    from ansible_collections.inference.stack.plugins.module_utils.errors import StackError
    from ansible_collections.inference.stack.plugins.plugin_utils.boundary.plain import plain
    from ansible_collections.inference.stack.plugins.plugin_utils.planning.plan import compute

    known = {
        "groups": {},
        "hostvars": {},
        "inventory_hostname": "localhost",
        "ansible_check_mode": False,
        "ansible_playbook_python": sys.executable,
        **variables,
    }
    try:
        plan = compute(plain(arguments(known)), catalog())
    except StackError as error:
        return {"refused": str(error)}
    known["inference_plan"] = plan
    # As steps/tasks/render_parts.yml does.
    roles = [role for role in ROLES if role != "open_webui" or plan["parts"]["chat"]["wanted"]]
    objects = {role: render(role, known) for role in roles}
    inputs = {**known, **read("playbooks/vars/cluster_inputs.yml")}
    levels = template(inputs["cluster_objects_pod_security"], inputs)
    return {"plan": plan, "objects": plain(objects), "pod_security": plain(levels)}


@functools.cache
def catalog() -> Any:
    from ansible_collections.inference.stack.plugins.plugin_utils.planning.catalog.catalog import read_files

    return read_files(ROOT / "catalog")


def be_quick() -> None:
    """Most of the time would go into compiling the same templates and copying the same variables again."""
    compiled: dict[tuple[Any, ...], Any] = {}
    compile_anew = jinja2.Environment.compile

    def compile_once(self: jinja2.Environment, source: Any, *args: Any, **options: Any) -> Any:
        if not isinstance(source, str):
            return compile_anew(self, source, *args, **options)
        key = (str(source), self.trim_blocks, self.lstrip_blocks, self.keep_trailing_newline, args, *options)
        if key not in compiled:
            compiled[key] = compile_anew(self, source, *args, **options)
        return compiled[key]

    # For as long as the process lives.
    mock.patch.object(jinja2.Environment, "compile", compile_once).start()
    lookup = sys.modules[loader.lookup_loader.get("ansible.builtin.template").__module__]
    mock.patch.object(lookup, "deepcopy", dict).start()
    for plugins in (loader.filter_loader, loader.test_loader):
        plugins.get = functools.cache(plugins.get)
    # What is read back keeps no note of the line that it came from. An empty template is None.
    loader.filter_loader.get("from_yaml_all")._function = lambda text: yaml.load_all(
        (text or "").encode(), yaml.CSafeLoader
    )
    gc.freeze()
    gc.set_threshold(200_000)


def serve() -> None:
    loader.init_plugin_loader()
    be_quick()
    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        print(json.dumps(site(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    serve()
