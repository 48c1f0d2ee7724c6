# SPDX-License-Identifier: Apache-2.0
"""The answer of a task that may fail, hang or not reach its host. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..boundary.plain import plain
from .observed_site import bare_reason

# The words of ansible.builtin.slurp, in lower case.
_NO_FILE = "file not found"
_NO_REASON = "no reason was given"

# What Ansible, sudo, doas and su say where nobody becomes root, and what that means. Ansible's words depend
# on the connection; behind a connection that does not listen, those of the program are in stderr.
_BECOME = (
    (
        r"missing \w+ password|a (?:password|terminal) is required|no askpass program",
        "{program} needs a password: add -K (--ask-become-pass)",
    ),
    (
        r"incorrect \w+ password|duplicate become password prompt|sorry, try again",
        "{program} refuses the password that -K or ansible_become_password gives",
    ),
    (
        r"is not in the sudoers file|is not allowed to (?:execute|run)|may not run sudo",
        "{program} does not let ansible_user become root",
    ),
)


def task_answer(result: Any, key: str) -> dict[str, Any]:
    """The result of a module whose answer always holds ``key``, or the reason why there is none.

    A skipped task has no answer and no reason.
    """
    found: Mapping[str, Any] = result or {}
    answers = key in found
    is_failure = not answers and not found.get("skipped")
    return {
        "reachable": not found.get("unreachable"),
        # Failures are not copied: they may contain tracebacks, and reading those is deprecated.
        "answer": plain(found) if answers else {},
        "reason": _reason(found) or _NO_REASON if is_failure else "",
    }


def _reason(result: Mapping[str, Any]) -> str:
    return _become_refusal(result) or bare_reason(result.get("msg"))


def _become_refusal(result: Mapping[str, Any]) -> str:
    """Why a task could not become root; empty where that was not the fault."""
    told = "\n".join(str(result.get(key) or "") for key in ("msg", "module_stderr", "module_stdout"))
    for signs, words in _BECOME:
        if re.search(signs, told, re.IGNORECASE):
            program = re.search(r"\b(sudo|doas|su)\b", told)
            return words.format(program=program[1] if program else "sudo")
    return ""


def cluster_absence(kubeconfig: Any, server: str) -> dict[str, Any]:
    """Why the API server is not known, from the read of the kubeconfig (ansible.builtin.slurp).

    ``reason`` is empty where the kubeconfig was read; ``absent`` says that the server answered and has none.
    """
    found: Mapping[str, Any] = kubeconfig or {}
    told = _reason(found)
    absent = "content" not in found and _NO_FILE in told.lower()
    if "content" in found:
        reason = ""
    elif absent:
        reason = f"{server} has no kubeconfig, k3s has not run there"
    elif told and not found.get("skipped"):
        reason = f"{server}: {told}"
    else:
        reason = "the inventory names neither k3s_servers nor inference_kubeconfig"
    return {"absent": absent, "reason": reason}
