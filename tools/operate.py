"""Short commands for a site: runs a playbook quietly, shows what it says, and ends with a telling status.

Usage: python -m tools.operate doctor|status|drill|report|models|ask|logs|port-forward|chat

The environment says the rest, so that make can hand it on: SITE (an inventory; without it the lab that LAB
names, when it is up), ARGS (more words for ansible-playbook), MODEL, PROMPT and TOKENS (ask), WAY, REQUESTS
and MODEL (drill), OF and LINES (logs), TO and PORT (port-forward), OUT and TITLE (report), STATE and DATA
(chat).

Exit status of doctor: 0 ok, 1 degraded, 2 broken, 3 the site could not be looked at. Of the others: 0 or 2.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REHEARSAL = "inventories/rehearsal"
# Where init.yml writes a new vault's password.
PASSWORD_FILE = ".vault-password"
VAULT = b"$ANSIBLE_VAULT;"
FAILED, UNSEEN = 2, 3
BROKEN = "broken"
VERDICTS = {"ok": 0, "degraded": 1, BROKEN: 2}


@dataclass(frozen=True)
class Verb:
    """One command: its playbook, and which variable of the environment becomes which of the playbook's."""

    playbook: str
    variables: Mapping[str, str] = field(default_factory=dict)


VERBS = {
    "doctor": Verb("doctor"),
    "status": Verb("status"),
    "drill": Verb("drill", {"WAY": "drill_way", "REQUESTS": "drill_requests", "MODEL": "drill_model"}),
    "report": Verb("report", {"OUT": "report_output", "TITLE": "report_title"}),
    "models": Verb("models"),
    "ask": Verb("ask", {"MODEL": "ask_model", "PROMPT": "ask_prompt", "TOKENS": "ask_max_tokens"}),
    "logs": Verb("logs", {"OF": "logs_of", "LINES": "logs_lines"}),
    "port-forward": Verb("port_forward", {"TO": "port_forward_to", "PORT": "port_forward_port"}),
    "chat": Verb("chat", {"STATE": "chat_state", "DATA": "chat_data"}),
}


class UsageError(Exception):
    """Something that the caller has to put right."""


def choose_site(environment: Mapping[str, str]) -> str:
    """The inventory that is meant."""
    if environment.get("SITE"):
        return environment["SITE"]
    state_home = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    lab = environment.get("LAB") or "demo"
    if (Path(state_home) / "inference-stack" / lab / "lab.json").is_file():
        return REHEARSAL
    raise UsageError(f"No lab named {lab} is up. Name your site: SITE=inventories/<your site>")


def command(verb: Verb, site: str, environment: Mapping[str, str]) -> list[str]:
    given = {name: environment[key] for key, name in verb.variables.items() if environment.get(key)}
    words = ["ansible-playbook", "-i", site, f"playbooks/{verb.playbook}.yml"]
    if given:
        words += ["--extra-vars", json.dumps(given)]
    more = shlex.split(environment.get("ARGS", ""))
    return [*words, *vault_words(Path(ROOT, site), more, environment), *more]


def vault_words(site: Path, more: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """How the site's vault is opened unless somebody says it: by the password that init put beside it."""
    folder = site if site.is_dir() else site.parent
    password = folder / PASSWORD_FILE
    said = environment.get("ANSIBLE_VAULT_PASSWORD_FILE") or any(
        "vault" in word or word == "-J" for word in more
    )
    if said or not any(map(is_encrypted, sorted(folder.glob("*_vars/**/*.yml")))):
        return []
    if not password.is_file():
        raise UsageError(
            f"{folder} has a vault. Add ARGS=--ask-vault-pass, or name a file with its password once: "
            "export ANSIBLE_VAULT_PASSWORD_FILE=…"
        )
    return ["--vault-password-file", str(password)]


def is_encrypted(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(VAULT)) == VAULT


def run(words: Sequence[str], environment: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """The exit status of ansible-playbook, and what its tasks returned."""
    done = subprocess.run(
        words,
        cwd=ROOT,
        env={
            **environment,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "ANSIBLE_NOCOLOR": "1",
        },
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    start = done.stdout.find("{")
    try:
        return done.returncode, json.loads(done.stdout[start:]) if start >= 0 else {}
    except ValueError:
        return done.returncode, {}


def results(told: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every result with its host, in the order of the tasks."""
    for play in told.get("plays") or []:
        for task in play.get("tasks") or []:
            yield from (task.get("hosts") or {}).items()


def shown(told: Mapping[str, Any]) -> str:
    """What the last task that shows something showed, as a text or as its lines."""
    texts = [
        "\n".join(result["msg"]) if isinstance(result["msg"], list) else result["msg"]
        for _, result in results(told)
        if result.get("action") in ("debug", "ansible.builtin.debug") and result.get("msg")
    ]
    return str(texts[-1]).rstrip() if texts else ""


def complaints(told: Mapping[str, Any]) -> list[str]:
    """Why tasks failed; a failure that a playbook handled is none."""
    failed = {
        host for host, row in (told.get("stats") or {}).items() if row["failures"] or row["unreachable"]
    }
    return [
        f"{host}: {result.get('msg')}"
        for host, result in results(told)
        if host in failed and (result.get("failed") or result.get("unreachable")) and result.get("msg")
    ]


def verdict(told: Mapping[str, Any]) -> str:
    """What doctor found; empty where it found nothing out."""
    for _, result in results(told):
        document = (result.get("ansible_facts") or {}).get("__doctor_document")
        if isinstance(document, dict):
            return str(document.get("verdict"))
    return ""


def operate(name: str, environment: Mapping[str, str]) -> int:
    site = choose_site(environment)
    print(f"{name} of {site} …", file=sys.stderr, flush=True)
    code, told = run(command(VERBS[name], site, environment), environment)
    text = shown(told)
    if name == "port-forward" and code == 0:
        print(text, flush=True)
        words = shlex.split(text)
        # Become the program, so that Ctrl-C ends it.
        os.execvp(words[0], words)
    if text:
        print(text)
    found = verdict(told) if name == "doctor" else ""
    # A run that failed for another reason than its verdict has not shown it.
    if found and (code == 0) == (found != BROKEN):
        return VERDICTS[found]
    for line in complaints(told):
        print(line, file=sys.stderr)
    if code and name == "doctor":
        return UNSEEN
    return FAILED if code else 0


def main(words: Sequence[str]) -> int:
    if len(words) != 1 or words[0] not in VERBS:
        print(f"usage: python -m tools.operate {'|'.join(VERBS)}", file=sys.stderr)
        return FAILED
    try:
        return operate(words[0], os.environ)
    except UsageError as error:
        print(error, file=sys.stderr)
        return UNSEEN if words[0] == "doctor" else FAILED


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
