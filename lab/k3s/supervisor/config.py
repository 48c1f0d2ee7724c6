"""Puts the settings together: configuration files, then the environment, then the command line."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_type_hints

from . import layout, log
from .errors import K3sError
from .options import AgentOptions, Role, is_no, options_class, unsupported, without_effect
from .yaml_subset import YamlError, load

_ALIASES = {
    "-t": "token",
    "-s": "server",
    "-c": "config",
    "-d": "data-dir",
    "-o": "write-kubeconfig",
    "-v": "v",
}
_ENVIRONMENT = {
    "K3S_DATA_DIR": "data-dir",
    "K3S_KUBECONFIG_MODE": "write-kubeconfig-mode",
    "K3S_KUBECONFIG_OUTPUT": "write-kubeconfig",
    "K3S_NODE_NAME": "node-name",
    "K3S_RESOLV_CONF": "resolv-conf",
    "K3S_TOKEN": "token",
    "K3S_TOKEN_FILE": "token-file",
    "K3S_URL": "server",
}
# Lists that may also be written with commas, as k3s takes them. Others carry commas in their values.
_COMMA_LISTS = ("disable", "node-ip", "tls-san")

Settings = dict[str, Any]


def read_options(role: Role, arguments: Sequence[str], environment: Mapping[str, str]) -> AgentOptions:
    """Return the checked settings of ``k3s server`` or ``k3s agent``."""
    flags = parse_flags(role, arguments)
    path = Path(flags.pop("config", None) or environment.get("K3S_CONFIG_FILE") or layout.CONFIG_FILE)
    settings = from_environment(role, environment) | read_files(path) | flags
    return build_options(role, settings)


def config_parts(path: Path) -> list[Path]:
    """The files that make up the configuration, in the order in which they count."""
    folder = path.with_name(f"{path.name}.d")
    extra = (
        sorted(part for part in folder.glob("*") if part.suffix in (".yaml", ".yml"))
        if folder.is_dir()
        else []
    )
    return ([path] if path.exists() else []) + extra


def read_files(path: Path) -> Settings:
    """Merge the configuration file and its folder; ``key+`` appends to what came before."""
    merged: Settings = {}
    for part in config_parts(path):
        try:
            content = load(part.read_text(encoding="utf-8"))
        except (YamlError, UnicodeDecodeError) as error:
            raise K3sError(f"{part}: {error}") from error
        if content is None:
            continue
        if not isinstance(content, dict):
            raise K3sError(f"{part}: the file has to hold keys and values")
        for key, value in content.items():
            name = str(key)
            if name.endswith("+"):
                name = name.removesuffix("+")
                value = _as_list(merged.get(name)) + _as_list(value)
            merged[name] = value
    return merged


def from_environment(role: Role, environment: Mapping[str, str]) -> Settings:
    """Settings that k3s takes out of its environment."""
    known = _field_names(role)
    return {
        key: environment[name]
        for name, key in _ENVIRONMENT.items()
        if environment.get(name) and key.replace("-", "_") in known
    }


def parse_flags(role: Role, arguments: Sequence[str]) -> Settings:
    """Read ``--key value`` and ``--key=value``; a flag that is given twice makes a list."""
    hints = get_type_hints(options_class(role))
    optional = unsupported(role) | without_effect(role)
    settings: Settings = {}
    remaining = list(arguments)
    while remaining:
        word, equals, value = remaining.pop(0).partition("=")
        if not word.startswith("-"):
            raise K3sError(f"unexpected argument {word!r}")
        key = _ALIASES.get(word) or word.lstrip("-")
        kind = hints.get(key.replace("-", "_"))
        if not equals:
            follows = bool(remaining) and not remaining[0].startswith("-")
            if kind is bool or (key in optional and not follows):
                value = "true"
            elif remaining:
                value = remaining.pop(0)
            else:
                raise K3sError(f"flag needs an argument: --{key}")
        if kind == list[str]:
            settings.setdefault(key, []).append(value)
        else:
            settings[key] = value
    return settings


def build_options(role: Role, settings: Mapping[str, Any]) -> AgentOptions:
    """Check keys and types, and fill in what k3s would."""
    values: dict[str, Any] = {}
    hints = get_type_hints(options_class(role))
    for key, value in settings.items():
        attribute = key.replace("-", "_")
        refused = unsupported(role).get(key)
        if refused is not None:
            if not is_no(value):
                raise K3sError(f"{key}: k3s has this setting, this build has not: {refused}")
        elif key in without_effect(role):
            log.info(f"Setting {key} has no effect in this build: {without_effect(role)[key]}")
        elif attribute not in hints or "_" in key:
            raise K3sError(_unknown(role, key))
        elif value is not None:
            values[attribute] = _convert(key, value, hints[attribute])
    _read_token_files(values)
    options = options_class(role)(**values)
    if role == "agent":
        _check_agent(options)
    return options


def _check_agent(options: AgentOptions) -> None:
    if not options.server:
        raise K3sError("--server is required: the URL of a k3s server, as https://ADDRESS:6443")
    if not options.server.startswith("https://"):
        raise K3sError(f"server {options.server!r}: it has to start with https://")
    if not options.token:
        raise K3sError(
            "--token is required: the content of the server's /var/lib/rancher/k3s/server/node-token"
        )


def _read_token_files(values: dict[str, Any]) -> None:
    for key in ("token", "agent_token"):
        path = values.get(f"{key}_file")
        if path and not values.get(key):
            try:
                values[key] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise K3sError(f"{key.replace('_', '-')}-file {path}: {error.strerror}") from error


def _convert(key: str, value: Any, wanted: Any) -> Any:
    if wanted == list[str]:
        items = [_scalar(key, item) for item in _as_list(value)]
        if key in _COMMA_LISTS:
            items = [part.strip() for item in items for part in item.split(",") if part.strip()]
        return items
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    text = _scalar(key, value)
    if wanted is bool:
        if text not in ("true", "false", "1", "0"):
            raise K3sError(f"{key}: {text!r} is neither true nor false")
        return text in ("true", "1")
    if wanted is int:
        try:
            return int(text)
        except ValueError as error:
            raise K3sError(f"{key}: {text!r} is not a number") from error
    return text


def _scalar(key: str, value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise K3sError(f"{key}: a {'mapping' if isinstance(value, dict) else 'list'} cannot be used here")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _field_names(role: Role) -> set[str]:
    return {item.name for item in dataclasses.fields(options_class(role))}


def _unknown(role: Role, key: str) -> str:
    known = [name.replace("_", "-") for name in _field_names(role)]
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"flag provided but not defined: {key} is no setting of k3s {role} in this build{hint}"
