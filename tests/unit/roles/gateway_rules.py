"""The gateway's rules without LiteLLM: the few names of its packages, and a request on its way down."""

from __future__ import annotations

import asyncio
import sys
import types
from typing import Any

import pytest

from tests.unit.roles.gateway_files import gateway_file


class LiteLLMError(Exception):
    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status_code = status
        self.message = message
        vars(self).update(more)


class HTTPException(Exception):
    def __init__(self, status_code: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status_code, self.detail, self.headers = status_code, detail, headers


def bad_request(message: str, model: str, llm_provider: str) -> LiteLLMError:
    return LiteLLMError(400, f"litellm.BadRequestError: {message}")


def model_info(model: str) -> dict[str, Any]:
    if model != "openai/paid":
        raise Exception("This model isn't mapped yet.")
    return {"input_cost_per_token": 1e-06}


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The file as LiteLLM loads it: by its path, beside the few names of its packages that it uses."""
    packages: dict[str, dict[str, Any]] = {
        "litellm": {"BadRequestError": bad_request, "get_model_info": model_info},
        "litellm.integrations": {},
        "litellm.integrations.custom_logger": {"CustomLogger": object},
        "fastapi": {"HTTPException": HTTPException},
    }
    for name, content in packages.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return gateway_file("inference_fallback")


class Request:
    """One request on its way down the tiers, as LiteLLM's router tells it to callbacks."""

    def __init__(self, rules: Any, hooks: Any = None, **body: Any) -> None:
        self.hooks = hooks or rules.RULES
        self.body = {"litellm_call_id": "call-1", "messages": [{"role": "user", "content": "hi"}], **body}
        self.asked: list[str] = []
        self.first: Exception | None = None

    def ask(
        self,
        model: str,
        error: Exception | None = None,
        lacks: tuple[str, ...] = (),
        tier: str = "gpu",
        sent: bool = False,
    ) -> None:
        """The next tier's turn; it answers with ``error``, or well. ``sent``: it got the request."""
        info = {"inference_lacks": list(lacks), "inference_tier": tier}
        try:
            asyncio.run(
                self.hooks.async_filter_deployments(
                    model,
                    [
                        {
                            "model_info": info,
                            "litellm_params": {"model": f"openai/{model}", "api_base": f"http://{model}"},
                        }
                    ],
                    self.body["messages"],
                    self.body,
                )
            )
        except LiteLLMError as refused:
            self.first = self.first or refused
            return
        self.asked.append(model)
        if sent:
            self.hooks.log_pre_api_call(model, self.body["messages"], self.body)
        if error:
            data = {**self.body, "metadata": {"model_group": model}}
            asyncio.run(self.hooks.async_post_call_failure_deployment_hook(data, error, None))
            self.first = self.first or error

    def end(self) -> Any:
        hook = self.hooks.async_post_call_failure_hook
        return asyncio.run(hook(self.body, self.first, None))


def off() -> LiteLLMError:
    return LiteLLMError(
        503,
        'litellm.ServiceUnavailableError: Hosted_vllmException - {"error":{"message":"The engine is off."}}',
    )
