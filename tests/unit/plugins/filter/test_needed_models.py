"""The filter needed_models: what of a cache has to stay."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.inference.stack.plugins.filter import needed_models

from tests.rendered_site import rendered_site
from tests.unit.plugins.filter.filter_calls import call
from tests.unit.test_references import BASIS, GPU, QWEN

DRAFT = json.dumps({"model": "org/draft", "num_speculative_tokens": 4})


def model(**more: Any) -> dict[str, Any]:
    arguments = ["--model", "org/big", "--served-model-name", "org/big"]
    row = {"repository": "org/big", "revision": "abc", "weights": True}
    return {"name": "big", "arguments": arguments, "repositories": [row], **more}


def test_every_repository_of_every_model_stays() -> None:
    tokenizer = {"repository": "org/words", "revision": "", "weights": False}
    both = [model(), model(repositories=[tokenizer], active=False)]
    assert call(needed_models, both)["needed"] == ["org/big@abc", "org/words@main"]


def test_its_own_name_among_the_arguments_keeps_no_old_revision() -> None:
    assert call(needed_models, [model()])["mentioned"] == []


def test_what_arguments_name_besides_stays_whole() -> None:
    speculative = model(arguments=["--model", "org/big", "--speculative-config", DRAFT])
    assert call(needed_models, [speculative])["mentioned"] == [DRAFT]
    # A model that its engine fetches by itself.
    alone = call(needed_models, [model(repositories=[])])
    assert alone == {"needed": [], "mentioned": ["org/big"]}


def test_engines_that_the_cluster_still_has_keep_theirs() -> None:
    """The command of the container that fetches is read as the role writes it."""
    answer = rendered_site(BASIS | {"inference_models": [{**QWEN, "revision": "v1"}], "inference_tiers": GPU})
    engines = [row for row in answer["objects"]["vllm"] if row["kind"] == "Deployment"]
    planned = call(needed_models, answer["plan"]["vllm_models"])
    found = call(needed_models, [], engines)
    assert found["needed"] == planned["needed"] != []
    assert not any("Qwen/Qwen3-8B-AWQ" in text for text in found["mentioned"])
    by_itself = rendered_site(
        BASIS | {"inference_models": [QWEN], "inference_tiers": GPU, "vllm_fetch_models": False}
    )
    engines = [row for row in by_itself["objects"]["vllm"] if row["kind"] == "Deployment"]
    assert "Qwen/Qwen3-8B-AWQ" in call(needed_models, [], engines)["mentioned"]
