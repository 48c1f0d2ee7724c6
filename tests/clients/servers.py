"""What the servers behind the gateway noticed of a client, by their own counts."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.rehearsal import NAMESPACE

# kubectl's output for its arguments.
Kubectl = Callable[[str], str]
_METRICS = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/metrics').read().decode())"


def asked_of_the_cpu_tier(kubectl: Kubectl) -> int:
    """How many requests Ollama has answered or refused, as its log says."""
    return kubectl(f"-n {NAMESPACE} logs deployment/ollama").count(" POST ")


def of_the_engine(kubectl: Kubectl, engine: str, name: str) -> float:
    """A sum of the metrics of an engine's Deployment."""
    text = kubectl(f'-n {NAMESPACE} exec {engine} -c vllm -- python3 -c "{_METRICS}"')
    return sum(float(count) for count in re.findall(rf"^vllm:{name}\{{.*\}} (\S+)$", text, re.MULTILINE))
