"""The official clients, each in a process of its own that takes orders: see programs/wire.py."""

from __future__ import annotations

import contextlib
import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tests.rehearsal import ROOT

PROGRAMS = Path(__file__).with_name("programs")
ENVIRONMENT = ROOT / ".venv" / "clients"
PATIENCE_S = 120


class Outcome(NamedTuple):
    """What a client returned, or the error that it raised; and what it saw of HTTP."""

    returned: dict[str, Any]
    error: dict[str, Any]
    exchanges: list[dict[str, Any]]

    @property
    def statuses(self) -> list[int]:
        return [exchange["status"] for exchange in self.exchanges]

    @property
    def servers(self) -> set[str]:
        return {exchange["server"] for exchange in self.exchanges}


# What an error of each status is, in the words of those whose client this is.
_OPENAI = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    429: "RateLimitError",
}
_LANGCHAIN = {
    400: "OpenAIInvalidRequestError",
    401: "OpenAIAuthenticationError",
    403: "OpenAIPermissionDeniedError",
    429: "OpenAIRateLimitError",
}
_VERCEL = dict.fromkeys(_OPENAI, "APICallError")


class Consumer(Protocol):
    """What takes orders, and shows errors in a form of its own."""

    name: str
    # What an error of each status is called.
    classes: dict[int, str]
    # What it has no call for.
    lacks: frozenset[str]

    def order(self, do: str, url: str, key: str, model: str, **more: Any) -> Outcome: ...


class Client:
    """One official client; it starts with its first order."""

    def __init__(
        self, name: str, command: list[str], classes: dict[int, str], lacks: frozenset[str] = frozenset()
    ) -> None:
        self.name = name
        self.classes = classes
        # What it has no call for.
        self.lacks = lacks
        self._command = command
        self._process: subprocess.Popen[str] | None = None

    def __repr__(self) -> str:
        return self.name

    def order(self, do: str, url: str, key: str, model: str, **more: Any) -> Outcome:
        process = self._started()
        assert process.stdin and process.stdout
        order = {"do": do, "url": url, "key": key, "model": model, **more}
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, f"{self.name} ended with {process.wait(PATIENCE_S)}"
        answer = json.loads(line)
        return Outcome(answer, answer.pop("error", {}), answer.pop("exchanges"))

    def close(self) -> None:
        if self._process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.communicate(timeout=10)
            self._process.kill()

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                # Node.js looks here for its packages.
                cwd=ENVIRONMENT,
                # Without the user's proxy, which could not reach the lab, and without the user's keys.
                env={"PATH": f"{ENVIRONMENT}/bin:/usr/bin:/bin", "LANGSMITH_TRACING": "false"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._process


def _python(name: str, classes: dict[int, str], lacks: frozenset[str] = frozenset()) -> Client:
    program = PROGRAMS / f"{name}_python.py"
    return Client(name, [str(ENVIRONMENT / "bin/python"), "-B", str(program)], classes, lacks)


def _node(name: str, classes: dict[int, str], lacks: frozenset[str] = frozenset()) -> Client:
    # As text: a file would look for its packages beside itself.
    program = (PROGRAMS / "node.mjs").read_text("utf-8")
    command = [str(ENVIRONMENT / "bin/node"), "--input-type=module", "--eval", program, "--", name]
    return Client(f"{name}-node", command, classes, lacks)


def official_clients() -> list[Client]:
    """LangChain and the SDK of Vercel have no call that lists models."""
    return [
        _python("openai", _OPENAI),
        _node("openai", _OPENAI),
        _python("anthropic", _OPENAI, frozenset({"embed"})),
        _python("langchain", _LANGCHAIN, frozenset({"models"})),
        _node("vercel", _VERCEL, frozenset({"models"})),
    ]
