"""What every role promises: documented, typed inputs with true defaults, and private names for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = Path(__file__).resolve().parents[3] / "roles"
ROLE_NAMES = sorted(path.name for path in ROLES.iterdir() if path.is_dir())
TEMPLATED = "{{"
PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "path": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
    "raw": (object,),
    "jsonarg": (str,),
}
REQUIRED_FILES = ("README.md", "meta/main.yml", "meta/argument_specs.yml", "tasks/main.yml")


class Loader(yaml.SafeLoader):
    """Reads Ansible's own tags as the plain values below them."""


def _plain(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.ScalarNode)
    return loader.construct_scalar(node)


Loader.add_multi_constructor("!", _plain)


def load(path: Path) -> Any:
    """The content of a YAML file; an absent or empty one is an empty mapping."""
    return (yaml.load(path.read_text("utf-8"), Loader) if path.is_file() else None) or {}


def entry_points(role: str) -> dict[str, dict[str, Any]]:
    """The entry points of a role with their options."""
    specs: dict[str, dict[str, Any]] = load(ROLES / role / "meta" / "argument_specs.yml")["argument_specs"]
    return {name: dict(spec.get("options") or {}) for name, spec in specs.items()}


def nested_options(options: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every option and the options inside it, with its path."""
    for name, option in options.items():
        yield prefix + name, option
        yield from nested_options(option.get("options") or {}, f"{prefix}{name}.")


def outputs(role: str) -> set[str]:
    """What a role gives to others by a public name, as its README lists it."""
    section = (ROLES / role / "README.md").read_text("utf-8").partition("\n## Outputs\n")[2]
    return set(re.findall(rf"^\| `({role}_\w+)` \|", section.partition("\n## ")[0], re.MULTILINE))


def every_task(tasks: Any) -> Iterator[dict[str, Any]]:
    """The tasks of a file, those in blocks as well."""
    for task in tasks or []:
        yield task
        for section in ("block", "rescue", "always"):
            yield from every_task(task.get(section))


def tasks_of(role: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The tasks of a role with the files that hold them."""
    for folder in ("tasks", "handlers"):
        for path in sorted((ROLES / role / folder).glob("**/*.yml")):
            for task in every_task(load(path)):
                yield path, task


def is_same(value: Any, other: Any) -> bool:
    """Equal in value and type: True is not 1, and "1" is not 1."""
    if type(value) is not type(other):
        return False
    if isinstance(value, dict):
        return value.keys() == other.keys() and all(is_same(value[key], other[key]) for key in value)
    if isinstance(value, list):
        return len(value) == len(other) and all(map(is_same, value, other))
    return bool(value == other)


@pytest.fixture(params=ROLE_NAMES)
def role(request: pytest.FixtureRequest) -> str:
    """The name of each role in turn."""
    return str(request.param)


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_file_is_there(role: str, name: str) -> None:
    assert (ROLES / role / name).is_file()


def test_defaults_are_the_specified_ones(role: str) -> None:
    defaults = load(ROLES / role / "defaults" / "main.yml")
    specified = {
        name: option["default"] for name, option in entry_points(role)["main"].items() if "default" in option
    }
    assert sorted(defaults) == sorted(specified)
    differing = {
        name: (defaults[name], specified[name])
        for name in defaults
        if not is_same(defaults[name], specified[name])
    }
    assert differing == {}


def test_other_entry_points_agree_with_defaults(role: str) -> None:
    defaults = load(ROLES / role / "defaults" / "main.yml")
    for entry, options in entry_points(role).items():
        for name, option in options.items():
            if "default" in option:
                assert name in defaults, f"{entry}: {name}"
                assert is_same(option["default"], defaults[name]), f"{entry}: {name}"


def test_required_options_have_no_default(role: str) -> None:
    for entry, options in entry_points(role).items():
        faulty = [
            name for name, option in nested_options(options) if option.get("required") and "default" in option
        ]
        assert faulty == [], entry


def test_defaults_have_the_specified_type(role: str) -> None:
    for options in entry_points(role).values():
        for name, option in nested_options(options):
            default = option.get("default")
            if default is None or (isinstance(default, str) and TEMPLATED in default):
                continue
            expected = PYTHON_TYPES[option["type"]]
            assert isinstance(default, expected), name
            if option["type"] in ("int", "float"):
                assert not isinstance(default, bool), name
            if "choices" in option:
                assert default in option["choices"], name


def test_options_are_described_and_typed(role: str) -> None:
    for options in entry_points(role).values():
        for name, option in nested_options(options):
            assert option.get("description"), name
            assert option.get("type") in PYTHON_TYPES, name
            if option["type"] == "list":
                assert option.get("elements"), name


def test_entry_points_have_a_short_description(role: str) -> None:
    specs = load(ROLES / role / "meta" / "argument_specs.yml")["argument_specs"]
    assert [entry for entry, spec in specs.items() if not spec.get("short_description")] == []


def test_entry_points_are_task_files(role: str) -> None:
    missing = [
        entry for entry in entry_points(role) if not (ROLES / role / "tasks" / f"{entry}.yml").is_file()
    ]
    assert missing == []


def test_inputs_carry_the_name_of_the_role(role: str) -> None:
    names = {name for options in entry_points(role).values() for name in options}
    assert [name for name in sorted(names) if not name.startswith(f"{role}_")] == []


def test_inputs_are_in_the_readme(role: str) -> None:
    readme = (ROLES / role / "README.md").read_text("utf-8")
    names = {name for options in entry_points(role).values() for name in options}
    assert [name for name in sorted(names) if f"`{name}`" not in readme] == []


def names_in_tasks(role: str) -> Iterator[str]:
    """Every name that a task registers, sets or loops with."""
    for _, task in tasks_of(role):
        control = task.get("loop_control") or {}
        yield from filter(None, (task.get("register"), control.get("loop_var"), control.get("index_var")))
        facts = task.get("ansible.builtin.set_fact")
        yield from (name for name in (facts if isinstance(facts, dict) else ()) if name != "cacheable")


def test_what_is_no_input_is_private_or_an_output(role: str) -> None:
    names = {name for path in (ROLES / role / "vars").glob("**/*.yml") for name in load(path)}
    names |= set(names_in_tasks(role))
    public = {name for name in names if not name.startswith(f"__{role}_")}
    assert public == outputs(role)
    assert [name for name in sorted(public) if not name.startswith(f"{role}_")] == []


def test_nobody_reads_what_is_private_to_a_role(role: str) -> None:
    root = ROLES.parent
    files = [
        path
        for folder in ("playbooks", "roles", "plugins", "inventories", "molecule", "tools")
        for path in (root / folder).rglob("*")
        if path.is_file()
        and path.suffix in (".yml", ".yaml", ".j2", ".py")
        and ROLES / role not in path.parents
    ]
    found = [
        f"{path.relative_to(root)}: {name}"
        for path in files
        for name in re.findall(rf"\b__{role}_\w+", path.read_text("utf-8"))
    ]
    assert found == []
