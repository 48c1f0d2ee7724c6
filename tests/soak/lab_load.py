"""A lab that is up, what its gateway's clients see, and the ways in which its GPU tier goes away."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from lab.hosts import ssh
from lab.hosts.fleet import Fleet
from tests.faults.lab_under_test import ENGINE, PATIENCE_S, SERVED, Lab
from tests.rehearsal import GATEWAY_PORT, NAMESPACE, wait_for

DEPLOYMENT = ENGINE.partition("/")[2]
_POD = "-l app=vllm-server"


@dataclass(frozen=True)
class Answer:
    """One request, by one clock [s]."""

    sent: float
    ended: float
    tier: str
    error: str = ""

    @property
    def latency(self) -> float:
        return self.ended - self.sent


class Site:
    """The lab, asked as a consumer."""

    def __init__(self, folder: Path) -> None:
        self.lab = Lab(folder / "doctor.json")
        settings = self.lab.settings
        known = json.loads(settings.lab_file.read_text("utf-8"))
        secrets = yaml.safe_load(settings.secrets_file.read_text("utf-8"))
        self.url = f"http://{known['hosts']['server']['address']}:{GATEWAY_PORT}/v1/chat/completions"
        self.model = SERVED
        self.cpu_model = known_cpu_model(settings.models)
        self._headers = {"Authorization": f"Bearer {secrets['consumer_key']}"}

    def ask(self, model: str, tokens: int = 4, stream: bool = False) -> Answer:
        body = {
            "model": model,
            "messages": [{"role": "user", "content": "Name a colour."}],
            "max_tokens": tokens,
            "temperature": 0,
            "stream": stream,
        }
        sent, tier = time.monotonic(), ""
        try:
            with requests.post(
                self.url, json=body, headers=self._headers, timeout=PATIENCE_S, stream=stream
            ) as told:
                tier = (
                    "cpu" if told.headers.get("x-litellm-model-api-base", "").endswith("/ollama") else "gpu"
                )
                text = told.text
                is_whole = '"content"' in text and (not stream or "[DONE]" in text)
                error = "" if told.status_code == 200 and is_whole else f"{told.status_code} {text[:300]}"
        except requests.RequestException as failure:
            error = f"{type(failure).__name__}: {failure}"
        return Answer(sent, time.monotonic(), tier, error)

    def burst(self, model: str, at_once: int, tokens: int = 4) -> list[Answer]:
        """Whole answers and streams in turn, all sent at the same moment."""
        return finish(self.begin(model, at_once, tokens))

    def begin(self, model: str, at_once: int, tokens: int = 4) -> list[Future[Answer]]:
        ready = threading.Barrier(at_once)

        def one(number: int) -> Answer:
            ready.wait()
            return self.ask(model, tokens, stream=number % 2 == 1)

        pool = ThreadPoolExecutor(at_once)
        found = [pool.submit(one, number) for number in range(at_once)]
        pool.shutdown(wait=False)
        return found

    def well(self) -> None:
        """The engine serves, and the gateway asks it."""
        wait_for("the engine", self.lab.serves, timeout=PATIENCE_S)
        wait_for("answers of the GPU", self._from_the_gpu, timeout=PATIENCE_S, interval=1)

    def _from_the_gpu(self) -> bool:
        told = self.ask(self.model)
        return told.tier == "gpu" and not told.error

    def restarts(self) -> dict[str, int]:
        """The engine's pods, and how often their containers were restarted."""
        found = self.lab.get(f"-n {NAMESPACE} pods {_POD}")["items"]
        return {
            pod["metadata"]["name"]: sum(row["restartCount"] for row in pod["status"]["containerStatuses"])
            for pod in found
            # One that its node refused after a restart stays, and has no containers.
            if pod["status"].get("containerStatuses")
        }

    # Ways to go away.

    def scale(self, replicas: int) -> None:
        self.lab.kubectl(f"-n {NAMESPACE} scale {ENGINE} --replicas={replicas}")

    def switch_off(self) -> None:
        fleet = Fleet(self.lab.settings)
        fleet.podman.output("stop", "--time", "0", self.lab.settings.container("gpu"))

    def switch_on(self) -> None:
        fleet = Fleet(self.lab.settings)
        fleet.podman.output("start", self.lab.settings.container("gpu"))
        ssh.wait_until_ready(self.lab.settings, "gpu", fleet.addresses(("gpu",))["gpu"])

    def drop(self, what: str) -> None:
        """``-I`` drops everything that the server sends to the GPU host's pods, ``-D`` no more."""
        pods = self.lab.node()["spec"]["podCIDR"]
        self.lab.inside("server", f"iptables -w {what} FORWARD -d {pods} -j DROP")

    def signal(self, name: str, process: str) -> None:
        self.lab.inside("gpu", f"pkill -{name} -f '{process}'")


def known_cpu_model(models: str) -> str:
    """What inventories/rehearsal gives the CPU tier."""
    text = Path("inventories/rehearsal/group_vars/all/inference.yml").read_text("utf-8")
    return str(yaml.safe_load(text)["lab_choices"][models]["cpu_model"])


def finish(futures: Iterable[Future[Answer]]) -> list[Answer]:
    return [future.result() for future in futures]


def slowest(answers: Iterable[Answer], since: float = 0.0) -> float:
    """The longest wait [s], of those that were sent before a moment counted from there."""
    return max(answer.ended - max(answer.sent, since) for answer in answers)


class Users:
    """Users who ask one request after the other until the block ends; ``answers`` grows meanwhile."""

    def __init__(self, site: Site, users: int, pause: float = 0.2, tokens: int = 4) -> None:
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(site, number, pause, tokens), daemon=True)
            for number in range(users)
        ]
        self.answers: list[Answer] = []

    def _run(self, site: Site, number: int, pause: float, tokens: int) -> None:
        while not self._over.is_set():
            self.answers.append(site.ask(site.model, tokens, stream=number % 2 == 1))
            number += 1
            self._over.wait(pause)

    def __enter__(self) -> Users:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_about: Any) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait(self, done: Callable[[Answer], bool], timeout: float) -> Answer | None:
        """The first answer like this, or None when none came in time."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            found = next((answer for answer in list(self.answers) if done(answer)), None)
            if found is not None:
                return found
            time.sleep(0.1)
        return None


def seconds(name: str, otherwise: float) -> float:
    """A duration that the environment may shorten."""
    return float(os.environ.get(name) or otherwise)
