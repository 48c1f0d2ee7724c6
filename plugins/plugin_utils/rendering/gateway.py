# SPDX-License-Identifier: Apache-2.0
"""Keys, models and fallbacks in the form that the gateway reads. Pure; no message contains a key.

How long a request may take is the plan's (planning/inputs/tiers.py); retries are the role litellm's.
"""

from __future__ import annotations

import datetime
import hashlib
import math
import re
from typing import Any

from ...module_utils.errors import InvalidInput
from ..boundary.filters import read_rows
from ..boundary.plain import plain

_BUDGETS = ("budget_day", "budget_month")
_KNOWN = frozenset(
    {"name", "key", "key_sha256", "models", "rpm", "expires", "tpm", *_BUDGETS, "never_fall_back_to"}
)
_DIGEST = re.compile(r"[0-9a-f]{64}")
MINIMUM_LENGTH = 16
TIER_KEY = "inference_tier"
_PRICE_TIERS = ("free", "paid")


def gateway_keys(keys: Any) -> list[dict[str, Any]]:
    """Rows with a digest in place of each key."""
    rows = []
    names: set[str] = set()
    digests: set[str] = set()
    for number, entry in enumerate(read_rows(keys, "litellm_keys"), start=1):
        name = str(entry.get("name") or "")
        where = f"litellm_keys entry {number}" + (f" ({name})" if name else "")
        if not name:
            raise InvalidInput(f"{where} has no name.", "Name the consumer it belongs to.")
        unknown = sorted(set(entry) - _KNOWN)
        if unknown:
            raise InvalidInput(f"{where} has unknown keys: {', '.join(unknown)}.")
        digest = _digest(entry, where)
        if name in names:
            raise InvalidInput(f"{where}: the name is taken by another entry.")
        if digest in digests:
            raise InvalidInput(
                f"{where}: another entry has the same key.", "Give each consumer a key of its own."
            )
        names.add(name)
        digests.add(digest)
        rows.append(
            {
                "name": name,
                "sha256": digest,
                "models": _names(entry, "models", where, "Leave it out to allow every model."),
                "rpm": _per_minute(entry, "rpm", where),
                "expires": _expires(entry, where),
                **{name: value for name, value in _rules(entry, where).items() if value},
            }
        )
    return sorted(rows, key=lambda row: str(row["name"]))


def _digest(entry: dict[str, Any], where: str) -> str:
    key, digest = entry.get("key"), entry.get("key_sha256")
    if bool(key) == bool(digest):
        raise InvalidInput(f"{where} needs either key or key_sha256.")
    if key:
        if len(str(key)) < MINIMUM_LENGTH:
            raise InvalidInput(
                f"{where}: the key has fewer than {MINIMUM_LENGTH} characters.",
                "Make one with: echo sk-$(openssl rand -hex 24)",
            )
        return hashlib.sha256(str(key).encode()).hexdigest()
    found = str(digest).lower().removeprefix("sha256:")
    if not _DIGEST.fullmatch(found):
        raise InvalidInput(
            f"{where}: key_sha256 is not a SHA-256 digest.", "Make one with: printf %s KEY | sha256sum"
        )
    return found


def _rules(entry: dict[str, Any], where: str) -> dict[str, Any]:
    """What only some keys have."""
    return {
        "tpm": _per_minute(entry, "tpm", where),
        **{name: _dollars(entry, name, where) for name in _BUDGETS},
        "never_fall_back_to": _names(entry, "never_fall_back_to", where, "Write it like [cloud]."),
    }


def _names(entry: dict[str, Any], key: str, where: str, fix: str) -> list[str]:
    names = entry.get(key) or []
    if not isinstance(names, list) or not all(isinstance(item, str) for item in names):
        raise InvalidInput(f"{where}: {key} is not a list of names.", fix)
    return [str(item) for item in names]


def _per_minute(entry: dict[str, Any], key: str, where: str) -> int | None:
    count = entry.get(key)
    if count is None:
        return None
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InvalidInput(f"{where}: {key} is not a whole number above 0.", "Leave it out for no limit.")
    return int(count)


def _dollars(entry: dict[str, Any], key: str, where: str) -> float | None:
    dollars = entry.get(key)
    if dollars is None:
        return None
    if isinstance(dollars, bool) or not isinstance(dollars, (int, float)) or not 0 < dollars < math.inf:
        raise InvalidInput(
            f"{where}: {key} is not a number of US dollars above 0.",
            "Leave it out for no budget; models keeps a key from paid models altogether.",
        )
    return float(dollars)


def _expires(entry: dict[str, Any], where: str) -> str | None:
    expires = entry.get("expires")
    if expires in (None, ""):
        return None
    try:
        moment = datetime.datetime.fromisoformat(str(expires).replace("Z", "+00:00"))
    except ValueError as error:
        raise InvalidInput(
            f"{where}: expires is not a date.", "Write it like 2027-01-31 or 2027-01-31T12:00:00+00:00."
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return moment.isoformat()


def gateway_models(models: Any) -> list[dict[str, Any]]:
    """LiteLLM's model_list.

    LiteLLM knows model_info.tier as free or paid, and leaves out every model that says something else: our
    tier goes by another name.
    """
    rows = read_rows(models, "litellm_models")
    for row in rows:
        info = row.get("model_info") or {}
        if info.get("tier") not in (None, *_PRICE_TIERS):
            info[TIER_KEY] = info.pop("tier")
        if info:
            row["model_info"] = info
        else:
            row.pop("model_info", None)
    return rows


def gateway_fallbacks(fallbacks: Any, aliases: Any) -> list[dict[str, Any]]:
    """LiteLLM's fallbacks for aliases too.

    LiteLLM looks a fallback up by the name in the request, before it resolves an alias: without an entry of
    its own an alias fails where the model itself falls back.
    """
    rows = read_rows(fallbacks, "litellm_fallbacks")
    chains = {model: chain for row in rows for model, chain in row.items()}
    more = {
        alias: chains[model]
        for alias, model in sorted(plain(aliases).items())
        if model in chains and alias not in chains
    }
    return [*rows, *({alias: chain} for alias, chain in more.items())]
