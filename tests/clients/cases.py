"""What official clients do at the gateway, and what each has to see of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.clients.driver import Consumer, Outcome
from tests.rehearsal import Gateway

# What no client may read: LiteLLM's own words, where it runs, and where the servers are.
INTERNAL = re.compile(r"litellm|Traceback|https?:|svc\.cluster|site-packages|/etc/", re.IGNORECASE)
# LiteLLM's name for the tier that answered.
GPU_SERVER = "-inference/v1"

# These make messages of what they get, or refuse it.
_TYPED = frozenset({"langchain", "vercel-node"})
_LONG = {"messages": [{"role": "user", "content": "fox " * 40_000}]}
_NONSENSE = {"name": "x", "schema": {"type": "nonsense"}}


class Mistake(NamedTuple):
    """One of a client's own mistakes: the order, and which clients refuse it themselves."""

    name: str
    do: str = "chat"
    body: Mapping[str, Any] = MappingProxyType({})
    model: str = ""
    refused_by: frozenset[str] = frozenset()
    status: int = 400


MISTAKES = (
    Mistake("a temperature below 0", body={"temperature": -5}),
    Mistake("a temperature below 0, streaming", "stream", {"temperature": -5}),
    # Anthropic's client wants to stream so many; the SDK of Vercel knows that none is none.
    Mistake("more tokens than fit", body={"max_tokens": 32_000}, refused_by=frozenset({"anthropic"})),
    Mistake("no tokens", body={"max_tokens": 0}, refused_by=frozenset({"vercel-node"})),
    Mistake("500 logprobs", body={"logprobs": True, "top_logprobs": 500}),
    Mistake("a bias for no token", body={"logit_bias": {"99999999": 5}}),
    Mistake("no messages", body={"messages": []}, refused_by=frozenset({"vercel-node"})),
    Mistake("a text for messages", body={"messages": "hi"}, refused_by=_TYPED),
    Mistake(
        "a number for a text",
        body={"messages": [{"role": "user", "content": 5}]},
        refused_by=_TYPED,
    ),
    Mistake("a long prompt", body=_LONG),
    Mistake("a long prompt, streaming", "stream", _LONG),
    Mistake(
        "a schema that is none", body={"response_format": {"type": "json_schema", "json_schema": _NONSENSE}}
    ),
    Mistake("a server of one's own", body={"api_base": "http://192.0.2.1:1/v1"}),
    Mistake("tools of a model without", "tools"),
    Mistake("a picture for a model without eyes", "picture"),
    Mistake("embeddings of a chat model", "embed", status=404),
    Mistake("a model that is not there", model="no-such-model"),
)


def mistakes_of(client: Consumer) -> list[Mistake]:
    return [
        mistake
        for mistake in MISTAKES
        if mistake.do not in client.lacks and client.name not in mistake.refused_by
    ]


def make(client: Consumer, gateway: Gateway, mistake: Mistake) -> Outcome:
    model = mistake.model or gateway.model
    return client.order(mistake.do, gateway.url, gateway.key, model, body=dict(mistake.body))


def fault_of(mistake: Mistake, outcome: Outcome) -> str:
    """What is wrong about the answer to a mistake; empty if it is a refusal that a person can use."""
    if not outcome.error:
        return f"was answered: {outcome.returned}"
    told = outcome.error["message"]
    if outcome.statuses != [mistake.status] or outcome.error["status"] != mistake.status:
        return f"has statuses {outcome.statuses}: {outcome.error}"
    return f"tells of the inside: {told}" if INTERNAL.search(told) else ""


class Refusal(NamedTuple):
    """A key that is refused, and what its owner has to be told."""

    status: int
    told: str


# By consumers of inventories/rehearsal; nobody has the wrong key.
REFUSALS = {
    "wrong": Refusal(401, "The gateway does not know this key."),
    "expired": Refusal(401, "The key of expired expired on 2020-01-31"),
    "narrow": Refusal(403, "The key of narrow may not use"),
    "limited": Refusal(429, "The key of limited may use 1 tokens a minute. Try again in"),
}


def seen_by(client: Consumer, outcome: Outcome, refusal: Refusal) -> None:
    """A refusal in the client's own form: its class, the status, the reason. It is not tried again."""
    assert outcome.error, outcome
    assert (outcome.error["class"], outcome.error["status"]) == (
        client.classes[refusal.status],
        refusal.status,
    )
    assert refusal.told in outcome.error["message"]
    assert not INTERNAL.search(outcome.error["message"])
    assert outcome.statuses == [refusal.status]
