"""What official clients see of a used-up budget, on a paid tier for which the CPU tier's server stands in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.cases import Refusal, seen_by
from tests.clients.driver import Client
from tests.faults.lab_under_test import Lab
from tests.rehearsal import NAMESPACE, Gateway, play, wait_for

INVENTORY = "inventories/rehearsal"
USED_UP = Refusal(429, "The budget of thrifty for paid models is used up: 0.0001 USD a day.")
OLLAMA = f"http://ollama.{NAMESPACE}.svc.cluster.local:11434/v1"


def apply(variables: dict[str, object]) -> None:
    done = play(INVENTORY, "site", variables, "--tags", "cluster", timeout=900)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


@pytest.fixture(scope="module")
def paid(lab: Lab, content: dict[str, object]) -> Iterator[str]:
    """The name of a paid model; the site has it for as long as these tests run."""
    source = {"real": "smollm2-135m-q4", "random": "tiny-llama"}[lab.settings.models]
    model = f"{source}:latest"
    cpu = {"backend": "ollama", "model": source, "source": f"http://{content['ollama_source']}"}
    price = {"input_cost_per_token": 0.01, "output_cost_per_token": 0.01}
    cloud = {"model": model, "api_base": OLLAMA, "api_key": "none", **price}
    try:
        apply({
            "inference_tiers": {"gpu": {"backend": "vllm"}, "cpu": cpu, "cloud": cloud},
            "litellm_environment_secret": {"OPENAI_API_KEY": "none"},
        })  # fmt: skip
        yield model
    finally:
        apply({})


def test_a_used_up_budget_is_told(gateway: Gateway, clients: list[Client], paid: str) -> None:
    """The first answer costs more than there is, and from then on each client hears why."""
    key = gateway.key_of("thrifty")

    def spent() -> bool:
        return bool(clients[0].order("chat", gateway.url, key, paid).error)

    wait_for("the first answer's price", spent, timeout=60, interval=1)
    for client in clients:
        # Vercel's SDK tries again whatever the gateway says, and tells the last reason.
        seen_by(client, client.order("chat", gateway.url, key, paid, retries=0), USED_UP)
        other = client.order("chat", gateway.url, key, gateway.model)
        assert not other.error, other
