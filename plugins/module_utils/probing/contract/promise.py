# SPDX-License-Identifier: Apache-2.0
"""What a model promises, as the plan wrote it down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CHAT, JSON, TOOLS, REASONING = "chat", "json", "tools", "reasoning"
CAPABILITIES = (CHAT, JSON, TOOLS, REASONING)
JUDGE, OFF, REPORT = "true", "false", "report"
QUALITY = (JUDGE, OFF, REPORT)
_SHORT_ANSWER = 400
_THINKING = 2048


@dataclass(frozen=True)
class Memory:
    """GPU memory in bytes; None is unknown. ``minimum`` is what the weights alone take."""

    measured: int | None = None
    expected: int | None = None
    minimum: int = 0
    tolerance: float = 0.1


@dataclass(frozen=True)
class Promise:
    """``max_model_len`` and ``floor`` are 0, ``tier`` and ``api_base`` empty where nothing is promised."""

    model: str
    capabilities: frozenset[str] = frozenset(CAPABILITIES[:1])
    max_model_len: int = 0
    reasoning_apart: bool = True
    thinking_switch: bool = False
    floor: float = 0.0
    tier: str = ""
    tier_map: Mapping[str, str] = field(default_factory=dict)
    api_base: str = ""
    memory: Memory = field(default_factory=Memory)
    quality: str = JUDGE

    def has(self, capability: str) -> bool:
        return capability in self.capabilities

    @property
    def room(self) -> int:
        """Tokens that an answer with a known end may take: a model that thinks first needs more of them."""
        most = _THINKING if self.has(REASONING) else _SHORT_ANSWER
        return min(most, self.max_model_len // 2) if self.max_model_len else most

    def briefly(self, prompt: str) -> str:
        """A prompt that a model with a switch answers without thinking first."""
        return f"{prompt} /no_think" if self.thinking_switch else prompt
