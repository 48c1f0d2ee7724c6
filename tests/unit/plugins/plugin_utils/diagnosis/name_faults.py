"""Every kind of name that can drift apart, as playbooks/steps/observe.yml sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from tests.unit.plugins.plugin_utils.diagnosis.healthy_site import (
    CONFIGURATION,
    DEGRADED,
    PLAN,
    QWEN,
    Fault,
    Plant,
    Planted,
    answer,
    engine,
    pod,
    route,
    workload,
)

OLD = "Qwen/Qwen2.5-7B-Instruct-AWQ"
ENGINE = "http://127.0.0.1:8100/qwen3-8b-awq-inference/v1"
ROW: dict[str, Any] = {
    "name": "qwen3-8b-awq",
    "display_name": "Qwen3 8B (AWQ)",
    "backend_url": "http://qwen3-8b-awq-inference.ml.svc.cluster.local:8000",
    "served_name": QWEN,
    "input_cost": 0.0,
    "output_cost": 0.0,
}
KEPT_ROW = {key: str(value) for key, value in ROW.items()} | {"input_cost": "0", "output_cost": "0"}


def configured(change: Callable[[Any], Any]) -> Plant:
    """The gateway runs with another configuration."""

    def plant(site: Planted) -> None:
        settings = yaml.safe_load(yaml.safe_dump(CONFIGURATION))
        change(settings)
        site.cluster["config_maps"]["litellm"]["config.yaml"] = yaml.safe_dump(settings)

    return plant


def renamed_model_answers_404_and_a_lower_tier_hides_it(site: Planted) -> None:
    """The seeds' outage: engine and alias were upgraded, and the gateway's ConfigMap kept the old name."""

    def old_target(settings: Any) -> None:
        settings["model_list"][0] = route(QWEN, f"openai/{OLD}", ENGINE)

    configured(old_target)(site)
    site.seen["engines"] = [engine(models=(QWEN,))]
    site.gateway["answers"][0] = answer(QWEN, "cpu")


def told(**changes: str | None) -> Plant:
    """llm-fallback-config is asked for, with these keys changed."""

    def plant(site: Planted) -> None:
        site.seen["fallback_config_namespace"] = "n8n"
        data = {**PLAN["fallback_config"], **changes}
        site.cluster["config_maps"]["n8n/llm-fallback-config"] = {
            key: value for key, value in data.items() if value is not None
        }

    return plant


def no_config_map(site: Planted) -> None:
    site.seen["fallback_config_namespace"] = "n8n"


def chat_with(models: str) -> Plant:
    def plant(site: Planted) -> None:
        row = workload("Deployment", "open-webui", [pod("chat-1")], variables={"DEFAULT_MODELS": models})
        site.cluster["workloads"].append(row)

    return plant


def registered(*present: dict[str, str], **more: Any) -> Plant:
    def plant(site: Planted) -> None:
        site.seen["registry"] = {
            "wanted": [ROW],
            "present": list(present),
            "removed": [],
            "error": "",
            **more,
        }

    return plant


NAME_FAULTS: dict[str, Fault] = {
    "an engine that serves another name than its route asks for": (
        renamed_model_answers_404_and_a_lower_tier_hides_it,
        "names",
        DEGRADED,
        [OLD, QWEN, "404", "site.yml --tags cluster"],
    ),
    "a model without a route": (
        configured(lambda settings: settings["model_list"].pop(1)),
        "names",
        DEGRADED,
        ["no route"],
    ),
    "a route that nobody names any more": (
        configured(lambda settings: settings["model_list"].append(route(OLD, f"openai/{OLD}"))),
        "names",
        DEGRADED,
        ["no longer names"],
    ),
    "an old route to an engine that serves something else": (
        configured(lambda settings: settings["model_list"].append(route(OLD, f"openai/{OLD}", ENGINE))),
        "names",
        DEGRADED,
        ["404", OLD],
    ),
    "a route to another address": (
        configured(
            lambda settings: settings["model_list"][0]["litellm_params"].update(api_base="http://x/v1")
        ),
        "names",
        DEGRADED,
        ["http://x/v1 instead of", ENGINE],
    ),
    "a CPU route that asks for another model": (
        configured(
            lambda settings: settings["model_list"][2]["litellm_params"].update(model="ollama_chat/x")
        ),
        "names",
        DEGRADED,
        ["ollama_chat/x", "instead of ollama_chat/qwen3:4b"],
    ),
    "an alias that the gateway lacks": (
        configured(lambda settings: settings["router_settings"]["model_group_alias"].clear()),
        "names",
        DEGRADED,
        [f"does not know this alias of {QWEN}"],
    ),
    "an alias of another model": (
        configured(
            lambda settings: settings["router_settings"]["model_group_alias"].update({"vllm-qwen": OLD})
        ),
        "names",
        DEGRADED,
        [f"stands for {OLD} instead of {QWEN}"],
    ),
    "somebody's own alias of nothing": (
        configured(lambda settings: settings["router_settings"]["model_group_alias"].update(house=OLD)),
        "names",
        DEGRADED,
        [OLD, "litellm_router_settings"],
    ),
    "a fallback to nothing": (
        configured(lambda settings: settings["litellm_settings"]["fallbacks"].append({QWEN: [OLD]})),
        "names",
        DEGRADED,
        ["fallbacks", OLD],
    ),
    "a context fallback to nothing": (
        configured(
            lambda settings: settings["litellm_settings"].update(context_window_fallbacks=[{OLD: [QWEN]}])
        ),
        "names",
        DEGRADED,
        ["context_window_fallbacks", OLD],
    ),
    "a chat that begins with an old name": (
        chat_with(f"{QWEN},{OLD}"),
        "names",
        DEGRADED,
        [f"begins with {OLD}", "chat.yml"],
    ),
    "n8n told an old name": (
        told(LLM_MODEL=OLD),
        "names",
        DEGRADED,
        [f"LLM_MODEL is {OLD} instead of {QWEN}"],
    ),
    "n8n told no address": (told(LLM_ENDPOINT=None), "names", DEGRADED, ["LLM_ENDPOINT is empty"]),
    "n8n told nothing": (no_config_map, "names", DEGRADED, ["namespace n8n has no such ConfigMap"]),
    "a model that the registry lacks": (registered(), "names", DEGRADED, ["no row", "registry.yml"]),
    "a registry row of another address": (
        registered({**KEPT_ROW, "backend_url": "http://old:8000"}),
        "names",
        DEGRADED,
        ["backend_url", "http://old:8000", ROW["backend_url"]],
    ),
    "a registry row of another name": (
        registered({**KEPT_ROW, "served_name": OLD}),
        "names",
        DEGRADED,
        [f"served_name of its registry row is {OLD}"],
    ),
    "a registry row of a model that is gone": (
        registered(KEPT_ROW, removed=["llama2"]),
        "names",
        DEGRADED,
        ["no longer names"],
    ),
    "a registry that cannot be read": (
        registered(error="The registry's database does not let us in."),
        "names",
        DEGRADED,
        ["does not let us in", "--check"],
    ),
}
