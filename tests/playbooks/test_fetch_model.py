"""How a model gets into the cache: the hub's real client against its stand-in, over lines that break."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.hub.server import make_server

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "roles/vllm/files/fetch_model.py"
CHUNK = 1 << 20
WEIGHTS = 6_000_000


@dataclass
class Hub:
    """The hub, and a cache that is filled from it."""

    folder: Path
    home: Path
    url: str

    def switch(self, **switches: Any) -> None:
        (self.folder / "switches.json").write_text(json.dumps(switches))

    def served(self, file: str) -> int:
        with urllib.request.urlopen(f"{self.url}/served") as answer:
            return int(json.loads(answer.read()).get(file, 0))

    def command(self, *words: str) -> list[str]:
        return [sys.executable, str(PROGRAM), *words]

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        return {**kept, "HF_HOME": str(self.home), "HF_ENDPOINT": self.url, **more}

    def fetch(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = self.command("--patience", "20", *words)
        return subprocess.run(
            command, env=self.environment(**more), capture_output=True, text=True, timeout=120, check=False
        )

    def snapshot(self, name: str = "org/model") -> Path:
        (found,) = (self.home / "hub" / f"models--{name.replace('/', '--')}" / "snapshots").iterdir()
        return found

    def digest(self, name: str = "org/model") -> str:
        return hashlib.sha256((self.snapshot(name) / "model.safetensors").read_bytes()).hexdigest()

    def wanted_digest(self, name: str = "org/model") -> str:
        return hashlib.sha256((self.folder / name / "model.safetensors").read_bytes()).hexdigest()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    folder = tmp_path / "repositories"
    model = folder / "org/model"
    model.mkdir(parents=True)
    (model / "model.safetensors").write_bytes(random.Random(1).randbytes(WEIGHTS))
    (model / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    (model / "pytorch_model.bin").write_bytes(b"x" * 20_000)
    (model / "original").mkdir()
    (model / "original/consolidated.00.pth").write_bytes(b"x" * 20_000)
    server = make_server(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Hub(folder, tmp_path / "home", f"http://127.0.0.1:{server.server_address[1]}")
    server.shutdown()
    server.server_close()


def test_a_model_arrives_whole_and_is_not_asked_for_again(hub: Hub) -> None:
    first = hub.fetch("org/model")
    assert (first.returncode, first.stderr) == (0, "")
    assert hub.digest() == hub.wanted_digest()
    assert sorted(path.name for path in hub.snapshot().iterdir()) == ["config.json", "model.safetensors"]
    assert "complete and verified" in first.stdout
    again = hub.fetch("org/model", HF_ENDPOINT="http://127.0.0.1:9")
    assert (again.returncode, again.stdout) == (0, "org/model: is there\n")


def test_a_tokenizer_comes_without_its_model(hub: Hub) -> None:
    assert hub.fetch("--tokenizer", "org/model").returncode == 0
    assert [path.name for path in hub.snapshot().iterdir()] == ["config.json"]
    assert hub.fetch("org/model").returncode == 0
    assert hub.digest() == hub.wanted_digest()
    assert hub.fetch("--tokenizer", "org/model", HF_ENDPOINT="http://127.0.0.1:9").returncode == 0


def test_three_broken_transfers_cost_a_chunk_each(hub: Hub) -> None:
    hub.switch(cut_after=[1_800_000, 1_200_000, 1_700_000])
    result = hub.fetch("org/model")
    assert result.returncode == 0, result.stdout
    assert hub.digest() == hub.wanted_digest()
    assert hub.served("org/model/model.safetensors") <= WEIGHTS + 3 * CHUNK


def test_three_killed_processes_cost_a_chunk_each(hub: Hub) -> None:
    hub.switch(bytes_per_second=3_000_000)
    in_flight = 0
    for round_ in range(3):
        process = subprocess.Popen(hub.command("org/model"), env=hub.environment(), stdout=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while hub.served("org/model/model.safetensors") < (round_ + 1) * 1_200_000:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL if round_ else signal.SIGTERM)
        process.communicate(timeout=30)
        # What the sockets between both still held was sent, and arrived nowhere.
        in_flight += 500_000
    hub.switch()
    assert hub.fetch("org/model").returncode == 0
    assert hub.digest() == hub.wanted_digest()
    assert hub.served("org/model/model.safetensors") <= WEIGHTS + 3 * CHUNK + in_flight


def test_a_gated_model_ends_at_once_with_its_licence_page(hub: Hub) -> None:
    hub.switch(gated=["org/model"], tokens=["hf_right"])
    without = hub.fetch("org/model")
    assert without.returncode == 3
    page = f"{hub.url}/org/model"
    assert f"Accept its licence at {page} with an account, and set vllm_hf_token" in without.stdout
    refused = hub.fetch("org/model", HF_TOKEN="hf_wrong")
    assert refused.returncode == 3
    assert "with the account of vllm_hf_token" in refused.stdout
    assert "hf_wrong" not in refused.stdout + refused.stderr
    assert hub.served("org/model/model.safetensors") == 0
    assert hub.fetch("org/model", HF_TOKEN="hf_right").returncode == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["org/absent"], "The hub knows no org/absent"),
        (["org/model@v9"], "org/model has no revision v9"),
        (["org/model", "--reserve-bytes", str(10**18)], "Make room, or move the cache"),
    ],
)
def test_what_only_a_person_can_mend_ends_at_once(hub: Hub, words: list[str], told: str) -> None:
    result = hub.fetch(*words)
    assert result.returncode == 3
    assert told in result.stdout.splitlines()[-1]


def test_a_file_that_the_hub_does_not_send_over_http_ends_at_once(hub: Hub) -> None:
    hub.switch(said_sizes={"model.safetensors": 60_000_000_000})
    result = hub.fetch("org/model")
    assert result.returncode == 3
    assert "model.safetensors has 60.0 GB" in result.stdout
    assert hub.served("org/model/model.safetensors") == 0


def test_bytes_that_somebody_changed_are_not_kept(hub: Hub) -> None:
    hub.switch(corrupt=["model.safetensors"])
    result = hub.fetch("org/model")
    assert result.returncode == 3
    assert "model.safetensors arrives with another content" in result.stdout
    assert not list((hub.home / "hub").glob("models--org--model/snapshots/*"))
    hub.switch()
    assert hub.fetch("org/model").returncode == 0
    assert hub.digest() == hub.wanted_digest()


def test_a_damaged_file_of_the_cache_is_fetched_again(hub: Hub) -> None:
    assert hub.fetch("org/model").returncode == 0
    blob = (hub.snapshot() / "model.safetensors").resolve()
    blob.write_bytes(blob.read_bytes()[:-1])
    assert hub.fetch("org/model").returncode == 0
    assert hub.digest() == hub.wanted_digest()


def test_a_snapshot_from_elsewhere_serves_where_the_hub_is_away(hub: Hub) -> None:
    assert hub.fetch("org/model").returncode == 0
    commit = hub.snapshot().name
    (hub.snapshot().parent.parent / ".verified" / commit).unlink()
    result = hub.fetch("org/model", HF_ENDPOINT="http://127.0.0.1:9")
    assert result.returncode == 0, result.stdout
    assert "not verified: the hub does not answer" in result.stdout
    offline = hub.fetch("org/model", HF_HUB_OFFLINE="1")
    assert (offline.returncode, "HF_HUB_OFFLINE is set" in offline.stdout) == (0, True)
    nothing = hub.fetch("org/other", HF_HUB_OFFLINE="1")
    assert nothing.returncode == 3
    assert "org/other is not in the cache, and HF_HUB_OFFLINE is set" in nothing.stdout


def test_a_hub_that_never_answers_is_given_up_and_tried_again(hub: Hub) -> None:
    result = hub.fetch("--patience", "2", "org/model", HF_ENDPOINT="http://127.0.0.1:9")
    assert result.returncode == 1
    assert "interrupted" in result.stdout
    assert "the next try goes on" in result.stdout.splitlines()[-1]


def test_progress_tells_bytes_rate_and_time_left(hub: Hub) -> None:
    hub.switch(bytes_per_second=2_000_000)
    lines = hub.fetch("org/model").stdout.splitlines()
    assert lines[0] == "org/model: fetching 6.0 MB in 2 files"
    assert any("MB of 6.0 MB" in line for line in lines)


def test_two_processes_share_the_work(hub: Hub) -> None:
    hub.switch(bytes_per_second=1_200_000)
    both = [
        subprocess.Popen(hub.command("org/model"), env=hub.environment(), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("another process fetches it" in text for text in told) == 1
    assert hub.served("org/model/model.safetensors") == WEIGHTS
