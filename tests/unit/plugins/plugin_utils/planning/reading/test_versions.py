"""Releases, images and drivers are read as people write them, and compared without guessing."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.versions import (
    Driver,
    Release,
    numbers,
    repository_of_image,
    suffix_of_image,
    tag_of_image,
)


def driver(text: str) -> Driver:
    found = Driver.parse(text)
    assert found
    return found


@pytest.mark.parametrize(
    ("text", "minimum", "expected"),
    [
        ("575.51.03", "575.51.03", True),
        ("575.51.02", "575.51.03", False),
        ("575.57.08", "575.51.03", True),
        ("570.195.03", "575.51.03", False),
        ("580.65.06", "575.51.03", True),
        ("570.133", "570.26", True),
        ("574", "575.51.03", False),
        ("576", "575.51.03", True),
        ("575", "575.51.03", None),
        ("575", "525", True),
        ("525", "525", True),
        ("470", "525", False),
    ],
)
def test_a_branch_is_compared_as_far_as_it_tells(text: str, minimum: str, expected: bool | None) -> None:
    assert driver(text).at_least(numbers(minimum)) is expected


@pytest.mark.parametrize("text", ["", "latest", "570-server", "570.", "v570", "57", "570.195.03.1"])
def test_what_is_no_driver(text: str) -> None:
    assert Driver.parse(text) is None


@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        ("570.195.03", "570", True),
        ("570.195.03", "570.195.03", True),
        ("570.195.3", "570.195.03", True),
        ("570.172.08", "570.195.03", False),
        ("575.57.08", "570", False),
    ],
)
def test_a_release_of_the_wanted_branch_is_what_was_wanted(found: str, wanted: str, expected: bool) -> None:
    assert driver(found).is_of(driver(wanted)) is expected


@pytest.mark.parametrize(
    ("image", "repository", "tag", "suffix"),
    [
        ("vllm/vllm-openai:v0.20.0-cu129", "vllm/vllm-openai", "v0.20.0-cu129", "-cu129"),
        ("reg:5000/vllm/vllm-openai:v0.20.0", "reg:5000/vllm/vllm-openai", "v0.20.0", ""),
        ("reg:5000/vllm/vllm-openai@sha256:ab", "reg:5000/vllm/vllm-openai", "", ""),
        ("v/v:v1.0.0-cu129-ubuntu2404@sha256:ab", "v/v", "v1.0.0-cu129-ubuntu2404", "-cu129-ubuntu2404"),
        ("plain", "plain", "", ""),
    ],
)
def test_parts_of_an_image(image: str, repository: str, tag: str, suffix: str) -> None:
    assert (repository_of_image(image), tag_of_image(image), suffix_of_image(image)) == (
        repository,
        tag,
        suffix,
    )


@pytest.mark.parametrize("text", ["0.8.5rc1", "0.8.5.post1", "0.9.0.1", "0.10.12"])
def test_a_release_is_written_as_it_was_read(text: str) -> None:
    assert str(Release.parse(text)) == text


def test_an_added_release_comes_between_its_neighbours() -> None:
    texts = ["0.9.0rc2", "0.9.0", "0.9.0.1", "0.9.1"]
    releases = [found for text in texts if (found := Release.parse(text))]
    assert len(releases) == len(texts)
    assert sorted(releases) == releases
