# SPDX-License-Identifier: Apache-2.0
"""Who may use the gateway, without a database: LiteLLM's custom_auth hook.

Consumers' keys come from a mounted Secret that contains only their SHA-256 digests; the file is read again
when it changes. LiteLLM enforces neither the models nor the routes of a key that a hook admits, so both are
checked here.
Nothing in this file logs or returns a key.
"""

import hmac
import json
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

sys.path.insert(0, str(Path(__file__).parent))

from inference_routes import (
    GENERATION_WITH_MODEL,
    bare_key,
    digest,
    is_generation,
    is_listing,
    is_master,
    is_open,
    path_of,
)
from inference_usage import TOKENS, WINDOW_SECONDS, Tokens

KEYS_FILE = os.environ.get("INFERENCE_AUTH_KEYS", "/etc/litellm/keys/keys.json")
ALIASES_FILE = os.environ.get("INFERENCE_AUTH_ALIASES", "/etc/litellm/aliases.json")
MASTER_KEY_VARIABLE = "LITELLM_MASTER_KEY"

RULES = ("budget_day", "budget_month", "never_fall_back_to")
# Request fields that name models besides "model".
FALLBACK_FIELDS = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")


class Refusal(Exception):
    """Why a request is not admitted, in words for the person who sent it."""

    def __init__(self, status: int, message: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after


class Consumer(NamedTuple):
    """One row of the key file."""

    name: str
    sha256: str
    models: frozenset[str]
    rpm: int | None
    expires: datetime | None
    tpm: int | None = None
    # What inference_fallback.py holds: the budgets, and which tiers must not answer instead of the asked one.
    rules: Mapping[str, Any] = {}


class Asked(NamedTuple):
    """The part of a request that decides about it."""

    path: str
    models: tuple[str, ...]


def parse_consumers(text: str) -> list[Consumer]:
    """The key file's content. A row that cannot be read fails the whole file: nobody is admitted by guess."""
    consumers = []
    for row in json.loads(text):
        moment = row.get("expires")
        expires = datetime.fromisoformat(moment.replace("Z", "+00:00")) if moment else None
        if expires is not None and expires.tzinfo is None:
            expires = expires.replace(tzinfo=UTC)
        consumers.append(
            Consumer(
                name=str(row["name"]),
                sha256=str(row["sha256"]).lower(),
                models=frozenset(str(model) for model in row.get("models") or ()),
                rpm=int(row["rpm"]) if row.get("rpm") else None,
                expires=expires,
                tpm=int(row["tpm"]) if row.get("tpm") else None,
                rules={key: row[key] for key in RULES if row.get(key)},
            )
        )
    return consumers


def find_consumer(consumers: Iterable[Consumer], key: str) -> Consumer | None:
    """Whose key it is. Every row is compared, so that the time taken tells nothing."""
    wanted = digest(key)
    found = None
    for consumer in consumers:
        if hmac.compare_digest(consumer.sha256, wanted):
            found = consumer
    return found


def check_expiry(consumer: Consumer, now: datetime) -> None:
    if consumer.expires is not None and now >= consumer.expires:
        raise Refusal(
            401, f"The key of {consumer.name} expired on {consumer.expires.isoformat()}. Ask for a new one."
        )


def check_route(path: str) -> None:
    if not is_listing(path) and not is_generation(path) and not is_open(path):
        raise Refusal(403, f"A consumer's key cannot use {path}. It can list and use models below /v1.")


def requested_models(path: str, query_model: str | None, body: Any) -> tuple[str, ...]:
    """Every model that a request names, wherever LiteLLM would look for it."""
    names: list[str] = []
    in_path = GENERATION_WITH_MODEL.match(path)
    if in_path:
        names.append(unquote(in_path.group("model")))
    if query_model:
        names.append(query_model)
    if isinstance(body, Mapping):
        names.extend(_names(body.get("model")))
        for field in FALLBACK_FIELDS:
            names.extend(_names(body.get(field)))
    # LiteLLM takes a list of models in one string.
    split = [part.strip() for name in names for part in name.split(",")]
    return tuple(dict.fromkeys(part for part in split if part))


def _names(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, (list, tuple)):
        return [name for item in value for name in _names(item)]
    if isinstance(value, Mapping):
        if "model" in value:
            return _names(value["model"])
        return [name for key, item in value.items() for name in [str(key), *_names(item)]]
    return []


def check_models(consumer: Consumer, asked: Asked, aliases: Mapping[str, str]) -> None:
    """A key with an allow list reaches the models on it, by any of their names."""
    if not consumer.models or not is_generation(asked.path):
        return
    if not asked.models:
        raise Refusal(400, "The request names no model.")
    allowed = consumer.models | {aliases.get(model, model) for model in consumer.models}
    for model in asked.models:
        if model not in allowed and aliases.get(model, model) not in allowed:
            usable = ", ".join(sorted(consumer.models))
            raise Refusal(403, f"The key of {consumer.name} may not use {model}. It may use: {usable}.")


class Rates:
    """Requests and tokens of each consumer within the last minute; every pod counts its own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, tokens: Tokens | None = None) -> None:
        self._clock = clock
        self._seen: dict[str, deque[float]] = {}
        self._tokens = tokens or Tokens(clock)

    def admit(self, consumer: Consumer) -> None:
        if consumer.tpm is not None:
            wait = self._tokens.wait(consumer.name, consumer.tpm)
            _refuse_for(wait, f"The key of {consumer.name} may use {consumer.tpm} tokens a minute.")
        if consumer.rpm is None:
            return
        now = self._clock()
        seen = self._seen.setdefault(consumer.sha256, deque())
        while seen and now - seen[0] >= WINDOW_SECONDS:
            seen.popleft()
        if len(seen) >= consumer.rpm:
            wait = max(1, round(WINDOW_SECONDS - (now - seen[0])))
            _refuse_for(wait, f"The key of {consumer.name} may send {consumer.rpm} requests a minute.")
        seen.append(now)


def _refuse_for(seconds: int, message: str) -> None:
    if seconds:
        raise Refusal(429, f"{message} Try again in {seconds} s.", retry_after=seconds)


class Watched:
    """A file's parsed content, read again when the file changes."""

    def __init__(self, path: str, parse: Callable[[str], Any], empty: Any) -> None:
        self._path = Path(path)
        self._parse = parse
        self._empty = empty
        self._version: tuple[int, int, int] | None = None
        self._content: Any = empty

    def content(self) -> Any:
        try:
            status = self._path.stat()
            # A mounted Secret changes by swapping a link: the inode changes even if a coarse clock does not.
            version = (status.st_mtime_ns, status.st_ino, status.st_size)
            if version != self._version:
                self._content = self._parse(self._path.read_text(encoding="utf-8"))
                self._version = version
        except FileNotFoundError:
            self._version, self._content = None, self._empty
        return self._content


class Gate:
    """Decides about requests."""

    def __init__(
        self,
        keys: Watched,
        aliases: Watched,
        rates: Rates,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._keys = keys
        self._aliases = aliases
        self._rates = rates
        self._now = now

    def names_of(self, asked: Asked) -> list[str]:
        """The models that a request names, by all their names."""
        aliases = self._aliases.content()
        return sorted({*asked.models, *(aliases.get(model, model) for model in asked.models)})

    def admit(self, key: str, asked: Asked) -> Consumer:
        if not key:
            raise Refusal(401, "The request has no key. Send it as: Authorization: Bearer KEY")
        try:
            consumers = self._keys.content()
            aliases = self._aliases.content()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refusal(503, f"The gateway cannot read its keys ({type(error).__name__}).") from None
        consumer = find_consumer(consumers, key)
        if consumer is None:
            raise Refusal(401, "The gateway does not know this key.")
        check_expiry(consumer, self._now())
        check_route(asked.path)
        check_models(consumer, asked, aliases)
        if is_generation(asked.path):
            self._rates.admit(consumer)
        return consumer


GATE = Gate(
    Watched(KEYS_FILE, parse_consumers, []),
    Watched(ALIASES_FILE, json.loads, {}),
    Rates(tokens=TOKENS),
)


async def _asked(request: Any) -> Asked:
    """What decides about a request. Its body is parsed once and kept by the request itself."""
    path = path_of(request.scope)
    body: Any = None
    if request.method == "POST":
        kind = request.headers.get("content-type", "")
        try:
            if kind.startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
                body = dict(await request.form())
            else:
                body = await request.json()
        except (ValueError, UnicodeDecodeError):
            body = None
    return Asked(path, requested_models(path, request.query_params.get("model"), body))


def _refuse(refusal: Refusal) -> Exception:
    from litellm.proxy._types import ProxyException

    kinds = {400: "invalid_request_error", 403: "permission_error", 429: "rate_limit_error"}
    error: Exception = ProxyException(
        message=refusal.message,
        type=kinds.get(refusal.status, "authentication_error"),
        param=None,
        code=refusal.status,
        headers={"Retry-After": str(refusal.retry_after)} if refusal.retry_after else None,
    )
    error.inference_refusal = True  # type: ignore[attr-defined]  # inference_fallback.py leaves it as it is
    return error


def _identity(
    name: str,
    sha256: str,
    models: Iterable[str] = (),
    admin: bool = False,
    rules: Mapping[str, Any] | None = None,
) -> Any:
    from litellm.proxy._types import LitellmUserRoles, UserAPIKeyAuth

    role = LitellmUserRoles.PROXY_ADMIN if admin else LitellmUserRoles.INTERNAL_USER
    return UserAPIKeyAuth(
        # The digest replaces the key, so that no log of LiteLLM can contain it.
        api_key=sha256,
        key_alias=name,
        user_id=name,
        user_role=role,
        models=sorted(models),
        # LiteLLM hands it to callbacks as user_api_key_metadata, which a request cannot forge.
        metadata={"inference": dict(rules)} if rules else {},
    )


async def authenticate(request: Any, api_key: str) -> Any:
    """custom_auth: the master key, or a consumer's key within its limits."""
    key = bare_key(api_key)
    if is_master(key, os.environ.get(MASTER_KEY_VARIABLE)):
        return _identity("master", digest(key), admin=True)
    asked = await _asked(request)
    try:
        consumer = GATE.admit(key, asked)
    except Refusal as refusal:
        raise _refuse(refusal) from None
    rules = {**consumer.rules, "asked": GATE.names_of(asked)} if consumer.rules else None
    return _identity(consumer.name, consumer.sha256, consumer.models, rules=rules)


async def admit(request: Any, api_key: str) -> Any:
    """custom_auth without keys: everybody may use models, and only the master key may do more."""
    key = bare_key(api_key)
    if key and is_master(key, os.environ.get(MASTER_KEY_VARIABLE)):
        return _identity("master", digest(key), admin=True)
    try:
        check_route((await _asked(request)).path)
    except Refusal as refusal:
        raise _refuse(refusal) from None
    return _identity("anyone", digest(""))
