"""The reference: inputs of roles, variables of a site, options of plugins, from their own documentation."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT
from tests.doc_blocks.size_a_gpu import markdown

ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if (path / "meta").is_dir())
INPUT_HEADS = ("Input", "Type", "Default", "Meaning")
KINDS = {"modules": "Modules", "filter": "Filters", "lookup": "Lookups"}
_MARKUP = re.compile(r"\b(?P<kind>C|V|O|RV|M|P|E|I|B)\((?P<text>(?:[^()\\]|\\.|\([^()]*\))*)\)")
# playbooks/steps/compute_plan.yml hands a variable of the site to an option of the plan.
_HANDED = re.compile(r"^\{\{ (?P<variable>(?:inference|llm)_\w+) \| default\(")


def marked_up(text: str) -> str:
    """Ansible's own marks in a description as Markdown."""

    def replaced(found: re.Match[str]) -> str:
        text = found["text"].replace("\\", "")
        if found["kind"] in "IB":
            return f"*{text}*"
        plugin, _, rest = text.partition("#")
        name = rest.partition(":")[2]
        if found["kind"] in ("P", "O", "RV") and rest:
            return f"`{name}` of `{plugin}`" if name else f"`{plugin}`"
        return f"`{text}`"

    return _MARKUP.sub(replaced, text)


def sentences(description: str | list[str]) -> str:
    """A description as one line that fits into a table."""
    parts = [description] if isinstance(description, str) else description
    return marked_up(" ".join(" ".join(part.split()) for part in parts)).replace("|", "\\|")


def default(option: Mapping[str, Any]) -> str:
    if option.get("required"):
        return "required"
    value = option.get("default")
    if value is None:
        return ""
    shown = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return f"`{shown}`"


def rows(options: Mapping[str, Mapping[str, Any]], prefix: str = "") -> Iterator[list[str]]:
    """Every option and those inside it."""
    for name, option in options.items():
        kind = str(option.get("type", "str"))
        if option.get("elements"):
            kind += f" of {option['elements']}"
        meaning = sentences(option["description"])
        if option.get("choices"):
            choices = ", ".join(f"`{choice}`" for choice in option["choices"])
            meaning += f" One of: {choices}."
        yield [f"`{prefix}{name}`", kind, default(option), meaning]
        inner = option.get("options") or option.get("suboptions") or {}
        yield from rows(inner, f"{prefix}{name}{'[]' if option['type'] == 'list' else ''}.")


def argument_specs(role: str) -> dict[str, dict[str, Any]]:
    text = (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text("utf-8")
    specs: dict[str, dict[str, Any]] = yaml.safe_load(text)["argument_specs"]
    return specs


def role_inputs(role: str) -> str:
    """The inputs of a role, and what else it can be included for."""
    specs = argument_specs(role)
    text = markdown(INPUT_HEADS, rows(specs["main"].get("options") or {}))
    for entry, spec in specs.items():
        if entry != "main":
            names = ", ".join(f"`{name}`" for name in spec.get("options") or {})
            what = f"{spec['short_description']}. {sentences(spec['description'])}"
            text += f"\n\n`tasks_from: {entry}.yml`: {what}" + (f" Reads {names}." if names else "")
    return text


def every_role() -> str:
    """All roles' inputs, one heading each."""
    parts = []
    for role in ROLES:
        what = argument_specs(role)["main"]["short_description"]
        parts.append(
            f"### {role}\n\n{what}: [roles/{role}](../roles/{role}/README.md).\n\n{role_inputs(role)}"
        )
    return "\n\n".join(parts)


def planned_variables() -> dict[str, str]:
    """The variables of a site that the plan reads, each with the plan's option."""
    plays = yaml.safe_load((ROOT / "playbooks" / "steps" / "compute_plan.yml").read_text("utf-8"))
    (arguments,) = (
        task["inference.stack.plan"]
        for play in plays
        for task in play.get("tasks") or []
        if "inference.stack.plan" in task
    )
    found = ((_HANDED.match(str(value)), option) for option, value in arguments.items())
    return {match["variable"]: option for match, option in found if match}


def plan_inputs() -> str:
    """The variables that the plan reads."""
    options = documentation(ROOT / "plugins" / "modules" / "plan.py")["options"]
    variables = {option: variable for variable, option in planned_variables().items()}

    def in_variables(description: str) -> str:
        # The plan's own documentation names its options, and the variables that they come from.
        text = re.sub(r",? as in (the variable )?C\(\w+\)| As in C\(\w+\)\.", "", description)
        return re.sub(r"O\((\w+)\)", lambda found: f"O({variables.get(found[1], found[1])})", text)

    for option in variables:
        described = options[option]["description"]
        described = [described] if isinstance(described, str) else described
        options[option] = options[option] | {"description": [in_variables(text) for text in described]}
    return markdown(
        ("Variable", "Type", "Default", "Meaning"),
        rows(
            {
                variable: options[option] | {"suboptions": {}}
                for variable, option in planned_variables().items()
            }
        ),
    )


def site_variables() -> dict[str, list[dict[str, str]]]:
    text = (Path(__file__).parent / "site_variables.yml").read_text("utf-8")
    variables: dict[str, list[dict[str, str]]] = yaml.safe_load(text)
    return variables


def playbook_inputs() -> str:
    """What playbooks read besides, by playbook."""
    parts = []
    for title, variables in site_variables().items():
        table = markdown(
            ("Variable", "Type", "Default", "Meaning"),
            (
                [
                    f"`{row['name']}`",
                    row["type"],
                    f"`{row['default']}`" if row["default"] else "",
                    row["meaning"],
                ]
                for row in variables
            ),
        )
        parts.append(f"### {title}\n\n{table}")
    return "\n\n".join(parts)


def texts_of(path: Path) -> dict[str, str]:
    """The strings that a plugin's file gives names to, as DOCUMENTATION, without importing it."""
    scopes: list[Any] = [ast.parse(path.read_text("utf-8"))]
    scopes += [node for node in scopes[0].body if isinstance(node, ast.ClassDef)]
    return {
        node.targets[0].id: node.value.value
        for scope in scopes
        for node in scope.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }


def documentation(path: Path) -> dict[str, Any]:
    """A plugin's documentation with the fragments that it names."""
    documented: dict[str, Any] = yaml.safe_load(texts_of(path)["DOCUMENTATION"])
    options = dict(documented.get("options") or {})
    for fragment in documented.get("extends_documentation_fragment") or []:
        name, _, part = fragment.removeprefix("inference.stack.").partition(".")
        texts = texts_of(ROOT / "plugins" / "doc_fragments" / f"{name}.py")
        shared = yaml.safe_load(texts[part.upper() or "DOCUMENTATION"]).get("options") or {}
        for option, described in shared.items():
            options[option] = described | options.get(option, {})
    return documented | {"options": options}


def plugins(kind: str) -> dict[str, Path]:
    return {path.stem: path for path in sorted((ROOT / "plugins" / kind).glob("*.py"))}


def plugin_index() -> str:
    """One line for each plugin."""
    lines = []
    for kind, title in KINDS.items():
        for name, path in plugins(kind).items():
            what = sentences(documentation(path)["short_description"])
            lines.append([f"[`{name}`](#{name})", title.lower().removesuffix("s"), what])
    return markdown(("name", "kind", "what it does"), lines)


def plugin_options(kind: str) -> str:
    """Every plugin of a kind with its options."""
    parts = []
    for name, path in plugins(kind).items():
        documented = documentation(path)
        described = documented["description"]
        described = [described] if isinstance(described, str) else described
        text = f"### {name}\n\n" + "\n".join(f"- {sentences(part)}" for part in described)
        options = {
            {"_input": "input", "_terms": "terms"}.get(option, option): value
            for option, value in documented["options"].items()
        }
        if options:
            text += "\n\n" + markdown(("option", "type", "default", "meaning"), rows(options))
        parts.append(text)
    return "\n\n".join(parts)


def blocks() -> dict[str, Callable[[], str]]:
    """Each block of the reference by its name."""
    return {
        **{f"inputs-{role.replace('_', '-')}": partial(role_inputs, role) for role in ROLES},
        "every-role": every_role,
        "plan-inputs": plan_inputs,
        "playbook-inputs": playbook_inputs,
        "plugin-index": plugin_index,
        **{f"options-{kind}": partial(plugin_options, kind) for kind in KINDS},
    }
