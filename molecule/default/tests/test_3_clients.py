"""The official clients with a consumer's key: what works, and what they see of a refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.cases import GPU_SERVER, REFUSALS, fault_of, make, mistakes_of, seen_by
from tests.clients.driver import Client, Outcome, official_clients
from tests.clients.servers import asked_of_the_cpu_tier, of_the_engine
from tests.rehearsal import Cluster, Gateway, wait_for

CLIENTS = official_clients()
ENGINE = "deployment/vllm-tiny-qwen3"
all_clients = pytest.mark.parametrize("client", CLIENTS, ids=repr)


@pytest.fixture(scope="module", autouse=True)
def ended() -> Iterator[None]:
    yield
    for client in CLIENTS:
        client.close()


def ask(client: Client, gateway: Gateway, do: str, **more: Any) -> Outcome:
    outcome = client.order(do, gateway.url, gateway.key, gateway.model, **more)
    assert not outcome.error, outcome.error
    return outcome


@pytest.mark.parametrize("client", [client for client in CLIENTS if "models" not in client.lacks], ids=repr)
def test_models_are_listed_and_found(gateway: Gateway, client: Client) -> None:
    listed = ask(client, gateway, "models").returned
    assert gateway.model in listed["names"]
    assert listed["found"] == listed["names"]


@all_clients
def test_a_chat_is_answered_by_the_gpu(gateway: Gateway, client: Client) -> None:
    answer = ask(client, gateway, "chat")
    assert answer.returned["tokens"] == 8
    assert all(server.endswith(GPU_SERVER) for server in answer.servers), answer.servers


@all_clients
def test_an_answer_streams(gateway: Gateway, client: Client) -> None:
    answer = ask(client, gateway, "stream")
    assert answer.returned["pieces"] > 3
    assert all(server.endswith(GPU_SERVER) for server in answer.servers), answer.servers


@all_clients
def test_an_answer_keeps_to_a_schema(gateway: Gateway, client: Client) -> None:
    document = json.loads(ask(client, gateway, "json").returned["text"])
    assert set(document) == {"title", "kind"}
    assert document["kind"] in {"invoice", "letter"}


def test_a_client_that_leaves_frees_the_engine(gateway: Gateway, cluster: Cluster) -> None:
    """Each asks for 900 tokens, and leaves after the first."""
    before = of_the_engine(cluster.kubectl, ENGINE, "generation_tokens_total")
    for client in CLIENTS:
        ask(client, gateway, "cancel")
    wait_for(
        "engine at rest",
        lambda: of_the_engine(cluster.kubectl, ENGINE, "num_requests_running") == 0,
        timeout=30,
    )
    generated = of_the_engine(cluster.kubectl, ENGINE, "generation_tokens_total") - before
    assert generated < 300 * len(CLIENTS)


@all_clients
@pytest.mark.parametrize("name", REFUSALS)
def test_a_refused_key_is_told_why(gateway: Gateway, client: Client, name: str) -> None:
    def once() -> Outcome:
        # The rate's own answer asks for a pause of a minute, which clients make.
        more = {"retries": 0} if REFUSALS[name].status == 429 else {}
        return client.order("chat", gateway.url, gateway.key_of(name), gateway.model, **more)

    if name == "limited":  # its first request of a minute is answered
        outcome = wait_for("limit", lambda: next((found for found in [once()] if found.error), None))
    else:
        outcome = once()
    seen_by(client, outcome, REFUSALS[name])


@all_clients
def test_a_mistake_is_the_clients_own(gateway: Gateway, cluster: Cluster, client: Client) -> None:
    """Each gets its 4xx once, with a reason, and no other tier is asked."""
    before = asked_of_the_cpu_tier(cluster.kubectl)
    found = [
        (mistake.name, fault_of(mistake, make(client, gateway, mistake))) for mistake in mistakes_of(client)
    ]
    assert [row for row in found if row[1]] == []
    assert asked_of_the_cpu_tier(cluster.kubectl) == before
    answer = ask(client, gateway, "chat")
    assert all(server.endswith(GPU_SERVER) for server in answer.servers), "a mistake took the tier away"
