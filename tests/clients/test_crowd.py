"""One client that makes nothing but mistakes, beside others: it takes nothing from them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.clients.cases import GPU_SERVER, fault_of, make, mistakes_of
from tests.clients.driver import Client, official_clients
from tests.rehearsal import Gateway

CHATS = 120


def test_mistakes_take_no_tier_from_others(gateway: Gateway) -> None:
    """Each official client makes its mistakes again and again while 120 chats of others are answered."""
    over = threading.Event()

    def err(client: Client) -> tuple[int, list[str]]:
        made = 0
        faults: list[str] = []
        while not over.is_set():
            for mistake in mistakes_of(client):
                fault = fault_of(mistake, make(client, gateway, mistake))
                made += 1
                faults += [f"{client} {mistake.name}: {fault}"] if fault else []
        client.close()
        return made, faults

    clients = official_clients()
    with ThreadPoolExecutor(len(clients)) as crowd, ThreadPoolExecutor(4) as others:
        errs = [crowd.submit(err, client) for client in clients]
        try:
            answers: list[requests.Response] = list(others.map(lambda _: gateway.chat(), range(CHATS)))
        finally:
            over.set()
        mistakes = [one.result() for one in errs]
    servers = [answer.headers.get("x-litellm-model-api-base", "") for answer in answers]
    assert [answer.status_code for answer in answers] == [200] * CHATS
    assert [server for server in servers if not server.endswith(GPU_SERVER)] == []
    assert [fault for _, faults in mistakes for fault in faults] == []
    assert min(made for made, _ in mistakes) > 0
