# SPDX-License-Identifier: Apache-2.0
"""What playbooks/init.yml says in the end: what it found, what it proposes, what to type next. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..text.tables import paragraph, table
from ..text.units import UNKNOWN, size
from .machines import Machine
from .proposal import Proposal

WRITTEN, KEPT, CHECKED = STATES = ("written", "kept", "checked")
_FREE, _ASKS = "free", "asks"
INSTALLED = "ansible_collections/inference/stack/playbooks"
_LONGEST = 300  # characters of what SSH says
_VERDICTS = {"fits": "fits", "tight": "fits tightly"}


@dataclass(frozen=True)
class Site:
    """The folder, and what is typed to use it. ``password_file`` is empty where nobody knows of one."""

    folder: str
    playbooks: str
    state: str
    password_file: str = ""


def closing_words(
    machines: Sequence[Machine], proposal: Proposal, site: Site, files: Sequence[str] = ()
) -> str:
    sections = (
        _found(machines, proposal),
        _proposed(proposal),
        _attention(machines, proposal),
        _state(site, files),
        _next(machines, site),
    )
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _found(machines: Sequence[Machine], proposal: Proposal) -> list[str]:
    heads = ["machine", "address", "card", "driver", "memory", "cores", "free for models"]
    rows = []
    for machine in machines:
        seen = machine.seen
        card = proposal.cards.get(machine.name, "-") or UNKNOWN
        driver = "-" if not machine.has_gpu else seen.driver or (UNKNOWN if seen.pci_ids is None else "none")
        free = size(seen.free_bytes) if machine.has_gpu else "-"
        cores = str(seen.cores or UNKNOWN)
        rows.append([machine.name, machine.address, card, driver, size(seen.memory_bytes), cores, free])
    return ["FOUND", *table(heads, rows, "  ")]


def _proposed(proposal: Proposal) -> list[str]:
    lines = ["PROPOSED"]
    if proposal.model:
        told = f"{proposal.model} with vLLM {proposal.release}: {_VERDICTS[proposal.verdict]}"
        lines += paragraph(f"{told} on {proposal.gpus} cards" if proposal.gpus else told, "  gpu  ")
    else:
        lines += paragraph(f"nothing ({proposal.reason})", "  gpu  ")
    if proposal.ollama:
        licence = f" (licence: {proposal.ollama_licence})" if proposal.ollama_licence else ""
        lines += paragraph(f"{proposal.ollama} with Ollama{licence}", "  cpu  ")
    else:
        lines += paragraph(f"nothing ({proposal.ollama_reason})", "  cpu  ")
    return lines


def _attention(machines: Sequence[Machine], proposal: Proposal) -> list[str]:
    told = [*(text for machine in machines for text in _troubles(machine)), *proposal.notes]
    lines = ["NOTES"]
    for text in told:
        lines += paragraph(text, "  - ")
    return lines if told else []


def _troubles(machine: Machine) -> Iterator[str]:
    seen = machine.seen
    if seen.reason:
        yield f"{machine.name} was not looked at: {_short(seen.reason)}. {_advice(machine)}".strip()
    if seen.sudo not in ("", _FREE, _ASKS):
        yield f"{machine.name}: {_short(seen.sudo)}. The site needs a user who may become root."


def _advice(machine: Machine) -> str:
    """What to type so that the machine answers."""
    reason = machine.seen.reason.lower()
    target = shlex.quote(f"{machine.user}@{machine.address}" if machine.user else machine.address)
    address = shlex.quote(machine.address)
    if machine.is_local:
        return ""
    if "identification has changed" in reason:
        return (
            "Its host key is not the one that is known. If the machine was installed anew: "
            f"ssh-keygen -R {address}, then ssh {target}."
        )
    if "host key verification failed" in reason:
        return (
            f"Its host key is not known yet. Run ssh {target} and compare the fingerprint, or trust the "
            f"network: ssh-keyscan {address} >> ~/.ssh/known_hosts."
        )
    if "permission denied" in reason:
        return f"Give it your key: ssh-copy-id {target}."
    return f"Try ssh {target}."


def _short(reason: str) -> str:
    """The words of SSH or sudo in one line, without frames and without what Ansible puts in front."""
    reason = reason.rpartition(">>> Standard Error")[2]
    words = re.sub(r"[@\s]{3,}|\s+", " ", reason).strip(" .")
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]} …"


def _state(site: Site, files: Sequence[str]) -> list[str]:
    if site.state == KEPT:
        told = (
            f"{site.folder} is a site already: nothing was changed. To begin anew, remove it or name another."
        )
        return ["SITE", *paragraph(told, "  ")]
    if site.state == CHECKED:
        lines = paragraph(f"Check mode: nothing was written. {site.folder} would hold", "  ")
        return ["SITE", *lines, *(f"    {path}" for path in files)]
    lines = paragraph(f"{site.folder} is written; read group_vars from top to bottom.", "  ")
    if site.password_file:
        told = (
            f"Its secrets are encrypted. The vault's password is in {site.password_file}: "
            "keep a copy elsewhere."
        )
        lines += paragraph(told, "  ")
    return ["SITE", *lines]


def _next(machines: Sequence[Machine], site: Site) -> list[str]:
    asks = [machine.seen.sudo != _FREE for machine in machines]
    vault = (
        f"--vault-password-file {shlex.quote(site.password_file)}"
        if site.password_file
        else "--ask-vault-pass"
    )
    words = ["-i", shlex.quote(site.folder), "{}", *(["-K"] if any(asks) else []), vault]
    command = "ansible-playbook " + " ".join(words)
    lines = ["NEXT", "  # look at the plan, which changes nothing"]
    lines.append("  " + command.format(_playbook(site, "plan")))
    lines.append("  # install it")
    lines.append("  " + command.format(_playbook(site, "site")))
    if any(machine.seen.sudo == "" for machine in machines):
        lines += paragraph("-K asks for the password of sudo; leave it out where sudo asks for none.", "  ")
    return lines


def _playbook(site: Site, name: str) -> str:
    """A collection's playbook has a name, wherever its file is."""
    if INSTALLED in site.playbooks:
        return f"inference.stack.{name}"
    return shlex.quote(f"{site.playbooks}/{name}.yml")
