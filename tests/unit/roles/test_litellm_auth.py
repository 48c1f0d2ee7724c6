"""The gateway's hook admits whom it should, and says why not."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
import types
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.roles.gateway_files import gateway_file

ALIASES = {"vllm-qwen": "Qwen/Qwen3-8B-AWQ"}
CHAT = "/v1/chat/completions"
KEY = "sk-n8n-0123456789abcdef"


hook = gateway_file("inference_auth")


def row(**changes: Any) -> dict[str, Any]:
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    return {"name": "n8n", "sha256": digest, "models": [], "rpm": None, "expires": None, **changes}


class Door:
    """A gate over files in a folder, with clocks that a test sets."""

    def __init__(self, folder: Path, rows: list[dict[str, Any]]) -> None:
        self.keys = folder / "keys.json"
        self.write(rows)
        aliases = folder / "aliases.json"
        aliases.write_text(json.dumps(ALIASES), encoding="utf-8")
        self.seconds = 0.0
        self.tokens = hook.Tokens(lambda: self.seconds)
        self.today = datetime(2026, 11, 1, tzinfo=UTC)
        self.gate = hook.Gate(
            hook.Watched(str(self.keys), hook.parse_consumers, []),
            hook.Watched(str(aliases), json.loads, {}),
            hook.Rates(lambda: self.seconds, self.tokens),
            lambda: self.today,
        )

    def write(self, rows: list[dict[str, Any]]) -> None:
        fresh = self.keys.with_suffix(".new")
        fresh.write_text(json.dumps(rows), encoding="utf-8")
        fresh.replace(self.keys)

    def ask(self, *models: str, key: str = KEY, path: str = CHAT) -> Any:
        return self.gate.admit(key, hook.Asked(path, models))

    def refused(self, *models: str, key: str = KEY, path: str = CHAT) -> Any:
        with pytest.raises(hook.Refusal) as caught:
            self.ask(*models, key=key, path=path)
        assert key == "" or key not in caught.value.message
        return caught.value


def test_a_known_key_is_admitted_and_others_are_not(tmp_path: Path) -> None:
    door = Door(tmp_path, [row()])
    assert door.ask("anything").name == "n8n"
    assert door.refused("anything", key="sk-wrong").status == 401
    assert door.refused("anything", key="").status == 401


def test_the_allow_list_knows_every_name_of_a_model(tmp_path: Path) -> None:
    door = Door(tmp_path, [row(models=["vllm-qwen"])])
    door.ask("vllm-qwen")
    door.ask("Qwen/Qwen3-8B-AWQ")
    refusal = door.refused("qwen3:4b")
    assert refusal.status == 403
    assert "vllm-qwen" in refusal.message
    assert Door(tmp_path, [row(models=["Qwen/Qwen3-8B-AWQ"])]).ask("vllm-qwen").name == "n8n"


def test_every_model_that_a_request_names_counts(tmp_path: Path) -> None:
    door = Door(tmp_path, [row(models=["vllm-qwen"])])
    assert door.refused("vllm-qwen", "qwen3:4b").status == 403
    assert door.refused().status == 400
    door.ask(path="/v1/models")


@pytest.mark.parametrize(
    ("path", "query", "body", "names"),
    [
        (CHAT, None, {"model": "a"}, ("a",)),
        (CHAT, None, {"model": "a, b"}, ("a", "b")),
        (CHAT, None, {"model": "a", "fallbacks": ["b", {"model": "c"}]}, ("a", "b", "c")),
        (CHAT, None, {"model": "a", "context_window_fallbacks": [{"a": ["d"]}]}, ("a", "d")),
        ("/openai/deployments/Qwen%2Fx/chat/completions", None, {}, ("Qwen/x",)),
        ("/engines/a/b/completions", None, None, ("a/b",)),
        ("/v1/audio/transcriptions", "q", {"model": "a"}, ("q", "a")),
        (CHAT, None, ["not a mapping"], ()),
    ],
)
def test_models_are_found_wherever_litellm_looks(
    path: str, query: Any, body: Any, names: tuple[str, ...]
) -> None:
    assert hook.requested_models(path, query, body) == names


@pytest.mark.parametrize(
    "path",
    [
        "/model/info",
        "/key/generate",
        "/health",
        "/config/update",
        "/v1/files",
        "/v1/models/x:generateContent",
    ],
)
def test_a_consumer_reaches_models_and_nothing_else(tmp_path: Path, path: str) -> None:
    assert Door(tmp_path, [row()]).refused("any", path=path).status == 403


def test_the_rate_is_a_window_that_slides(tmp_path: Path) -> None:
    door = Door(tmp_path, [row(rpm=2)])
    door.ask("m")
    door.seconds = 30
    door.ask("m")
    refusal = door.refused("m")
    assert refusal.status == 429
    assert "in 30 s" in refusal.message
    assert refusal.retry_after == 30
    door.ask(path="/v1/models")
    door.seconds = 60
    door.ask("m")
    assert door.refused("m").status == 429


def test_tokens_of_the_last_minute_are_waited_for(tmp_path: Path) -> None:
    door = Door(tmp_path, [row(tpm=100)])
    for second, count in ((0, 60), (20, 30), (30, 60)):
        door.seconds = second
        door.ask("m")
        door.tokens.add("n8n", count)
    refusal = door.refused("m")
    assert (refusal.status, refusal.retry_after) == (429, 30)
    assert refusal.message == "The key of n8n may use 100 tokens a minute. Try again in 30 s."
    door.ask(path="/v1/models")
    door.seconds = 59
    assert door.refused("m").retry_after == 1
    door.seconds = 60
    door.ask("m")


def test_tokens_of_one_consumer_are_not_anothers(tmp_path: Path) -> None:
    door = Door(tmp_path, [row(tpm=100)])
    door.tokens.add("somebody", 1000)
    door.ask("m")


def test_the_metrics_are_for_consumers_too(tmp_path: Path) -> None:
    Door(tmp_path, [row()]).ask(path="/metrics")


def test_a_key_ends(tmp_path: Path) -> None:
    door = Door(tmp_path, [row(expires="2026-12-01T00:00:00Z")])
    door.ask("m")
    door.today = datetime(2026, 12, 1, tzinfo=UTC)
    assert "expired" in door.refused("m").message


def test_keys_are_read_again_when_the_file_changes(tmp_path: Path) -> None:
    door = Door(tmp_path, [row()])
    door.ask("m")
    door.write([])
    assert door.refused("m").status == 401
    door.write([row(name="again")])
    assert door.ask("m").name == "again"


def test_unreadable_keys_admit_nobody(tmp_path: Path) -> None:
    door = Door(tmp_path, [row()])
    door.keys.write_text("{", encoding="utf-8")
    assert door.refused("m").status == 503
    door.keys.unlink()
    assert door.refused("m").status == 401


def test_the_master_key_is_compared_whole() -> None:
    assert hook.is_master("sk-master", "sk-master")
    assert not hook.is_master("sk-master", "")
    assert not hook.is_master("", None)
    assert hook.bare_key("Bearer sk-x") == hook.bare_key("sk-x") == "sk-x"


class Request:
    """The part of a web request that the hook reads."""

    def __init__(self, path: str, body: Any) -> None:
        self.scope = {"path": path, "root_path": ""}
        self.method = "POST"
        self.headers = {"content-type": "application/json"}
        self.query_params: dict[str, str] = {}
        self._body = body

    async def json(self) -> Any:
        if self._body is ValueError:
            raise ValueError("no JSON")
        return self._body


@pytest.fixture
def litellm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """LiteLLM's two types, where it is not installed."""
    names: Any = types.ModuleType("litellm.proxy._types")

    class ProxyException(Exception):
        def __init__(self, **fields: Any) -> None:
            super().__init__(fields["message"])
            self.fields = fields

    names.ProxyException = ProxyException
    names.UserAPIKeyAuth = lambda **fields: fields
    names.LitellmUserRoles = types.SimpleNamespace(PROXY_ADMIN="admin", INTERNAL_USER="user")
    for module in ("litellm", "litellm.proxy"):
        monkeypatch.setitem(sys.modules, module, types.ModuleType(module))
    monkeypatch.setitem(sys.modules, "litellm.proxy._types", names)
    monkeypatch.setitem(os.environ, hook.MASTER_KEY_VARIABLE, "sk-master")
    yield


@pytest.mark.usefixtures("litellm")
class TestHook:
    """What LiteLLM gets to see."""

    def test_identities_hold_digests_and_no_keys(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hook, "GATE", Door(tmp_path, [row(models=["vllm-qwen"])]).gate)
        request = Request(CHAT, {"model": "vllm-qwen"})
        consumer = asyncio.run(hook.authenticate(request, KEY))
        assert (consumer["key_alias"], consumer["user_role"], consumer["models"]) == (
            "n8n",
            "user",
            ["vllm-qwen"],
        )
        admin = asyncio.run(hook.authenticate(request, "sk-master"))
        assert admin["user_role"] == "admin"
        assert KEY not in str(consumer) and "sk-master" not in str(admin)

    def test_a_refusal_has_a_status_and_words(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hook, "GATE", Door(tmp_path, [row(models=["a"])]).gate)
        with pytest.raises(Exception, match="may not use b") as caught:
            asyncio.run(hook.authenticate(Request(CHAT, {"model": "b"}), KEY))
        refusal: Any = caught.value
        assert refusal.fields["code"] == 403
        with pytest.raises(Exception, match="names no model"):
            asyncio.run(hook.authenticate(Request(CHAT, ValueError), KEY))

    def test_a_rate_says_when_to_come_back(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hook, "GATE", Door(tmp_path, [row(rpm=1)]).gate)
        request = Request(CHAT, {"model": "b"})
        asyncio.run(hook.authenticate(request, KEY))
        with pytest.raises(Exception, match="1 requests a minute") as caught:
            asyncio.run(hook.authenticate(request, KEY))
        refusal: Any = caught.value
        assert (refusal.fields["code"], refusal.fields["headers"]) == (429, {"Retry-After": "60"})

    def test_rules_travel_with_the_request(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """With the names that it asks for itself, its alias resolved, since another tier is told by them."""
        rules = {"budget_month": 5.0, "never_fall_back_to": ["cloud"]}
        monkeypatch.setattr(hook, "GATE", Door(tmp_path, [row(**rules)]).gate)
        consumer = asyncio.run(hook.authenticate(Request(CHAT, {"model": "vllm-qwen"}), KEY))
        assert consumer["metadata"] == {"inference": {**rules, "asked": ["Qwen/Qwen3-8B-AWQ", "vllm-qwen"]}}

    def test_without_keys_models_are_open_and_the_rest_is_not(self) -> None:
        guest = asyncio.run(hook.admit(Request(CHAT, {"model": "b"}), ""))
        assert guest["user_role"] == "user"
        with pytest.raises(Exception, match="cannot use /model/new"):
            asyncio.run(hook.admit(Request("/model/new", {}), ""))
