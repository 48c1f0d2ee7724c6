"""A command in a pod, over the WebSocket protocol."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.module_utils.cluster.api import Api
from ansible_collections.inference.stack.plugins.module_utils.cluster.kubeconfig import Access
from ansible_collections.inference.stack.plugins.module_utils.cluster.pod_exec import Finished, run_in_pod
from ansible_collections.inference.stack.plugins.module_utils.errors import ProbeFailed, Unreachable

from tests.unit.plugins.pod_commands import (
    CLOSE,
    PING,
    STDERR,
    STDOUT,
    accept,
    ended,
    frame,
    pod_that,
    said,
)
from tests.unit.plugins.scripted_server import Exchange, Route, ScriptedServer

PATH = (
    "/api/v1/namespaces/ml/pods/p/exec?container=ollama&stdout=true&stderr=true&command=ollama&command=list"
)
TOKEN = "token-0123456789"


def run(server: ScriptedServer, route: Route, silence_s: float = 5) -> Finished:
    server.routes[f"GET {PATH}"] = route
    api = Api(Access(server.url, {"Authorization": f"Bearer {TOKEN}"}))
    return run_in_pod(api, "ml", "p", "ollama", ["ollama", "list"], silence_s)


def sends(*frames: bytes) -> Route:
    return pod_that(lambda _words: b"".join(frames))


def test_output_errors_and_status_come_apart(server: ScriptedServer) -> None:
    done = run(server, sends(said(STDOUT, "a"), said(STDERR, "warn"), said(STDOUT, "b\n"), ended()))
    assert done == Finished(0, "ab\n", "warn")
    (asked,) = server.requests
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["Sec-WebSocket-Protocol"] == "v4.channel.k8s.io"


def test_what_is_written_to_stderr_can_be_watched(server: ScriptedServer) -> None:
    sent = (said(STDERR, "1 %"), said(STDOUT, "a"), said(STDERR, "x" * 5000), said(STDERR, " 9 %"), ended())
    server.routes[f"GET {PATH}"] = sends(*sent)
    seen: list[str] = []
    run_in_pod(Api(Access(server.url, {})), "ml", "p", "ollama", ["ollama", "list"], 5, seen.append)
    assert seen[0] == "1 %"
    assert seen[-1].endswith("x 9 %") and len(seen[-1]) < 5000
    assert len(seen) == 3


def test_an_exit_status_is_an_answer(server: ScriptedServer) -> None:
    assert run(server, sends(said(STDERR, "no such model"), ended(3))) == Finished(3, "", "no such model")


@pytest.mark.parametrize("size", [125, 126, 65535, 65536, 200_000])
def test_frames_of_every_size_are_read(server: ScriptedServer, size: int) -> None:
    assert run(server, sends(said(STDOUT, "x" * (size - 1)), ended())).stdout == "x" * (size - 1)


def test_a_message_may_come_in_pieces(server: ScriptedServer) -> None:
    pieces = [frame(b"\x01ab", final=False), frame(b"cd", opcode=0, final=False), frame(b"ef", opcode=0)]
    assert run(server, sends(*pieces, ended())).stdout == "abcdef"


def test_a_ping_is_answered_and_masked(server: ScriptedServer) -> None:
    answers: list[bytes] = []

    def route(exchange: Exchange) -> None:
        accept(exchange)
        exchange.write(frame(b"hi", PING))
        answers.append(exchange.rfile.read(8))
        exchange.write(ended())

    assert run(server, route).exit_code == 0
    (answer,) = answers
    assert answer[:2] == bytes((0x8A, 0x82))
    assert bytes(byte ^ answer[2 + index] for index, byte in enumerate(answer[6:])) == b"hi"


def test_a_refusal_says_why_and_no_secret(server: ScriptedServer) -> None:
    refusal = {"message": 'container ollama is not valid for pod "p"'}
    with pytest.raises(ProbeFailed, match="not valid for pod") as caught:
        run(server, lambda exchange: exchange.reply(refusal, 400))
    assert TOKEN not in str(caught.value)


def test_a_command_that_cannot_start_is_no_exit_status(server: ScriptedServer) -> None:
    status = b'\x03{"status": "Failure", "message": "executable file not found"}'
    with pytest.raises(ProbeFailed, match="executable file not found"):
        run(server, sends(frame(status)))


@pytest.mark.parametrize(
    "frames",
    [[], [said(STDOUT, "half")], [frame(b"", CLOSE)], [said(STDOUT, "whole")[:-2]]],
    ids=["nothing", "no status", "closed", "cut off"],
)
def test_a_connection_that_breaks_is_told_apart(server: ScriptedServer, frames: list[bytes]) -> None:
    with pytest.raises(Unreachable, match="broke while ollama ran"):
        run(server, sends(*frames))


def test_silence_ends_it(server: ScriptedServer) -> None:
    def route(exchange: Exchange) -> None:
        accept(exchange)
        server.over.wait(5)

    with pytest.raises(Unreachable, match="timed out"):
        run(server, route, silence_s=0.2)
