"""The site is the example with other values, and what is written is read as it was meant."""

from __future__ import annotations

import dataclasses
import difflib
import re
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.proposing.machines import machines
from ansible_collections.inference.stack.plugins.plugin_utils.proposing.proposal import Proposal
from ansible_collections.inference.stack.plugins.plugin_utils.proposing.site_files import (
    GATEWAY,
    HOSTS,
    IGNORED,
    INFERENCE,
    scalar,
    site_files,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plugins.plugin_utils.proposing.found import EXAMPLE, pair

WRITTEN = yaml.safe_load(EXAMPLE[INFERENCE])
# The proposal that would be the example.
AS_EXAMPLE = Proposal(
    model=WRITTEN["inference_models"][0]["name"],
    release=WRITTEN["inference_vllm_version"],
    ollama=WRITTEN["inference_tiers"]["cpu"]["model"],
    gateways=yaml.safe_load(EXAMPLE[GATEWAY])["litellm_replicas"],
)
WORDS = st.from_regex(r"[a-z0-9][a-z0-9.:-]{0,20}", fullmatch=True)
PROPOSALS = st.builds(
    Proposal,
    model=st.just("") | WORDS,
    gpus=st.sampled_from([0, 2]),
    release=st.sampled_from(["0.11.0", "0.8.5.post1", "0.10"]),
    reason=st.just("gpu: it could not be looked at, so its card is unknown"),
    ollama=st.just("") | WORDS,
    ollama_reason=st.just("the memory of server is unknown"),
    gateways=st.sampled_from([1, 2]),
)


def test_the_examples_own_values_give_the_example() -> None:
    assert site_files(pair(), AS_EXAMPLE, EXAMPLE) == EXAMPLE
    assert list(site_files(pair(), AS_EXAMPLE, EXAMPLE))[-1] == HOSTS


@given(PROPOSALS)
def test_a_proposal_changes_named_values_alone(proposal: Proposal) -> None:
    files = site_files(pair(), proposal, EXAMPLE)
    assert {path for path in files if files[path] != EXAMPLE[path]} <= {INFERENCE, GATEWAY}
    removed = [
        line[2:]
        for path in (INFERENCE, GATEWAY)
        for line in difflib.ndiff(EXAMPLE[path].splitlines(), files[path].splitlines())
        if line.startswith("- ")
    ]
    keys = {re.sub(r"[\s-]*(\w+):.*", r"\1", line) for line in removed}
    assert keys <= {
        *("inference_models", "name", "mode", "aliases", "inference_vllm_version"),
        *("cpu", "backend", "model"),
        "litellm_replicas",
    }
    # Every comment of the example is still there.
    for comment in re.findall(r"#.*", EXAMPLE[INFERENCE]):
        assert comment in files[INFERENCE]


@given(PROPOSALS)
def test_what_is_written_is_read_as_proposed(proposal: Proposal) -> None:
    files = site_files(pair(), proposal, EXAMPLE)
    assert yaml.safe_load(files[GATEWAY])["litellm_replicas"] == proposal.gateways
    found = yaml.safe_load(files[INFERENCE])
    if proposal.model:
        (entry,) = found["inference_models"]
        assert (entry["name"], entry["mode"]) == (proposal.model, found["inference_default_mode"])
        assert entry.get("gpus", 0) == proposal.gpus
        # An alias of the example's model would name another one.
        assert "aliases" not in entry
        assert found["inference_vllm_version"] == proposal.release
    else:
        assert found["inference_models"] == []
    assert found["inference_tiers"].get("cpu", {}).get("model", "") == proposal.ollama
    left = ("inference_models", "inference_vllm_version", "inference_tiers")
    assert {key: found[key] for key in found if key not in left} == {
        key: WRITTEN[key] for key in WRITTEN if key not in left
    }


@pytest.mark.parametrize(
    ("server", "gpus", "found"),
    [
        ("192.0.2.10", "192.0.2.11", [["server"], ["gpu"], ["gpu"]]),
        ("192.0.2.10", "a,b", [["server"], ["gpu", "gpu2"], ["gpu", "gpu2"]]),
        ("192.0.2.10", "", [["server"], [], ["server"]]),
        ("2001:10:20:30:40:50:1:2", "2001:db8::1", [["server"], ["gpu"], ["gpu"]]),
        ("a", "a,b", [["server"], ["gpu"], ["server", "gpu"]]),
    ],
)
def test_machines_are_in_their_groups(server: str, gpus: str, found: list[list[str]]) -> None:
    listed = machines(server, gpus, "007")
    text = site_files(listed, AS_EXAMPLE, EXAMPLE)[HOSTS]
    groups = yaml.safe_load(text)
    children: dict[str, Any] = groups["k3s_cluster"]["children"]
    told = [children["k3s_servers"], children.get("k3s_agents", {"hosts": {}}), groups["gpu_hosts"]]
    assert [list(group["hosts"]) for group in told] == found
    hosts = told[0]["hosts"] | told[1]["hosts"]
    assert [row["ansible_host"] for row in hosts.values()] == [one.address for one in listed]
    assert {row["ansible_user"] for row in hosts.values()} == {"007"}
    for comment in re.findall(r"^#.*", EXAMPLE[HOSTS], re.MULTILINE):
        assert comment in text


def test_the_controller_itself_needs_no_address() -> None:
    text = site_files(machines("localhost", "", "me"), AS_EXAMPLE, EXAMPLE)[HOSTS]
    server = yaml.safe_load(text)["k3s_cluster"]["children"]["k3s_servers"]["hosts"]["server"]
    assert server == {"ansible_connection": "local"}


def test_git_does_not_see_the_password() -> None:
    files = site_files(pair(), AS_EXAMPLE, EXAMPLE, ".vault-password")
    assert files[IGNORED].splitlines()[-1] == "/.vault-password"


@given(st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])))
def test_every_text_is_read_as_itself(text: str) -> None:
    assert yaml.safe_load(f"key: {scalar(text)}") == {"key": text}


@pytest.mark.parametrize("file", [HOSTS, INFERENCE])
def test_another_form_of_the_example_is_noticed(file: str) -> None:
    with pytest.raises(InvalidInput, match="0 places that look like"):
        site_files(pair(), dataclasses.replace(AS_EXAMPLE, model="x"), EXAMPLE | {file: "{}\n"})
