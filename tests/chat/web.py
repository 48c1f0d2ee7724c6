"""Open WebUI as a person's browser uses it."""

from __future__ import annotations

from typing import Any

import requests

TIMEOUT_S = 180


class Chat:
    """The chat at one address, and perhaps somebody who has signed in."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        # The hosts are on this machine: a proxy of the user's could not reach them.
        self._session.trust_env = False

    def get(self, path: str) -> Any:
        return self._content(self._session.get(f"{self.url}{path}", timeout=TIMEOUT_S))

    def post(self, path: str, body: dict[str, Any]) -> requests.Response:
        return self._session.post(f"{self.url}{path}", json=body, timeout=TIMEOUT_S)

    def stream(self, path: str, body: dict[str, Any]) -> requests.Response:
        return self._session.post(f"{self.url}{path}", json=body, timeout=TIMEOUT_S, stream=True)

    def sign_up(self, name: str, email: str, password: str) -> requests.Response:
        return self.post("/api/v1/auths/signup", {"name": name, "email": email, "password": password})

    def sign_in(self, email: str, password: str) -> dict[str, Any]:
        """Signs in for all requests that follow; returns who that is."""
        done = self.post("/api/v1/auths/signin", {"email": email, "password": password})
        who: dict[str, Any] = self._content(done)
        self._session.headers["Authorization"] = f"Bearer {who['token']}"
        return who

    def models(self) -> list[str]:
        return [str(entry["id"]) for entry in self.get("/api/models")["data"]]

    def ask(self, model: str, prompt: str) -> dict[str, Any]:
        messages = [{"role": "user", "content": prompt}]
        body = {"model": model, "messages": messages, "stream": False, "max_tokens": 8}
        answer: dict[str, Any] = self._content(self.post("/api/chat/completions", body))
        return answer

    @staticmethod
    def _content(done: requests.Response) -> Any:
        assert done.status_code == 200, f"{done.url}: {done.status_code} {done.text[:500]}"
        return done.json()
