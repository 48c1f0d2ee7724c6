# SPDX-License-Identifier: Apache-2.0
"""Which addresses of LiteLLM are for consumers: models below /v1, the signs of life, and the metrics.

LiteLLM has hundreds of others. Many of them ask for no key, and no setting of LiteLLM closes them all.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple

LISTING = re.compile(r"^(/v1)?/models$")
RETRIEVAL = re.compile(r"^(?P<listing>(/v1)?/models)/(?P<model>.+)$")
ANTHROPIC = re.compile(r"^(/v1)?/messages(/count_tokens)?$")
GENERATION = re.compile(
    r"^(/v1)?/(chat/completions|completions|embeddings|responses|messages|messages/count_tokens|rerank"
    r"|moderations|audio/speech|audio/transcriptions)$"
)
GENERATION_WITH_MODEL = re.compile(
    r"^/(?:openai/deployments|engines)/(?P<model>.+?)/(?:chat/completions|completions|embeddings)$"
)
# These say only that the gateway lives. /health itself asks every model, so it is the administrator's.
SIGNS_OF_LIFE = frozenset({"/health/liveliness", "/health/liveness", "/health/readiness"})
METRICS = re.compile(r"^/metrics/?$")
# Where clients put their key: OpenAI's, Anthropic's, Azure's and LiteLLM's own.
KEY_HEADERS = ("authorization", "x-api-key", "api-key", "x-litellm-api-key")


class AnswerHeaders(NamedTuple):
    """Headers for the answer to a request, on the routes where LiteLLM takes none from a callback."""

    good: dict[str, str]
    bad: dict[str, str]


ANSWER_HEADERS: ContextVar[AnswerHeaders | None] = ContextVar("inference_answer_headers", default=None)


def path_of(scope: Mapping[str, Any]) -> str:
    """The path of a request below the gateway's own root."""
    path = str(scope.get("path") or "")
    root = str(scope.get("root_path") or "")
    return path[len(root) :] if root and path.startswith(root + "/") else path


def is_listing(path: str) -> bool:
    return LISTING.match(path) is not None


def is_generation(path: str) -> bool:
    return GENERATION.match(path) is not None or GENERATION_WITH_MODEL.match(path) is not None


def is_open(path: str) -> bool:
    return path in SIGNS_OF_LIFE or METRICS.match(path) is not None


def digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def bare_key(value: str | None) -> str:
    """The key without the scheme that some clients leave in front of it."""
    text = (value or "").strip()
    return text[7:].strip() if text[:7].lower() == "bearer " else text


def is_master(key: str, master_key: str | None) -> bool:
    return bool(master_key) and hmac.compare_digest(digest(key), digest(master_key or ""))
