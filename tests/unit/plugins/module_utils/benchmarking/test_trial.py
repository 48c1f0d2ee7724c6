"""A trial learns what the server takes, how it counts and how fast it talks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.prompts import Scale
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.settings import Workload
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.trial import try_out
from ansible_collections.inference.stack.plugins.module_utils.errors import ProbeFailed

from tests.unit.plugins.module_utils.benchmarking.jobs import settings
from tests.unit.plugins.module_utils.benchmarking.talker import Talker
from tests.unit.plugins.scripted_server import ScriptedServer


def test_a_server_that_knows_everything(server: ScriptedServer, talker: Talker) -> None:
    talker.gap = 0.02
    trial = try_out(settings(server.url), "r1")
    assert trial.stream_options == {"include_usage": True, "continuous_usage_stats": True}
    # It counts 2 tokens for each word and 5 for the rest; the mark of a sample has 3 words.
    assert trial.scale == Scale(2.0, 11.0)
    assert 10 < trial.chunks_per_second < 50
    assert server.connections == 1


@pytest.mark.parametrize(
    ("unknown", "options"),
    [
        (("continuous_usage_stats",), {"include_usage": True}),
        (("stream_options",), {}),
    ],
)
def test_what_a_server_does_not_know_is_left_out(
    server: ScriptedServer, talker: Talker, unknown: tuple[str, ...], options: dict[str, bool]
) -> None:
    talker.unknown = unknown
    assert try_out(settings(server.url), "r1").stream_options == options


def test_a_server_that_does_not_count_leaves_the_usual_scale(server: ScriptedServer, talker: Talker) -> None:
    talker.counts = False
    assert try_out(settings(server.url), "r1").scale == Scale()


def test_a_file_needs_no_scale(server: ScriptedServer, talker: Talker, tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"prompt": "hi"}')
    workload = Workload(dataset="file", dataset_path=str(path))
    try_out(replace(settings(server.url), workload=workload), "r1")
    assert len(talker.asked) == 1


def test_another_refusal_is_told(server: ScriptedServer, talker: Talker) -> None:
    talker.unknown = ("messages",)
    with pytest.raises(
        ProbeFailed, match=r"cannot be measured: POST .* answered HTTP 400: .*messages is unknown"
    ):
        try_out(settings(server.url), "r1")


def test_an_unknown_model_is_told_at_once(server: ScriptedServer) -> None:
    with pytest.raises(ProbeFailed, match=r"cannot be measured: .*HTTP 404"):
        try_out(settings(server.url), "r1")
    assert len(server.requests) == 1
