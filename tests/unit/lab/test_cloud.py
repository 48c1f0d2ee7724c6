"""The stand-in for a paid provider answers as one does, and tells whatever it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest
import requests

from lab.cloud.server import CHAT, WORD, Provider

KEY = {"Authorization": "Bearer k"}
ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture
def url() -> Iterator[str]:
    provider = Provider(("127.0.0.1", 0), "k")
    threading.Thread(target=provider.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{provider.server_address[1]}"
    provider.shutdown()
    provider.server_close()


def test_it_answers_whole_and_as_a_stream(url: str) -> None:
    whole = requests.post(f"{url}{CHAT}", json=ASKED, headers=KEY, timeout=10).json()
    assert (whole["choices"][0]["message"]["content"], whole["usage"]["total_tokens"]) == (WORD, 6)
    body = {**ASKED, "stream": True, "stream_options": {"include_usage": True}}
    lines = requests.post(f"{url}{CHAT}", json=body, headers=KEY, timeout=10).text.split("\n\n")
    rows = [json.loads(line[6:]) for line in lines if line and "[DONE]" not in line]
    assert "".join(choice["delta"].get("content", "") for row in rows for choice in row["choices"]) == WORD
    assert rows[-1]["usage"]["total_tokens"] == 6


def test_it_tells_whatever_it_was_asked(url: str) -> None:
    assert requests.post(f"{url}{CHAT}", json=ASKED, timeout=10).status_code == 401
    assert requests.get(f"{url}/health", timeout=10).status_code == 404
    assert requests.get(f"{url}/asked", timeout=10).json() == [
        {"method": "POST", "path": CHAT, "model": "m", "stream": False},
        {"method": "GET", "path": "/health", "model": "", "stream": False},
    ]
