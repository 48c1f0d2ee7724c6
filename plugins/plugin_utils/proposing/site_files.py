# SPDX-License-Identifier: Apache-2.0
"""The inventory of a new site: inventories/example, comments included, with other values. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from ...module_utils.errors import InvalidInput
from ..text.tables import paragraph
from .machines import Machine
from .proposal import Proposal

HOSTS = "hosts.yml"
INFERENCE = "group_vars/all/inference.yml"
GATEWAY = "group_vars/all/litellm.yml"
IGNORED = ".gitignore"
_WIDTH = 120


def site_files(
    machines: Sequence[Machine],
    proposal: Proposal,
    example: Mapping[str, str],
    password_file: str = "",
) -> dict[str, str]:
    """Texts by their path in the site's folder. ``password_file`` is the path there that Git must not see.

    hosts.yml is the last one: a folder that has it is complete.
    """
    files = {path: text for path, text in sorted(example.items()) if path != HOSTS}
    files[INFERENCE] = _inference(files[INFERENCE], proposal)
    files[GATEWAY] = _gateway(files[GATEWAY], proposal)
    if password_file:
        files[IGNORED] = f"# Who reads this file reads the vault.\n/{password_file}\n"
    return files | {HOSTS: _hosts(example[HOSTS], machines)}


# --- hosts.yml ------------------------------------------------------------------------------------------


def _hosts(text: str, machines: Sequence[Machine]) -> str:
    servers = [line for machine in machines if machine.is_server for line in _host_lines(machine)]
    agents = [line for machine in machines if not machine.is_server for line in _host_lines(machine)]
    text = _with_hosts(text, "k3s_servers", servers)
    text = _with_hosts(text, "k3s_agents", agents)
    return _with_hosts(text, "gpu_hosts", [f"{machine.name}:" for machine in machines if machine.has_gpu])


def _host_lines(machine: Machine) -> list[str]:
    if machine.is_local:
        return [f"{machine.name}:", "  ansible_connection: local"]
    user = [f"  ansible_user: {scalar(machine.user)}"] if machine.user else []
    return [f"{machine.name}:", f"  ansible_host: {scalar(machine.address)}", *user]


def _with_hosts(text: str, group: str, hosts: Sequence[str]) -> str:
    """The text with other hosts in a group; without any, the group goes."""
    lines = text.splitlines()
    start = _only([number for number, line in enumerate(lines) if line.strip() == f"{group}:"], f"{group}:")
    end = _end_of_block(lines, start)
    if hosts:
        start = next(number for number in range(start, end) if lines[number].strip() == "hosts:")
        indent = " " * (_indent(lines[start]) + 2)
        lines[start + 1 : end] = [indent + line for line in hosts]
    else:
        del lines[start:end]
    return "\n".join(lines) + "\n"


def _end_of_block(lines: Sequence[str], start: int) -> int:
    """The line after the last one that is further right."""
    end = start + 1
    while end < len(lines) and lines[end].strip() and _indent(lines[end]) > _indent(lines[start]):
        end += 1
    return end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


# --- group_vars/all/inference.yml -----------------------------------------------------------------------


def _inference(text: str, proposal: Proposal) -> str:
    entry = _of(text, r"inference_models:\n(?P<entry>  - name: (?P<name>\S+)\n(?:    .*\n)*)")
    if proposal.model:
        text = text.replace(entry["entry"], _entry(entry["entry"], entry["name"], proposal), 1)
        version = _of(text, r'\ninference_vllm_version: (?P<value>"\S+")')
        text = _at(text, version, "value", json.dumps(proposal.release))
    else:
        told = f"Nothing is proposed here ({proposal.reason}). Name a model, and remove the [] above."
        text = text.replace(
            entry[0], "\n".join(["inference_models: []", *_comment(told)]) + "\n" + _off(entry["entry"]), 1
        )
    tier = _of(text, r'(?P<tier>  cpu:\n    backend: ollama\n    model: (?P<value>"\S+").*\n)')
    if proposal.ollama:
        return _at(text, tier, "value", json.dumps(proposal.ollama))
    told = f"Nothing is proposed here ({proposal.ollama_reason})."
    return _at(text, tier, "tier", "\n".join(_comment(told)) + "\n" + _off(tier["tier"]))


def _entry(text: str, example: str, proposal: Proposal) -> str:
    """The entry of a model. The example's alias is one of its own model."""
    if proposal.model == example:
        return text
    lines = []
    for line in text.splitlines():
        key = line.strip(" -").partition(":")[0]
        if key == "name":
            lines.append(f"  - name: {scalar(proposal.model)}")
            lines += [f"    gpus: {proposal.gpus}"] if proposal.gpus else []
        elif key == "aliases":
            lines.append(f"    # {line.strip()}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _off(text: str) -> str:
    """Lines of a block as comments, as far right as the block."""
    return "".join(f"  # {line[2:]}\n" for line in text.splitlines())


def _comment(text: str) -> list[str]:
    return paragraph(text, "  # ", "  # ", _WIDTH)


# --- group_vars/all/litellm.yml -------------------------------------------------------------------------


def _gateway(text: str, proposal: Proposal) -> str:
    return _at(text, _of(text, r"\nlitellm_replicas: (?P<value>\d+)"), "value", str(proposal.gateways))


# --- text -----------------------------------------------------------------------------------------------


def scalar(text: str) -> str:
    """A text as YAML that is read as that text; with quotes only where it needs them."""
    plain = re.fullmatch(r"[A-Za-z0-9._-]+", text) and _read(text) == text
    return text if plain else json.dumps(text)


def _read(text: str) -> Any:
    return yaml.safe_load(text)


def _of(text: str, pattern: str) -> re.Match[str]:
    return _only(list(re.finditer(pattern, text)), pattern)  # type: ignore[no-any-return]


def _only(found: Sequence[Any], what: str) -> Any:
    if len(found) != 1:
        raise InvalidInput(
            f"inventories/example has {len(found)} places that look like {what!r}, but a new site needs one"
        )
    return found[0]


def _at(text: str, found: re.Match[str], group: str, new: str) -> str:
    return text[: found.start(group)] + new + text[found.end(group) :]
