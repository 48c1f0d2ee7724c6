"""import_model.yml: from a folder or a hub to a row that can be pasted."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook_run import environment, run_playbook
from tests.unit.catalog.schemas import mistakes
from tests.unit.plugins.plugin_utils.planning.model_files import QWEN3_AWQ, QWEN3_BYTES, index, safetensors

TOKEN = "hf_geheim4711"
CONFIG = json.dumps(QWEN3_AWQ)


class Hub(BaseHTTPRequestHandler):
    """Two repositories: one that is open and has an index, one that wants a token and is a single file."""

    def do_GET(self) -> None:
        owner, name = self.path.split("/")[1:3]
        file = self.path.split("/resolve/main/")[1]
        if name == "gated" and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, "Access to this model is restricted.")
        elif owner != "me":
            self._answer(404, "Entry not found")
        elif file == "config.json":
            self._answer(200, CONFIG)
        elif file.endswith("index.json") and name != "gated":
            self._answer(200, index(QWEN3_BYTES))
        else:
            self._answer(404, "Entry not found")

    def do_HEAD(self) -> None:
        self.send_response(302)
        self.send_header("Location", "https://elsewhere.invalid/weights")
        self.send_header("X-Linked-Size", "1234567")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        # The hub calls JSON plain text.
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def import_model(variables: dict[str, Any], token: str = "") -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in environment().items() if name != "HF_TOKEN"}
    return run_playbook(
        "import_model.yml",
        "-vvv",
        variables=variables,
        inventory="localhost,",
        env=env | ({"HF_TOKEN": token} if token else {}),
    )


def of_the_hub(hub: str, repository: str, output: Path) -> dict[str, Any]:
    return {
        "import_model_hub": hub,
        "import_model_repository": repository,
        "import_model_output": str(output),
    }


def written(path: Path, name: str) -> dict[str, Any]:
    rows = yaml.safe_load(path.read_text("utf-8"))
    assert mistakes("models", {"models": rows}) == []
    row: dict[str, Any] = rows[name]
    return row


def test_a_repository_of_the_hub(hub: str, tmp_path: Path) -> None:
    output = tmp_path / "row.yml"
    variables = of_the_hub(hub, "me/Open-8B", output)
    done = import_model(variables)
    assert done.returncode == 0, done.stdout[-2000:]
    row = written(output, "open-8b")
    assert (row["weights_bytes"], row["layers"], row["gated"]) == (QWEN3_BYTES, 36, False)
    # What is shown can be pasted as it is.
    assert (
        "        open-8b:\n          display_name: Open 8B\n          repository: me/Open-8B\n" in done.stdout
    )


def test_a_gated_model_needs_a_token_which_is_never_shown(hub: str, tmp_path: Path) -> None:
    output = tmp_path / "row.yml"
    variables = of_the_hub(hub, "me/gated", output)
    refused = import_model(variables)
    assert refused.returncode != 0
    assert "https://huggingface.co/me/gated and set HF_TOKEN" in refused.stdout
    done = import_model(variables, token=TOKEN)
    assert done.returncode == 0, done.stdout[-2000:]
    row = written(output, "gated")
    assert row["gated"] is True
    # A small model has no index; the hub tells the size of its one file.
    assert row["weights_bytes"] == 1234567
    assert TOKEN not in done.stdout + done.stderr


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(CONFIG)
    safetensors(tmp_path / "model.safetensors", {"a": ("I32", [4], 16)})
    output = tmp_path / "row.yml"
    done = import_model(
        {
            "import_model_folder": str(tmp_path),
            "import_model_repository": "me/mine",
            "import_model_name": "house",
            "import_model_output": str(output),
            "import_model_values": {"num_key_value_heads": 4},
        }
    )
    assert done.returncode == 0, done.stdout[-2000:]
    row = written(output, "house")
    assert (row["weights_bytes"], row["kv_heads"]) == (16, 4)


def test_nothing_to_import_is_told() -> None:
    done = import_model({})
    assert done.returncode != 0
    assert "-e import_model_repository=Qwen/Qwen3-8B-AWQ reads the hub" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
