#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Has an Ollama server in a cluster pull the models that it lacks."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_model
short_description: Have an Ollama server in a cluster pull the models that it lacks
version_added: 0.1.0
description:
  - Runs C(ollama list) in a ready pod of a Deployment, and C(ollama pull) for each model that is not there.
  - On the controller it says every 30 seconds how far a download is.
  - A model from another registry is copied to its name, so that clients ask for it by that.
  - Needs no connection to the server itself, so no network policy has to admit the controller.
author:
  - The inference.stack authors (@inference-stack)
options:
  models:
    description: The models.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name that clients ask for, with or without a tag.
        type: str
        required: true
      source:
        description:
          - Where to pull it from, if not from ollama.com under its name.
          - C(REGISTRY/NAME:TAG), with C(http://) in front for a registry without TLS.
        type: str
        default: ''
      insecure:
        description: Whether the registry may have an untrusted certificate, or no TLS.
        type: bool
        default: false
  namespace:
    description: Namespace of the Deployment.
    type: str
    required: true
  deployment:
    description: The Deployment whose pods run Ollama.
    type: str
    default: ollama
  container:
    description: The container that runs Ollama.
    type: str
    default: ollama
  attempts:
    description: Number of attempts at a download, including the first.
    type: int
    default: 3
  silence:
    description: Seconds without output after which a download counts as broken.
    type: int
    default: 300
extends_documentation_fragment:
  - inference.stack.cluster
attributes:
  check_mode:
    description: Can run in check mode and say what it would do.
    support: full
    details: Without a ready pod every model counts as missing.
  diff_mode:
    description: Shows the models before and after.
    support: full
"""

EXAMPLES = r"""
- name: Pull the models of the CPU tier
  inference.stack.ollama_model:
    kubeconfig: "{{ kubeconfig }}"
    namespace: ml
    models:
      - name: qwen3:4b
      - name: house-model
        source: http://registry.example:5000/library/house-model:latest
"""

RETURN = r"""
present:
  description: Models that the server had before.
  type: list
  elements: str
  returned: success
  sample: ["qwen3:4b"]
pulled:
  description: Models that were pulled, or would be in check mode.
  type: list
  elements: str
  returned: success
  sample: ["house-model:latest"]
hint:
  description: What to do next, where the module knows.
  type: str
  returned: failure
  sample: 'Look at its log: kubectl -n ml logs deployment/litellm'
"""

import functools
import time
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.cluster.api import Api
from ..module_utils.cluster.cluster_options import CLUSTER_OPTIONS
from ..module_utils.cluster.kubeconfig import harmless_values
from ..module_utils.cluster.ollama_models import Pull, download_progress, missing_models, models_in
from ..module_utils.cluster.patience import Announcer, silence
from ..module_utils.cluster.pod_exec import Finished, run_in_pod
from ..module_utils.cluster.rollouts import ready_pods, selector
from ..module_utils.connection import require_given
from ..module_utils.errors import ProbeFailed, StackError, Unreachable, fail
from ..module_utils.module_call import ModuleCall

PAUSE_S = 5
ARGUMENTS: dict[str, dict[str, Any]] = {
    **CLUSTER_OPTIONS,
    "models": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "source": {"type": "str", "default": ""},
            "insecure": {"type": "bool", "default": False},
        },
    },
    "namespace": {"type": "str", "required": True},
    "deployment": {"type": "str", "default": "ollama"},
    "container": {"type": "str", "default": "ollama"},
    "attempts": {"type": "int", "default": 3},
    "silence": {"type": "int", "default": 300},
}


class Server:
    """Ollama in a pod."""

    def __init__(self, api: Api, params: dict[str, Any], say: Callable[[str], None] = silence) -> None:
        self._api = api
        self._params = params
        self._pod = ""
        self._announcer = Announcer(say, time.monotonic)

    def is_ready(self) -> bool:
        namespace, name = self._params["namespace"], self._params["deployment"]
        found = self._api.read("apps/v1", "Deployment", namespace, name)
        if found is None:
            return False
        answer = self._api.get(f"/api/v1/namespaces/{namespace}/pods", {"labelSelector": selector(found)})
        self._pod = next(iter(ready_pods((answer or {}).get("items") or [])), "")
        return bool(self._pod)

    def models(self) -> list[str]:
        listed = self._run(["ollama", "list"])
        if listed.exit_code != 0:
            raise ProbeFailed(f"ollama list failed in pod {self._pod}: {_last_line(listed)}")
        return models_in(listed.stdout)

    def pull(self, model: Pull) -> None:
        for command in model.commands:
            self._insist(command, model.name)

    def _watch(self, name: str, shown: str) -> None:
        self._announcer.tell(name, name, lambda: f"{name}: pulling, {download_progress(shown) or 'starting'}")

    def _insist(self, command: list[str], name: str) -> None:
        """Ollama goes on where a broken download ended."""
        problem = ""
        for attempt in range(self._params["attempts"]):
            if attempt:
                time.sleep(PAUSE_S)
            try:
                finished = self._run(command, functools.partial(self._watch, name))
            except Unreachable as error:
                problem = str(error)
                continue
            if finished.exit_code == 0:
                return
            problem = _last_line(finished)
        raise ProbeFailed(
            f"Ollama cannot get {name} ({' '.join(command)}): {problem}",
            "Does the pod reach the registry, and does it have the model?",
        )

    def _run(self, command: list[str], watch: Callable[[str], None] | None = None) -> Finished:
        return run_in_pod(
            self._api,
            self._params["namespace"],
            self._pod,
            self._params["container"],
            command,
            self._params["silence"],
            watch,
        )


def _last_line(finished: Finished) -> str:
    lines = (finished.stderr or finished.stdout).split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), f"exit code {finished.exit_code}")


def run(module: ModuleCall, say: Callable[[str], None] = silence) -> None:
    """Answer one call. ``say`` is told how far a download is."""
    require_given(module, "kubeconfig")
    params = module.params
    module.no_log_values.difference_update(harmless_values(params["kubeconfig"]))
    try:
        server = Server(Api.from_kubeconfig(params["kubeconfig"], params["context"]), params, say)
        ready = server.is_ready()
        if not ready and not module.check_mode:
            raise ProbeFailed(f"No pod of Deployment {params['namespace']}/{params['deployment']} is ready.")
        present = server.models() if ready else []
        missing = missing_models(params["models"], present)
        if not module.check_mode:
            for model in missing:
                server.pull(model)
    except StackError as error:
        fail(module, error)
    pulled = [model.name for model in missing]
    before, after = ("".join(f"{name}\n" for name in names) for names in (present, [*present, *pulled]))
    module.exit_json(
        changed=bool(pulled), present=present, pulled=pulled, diff={"before": before, "after": after}
    )


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
