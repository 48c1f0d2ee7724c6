"""What a platform's registry says of each model follows from the inventory and the catalog."""

from __future__ import annotations

from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan, refusal


def test_spec_010_s_model_is_registered_as_its_command_says() -> None:
    entry = {"name": "llama-3-8b", "registry_name": "llama3"}
    hosts = [{"name": "gpu", "gpus": [{"gpu": "a100-80gb", "count": 1}]}]
    (row,) = plan(home_lab(models=[entry], hosts=hosts, namespace="ias-production"))["registry_models"]
    assert row == {
        "name": "llama3",
        "display_name": "Llama 3 8B Instruct",
        "backend_url": "http://llama-3-8b-inference.ias-production.svc.cluster.local:8000",
        "served_name": "meta-llama/Meta-Llama-3-8B-Instruct",
        "input_cost": 0.0005,
        "output_cost": 0.0015,
    }


def test_every_model_has_a_row_whatever_its_mode() -> None:
    found = plan(home_lab())
    assert [row["name"] for row in found["registry_models"]] == [row["name"] for row in found["identities"]]
    assert [row["served_name"] for row in found["registry_models"]] == [
        row["served_name"] for row in found["identities"]
    ]


def test_two_models_do_not_share_a_row() -> None:
    models = [
        {"name": "qwen3-8b-awq", "registry_name": "house"},
        {"name": "deepseek-r1-distill-qwen-7b-awq", "mode": "r1", "registry_name": "house"},
    ]
    told = refusal(home_lab(models=models))
    assert "inference_models[1].registry_name: is 'house'" in told
    assert "inference_models[0].registry_name" in told
