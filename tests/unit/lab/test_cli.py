"""Verbs, refusals and the demo's last words."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError

import pytest
from rich.console import Console

from lab import cli, demo, preflight, state
from lab.demo import Gateway
from lab.errors import LabError
from lab.preflight import GIB, Needs, available_memory
from lab.settings import load
from lab.steps import Running, Step


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("LAB", "unit")


def test_what_is_not_up_is_said_with_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ssh", "gpu", "true"]) == 1
    text = capsys.readouterr().err
    assert "lab unit is not up" in text and "fix: LAB=unit make demo" in text


def test_status_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status"]) == 3
    assert "absent" in capsys.readouterr().out


def test_logs_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    logs = load().logs
    logs.mkdir(parents=True)
    (logs / "hosts.log").write_text("all well\n")

    assert cli.main(["logs"]) == 0
    assert "hosts" in capsys.readouterr().out
    assert cli.main(["logs", "hosts"]) == 0
    assert capsys.readouterr().out == "all well\n"
    assert cli.main(["logs", "nothing"]) == 1


def test_prune_removes_what_this_checkout_no_longer_uses(capsys: pytest.CaptureFixture[str]) -> None:
    components = load().cache / "components"
    old = components / "containerd-000000000000"
    foreign = components / "notes"
    for folder in (old, foreign):
        folder.mkdir(parents=True)

    assert cli.main(["prune"]) == 0
    assert capsys.readouterr().out == "removed containerd-000000000000\n"
    assert foreign.is_dir() and not old.exists()
    assert cli.main(["prune"]) == 0
    assert capsys.readouterr().out == "nothing to remove\n"


def test_prune_leaves_what_a_lab_may_have_mounted(capsys: pytest.CaptureFixture[str]) -> None:
    old = load().cache / "components" / "containerd-000000000000"
    old.mkdir(parents=True)
    load().state.mkdir(parents=True)

    assert cli.main(["prune"]) == 1
    assert "labs are up: unit" in capsys.readouterr().err
    assert old.is_dir()


def test_an_interrupt_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_status", interrupt)
    assert cli.main(["status"]) == cli.INTERRUPTED
    assert "goes on from here" in capsys.readouterr().err


def test_everything_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(preflight, "available_memory", lambda: 4 * GIB)
    monkeypatch.setattr(preflight.platform, "machine", lambda: "aarch64")
    with pytest.raises(LabError) as refusal:
        preflight.check(Needs(Path("/"), cold=False, hosts_running=False))
    text = refusal.value.problem

    for words in ("need root", "4.0 GiB of memory", "aarch64"):
        assert words in text
    assert text.count("fix:") == 3


def test_memory_is_read(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 4 kB\nMemAvailable:   2048 kB\n")
    assert available_memory(meminfo) == 2048 * 1024


def test_a_playbooks_output_becomes_a_live_word_and_a_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Step("site", "site", "network", tmp_path / "site.log", lambda _: "")
    run = Running(one, io.StringIO())
    seen: list[str] = []
    monkeypatch.setattr(run, "report", seen.append)
    lines = io.StringIO(
        "PLAY [Prepare hosts] ****\n\nTASK [k3s : install | Fetch] ***\nok: [server]\n"
        "cluster_objects : wait | Wait:\n  vllm: pod vllm-1: pulling image since 2 min\n"
        "PLAY RECAP ***\n"
        "gpu                        : ok=24   changed=11   unreachable=0    failed=0    skipped=1\n"
        "server                     : ok=20   changed=9    unreachable=0    failed=0    skipped=1\n"
    )
    assert demo._follow(lines, run) == 20
    assert seen == [
        "Prepare hosts",
        "Prepare hosts: k3s : install | Fetch",
        "Prepare hosts: vllm: pod vllm-1: pulling image since 2 min",
    ]


CONSUMER, MASTER = "sk-1", "sk-2"
# The second does to a terminal what it should not, and goes on and on.
SAID = {"one/two": "The capital of France\nis [bold]Paris[/bold].", "foreign": "\x1b[2J\x07" + "noise " * 40}
DEPLOYMENTS = [
    {"model_name": "one/two", "model_info": {"id": "first", "inference_tier": "gpu"}},
    {"model_name": "two", "model_info": {"id": "second", "inference_tier": "cpu"}},
    {"model_name": "foreign", "model_info": {"id": "third"}},
]


@pytest.fixture
def gateway() -> Iterator[str]:
    """A front door with one model that only the second tier answers, and one that no tier is known of."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/model/info":
                self._reply({"data": DEPLOYMENTS}, MASTER)
            else:
                self._reply({"data": [{"id": "one/two"}, {"id": "foreign"}]})

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            deployment = {"one/two": "second", "foreign": "third"}[request["model"]]
            message = {"role": "assistant", "content": SAID[request["model"]]}
            content = {"choices": [{"message": message}], "usage": {"completion_tokens": 8}}
            self._reply(content, deployment=deployment)

        def _reply(self, body: object, key: str = CONSUMER, deployment: str = "") -> None:
            known = self.headers["Authorization"] == f"Bearer {key}"
            self.send_response(200 if known else 401)
            self.send_header("x-litellm-model-id", deployment)
            self.send_header("x-litellm-attempted-fallbacks", "1")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_deployment_that_answered_is_read_from_the_answer(gateway: str) -> None:
    door = Gateway(gateway, CONSUMER)
    assert door.models() == ["foreign", "one/two"]
    answer = door.ask("one/two")

    assert (answer.deployment, answer.fallbacks, answer.tokens) == ("second", 1, 8)
    assert answer.text == SAID["one/two"]


def test_the_gateway_tells_the_master_which_tier_a_deployment_is(gateway: str) -> None:
    assert Gateway(gateway, MASTER).tiers() == {"first": "gpu", "second": "cpu"}
    with pytest.raises(HTTPError, match="401"):
        Gateway(gateway, CONSUMER).tiers()


def test_a_refusal_is_told_in_the_gateways_words(gateway: str) -> None:
    assert "HTTP 401" in Gateway(gateway, "wrong").ask("one/two").problem


def last_words(monkeypatch: pytest.MonkeyPatch, gateway: str, models: str) -> str:
    """What the demo says when everything is up."""
    port = int(gateway.rpartition(":")[2])
    monkeypatch.setattr(demo, "GATEWAY_PORT", port)
    content = {"hosts": {"server": {"address": "127.0.0.1"}}, "models": models}
    state.write_lab_file(load(), content)
    secrets = {"consumer_key": CONSUMER, "litellm_master_key": MASTER}
    monkeypatch.setattr(state, "read_secrets", lambda _settings: secrets)
    screen = Console(file=io.StringIO(), width=80)
    demo.summarise(load(), screen)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_the_last_words_are_a_question_the_answers_and_who_gave_them(
    monkeypatch: pytest.MonkeyPatch, gateway: str
) -> None:
    text = last_words(monkeypatch, gateway, "real")
    lines = text.splitlines()

    assert f'Its models are asked: "{demo.QUESTION}"' in lines
    told = lines.index('  one/two: "The capital of France is [bold]Paris[/bold]."')
    assert re.fullmatch(r" +tier cpu, after 1 fallback\(s\), 8 tokens in \S+ s", lines[told + 1])
    assert re.search(r"tier unknown, after 1 fallback\(s\), 8 tokens in", text)


def test_no_answer_reaches_the_terminals_controls_or_fills_it(
    monkeypatch: pytest.MonkeyPatch, gateway: str
) -> None:
    text = last_words(monkeypatch, gateway, "random")

    assert "random, so the answers are noise" in text
    assert not re.search(r"[^\n -~…]", text)
    assert max(len(line) for line in text.splitlines() if "noise noise" in line) < 160


def test_the_last_words_hold_a_line_to_paste_and_no_secret(
    monkeypatch: pytest.MonkeyPatch, gateway: str
) -> None:
    text, settings = last_words(monkeypatch, gateway, "real"), load()

    assert CONSUMER not in text and MASTER not in text
    line = next(line for line in text.splitlines() if "curl" in line)
    assert f"$(sed -n 's/^consumer_key: //p' {settings.secrets_file})" in line
    assert '"model": "foreign"' in line and demo.QUESTION in line
    assert "LAB=unit make down" in text
