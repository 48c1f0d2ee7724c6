"""A model that keeps its promises passes; each flaw breaks exactly the checks that it concerns."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import ProbeFailed
from ansible_collections.inference.stack.plugins.module_utils.openai_api.client import Client
from ansible_collections.inference.stack.plugins.module_utils.probing.contract.promise import (
    CAPABILITIES,
    Memory,
    Promise,
)
from ansible_collections.inference.stack.plugins.module_utils.probing.contract.registry import CHECKS, Check
from ansible_collections.inference.stack.plugins.module_utils.probing.contract.runner import Report, Runner
from ansible_collections.inference.stack.plugins.module_utils.probing.contract.session import Session

from tests.unit.plugins.scripted_model import CPU, GPU, LENGTH, NAME, TIER_MAP, ScriptedModel
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer

GIB = 1024**3
KEPT = Promise(
    model=NAME,
    capabilities=frozenset(CAPABILITIES),
    max_model_len=LENGTH,
    thinking_switch=True,
    memory=Memory(measured=10 * GIB, expected=11 * GIB, minimum=6 * GIB),
)
BEHIND_GATEWAY = replace(KEPT, tier="gpu", tier_map=TIER_MAP, api_base=GPU)
ALL = [name for check in CHECKS for name in check.names]


def run(model: ScriptedModel, promise: Promise = KEPT, key: str = "") -> Report:
    model.serve()
    return Runner(Session(promise, lambda: Client(model.server.url, key, timeout=10))).run()


def status(report: Report) -> dict[str, str]:
    return {result.check: result.status for result in report.results}


def seen(report: Report, check: str) -> str:
    return next(result.seen for result in report.results if result.check == check)


def broken(report: Report) -> list[str]:
    return [result.check for result in report.broken]


def sent(server: ScriptedServer) -> list[dict[str, Any]]:
    return [request.sent for request in server.requests if request.content]


@pytest.mark.parametrize("reasoning_field", ["reasoning", "reasoning_content"])
def test_a_model_that_keeps_its_promises(server: ScriptedServer, reasoning_field: str) -> None:
    report = run(ScriptedModel(server, reasoning_field=reasoning_field))
    assert [result.check for result in report.results] == ALL
    found = status(report)
    assert found.pop("answer") == found.pop("speed") == "not_applicable"
    assert set(found.values()) == {"passed"}, report.as_plain()["table"]
    report.require()


@pytest.mark.parametrize(
    ("flaw", "checks", "told"),
    [
        ("wrong name", ["identity"], f"the server names {NAME}-old"),
        ("other length", ["identity"], f"with {LENGTH // 2} tokens"),
        ("no usage", ["chat", "max_tokens", "context"], "no count of tokens"),
        ("cut stream", ["stream"], "without its end mark"),
        ("stream without usage", ["stream"], "no count of tokens"),
        ("one piece", ["stream"], "in 1 pieces"),
        ("max_tokens ignored", ["max_tokens"], "48 tokens"),
        ("stop ignored", ["stop"], "the tide came in"),
        ("prose", ["json", "json_answer"], "no JSON: 'Here is the JSON: {}'"),
        ("missing key", ["json", "json_answer"], "without correspondent"),
        ("more keys", ["json", "json_answer"], "with mood that nobody asked for"),
        ("tags as text", ["json", "json_answer"], "tags is not a list of texts"),
        ("wrong sender", ["json_answer"], "Musterbank"),
        ("no tool parser", ["tools"], "--enable-auto-tool-choice"),
        ("unparsed call", ["tools", "tools_answer"], "a call left in the text: '<tool_call>"),
        ("broken arguments", ["tools", "tools_answer"], "get_weather(no JSON)"),
        ("no call", ["tools_answer"], "no call: 'It is sunny in Paris.'"),
        ("wrong city", ["tools_answer"], "Rome"),
        ("reasoning not split", ["reasoning", "think", "no_think"], "reasoning in the content: '<think>"),
        ("never thinks", ["reasoning", "think"], "no reasoning; content 'It is 42.'"),
        ("always thinks", ["no_think"], "words of reasoning"),
        ("wrong sum", ["reasoning_answer"], "'It is 41.'"),
        ("no limit", ["context"], "an answer, "),
        ("cut context", ["context"], "an answer, 256 tokens of the prompt read"),
    ],
)
def test_each_flaw_breaks_what_it_concerns(
    server: ScriptedServer, flaw: str, checks: list[str], told: str
) -> None:
    report = run(ScriptedModel(server, {flaw}))
    assert broken(report) == checks
    assert told in seen(report, checks[0])
    every = len(status(report))
    with pytest.raises(ProbeFailed, match=f"breaks its contract in {len(checks)} of the {every} checks"):
        report.require()


def test_a_shorter_length_than_promised(server: ScriptedServer) -> None:
    """The engine was started with less than the plan says: the fitting prompt is refused already."""
    report = run(ScriptedModel(server, length=LENGTH * 3 // 4))
    assert broken(report) == ["identity", "context"]
    assert "HTTP 400" in seen(report, "context")


def test_a_server_that_cuts_what_was_promised_to_fit(server: ScriptedServer) -> None:
    """It names the promised length and silently drops the beginning of prompts, as Ollama does."""
    model = ScriptedModel(server, {"cut context", "names a longer length"}, length=LENGTH // 2)
    report = run(model)
    assert broken(report) == ["context"]
    assert "128 tokens of" in seen(report, "context")


def test_a_model_that_knows_little_breaks_only_the_answer(server: ScriptedServer) -> None:
    promise = replace(KEPT, capabilities=frozenset({"chat"}), thinking_switch=False)
    report = run(ScriptedModel(server, {"knows nothing"}), promise)
    assert broken(report) == ["answer"]


def test_what_is_not_promised_is_not_asked(server: ScriptedServer) -> None:
    promise = Promise(NAME)
    found = status(run(ScriptedModel(server), promise))
    assert [name for name, one in found.items() if one == "passed"] == [
        *("identity", "chat", "answer", "stream", "max_tokens", "stop")
    ]
    assert all("tools" not in body and "response_format" not in body for body in sent(server))


@pytest.mark.parametrize("flaw", ["wrong sender", "wrong sum", "wrong city", "no call"])
def test_without_quality_only_the_form_counts(server: ScriptedServer, flaw: str) -> None:
    report = run(ScriptedModel(server, {flaw}), replace(KEPT, quality="false"))
    assert broken(report) == []
    found = status(report)
    for name in ("answer", "json_answer", "tools_answer", "reasoning_answer"):
        assert found[name] == "not_applicable"
    assert found["json"] == "passed"
    report.require()


def test_quality_can_be_shown_without_counting(server: ScriptedServer) -> None:
    report = run(ScriptedModel(server, {"wrong sum"}), replace(KEPT, quality="report"))
    assert broken(report) == []
    assert status(report)["reasoning_answer"] == "failed"
    assert any("failed (shown)" in line and "41" in line for line in report.as_plain()["table"])
    report.require()


def test_without_a_parser_the_reasoning_stays_in_the_content(server: ScriptedServer) -> None:
    promise = replace(KEPT, reasoning_apart=False, thinking_switch=False)
    report = run(ScriptedModel(server, {"reasoning not split"}), promise)
    assert broken(report) == []
    assert status(report)["reasoning"] == "not_applicable"
    assert status(report)["reasoning_answer"] == "passed"


def test_slower_than_the_floor(server: ScriptedServer) -> None:
    report = run(ScriptedModel(server, pause=0.003), replace(KEPT, floor=400.0))
    assert broken(report) == ["speed"]
    assert "the best of 3" in seen(report, "speed")
    assert 0 < report.as_plain()["figures"]["tokens_per_second"] < 400


def test_as_fast_as_the_floor(server: ScriptedServer) -> None:
    report = run(ScriptedModel(server), replace(KEPT, floor=20.0))
    assert status(report)["speed"] == "passed"


@pytest.mark.parametrize(
    ("measured", "broken_ones", "told"),
    [
        (14 * GIB, ["memory"], "14.0 GiB used of 11.0 GiB planned"),
        (1 * GIB, ["memory"], "1.0 GiB used"),
        (12 * GIB, [], "12.0 GiB used"),
        (None, [], "not measured"),
    ],
)
def test_memory_after_loading(
    server: ScriptedServer, measured: int | None, broken_ones: list[str], told: str
) -> None:
    promise = replace(KEPT, memory=replace(KEPT.memory, measured=measured))
    report = run(ScriptedModel(server), promise)
    assert broken(report) == broken_ones
    assert told in seen(report, "memory")


def test_through_a_gateway(server: ScriptedServer) -> None:
    report = run(ScriptedModel(server, gateway=True), BEHIND_GATEWAY)
    assert broken(report) == []
    assert (report.tier, report.api_base) == ("gpu", f"{GPU}/v1")


def test_only_a_consumers_request_may_fall_back(server: ScriptedServer) -> None:
    run(ScriptedModel(server, gateway=True), BEHIND_GATEWAY)
    unguarded = [body for body in sent(server) if not body.get("disable_fallbacks")]
    assert [body["messages"][0]["content"] for body in unguarded] == ["Say OK."]


def test_an_engine_is_sent_nothing_that_only_gateways_know(server: ScriptedServer) -> None:
    run(ScriptedModel(server))
    assert all("disable_fallbacks" not in body for body in sent(server))


def test_a_gateway_is_known_by_its_headers(server: ScriptedServer) -> None:
    run(ScriptedModel(server, gateway=True), KEPT)
    assert sent(server)[-1]["disable_fallbacks"] is True


def test_the_wrong_tier_breaks_every_check_that_asks(server: ScriptedServer) -> None:
    report = run(ScriptedModel(server, {"gpu is away"}, gateway=True), BEHIND_GATEWAY)
    assert seen(report, "chat") == f"tier 'cpu' at {CPU} answered instead of tier 'gpu'"
    assert {"chat", "stream", "json", "tools", "reasoning", "context"} <= set(broken(report))
    assert "Connection error" in seen(report, "json")


def test_another_engine_of_the_right_tier_is_a_failure(server: ScriptedServer) -> None:
    tier_map = {**TIER_MAP, "http://other-inference.ml.svc.cluster.local:8000": "gpu"}
    promise = replace(BEHIND_GATEWAY, tier_map=tier_map)
    report = run(ScriptedModel(server, {"wrong engine"}, gateway=True), promise)
    assert f"answered instead of {GPU}" in seen(report, "chat")


def test_silence_is_not_waited_for_twice(server: ScriptedServer) -> None:
    def silent(exchange: Exchange) -> None:
        server.over.wait(5)
        exchange.hang_up()

    ScriptedModel(server).serve()
    server.routes["POST /v1/chat/completions"] = silent
    report = Runner(Session(KEPT, lambda: Client(server.url, timeout=0.2))).run()
    assert len(sent(server)) == 1
    assert seen(report, "json").startswith("not asked: no complete answer within")
    assert status(report)["identity"] == "passed"
    assert status(report)["memory"] == "passed"


def test_no_server_at_all() -> None:
    report = Runner(Session(KEPT, lambda: Client("http://127.0.0.1:9", timeout=1))).run()
    assert "refuses connections" in seen(report, "identity")
    assert "not asked" in seen(report, "chat")


def test_keys_never_become_evidence(server: ScriptedServer) -> None:
    key = "geheim-4711"
    model = ScriptedModel(server).serve()

    def repeat(exchange: Exchange) -> None:
        told = f"{exchange.headers['Authorization']} and sk-abcdefgh and hf_abcdefgh"
        message = {"content": told}
        usage = {"prompt_tokens": 1, "completion_tokens": 1}
        answer = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}
        exchange.reply(answer)

    server.routes["POST /v1/chat/completions"] = repeat
    report = Runner(Session(KEPT, lambda: Client(model.server.url, key, timeout=5))).run()
    text = str(report.as_plain())
    assert "abcdefgh" not in text


def test_the_table_has_a_line_for_each_check(server: ScriptedServer) -> None:
    table = run(ScriptedModel(server)).as_plain()["table"]
    assert len(table) == len(ALL)
    assert all(line.split()[0] in ("passed", "not") for line in table)
    assert max(len(line) for line in table) < 180


def test_a_tasks_timeout_ends_it_at_once() -> None:
    class OutOfTime(BaseException):
        """As Ansible raises it, in the main thread."""

    def ring(*_: Any) -> None:
        raise OutOfTime

    answered = threading.Event()
    slow = Check(("slow",), lambda _: [] * answered.wait(20))
    session = Session(KEPT, lambda: Client("http://127.0.0.1:9", ""))
    handler = signal.signal(signal.SIGALRM, ring)
    begin = time.monotonic()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(OutOfTime):
            Runner(session, (slow,)).run()
    finally:
        signal.signal(signal.SIGALRM, handler)
        answered.set()
    assert time.monotonic() - begin < 5
