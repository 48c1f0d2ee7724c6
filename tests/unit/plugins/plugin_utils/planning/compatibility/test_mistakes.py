"""What is wrong in the inputs of the rules is told with its variable."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.planning.compatibility.cards import (
    GEFORCE,
    host,
)
from tests.unit.plugins.plugin_utils.planning.sites import home_lab, refusal


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"vllm_image_cuda": "new"}, "inference_vllm_image_cuda: is 'new'. Name the toolkit of the image"),
        (
            {"vllm_image_cuda": 12.9},
            "inference_vllm_image_cuda: must be text, but is the number 12.9. Put it",
        ),
        (
            {"vllm_image_cuda": "12.9"},
            "inference_vllm_image_cuda: is 12.9, but the catalog says that vLLM 0.8",
        ),
        (
            {"vllm_image": "my image"},
            "inference_vllm_image: is 'my image'. Name an image such as vllm/vllm-op",
        ),
        (
            {"catalog": {"vllm_releases": {"0.40.0": {"last": "0.39.0"}}}},
            "inference_catalog.vllm_releases.0.40.0.last: is 0.39.0, which came before 0.40.0",
        ),
        ({"hosts": [{"name": "w", "gpus": [{"gpu": 5}]}]}, "inference_host_gpus of w[0].gpu: must be text"),
        ({"allow_unknown": "yes"}, "inference_allow_unknown: must be true or false, but is the text 'yes'"),
        ({"litellm_image": 5}, "litellm_image: must be text, but is the number 5"),
        (
            {"vllm_image": "vllm/vllm-openai:v0.20.0"},
            "inference_vllm_version: is 0.8.5.post1, but inference_vllm_image names 0.20.0. Keep one",
        ),
        ({"hosts": [host(GEFORCE, "57x")]}, "inference_host_driver of w: is '57x'. Name a branch such as"),
        (
            {"hosts": [{"name": "w", "driver": 570}]},
            "inference_host_driver of w: must be text, but is the number 570. Put it in quotes",
        ),
        (
            {"catalog": {"gpus": {GEFORCE: {"class": "gforce"}}}},
            "inference_catalog.gpus.rtx-3060-12gb.class: is 'gforce'. Did you mean geforce",
        ),
        (
            {"catalog": {"cuda": {"13.2": {"minimum_driver": "new"}}}},
            "inference_catalog.cuda.13.2.minimum_driver: must be a driver such as",
        ),
        (
            {"catalog": {"vllm_releases": {"0.9.0": {"built_in_by": {"12.0": "new"}}}}},
            "inference_catalog.vllm_releases.0.9.0.built_in_by.12.0: must be a release",
        ),
        (
            {"catalog": {"compute_capabilities": {"13.0": {"since_cuda": "14.0"}}}},
            "inference_catalog.compute_capabilities.13.0: must be keyed by a compute capability and hold",
        ),
        (
            {"catalog": {"kernels": {"awq": {"min_compute_capability": "high"}}}},
            "inference_catalog.kernels.awq.min_compute_capability: must be a compute capability",
        ),
        (
            {"catalog": {"vllm_releases": {"0.40.0": {"cuda": "new"}}}},
            "inference_catalog.vllm_releases.0.40.0.cuda: must be a CUDA toolkit",
        ),
        (
            {"catalog": {"observations": {"mine": {"release": "new", "driver": "570"}}}},
            "inference_catalog.observations.mine.release: must be a release",
        ),
    ],
)
def test_a_mistake_names_its_variable(changes: dict[str, Any], told: str) -> None:
    message = refusal(home_lab(**changes))
    assert told in message
    assert "problems" not in message
