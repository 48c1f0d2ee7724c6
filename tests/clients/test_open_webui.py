"""Open WebUI's own back end with its own key: what works, and what a person sees of a refusal.

The lab needs it: LAB_WITH=open-webui make demo. The tests follow each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.chat.web import Chat
from tests.clients.cases import REFUSALS, Mistake, fault_of, make, mistakes_of, seen_by
from tests.clients.driver import Outcome
from tests.clients.open_webui import OpenWebUI
from tests.clients.servers import asked_of_the_cpu_tier, of_the_engine
from tests.faults.lab_under_test import ENGINE, Lab
from tests.rehearsal import Gateway, play, wait_for

INVENTORY = "inventories/rehearsal"
PORT = 30300
ADMIN = ("Ada", "ada@example.com", "correct horse battery")
# It lists the models that there are, and refuses others itself.
ITS_OWN = ("a model that is not there",)


def chat_verb(variables: dict[str, Any]) -> None:
    done = play(INVENTORY, "chat", variables, timeout=1500)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


@pytest.fixture(scope="module")
def web(lab: Lab, content: dict[str, Any]) -> Iterator[OpenWebUI]:
    assert "open-webui" in content["mounts"], "the lab has no Open WebUI: LAB_WITH=open-webui make demo"
    try:
        chat_verb({})
        chat = Chat(f"http://{content['hosts']['server']['address']}:{PORT}")
        chat.sign_up(*ADMIN)
        chat.sign_in(*ADMIN[1:])
        yield OpenWebUI(chat)
    finally:
        chat_verb({"chat_state": "absent", "chat_data": "absent"})


def ask(web: OpenWebUI, gateway: Gateway, do: str) -> Outcome:
    """With the key that it was installed with."""
    outcome = web.order(do, "", "", gateway.model)
    assert not outcome.error, outcome.error
    return outcome


def test_it_lists_chats_streams_and_keeps_to_a_schema(web: OpenWebUI, gateway: Gateway) -> None:
    assert gateway.model in ask(web, gateway, "models").returned["names"]
    assert ask(web, gateway, "chat").returned["tokens"] == 8
    assert ask(web, gateway, "stream").returned["pieces"] > 3
    document = json.loads(ask(web, gateway, "json").returned["text"])
    assert set(document) == {"title", "kind"}


def test_a_person_who_leaves_frees_the_engine(web: OpenWebUI, gateway: Gateway, lab: Lab) -> None:
    before = of_the_engine(lab.kubectl, ENGINE, "generation_tokens_total")
    ask(web, gateway, "cancel")

    def at_rest() -> bool:
        return of_the_engine(lab.kubectl, ENGINE, "num_requests_running") == 0

    wait_for("engine at rest", at_rest, timeout=60)
    assert of_the_engine(lab.kubectl, ENGINE, "generation_tokens_total") - before < 600


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refused_key_is_told_why(web: OpenWebUI, gateway: Gateway, name: str) -> None:
    def once() -> Outcome:
        return web.order("chat", "", gateway.key_of(name), gateway.model)

    if name == "limited":  # its first request of a minute is answered
        outcome = wait_for("limit", lambda: next((found for found in [once()] if found.error), None))
    else:
        outcome = once()
    seen_by(web, outcome, REFUSALS[name])


def test_a_mistake_is_the_persons_own(web: OpenWebUI, gateway: Gateway, lab: Lab) -> None:
    before = asked_of_the_cpu_tier(lab.kubectl)
    own = Gateway(gateway.url, "", gateway.model)
    made: list[Mistake] = [mistake for mistake in mistakes_of(web) if mistake.name not in ITS_OWN]
    found = [(mistake.name, fault_of(mistake, make(web, own, mistake))) for mistake in made]
    assert [row for row in found if row[1]] == []
    assert asked_of_the_cpu_tier(lab.kubectl) == before
