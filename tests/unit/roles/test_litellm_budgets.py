"""The gateway's rules: what a consumer may spend on paid models, and which tiers its key excludes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.roles.gateway_rules import Request, off, rules

__all__ = ["rules"]

NOW = datetime(2026, 11, 30, 18, tzinfo=UTC)


def key(**inference: Any) -> dict[str, Any]:
    """What LiteLLM hands on about the key of a request."""
    return {"user_api_key_alias": "n8n", "user_api_key_metadata": {"inference": inference}}


class Purse:
    """The callbacks with a count of their own, which has seen some dollars."""

    def __init__(self, rules: Any, site: dict[str, float] | None = None, **spent: float) -> None:
        self.spending = rules.usage.Spending("", "pod", lambda: NOW)
        self.tokens = rules.usage.Tokens()
        for name, dollars in spent.items():
            self.spending.add(name, dollars)
        limits = rules.usage.limits(site or {})
        self.hooks = rules.FallbackRules(None, self.spending, self.tokens, limits, lambda: NOW)

    def answered(self, tier: str, cost: float) -> None:
        told = {"metadata": {"user_api_key_alias": "n8n"}, "total_tokens": 7, "response_cost": cost}
        kwargs = {
            "standard_logging_object": told,
            "litellm_params": {"model_info": {"inference_tier": tier}},
        }
        asyncio.run(self.hooks.async_log_success_event(kwargs, None, None, None))


@pytest.mark.parametrize("slot", ["metadata", "litellm_metadata"])
@pytest.mark.parametrize(
    ("limits", "site", "spent", "told", "wait"),
    [
        (
            {"budget_day": 2.0},
            {},
            {"n8n": 2.0},
            "The budget of n8n for paid models is used up: 2 USD a day.",
            21600,
        ),
        (
            {"budget_month": 2.0},
            {},
            {"n8n": 3.0},
            "The budget of n8n for paid models is used up: 2 USD a month.",
            21600,
        ),
        (
            {},
            {"budget_day": 5.0},
            {"a": 4.0, "b": 1.0},
            "The budget of the gateway for paid models is used up",
            21600,
        ),
        ({"budget_day": 2.0}, {}, {"n8n": 1.9, "other": 9.0}, "", 0),
        ({}, {}, {"n8n": 100.0}, "", 0),
    ],
)
def test_a_budget_that_is_used_up(
    rules: Any, slot: str, limits: Any, site: Any, spent: Any, told: str, wait: int
) -> None:
    request = Request(rules, Purse(rules, site, **spent).hooks, **{slot: key(**limits)})
    request.ask("paid", tier="cloud")
    assert request.asked == ([] if told else ["paid"])
    if told:
        heard = request.end()
        assert heard.status_code == 429
        assert heard.detail.startswith(told)
        assert heard.headers == {"Retry-After": str(wait), "x-should-retry": "false"}


def test_a_used_up_budget_leaves_the_other_tiers(rules: Any) -> None:
    purse = Purse(rules, n8n=5.0)
    request = Request(rules, purse.hooks, metadata=key(budget_day=1.0))
    request.ask("paid", tier="cloud")
    request.ask("qwen3:4b", tier="cpu")
    assert request.asked == ["qwen3:4b"]
    request = Request(rules, purse.hooks, metadata=key(budget_day=1.0))
    request.ask("qwen", off())
    request.ask("paid", tier="cloud")
    told = request.end()
    assert told.status_code == 503
    assert told.headers == {"Retry-After": "10"}
    assert told.detail == (
        "Nobody answers now; asked were qwen. The budget of n8n for paid models is used up: 1 USD a day."
        " The next day begins at 00:00 UTC. Try again in 10 s."
    )


def test_without_a_price_no_budget_can_be_held(rules: Any) -> None:
    request = Request(rules, Purse(rules).hooks, metadata=key(budget_day=1.0))
    request.ask("unheard-of", tier="cloud")
    told = request.end()
    assert (request.asked, told.status_code) == ([], 403)
    assert "input_cost_per_token" in told.detail
    free = Request(rules, Purse(rules).hooks, metadata=key())
    free.ask("unheard-of", tier="cloud")
    assert free.asked == ["unheard-of"]


def test_a_count_that_cannot_be_kept_spends_nothing(rules: Any, tmp_path: Path) -> None:
    purse = Purse(rules)
    purse.spending = rules.usage.Spending(str(tmp_path / "missing"), "pod", lambda: NOW)
    hooks = rules.FallbackRules(None, purse.spending, purse.tokens, rules.usage.limits({}), lambda: NOW)
    limited = Request(rules, hooks, metadata=key(budget_day=1.0))
    limited.ask("paid", tier="cloud")
    assert (limited.asked, limited.end().status_code) == ([], 503)
    free = Request(rules, hooks, metadata=key())
    free.ask("paid", tier="cloud")
    assert free.asked == ["paid"]


def test_what_an_answer_used_is_counted(rules: Any) -> None:
    purse = Purse(rules)
    purse.answered("cloud", 0.25)
    purse.answered("gpu", 9.0)  # a price of LiteLLM's for a model of the same name
    assert purse.spending.of("n8n", month=False) == 0.25
    assert purse.tokens.wait("n8n", 14) > 0
    assert purse.tokens.wait("n8n", 15) == 0


@pytest.mark.parametrize("never", [["cloud"], ["paid"]])
def test_a_key_may_exclude_a_tier_from_its_fallbacks(rules: Any, never: list[str]) -> None:
    purse = Purse(rules)
    request = Request(rules, purse.hooks, metadata=key(never_fall_back_to=never, asked=["house", "qwen"]))
    request.ask("qwen", off())
    request.ask("paid", tier="cloud")
    assert request.asked == ["qwen"]
    told = request.end()
    assert told.status_code == 503
    assert "asked were qwen. The key of n8n may not fall back to paid." in told.detail
    named = Request(rules, purse.hooks, metadata=key(never_fall_back_to=never, asked=["paid"]))
    named.ask("paid", tier="cloud")
    assert named.asked == ["paid"]


def test_an_excluded_tier_is_passed_over(rules: Any) -> None:
    request = Request(rules, Purse(rules).hooks, metadata=key(never_fall_back_to=["cpu"], asked=["qwen"]))
    request.ask("qwen", off())
    request.ask("qwen3:4b", tier="cpu")
    request.ask("paid", tier="cloud")
    assert request.asked == ["qwen", "paid"]
