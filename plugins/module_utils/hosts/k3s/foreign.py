# SPDX-License-Identifier: Apache-2.0
"""A k3s that somebody else set up: whose files they are, and what of it has to outlive ours."""

from __future__ import annotations

import json
import re
import shlex
import socket
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Union

from ...errors import InvalidInput
from ..system.paths import read_text

SERVICES = {"server": "k3s", "agent": "k3s-agent"}
UNIT_FOLDERS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
CONFIG_FILE = "/etc/rancher/k3s/config.yaml"
# What k3s's installer and this collection's unit read, for %N.
ENVIRONMENT_FILES = ("/etc/default/%N", "/etc/sysconfig/%N", "/etc/systemd/system/%N.service.env")

Value = Union[str, bool, list[str]]

_OURS = re.compile(r"^Description=k3s (server|agent)$", re.MULTILINE)
_ALIASES = {
    "t": "token",
    "s": "server",
    "c": "config",
    "d": "data-dir",
    "i": "node-ip",
    "l": "log",
    "o": "write-kubeconfig",
}
# A top-level key of a block mapping, which is how people write config.yaml.
_KEY = re.compile(r"""^["']?(?P<key>[A-Za-z0-9][\w.-]*)(?P<more>\+?)["']?\s*:(?=\s|$)""")
_NOTE = """\
# What this host's k3s was set up with before inference.stack.k3s took it over. The role does not change this
# file again: what you move into k3s_config can go from here.
"""


class Places(NamedTuple):
    """The places on a host that are read."""

    units: Sequence[str] = UNIT_FOLDERS
    config: str = CONFIG_FILE
    environment: Sequence[str] = ENVIRONMENT_FILES


class Unit(NamedTuple):
    """A unit of systemd that runs k3s."""

    path: str
    text: str

    @property
    def name(self) -> str:
        return Path(self.path).stem

    @property
    def is_ours(self) -> bool:
        return bool(_OURS.search(self.text))


def look(role: str, binary: str, places: Places) -> dict[str, Any]:
    """Whose k3s the host has. Names only: values may be secrets."""
    service = SERVICES[role]
    units = [unit for unit in find_units(places.units) if not unit.is_ours]
    mine = _unit_of(service, places)
    files = [unit.path for unit in units]
    # The role writes its unit before its configuration.
    if Path(places.config).exists() and not (mine and mine.is_ours):
        files.append(places.config)
    found: dict[str, Any] = {"files": files, "problem": "", "settings": []}
    if not files:
        return {**found, "node_name": "", "data_folder": ""}
    try:
        settings = _settings(role, binary, units, places)
    except InvalidInput as error:
        return {**found, "problem": str(error), "node_name": "", "data_folder": ""}
    variables = _environment(mine, service, places)
    # k3s names its node after the host, in small letters.
    name = _text(settings.get("node-name")) or variables.get("K3S_NODE_NAME") or socket.gethostname().lower()
    return {
        **found,
        "settings": sorted({*settings, *variables}),
        "node_name": name,
        "data_folder": _text(settings.get("data-dir")) or variables.get("K3S_DATA_DIR") or "",
    }


def configured_name(config: str) -> str:
    """The name that the configuration gives the node; empty without one, or where it cannot be read."""
    try:
        return _text(parse_blocks(read_text(config)).get("node-name"))
    except InvalidInput:
        return ""


def find_units(folders: Sequence[str]) -> list[Unit]:
    """The units of k3s, each where systemd finds it first."""
    found: dict[str, Unit] = {}
    for folder in map(Path, folders):
        for path in sorted(folder.glob("k3s*.service")):
            found.setdefault(path.name, Unit(str(path), read_text(str(path))))
    return list(found.values())


def adopted_files(
    role: str, binary: str, places: Places, replaced: Collection[str], extended: Collection[str]
) -> dict[str, str]:
    """What goes beside our configuration and our unit, by path."""
    files = {
        f"{places.config}.d/00-adopted.yaml": adopted_settings(role, binary, places, replaced, extended),
        f"{places.units[0]}/{SERVICES[role]}.service.d/10-adopted.conf": adopted_environment(role, places),
    }
    return {path: text for path, text in files.items() if text}


def adopted_settings(
    role: str, binary: str, places: Places, replaced: Collection[str], extended: Collection[str]
) -> str:
    """All settings that the host has and that we do not set ourselves.

    Of what we set as a list, theirs is added to ours.
    """
    units = [unit for unit in find_units(places.units) if not unit.is_ours]
    flags = _flags(role, binary, units)
    lines = []
    for key, block in parse_blocks(read_text(places.config)).items():
        # The command line wins over the file, lists included.
        if key not in flags and key not in replaced:
            lines.append(_KEY.sub(f"{key}+:", block, count=1) if key in extended else block)
    for key, value in flags.items():
        if key in extended:
            lines.append(f"{key}+: {json.dumps(value if isinstance(value, list) else [value])}\n")
        elif key not in replaced:
            lines.append(f"{key}: {json.dumps(value)}\n")
    return _NOTE + "".join(lines) if lines else ""


def adopted_environment(role: str, places: Places) -> str:
    """A drop-in with the environment that the unit itself sets, or reads from other files than ours does."""
    unit = _unit_of(SERVICES[role], places)
    if unit is None or unit.is_ours:
        return ""
    known = [*ENVIRONMENT_FILES, *_spelled(ENVIRONMENT_FILES, unit.name)]
    lines = [
        f"{key}={value}\n"
        for key, value in parse_unit(unit.text)
        if key == "Environment" or (key == "EnvironmentFile" and value.lstrip("-") not in known)
    ]
    return "".join([_NOTE, "[Service]\n", *lines]) if lines else ""


def parse_unit(text: str) -> Iterator[tuple[str, str]]:
    """The settings of a unit's section Service, with lines put together that a backslash continues."""
    section, joined = "", ""
    for line in text.splitlines():
        if line.lstrip().startswith(("#", ";")):
            continue
        joined = f"{joined} {line.strip()}" if joined else line.strip()
        if joined.endswith("\\"):
            joined = joined[:-1].rstrip()
            continue
        if joined.startswith("["):
            section = joined.strip("[]")
        elif section == "Service" and "=" in joined:
            key, _, value = joined.partition("=")
            yield key.strip(), value.strip()
        joined = ""
    if section == "Service" and "=" in joined:
        key, _, value = joined.partition("=")
        yield key.strip(), value.strip()


def parse_command(text: str) -> list[str]:
    """The words of the command that a unit starts; the last ExecStart counts."""
    commands = [value for key, value in parse_unit(text) if key == "ExecStart"]
    command = commands[-1].lstrip("@-:+!") if commands else ""
    if re.search(r"\$\{?\w", command.replace("$$", "")):
        raise InvalidInput("its ExecStart uses variables")
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InvalidInput(f"its ExecStart cannot be read: {error}") from error
    return [word.replace("$$", "$").replace("%%", "%") for word in words]


def parse_flags(words: Sequence[str]) -> dict[str, Value]:
    """Options of a command line as keys of config.yaml; one that is repeated is a list."""
    found: dict[str, Value] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or not word.strip("-"):
            raise InvalidInput(f"its ExecStart has {word!r}, which belongs to no option")
        name, has_value, text = word.lstrip("-").partition("=")
        value: Value = text
        if not has_value:
            value = rest.pop(0) if rest and not rest[0].startswith("-") else True
        key = _ALIASES.get(name, name)
        before = found.get(key)
        if before is None or isinstance(before, bool) or isinstance(value, bool):
            found[key] = value
        else:
            found[key] = [*(before if isinstance(before, list) else [before]), str(value)]
    return found


def parse_blocks(text: str) -> dict[str, str]:
    """The lines of each top-level key of config.yaml, as they are written: hosts have no YAML parser."""
    blocks: dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        found = _KEY.match(line)
        if found:
            key = found["key"]
            # key+ adds to what came before.
            before = blocks.get(key, "") if found["more"] else ""
            blocks[key] = f"{before}{line}\n"
        elif key and (line[:1].isspace() or line.startswith(("-", "#")) or not line):
            blocks[key] += f"{line}\n"
        elif line.strip() not in ("", "---", "...") and not line.startswith("#"):
            raise InvalidInput("config.yaml is not written as one key a line")
    return blocks


def _settings(role: str, binary: str, units: Sequence[Unit], places: Places) -> dict[str, Any]:
    flags = _flags(role, binary, units)
    return {**parse_blocks(read_text(places.config)), **flags}


def _flags(role: str, binary: str, units: Sequence[Unit]) -> dict[str, Value]:
    service = SERVICES[role]
    for unit in units:
        if unit.name not in SERVICES.values():
            raise InvalidInput(f"{unit.path} runs k3s under another name than {service}.service")
        if unit.name == service:
            program, command, *words = [*parse_command(unit.text), "", ""]
            if program != binary:
                raise InvalidInput(f"{unit.path} starts {program or 'nothing'}, and not {binary}")
            if command != role:
                raise InvalidInput(f"{unit.path} starts k3s {command}, and not k3s {role}")
            flags = parse_flags([word for word in words if word])
            if "config" in flags:
                raise InvalidInput(f"{unit.path} names another configuration: {flags['config']}")
            return flags
    return {}


def _unit_of(service: str, places: Places) -> Unit | None:
    return next((unit for unit in find_units(places.units) if unit.name == service), None)


def _spelled(patterns: Sequence[str], service: str) -> list[str]:
    return [pattern.replace("%N", service) for pattern in patterns]


def _environment(unit: Unit | None, service: str, places: Places) -> Mapping[str, str]:
    """The variables for k3s that its unit and its files of variables set."""
    found: dict[str, str] = {}
    for key, value in parse_unit(unit.text) if unit else ():
        if key == "Environment":
            found.update(_assignments(value))
    for path in _spelled(places.environment, service):
        for line in read_text(path).splitlines():
            found.update(_assignments(line.strip()))
    return {name: value for name, value in found.items() if name.startswith("K3S_")}


def _assignments(text: str) -> dict[str, str]:
    if text.startswith(("#", ";")):
        return {}
    try:
        words = shlex.split(text)
    except ValueError:
        return {}
    return {name: value for name, is_set, value in (word.partition("=") for word in words) if is_set}


def _text(value: Any) -> str:
    """The value of an option, or of a block of config.yaml that holds one line."""
    if not isinstance(value, str):
        return ""
    found = _KEY.match(value)
    told = value[found.end() :] if found and value.endswith("\n") else value
    return told.partition(" #")[0].strip(" \t\n\"'")
