"""``demo``: install the site on the lab's hosts, then show that its models answer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.markup import escape

from lab import state
from lab.components.model_components import RANDOM
from lab.errors import LabError
from lab.settings import Settings
from lab.steps import Running, Step

GATEWAY_PORT = 30400
"""The port that roles/litellm opens on every node."""

QUESTION = "What is the capital of France?"

ROOT = Path(__file__).resolve().parent.parent
INVENTORY = "inventories/rehearsal"

_ESTIMATE_S = 240
_HEADING = re.compile(r"^(PLAY|TASK|RUNNING HANDLER) \[(.*)\]")
# What a task says while it waits.
_WAITING = re.compile(r"^  (\S.*)$")
_RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)")
_ANSWER_TIMEOUT_S = 120
_ANSWER_TOKENS = 32
_SHOWN_CHARACTERS = 120


def step(settings: Settings) -> Step:
    """Install the site with its ordinary playbook."""
    return Step(
        key="site",
        title="ansible-playbook site.yml",
        kind="network",
        log_path=settings.logs / "site.log",
        action=lambda run: play(settings, "playbooks/site.yml", run),
        estimate_s=_ESTIMATE_S,
    )


def play(settings: Settings, playbook: str, run: Running) -> str:
    """Run a playbook on the lab's hosts into the step's log, showing the task that runs."""
    program = Path(sys.executable).with_name("ansible-playbook")
    words = [str(program) if program.exists() else "ansible-playbook", "-i", INVENTORY, playbook]
    run.log.write(f"$ {' '.join(words)}\n")
    run.log.flush()
    process = subprocess.Popen(
        words,
        cwd=ROOT,
        env=_environment(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert process.stdout is not None
    changed = _follow(process.stdout, run)
    code = process.wait()
    if code != 0:
        raise LabError(
            f"ansible-playbook ended with {code}",
            f"look into {run.step.log_path}, mend it, and run the same command again",
        )
    return f"changed={changed}"


def _follow(lines: IO[str], run: Running) -> int:
    changed = 0
    play_name = ""
    for line in lines:
        run.log.write(line)
        run.log.flush()
        if heading := _HEADING.match(line):
            if heading[1] == "PLAY":
                play_name = heading[2]
                run.report(play_name)
            else:
                run.report(f"{play_name}: {heading[2]}")
        elif told := _WAITING.match(line):
            run.report(f"{play_name}: {told[1]}")
        elif recap := _RECAP.match(line):
            changed += int(recap[3])
    return changed


def _environment(settings: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "LAB": settings.name,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR": "0",
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONUNBUFFERED": "1",
    }


@dataclass(frozen=True)
class Answer:
    """What the gateway said about one model, and which of its deployments spoke."""

    model: str
    text: str = ""
    tokens: int = 0
    seconds: float = 0.0
    deployment: str = ""
    fallbacks: int = 0
    problem: str = ""


def question_to(model: str) -> dict[str, Any]:
    """The body of a request. Without randomness, so that who asks again reads the same."""
    messages = [{"role": "user", "content": QUESTION}]
    return {"model": model, "max_tokens": _ANSWER_TOKENS, "temperature": 0, "messages": messages}


class Gateway:
    """The front door, as the owner of one key uses it."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._key = key
        # The hosts are on this machine: a proxy of the user's could not reach them.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def models(self) -> list[str]:
        content, _ = self._call("/v1/models", None)
        return sorted(str(entry["id"]) for entry in content["data"])

    def tiers(self) -> dict[str, str]:
        """The tier of each deployment by its id. Only the master key may ask."""
        content, _ = self._call("/model/info", None)
        infos = [entry["model_info"] for entry in content["data"]]
        return {str(info["id"]): str(info["inference_tier"]) for info in infos if "inference_tier" in info}

    def ask(self, model: str) -> Answer:
        """Have the model answer the question."""
        body = question_to(model)
        start = time.monotonic()
        try:
            content, headers = self._call("/v1/chat/completions", body)
        except (OSError, ValueError) as error:
            return Answer(model, problem=_words(error))
        choice = (content.get("choices") or [{}])[0]
        return Answer(
            model=model,
            text=str(choice.get("message", {}).get("content") or ""),
            tokens=int(content.get("usage", {}).get("completion_tokens", 0)),
            seconds=time.monotonic() - start,
            deployment=headers.get("x-litellm-model-id", ""),
            fallbacks=int(headers.get("x-litellm-attempted-fallbacks") or 0),
        )

    def _call(self, path: str, body: Mapping[str, Any] | None) -> tuple[dict[str, Any], dict[str, str]]:
        request = urllib.request.Request(
            f"{self.url}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
        )
        with self._opener.open(request, timeout=_ANSWER_TIMEOUT_S) as response:
            headers = {key.lower(): value for key, value in response.headers.items()}
            return json.loads(response.read()), headers


def _words(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code}: {error.read(300).decode(errors='replace')}"
    return str(error)


def summarise(settings: Settings, console: Console) -> None:
    """Say what stands now, and how to use it. No secret is printed: the line reads it from its file."""
    lab = state.read_lab_file(settings)
    assert lab is not None
    url = f"http://{lab['hosts'][settings.server]['address']}:{GATEWAY_PORT}"
    secrets = state.read_secrets(settings)
    gateway = Gateway(url, secrets["consumer_key"])
    models = gateway.models()
    tiers = Gateway(url, secrets["litellm_master_key"]).tiers()
    make = f"{_prefix(settings)}make"
    key = f"$(sed -n 's/^consumer_key: //p' {settings.secrets_file})"
    body = json.dumps(question_to(models[0] if models else ""))
    console.print(f"\n[bold]The site is up.[/bold] Gateway: {url}/v1   (OpenAI's API)", soft_wrap=True)
    console.print(escape(f"A consumer's key: {key}\n"), soft_wrap=True, highlight=False)
    noise = " Their weights are random, so the answers are noise." if settings.models == RANDOM else ""
    console.print(f'Its models are asked: "{QUESTION}"{noise}\n', soft_wrap=True, highlight=False)
    for answer in map(gateway.ask, models):
        for line in _describe(answer, tiers):
            console.print(escape(line), soft_wrap=True)
    lines = (
        "", "Try it:",
        f"  curl -sSi {url}/v1/chat/completions -H \"Authorization: Bearer {key}\" "
        f"-H 'Content-Type: application/json' -d '{body}'; echo",
        "", f"State:      {settings.state} (lab.json, secrets.yml)",
        f"Logs:       {settings.logs}",
        f"Look in:    {make} kubectl ARGS='get pods -A'   {make} ssh HOST=gpu",
        f"Take down:  {make} down",
    )  # fmt: skip
    for line in lines:
        console.print(escape(line), soft_wrap=True, highlight=False)


def _describe(answer: Answer, tiers: Mapping[str, str]) -> tuple[str, ...]:
    if answer.problem:
        return (f"  {answer.model}: no answer ({answer.problem})",)
    fallen = f", after {answer.fallbacks} fallback(s)" if answer.fallbacks else ""
    tier = tiers.get(answer.deployment, "unknown")
    said = f"{answer.tokens} tokens in {answer.seconds:.1f} s"
    return (
        f"  {answer.model}: {_shown(answer.text)}",
        f"      tier {tier}{fallen}, {said}",
    )


def _shown(text: str) -> str:
    """An answer on one line. What a terminal would obey is no part of it."""
    words = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return f'"{words[:_SHOWN_CHARACTERS]}{"…" if len(words) > _SHOWN_CHARACTERS else ""}"'


def _prefix(settings: Settings) -> str:
    return "" if settings.name == "demo" else f"LAB={settings.name} "
