# SPDX-License-Identifier: Apache-2.0
"""Pod templates that may be shown and compared, without the secrets that somebody wrote into them. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

HIDDEN = "hidden:"
# Whole words of a name, so that --tokenizer and max_num_batched_tokens stay readable.
_SECRET_WORDS = frozenset(
    ("token", "secret", "password", "passwd", "credential", "credentials", "key", "apikey", "auth")
)
_LOGIN_IN_URL = re.compile(r"://[^/@\s]+@")


def hide_secrets(template: Any) -> Any:
    """A copy in which values of secret-looking variables and flags are digests: equal stays equal."""
    if isinstance(template, Mapping):
        return {key: _hide_entry(str(key), value) for key, value in template.items()}
    if isinstance(template, (list, tuple)):
        return [hide_secrets(item) for item in template]
    return template


def hide_variables(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The same for variables by name."""
    return {
        name: _digest(str(value)) if _is_secret(name, str(value)) else value
        for name, value in variables.items()
    }


def hide_words(words: Iterable[str]) -> list[str]:
    """The same for the words of a command line."""
    shown: list[str] = []
    flag = ""
    for word in words:
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            hidden = equals and _is_secret(flag, value)
            shown.append(f"{flag}={_digest(value)}" if hidden else word)
            flag = "" if equals else flag
        else:
            shown.append(_digest(word) if _is_secret(flag, word) else word)
            flag = ""
    return shown


def hide_logins(text: str) -> str:
    """A text without the logins in its URLs."""
    return _LOGIN_IN_URL.sub("://***@", text)


def _hide_entry(key: str, value: Any) -> Any:
    if key == "env" and isinstance(value, list):
        return [_hide_variable(entry) for entry in value]
    if key in ("args", "command") and isinstance(value, list):
        return hide_words([str(word) for word in value])
    return hide_secrets(value)


def _hide_variable(entry: Mapping[str, Any]) -> dict[str, Any]:
    value = entry.get("value")
    if value is None or not _is_secret(str(entry.get("name")), str(value)):
        return dict(entry)
    return {**entry, "value": _digest(str(value))}


def _is_secret(name: str, value: str) -> bool:
    words = re.split(r"[^a-z0-9]+", name.lower())
    return bool(value) and (not _SECRET_WORDS.isdisjoint(words) or bool(_LOGIN_IN_URL.search(value)))


def _digest(value: str) -> str:
    return HIDDEN + hashlib.sha256(value.encode()).hexdigest()[:12]
