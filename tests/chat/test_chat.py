"""The chat on a lab that is up: installed, used as a person does, and removed without a trace.

LAB names the lab (default: demo). It needs Open WebUI: LAB_WITH=open-webui make demo. The tests follow each
other.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from lab import state
from tests.chat.web import Chat
from tests.faults.lab_under_test import ENGINE, SERVED, Lab
from tests.rehearsal import NAMESPACE, play, shell_quote, wait_for

INVENTORY = "inventories/rehearsal"
PORT = 30300
ADMIN = ("Ada", "ada@example.com", "correct horse battery")
VOLUME = "chat-test"
FOLDER = f"/var/lib/{VOLUME}"
# A claim as on a site, in place of the folder that the inventory takes: the lab has nobody who makes volumes.
CLAIM = {
    "open_webui_storage": "claim",
    "open_webui_storage_class": VOLUME,
    "open_webui_storage_size": "1Gi",
}
REMOVE = CLAIM | {"chat_state": "absent"}
OWNED = "secret,configmap,persistentvolumeclaim,service,deployment,replicaset,pod"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    found = Lab(tmp_path_factory.mktemp("chat") / "doctor.json")
    content = state.read_lab_file(found.settings)
    assert content and "open-webui" in content["mounts"], (
        f"lab {found.settings.name} has no Open WebUI: LAB_WITH=open-webui make demo"
    )
    assert leftovers(found) == [], "the chat is there already: make chat STATE=absent DATA=absent"
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": VOLUME},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": VOLUME,
            "hostPath": {"path": FOLDER},
        },
    }
    # As k3s' local-path makes its folders.
    found.ssh("server", f"install -d -m 0777 {FOLDER}")
    found.ssh("server", f"printf %s {shell_quote(json.dumps(volume))} | k3s kubectl apply -f -")
    yield found
    play(INVENTORY, "chat", REMOVE | {"chat_data": "absent"}, timeout=900)
    found.kubectl(f"delete persistentvolume {VOLUME} --wait")
    found.ssh("server", f"rm -rf {FOLDER}")


@pytest.fixture(scope="module")
def chat(lab: Lab) -> Chat:
    content = state.read_lab_file(lab.settings)
    assert content
    return Chat(f"http://{content['hosts']['server']['address']}:{PORT}")


def leftovers(lab: Lab) -> list[str]:
    """Everything in the namespace that has to do with the chat."""
    found = lab.get(f"-n {NAMESPACE} {OWNED}")["items"]
    names = [f"{item['kind']} {item['metadata']['name']}" for item in found]
    return [name for name in names if "open-webui" in name]


def run(variables: dict[str, Any], *words: str) -> tuple[int, subprocess.CompletedProcess[str]]:
    """chat.yml; how many tasks changed something, and all it said."""
    done = play(INVENTORY, "chat", variables, *words, timeout=1500)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return sum(int(count) for count in re.findall(r"changed=(\d+)", done.stdout)), done


def answers_of_the_engine(lab: Lab) -> float:
    """How many requests the GPU's engine has answered."""
    script = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/metrics').read().decode())"
    text = lab.kubectl(f"-n {NAMESPACE} exec {ENGINE} -- python3 -c {shell_quote(script)}")
    return sum(float(count) for count in re.findall(r"^vllm:request_success_total\{.*\} (\S+)$", text, re.M))


def test_check_mode_tells_what_would_come_and_brings_nothing(lab: Lab) -> None:
    changed, done = run(CLAIM, "--check", "--diff")
    assert changed > 0
    assert leftovers(lab) == []
    key = re.findall(r"sk-[0-9a-f]{64}", done.stdout + done.stderr)
    assert key == []


def test_it_installs_and_a_second_run_changes_nothing(lab: Lab, chat: Chat) -> None:
    changed, done = run(CLAIM)
    assert changed > 0
    assert f"The chat is at {chat.url}. Whoever signs up first" in " ".join(done.stdout.split())
    assert run(CLAIM)[0] == 0
    assert run(CLAIM, "--check")[0] == 0
    (pod,) = lab.get(f"-n {NAMESPACE} pod -l app.kubernetes.io/name=open-webui")["items"]
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
    assert lab.get(f"-n {NAMESPACE} persistentvolumeclaim open-webui-data")["status"]["phase"] == "Bound"


def test_the_first_to_sign_up_is_the_administrator_and_the_next_is_refused(chat: Chat) -> None:
    first = chat.sign_up(*ADMIN)
    assert (first.status_code, first.json()["role"]) == (200, "admin"), first.text
    assert Chat(chat.url).sign_up("Eve", "eve@example.com", "correct horse battery").status_code == 403
    assert chat.sign_in(*ADMIN[1:])["role"] == "admin"


def test_it_offers_what_the_gateway_offers(lab: Lab, chat: Chat) -> None:
    content = state.read_lab_file(lab.settings)
    assert content
    key = state.read_secrets(lab.settings)["consumer_key"]
    gateway = requests.get(
        f"http://{content['hosts']['server']['address']}:30400/v1/models",
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    )
    assert set(chat.models()) == {entry["id"] for entry in gateway.json()["data"]}
    assert chat.get("/api/config")["default_models"] == SERVED


def test_an_answer_comes_through_the_gateway_from_the_gpu(lab: Lab, chat: Chat) -> None:
    before = answers_of_the_engine(lab)
    answer = chat.ask(SERVED, "Hello")
    assert answer["model"] == SERVED
    assert answer["choices"][0]["message"]["content"]
    assert answer["usage"]["completion_tokens"] > 0
    assert answers_of_the_engine(lab) == before + 1


def test_the_chat_has_no_other_way_to_the_engine(lab: Lab) -> None:
    script = (
        "import socket\n"
        f"try: socket.create_connection(('vllm-api.{NAMESPACE}.svc.cluster.local', 8000), 5)\n"
        "except OSError as error: print('refused', error)\n"
    )
    said = lab.kubectl(f"-n {NAMESPACE} exec deployment/open-webui -- python3 -c {shell_quote(script)}")
    assert said.startswith("refused")


def test_it_does_not_run_as_root(lab: Lab) -> None:
    assert lab.kubectl(f"-n {NAMESPACE} exec deployment/open-webui -- id -u").strip() == "1000"


def test_accounts_outlive_the_pod_and_the_chat(lab: Lab, chat: Chat) -> None:
    lab.kubectl(f"-n {NAMESPACE} delete pod -l app.kubernetes.io/name=open-webui --wait")
    wait_for("the chat after its pod was lost", lambda: Chat(chat.url).sign_in(*ADMIN[1:]), timeout=600)
    assert run(REMOVE, "--check")[0] > 0
    assert run(REMOVE)[0] > 0
    assert leftovers(lab) == [
        "ConfigMap inference-stack-open-webui-data",
        "PersistentVolumeClaim open-webui-data",
    ]
    assert run(REMOVE)[0] == 0
    run(CLAIM)
    assert Chat(chat.url).sign_in(*ADMIN[1:])["role"] == "admin"


def test_it_goes_without_a_trace(lab: Lab) -> None:
    changed, done = run(REMOVE | {"chat_data": "absent"})
    assert changed > 0
    assert "The chat is gone, and its data with it." in done.stdout
    assert leftovers(lab) == []
    assert run(REMOVE | {"chat_data": "absent"})[0] == 0
    assert Path(lab.settings.lab_file).is_file()
