"""Prompts are as long as asked for, alike in each run, and new to the server in each run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.prompts import (
    Prompts,
    Scale,
    read_rows,
)
from ansible_collections.inference.stack.plugins.module_utils.benchmarking.settings import Workload
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput

SCALE = Scale(tokens_per_word=2.0, overhead=20.0)


def request(workload: Workload, number: int = 0, run: str = "r1") -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(
        Prompts(workload, "m", run, SCALE).body(str(number), {"include_usage": True})
    )
    return sent


def text(sent: dict[str, Any]) -> str:
    return str(sent["messages"][0]["content"])


def test_a_request_is_in_openai_s_form() -> None:
    sent = request(Workload(output_tokens=7))
    assert {key: sent[key] for key in sent if key != "messages"} == {
        "model": "m",
        "max_tokens": 7,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_options_that_no_server_knows_are_left_out() -> None:
    assert "stream_options" not in json.loads(Prompts(Workload(), "m", "r", SCALE).body("0", {}))


def test_answers_may_be_kept_going() -> None:
    sent = request(Workload(output_tokens=9, ignore_eos=True, extra_body={"temperature": 1, "x": 2}))
    assert (sent["ignore_eos"], sent["min_tokens"], sent["temperature"], sent["x"]) == (True, 9, 1, 2)


def test_the_length_follows_from_how_the_server_counts() -> None:
    words = text(request(Workload(input_tokens=220))).split()
    assert len(words) == 2 + 100  # the mark, and (220 - 20) / 2


def test_no_two_prompts_begin_alike() -> None:
    texts = [text(request(Workload(), number, run)) for number in range(50) for run in ("r1", "r2")]
    assert len({one[:6] for one in texts}) == 100


def test_a_seed_gives_the_same_words_and_lengths_in_every_run() -> None:
    workload = Workload(seed=5, spread=0.5, output_tokens=100)
    for number in range(20):
        first, second = request(workload, number, "r1"), request(workload, number, "r2")
        assert text(first)[2:] == text(second)[2:]
        assert first["max_tokens"] == second["max_tokens"]
    assert text(request(workload)) != text(request(Workload(seed=6, spread=0.5, output_tokens=100)))


def test_lengths_vary_as_far_as_asked_for() -> None:
    lengths = [
        request(Workload(output_tokens=100, spread=0.2), number)["max_tokens"] for number in range(300)
    ]
    assert 80 <= min(lengths) < 85
    assert 115 < max(lengths) <= 120


def test_a_shared_prefix_comes_before_the_mark() -> None:
    workload = Workload(dataset="shared_prefix", prefix_tokens=200, input_tokens=40)
    first, second = text(request(workload, 0)).split(), text(request(workload, 1)).split()
    assert first[:102] == second[:102]
    assert first[102:104] != second[102:104]
    assert text(request(workload, 0, "r2")).split()[0] != first[0]


def test_a_file_gives_prompts_in_turn(tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    rows = [
        {"prompt": "Grüße\u2028here", "output_tokens": 5},
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
    ]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n", "utf-8")
    workload = Workload(dataset="file", dataset_path=str(path), output_tokens=9)
    first, second, third = (request(workload, number) for number in range(3))
    assert text(first) == "r1 0: Grüße\u2028here"
    assert [first["max_tokens"], second["max_tokens"]] == [5, 9]
    assert text(second) == "r1 1: Be brief."
    assert second["messages"][1] == {"role": "user", "content": "Hi"}
    assert text(third) == "r1 2: Grüße\u2028here"


def test_prompts_may_be_sent_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"prompt": "Hi"}')
    workload = Workload(dataset="file", dataset_path=str(path), unique_prompts=False)
    assert text(request(workload)) == "Hi"
    workload = Workload(dataset="shared_prefix", prefix_tokens=50, unique_prompts=False)
    assert text(request(workload, 3, "r1")) == text(request(workload, 3, "r2"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "has no prompts"),
        ('{"prompt": "a"}\n{"prompt":', "line 2:"),
        ("[]", "line 1: is not a JSON object"),
        ('{"text": "a"}', "line 1: has neither a prompt nor messages"),
        ('{"messages": []}', "has neither a prompt nor messages"),
        ('{"messages": ["hi"]}', "has neither a prompt nor messages"),
        ('{"prompt": "a", "output_tokens": "5"}', "output_tokens is '5'"),
    ],
)
def test_a_broken_file_is_refused_by_its_line(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text(content)
    with pytest.raises(InvalidInput) as raised:
        read_rows(str(path))
    assert told in str(raised.value)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(InvalidInput, match="dataset_path /nowhere/x cannot be read"):
        read_rows("/nowhere/x")
