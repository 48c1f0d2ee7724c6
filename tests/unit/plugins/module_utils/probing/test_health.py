"""Waiting ends with proof or with a sentence that says what was expected and what was seen."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import DeadlineExceeded, ProbeFailed
from ansible_collections.inference.stack.plugins.module_utils.openai_api.client import Client
from ansible_collections.inference.stack.plugins.module_utils.probing.health import Expectation, Prober
from ansible_collections.inference.stack.plugins.module_utils.probing.metrics import NAMES

from tests.unit.plugins.scripted_server import Exchange, Route, ScriptedServer, answer

CHAT = "POST /v1/chat/completions"
GPU = {"x-litellm-model-api-base": "http://gpu:8000/v1", "x-litellm-attempted-fallbacks": "0"}
CPU = {"x-litellm-model-api-base": "http://cpu:11434", "x-litellm-attempted-fallbacks": "1"}
TIERS = {"http://gpu:8000": "gpu", "http://cpu:11434": "cpu"}


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def in_turn(*routes: Route) -> Route:
    """Each request gets the next answer, the last one stays."""
    left = list(routes)
    return lambda exchange: (left.pop(0) if len(left) > 1 else left[0])(exchange)


def says(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Route:
    return lambda exchange: exchange.reply(body, status=status, headers=headers)


def prober(server: ScriptedServer, key: str = "", **expected: Any) -> Prober:
    time = Time()
    expectation = Expectation(**{"model": "m", **expected})
    return Prober(Client(server.url, key, timeout=5), expectation, clock=time, sleep=time.sleep)


def test_a_healthy_model_needs_one_attempt(server: ScriptedServer) -> None:
    server.serve_model()
    report = prober(server).wait(timeout=60, interval=5)
    assert report.healthy
    assert (report.attempts, report.completion_tokens, report.models) == (1, 1, ["m"])
    assert report.last_error == ""
    assert server.requests[-1].sent["max_tokens"] == 1


def test_why_it_waits_is_said_when_that_changes_and_now_and_then(server: ScriptedServer) -> None:
    server.serve_model()
    models = server.routes["GET /v1/models"]
    server.routes["GET /v1/models"] = in_turn(*[says({"data": []})] * 21, *[says({}, 503)] * 2, models)
    time, said = Time(), list[tuple[float, str]]()
    Prober(
        Client(server.url, "", timeout=5),
        Expectation("m"),
        clock=time,
        sleep=time.sleep,
        say=lambda line: said.append((time.now, line)),
    ).wait(timeout=600, interval=2)
    assert [moment for moment, _ in said] == [4, 34, 42]
    assert all("model 'm' to generate a token" in line for _, line in said)
    assert "does not name model 'm'" in said[1][1]
    assert "HTTP 503" in said[2][1]


def test_a_model_that_loads_is_waited_for(server: ScriptedServer) -> None:
    server.serve_model()
    server.routes["GET /health/liveliness"] = in_turn(says(b"", 503), says(b"", 500), says(b"alive"))
    server.routes["GET /v1/models"] = in_turn(says({"data": []}), says({"data": [{"id": "m"}]}))
    server.routes[CHAT] = in_turn(says({"error": "loading"}, 503), says(answer()))
    report = prober(server).wait(timeout=60, interval=5)
    assert (report.attempts, report.elapsed_s) == (5, 20.0)


@pytest.mark.parametrize(
    ("rung", "paths"),
    [
        ("liveness", ["/health/liveliness"]),
        ("readiness", ["/health/liveliness", "/health/readiness"]),
        ("identity", ["/health/liveliness", "/health/readiness", "/v1/models"]),
        ("generate", ["/health/liveliness", "/health/readiness", "/v1/models", "/v1/chat/completions"]),
    ],
)
def test_it_climbs_as_far_as_asked(server: ScriptedServer, rung: str, paths: list[str]) -> None:
    server.serve_model()
    assert prober(server, validate=rung).wait(timeout=10, interval=1).healthy
    assert server.paths() == paths


@pytest.mark.parametrize(
    ("path", "route", "told"),
    [
        ("GET /health/liveliness", says(b"not yet", 503), "HTTP 503: not yet"),
        ("GET /v1/models", says({"data": [{"id": "old"}]}), "does not name model 'm'; it names: old"),
        ("GET /v1/models", says({"data": []}), "it names: none"),
        ("GET /health/readiness", says(b"no database", 503), "readiness answered HTTP 503: no database"),
        (CHAT, says({"error": "NotFoundError"}, 404), "HTTP 404.*NotFoundError"),
        (CHAT, says({"choices": [{"message": {"content": ""}}]}), "answered without a token"),
        (CHAT, says(b"<html>"), "no JSON: <html>"),
    ],
)
def test_the_last_sight_is_told(server: ScriptedServer, path: str, route: Route, told: str) -> None:
    server.serve_model()
    server.routes[path] = route
    waiting = prober(server)
    with pytest.raises(DeadlineExceeded, match=f"expected model 'm' to generate.*within 20 s.*{told}"):
        waiting.wait(timeout=20, interval=5)
    assert waiting.report.attempts == 4
    assert not waiting.report.healthy
    assert waiting.report.last_error


def test_a_reasoning_model_may_begin_with_a_thought(server: ScriptedServer) -> None:
    server.serve_model()
    server.routes[CHAT] = says({"choices": [{"message": {"content": None, "reasoning": "Hm"}}]})
    assert prober(server).wait(timeout=10, interval=1).healthy


def test_the_tier_has_to_be_the_expected_one(server: ScriptedServer) -> None:
    server.serve_model()
    server.routes[CHAT] = in_turn(says(answer(), headers=CPU), says(answer(), headers=GPU))
    report = prober(server, tier="gpu", tier_map=TIERS).wait(timeout=60, interval=5)
    assert (report.attempts, report.tier, report.api_base) == (2, "gpu", "http://gpu:8000/v1")


def test_another_tier_is_named(server: ScriptedServer) -> None:
    server.serve_model(headers=CPU)
    with pytest.raises(
        DeadlineExceeded, match="tier 'cpu' at http://cpu:11434 answered instead of tier 'gpu'"
    ):
        prober(server, tier="gpu", tier_map=TIERS).wait(timeout=10, interval=5)


def test_without_an_expected_tier_any_will_do(server: ScriptedServer) -> None:
    server.serve_model(headers=CPU)
    assert prober(server, tier_map=TIERS).wait(timeout=10, interval=5).tier == "cpu"


def test_a_key_that_stays_refused_ends_the_waiting_early(server: ScriptedServer) -> None:
    server.serve_model()
    server.routes["GET /v1/models"] = says({"error": "wrong key geheim-1"}, 401)
    waiting = prober(server, key="geheim-1")
    with pytest.raises(ProbeFailed, match=r"keeps refusing the key.*HTTP 401") as raised:
        waiting.wait(timeout=600, interval=5)
    assert not isinstance(raised.value, DeadlineExceeded)
    assert waiting.report.elapsed_s == 120
    assert "geheim" not in str(raised.value)


def test_a_key_may_need_a_moment(server: ScriptedServer) -> None:
    server.serve_model()
    server.routes["GET /v1/models"] = in_turn(*[says({}, 401)] * 10, says({"data": [{"id": "m"}]}))
    assert prober(server).wait(timeout=600, interval=5).attempts == 11


def test_other_failures_reset_the_patience_with_refusals(server: ScriptedServer) -> None:
    server.serve_model()
    turns = [*[says({}, 401)] * 20, says({}, 503), *[says({}, 401)] * 20, says({"data": [{"id": "m"}]})]
    server.routes["GET /v1/models"] = in_turn(*turns)
    assert prober(server).wait(timeout=600, interval=5).attempts == 42


def test_silence_counts_as_a_failed_attempt(server: ScriptedServer) -> None:
    server.serve_model()

    def silent(exchange: Exchange) -> None:
        exchange.server.script.over.wait(5)
        exchange.hang_up()

    server.routes[CHAT] = in_turn(says({}, 503), silent)
    waiting = Prober(Client(server.url, timeout=0.2), Expectation("m"))
    with pytest.raises(DeadlineExceeded, match=r"no complete answer within .* \(before: .*HTTP 503"):
        waiting.wait(timeout=0.8, interval=0.01)
    assert waiting.report.elapsed_s < 4


def engine(server: ScriptedServer, **card: Any) -> None:
    """Behaves as vLLM does: one path for its health, a length, a version, metrics."""
    server.serve_model()
    del server.routes["GET /health/liveliness"]
    server.routes["GET /health"] = says(b"")
    server.routes["GET /v1/models"] = says({"data": [{"id": "m", "max_model_len": 8192, **card}]})
    server.routes["GET /version"] = says({"version": "0.8.5.post1+cu124"})
    names = (words[-1] for words in NAMES.values())
    server.routes["GET /metrics"] = says("".join(f'{name}{{a="b"}} 1\n' for name in names).encode())


def test_an_engine_as_planned(server: ScriptedServer) -> None:
    engine(server)
    waiting = prober(server, max_model_len=8192, version="0.8.5.post1", metrics=True)
    report = waiting.wait(timeout=10, interval=5)
    assert (report.max_model_len, report.version) == (8192, "0.8.5.post1")
    assert "/health/readiness" not in server.paths()


def test_an_engine_is_asked_only_for_what_matters(server: ScriptedServer) -> None:
    engine(server)
    prober(server).wait(timeout=10, interval=5)
    assert not {"/version", "/metrics"} & set(server.paths())


@pytest.mark.parametrize(
    ("expected", "route", "told"),
    [
        ({"max_model_len": 4096}, {}, "takes 8192 tokens instead of 4096"),
        ({"version": "0.20.0"}, {}, "release 0.8.5.post1 runs instead of 0.20.0"),
        ({"version": "0.20.0"}, {"GET /version": says({"detail": "?"})}, "does not report a version"),
        ({"version": "0.20.0"}, {"GET /version": says(b"<html>")}, "does not report a version"),
        ({"metrics": True}, {"GET /metrics": says(b"up 1")}, "the metrics lack vllm:num_requests_running"),
        ({"metrics": True}, {"GET /metrics": says({}, 404)}, "the metrics lack vllm:num_requests_running"),
    ],
)
def test_an_engine_of_another_kind(
    server: ScriptedServer, expected: dict[str, Any], route: dict[str, Route], told: str
) -> None:
    engine(server)
    server.routes.update(route)
    with pytest.raises(DeadlineExceeded, match=told):
        prober(server, **expected).wait(timeout=5, interval=5)


def test_a_gateway_tells_no_length(server: ScriptedServer) -> None:
    server.serve_model()
    assert prober(server, max_model_len=8192).wait(timeout=10, interval=5).max_model_len == 0


class Cluster:
    """Sees the pods behind the server."""

    def __init__(self, in_vain: list[str], explanation: str = "") -> None:
        self._in_vain = in_vain
        self._explanation = explanation

    def in_vain(self) -> str:
        return self._in_vain.pop(0) if self._in_vain else ""

    def explain(self) -> str:
        return self._explanation


def test_an_engine_that_cannot_come_up_ends_the_waiting(server: ScriptedServer) -> None:
    time = Time()
    cluster = Cluster(["", "pod p: CrashLoopBackOff\n    cause: the GPU's memory ran out."])
    waiting = Prober(Client(server.url), Expectation("m"), time, time.sleep, cluster)
    with pytest.raises(ProbeFailed, match=r"model 'm' to gen.*cannot be reached.\npod p: Crash") as raised:
        waiting.wait(timeout=600, interval=5)
    assert not isinstance(raised.value, DeadlineExceeded)
    assert "memory ran out" in str(raised.value)
    assert waiting.report.attempts == 2


def test_the_deadline_tells_what_the_cluster_sees(server: ScriptedServer) -> None:
    time = Time()
    cluster = Cluster([], "pod p: Unschedulable: Insufficient nvidia.com/gpu")
    waiting = Prober(Client(server.url), Expectation("m"), time, time.sleep, cluster)
    with pytest.raises(DeadlineExceeded, match=r"seen last \(attempt 2\).*\npod p: Unschedulable"):
        waiting.wait(timeout=10, interval=5)
