# SPDX-License-Identifier: Apache-2.0
"""What an engine's pod template would change, old and new side by side. Pure.

The live template has defaults of the API server, so only what we set is compared; lists are compared
whole, because what left them leaves the cluster too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

_MISSING = object()
# The API server leaves out empty values.
_EMPTY: tuple[Any, ...] = (None, "", 0, False, [], {})
_QUANTITY = re.compile(r"^([+-]?[0-9.]+)([eE][+-]?[0-9]+|[KMGTPE]i|[numkMGTPE])?$")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_QUANTITIES = ("requests", "limits", "sizeLimit")
# Derived from what is compared already.
CONFIGURATION = "inference.stack/configuration"
# A missing label matters as much as a new one.
_EXACT = ("nodeSelector",)
# The API server never fills these in: if only the live template has them, applying removes them.
_OURS_ALONE = (
    *("startupProbe", "readinessProbe", "livenessProbe", "runtimeClassName", "initContainers", "affinity"),
    *("nodeSelector", "tolerations", "volumes", "volumeMounts", "envFrom", "imagePullSecrets"),
)
_NAMES = ("name", "mountPath", "key")


class Change(NamedTuple):
    """One thing that differs. ``old`` or ``new`` is None where there is none."""

    field: str
    name: str
    old: str | None
    new: str | None

    def as_plain(self) -> dict[str, str | None]:
        return self._asdict()


def differences(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Change]:
    """What applying the wanted pod template would change in the live one; empty if no pod restarts."""
    old, new = _container(live), _container(wanted)
    found = [
        *_text("image", old, new),
        *_words("command", old.get("command"), new.get("command")),
        *_flags(old.get("args") or [], new.get("args") or []),
        *_named("environment", _environment(old), _environment(new)),
        *_resources(old, new),
        *_rest(live, wanted),
    ]
    if not found and _configuration(live) != _configuration(wanted):
        found.append(Change("configuration", "", _configuration(live), _configuration(wanted)))
    return found


def same_quantity(left: Any, right: Any) -> bool:
    """Whether two amounts are equal however they are written, such as 1000m and 1."""
    if str(left) == str(right):
        return True
    values = [_quantity(str(value)) for value in (left, right)]
    return None not in values and values[0] == values[1]


def _quantity(text: str) -> Fraction | None:
    found = _QUANTITY.match(text)
    if not found:
        return None
    try:
        number, unit = Fraction(found[1]), found[2] or ""
    except ValueError:
        return None
    if unit in _BINARY:
        return number * 1024 ** _BINARY[unit]
    power = _DECIMAL[unit] if unit in _DECIMAL else int(unit[1:] or 0)
    return number * Fraction(10) ** power


def _container(template: Mapping[str, Any]) -> Mapping[str, Any]:
    containers = (template.get("spec") or {}).get("containers") or [{}]
    return containers[0]


def _configuration(template: Mapping[str, Any]) -> str | None:
    value = ((template.get("metadata") or {}).get("annotations") or {}).get(CONFIGURATION)
    return None if value is None else str(value)


def _text(key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    if old.get(key) != new.get(key):
        yield Change(key, "", _shown(old.get(key)), _shown(new.get(key)))


def _words(field: str, old: Any, new: Any) -> Iterator[Change]:
    if list(old or []) != list(new or []):
        yield Change(field, "", _shown(" ".join(old or [])), _shown(" ".join(new or [])))


def _flags(old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    """Arguments flag by flag; when only their order differs, that is what changed."""
    before, after = _by_flag(old), _by_flag(new)
    found = list(_named("arguments", before, after))
    if not found and list(old) != list(new):
        found = [Change("arguments", "order", " ".join(old), " ".join(new))]
    yield from found


def _by_flag(words: Sequence[str]) -> dict[str, str]:
    """Flags with what follows them; a flag that comes twice keeps both values."""
    flags: dict[str, list[str]] = {}
    flag = ""
    for word in words:
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            flags.setdefault(flag, [])
            if equals:
                flags[flag].append(value)
        else:
            flags.setdefault(flag, []).append(word)
    return {name: " ".join(values) for name, values in flags.items()}


def _environment(container: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(entry.get("name")): _source(entry["valueFrom"])
        if entry.get("valueFrom")
        else str(entry.get("value") or "")
        for entry in container.get("env") or []
    }


def _source(value_from: Mapping[str, Any]) -> str:
    kind, reference = next(iter(value_from.items()))
    parts = [str(reference[key]) for key in ("name", "key", "fieldPath", "resource") if reference.get(key)]
    return f"from {kind.removesuffix('Ref')} {' '.join(parts)}"


def _named(field: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield Change(field, name, old.get(name), new.get(name))


def _resources(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for part in ("requests", "limits"):
        before = _amounts(old, part)
        after = _amounts(new, part)
        for name in sorted({*before, *after}):
            if not same_quantity(before.get(name), after.get(name)):
                yield Change(f"resources.{part}", name, before.get(name), after.get(name))


def _amounts(container: Mapping[str, Any], part: str) -> dict[str, str]:
    found = (container.get("resources") or {}).get(part) or {}
    return {str(key): str(value) for key, value in found.items()}


def _rest(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[Change]:
    """Everything else that decides about the pods: probes, volumes, placement, labels."""
    yield from _walk(_without_container(live), _without_container(wanted), "")
    own = ("image", "command", "args", "env", "resources")
    old = {key: value for key, value in _container(live).items() if key not in own}
    new = {key: value for key, value in _container(wanted).items() if key not in own}
    yield from _walk(old, new, "")


def _without_container(template: Mapping[str, Any]) -> dict[str, Any]:
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    annotations = {
        key: value for key, value in (metadata.get("annotations") or {}).items() if key != CONFIGURATION
    }
    return {
        "labels": metadata.get("labels") or {},
        "annotations": annotations,
        **{key: value for key, value in spec.items() if key != "containers"},
    }


def _walk(old: Any, new: Any, path: str) -> Iterator[Change]:
    key = path.rpartition(".")[2]
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        names = {*new, *old} if key in _EXACT else {*new, *(name for name in _OURS_ALONE if name in old)}
        for name in sorted(names, key=str):
            inner = f"{path}.{name}" if path else str(name)
            yield from _walk(old.get(name, _MISSING), new.get(name, _MISSING), inner)
    elif isinstance(new, list) and isinstance(old, list):
        yield from _walk_list(old, new, path)
    elif not _same_leaf(old, new, key):
        yield Change("pod", path, _shown(old), _shown(new))


def _walk_list(old: list[Any], new: list[Any], path: str) -> Iterator[Change]:
    before, after = _keyed(old), _keyed(new)
    for name in sorted({*before, *after}):
        yield from _walk(before.get(name, _MISSING), after.get(name, _MISSING), f"{path}.{name}")


def _keyed(items: list[Any]) -> dict[str, Any]:
    """Entries by what names them; those without a name by their place."""
    keyed: dict[str, Any] = {}
    for index, item in enumerate(items):
        names = [str(item[key]) for key in _NAMES if item.get(key)] if isinstance(item, Mapping) else []
        name = names[0] if names else str(index)
        keyed[name if name not in keyed else f"{name}[{index}]"] = item
    return keyed


def _same_leaf(old: Any, new: Any, key: str) -> bool:
    if old is _MISSING or new is _MISSING:
        return _is_empty(new if old is _MISSING else old)
    return old == new or str(old) == str(new) or (key in _QUANTITIES and same_quantity(old, new))


def _is_empty(value: Any) -> bool:
    return any(type(value) is type(empty) and value == empty for empty in _EMPTY)


def _shown(value: Any) -> str | None:
    if value is _MISSING or value is None or value == "":
        return None
    return str(value)
