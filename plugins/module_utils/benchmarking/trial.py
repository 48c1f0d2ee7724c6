# SPDX-License-Identifier: Apache-2.0
"""What a few single requests show before the measurement: how the server counts, and how fast it answers."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import ProbeFailed
from .connecting import Connector
from .prompts import Prompts, Scale
from .recording import Measured, Recording, record, understand
from .settings import FILE, Settings

# The last event counts the tokens; running counts also give the tokens of each chunk. Not every server knows
# both.
_STREAM_OPTIONS: Sequence[Mapping[str, bool]] = (
    {"include_usage": True, "continuous_usage_stats": True},
    {"include_usage": True},
    {},
)
_UNKNOWN_FIELD = (400, 422)
_FEW_WORDS, _MORE_WORDS = 16, 64
_TOKENS = 8  # enough to see gaps


@dataclass(frozen=True)
class Trial:
    """What the trial found. ``chunks_per_second`` is that of one stream alone."""

    stream_options: Mapping[str, bool]
    scale: Scale
    chunks_per_second: float


def try_out(settings: Settings, run: str) -> Trial:
    """Ask a few times. Raises what keeps the server from answering at all."""
    connector = Connector(settings.target)
    prompts = Prompts(settings.workload, settings.target.model, run, Scale())
    with contextlib.closing(connector.connect()) as transport:

        def ask(words: int, tokens: int, options: Mapping[str, bool]) -> tuple[Measured, int]:
            recording = Recording(-1)
            body = prompts.encode(prompts.sample(words), tokens, options)
            record(transport, connector.path, body, recording, connector.timeout, connector.secrets)
            return understand(recording, connector.secrets, {}, ""), recording.status

        for options in _STREAM_OPTIONS:
            first, status = ask(_FEW_WORDS, _TOKENS, options)
            # A refusal of a request without options has another cause.
            if not first.error or status not in _UNKNOWN_FIELD:
                break
        if first.error:
            raise ProbeFailed(f"the server cannot be measured: {first.error}")
        scale = Scale()
        if settings.workload.dataset != FILE and first.prompt_tokens:
            second, _ = ask(_MORE_WORDS, 1, options)
            scale = _scale(first.prompt_tokens, second.prompt_tokens)
    return Trial(options, scale, _rate(first.token_ns))


def _scale(few: int, more: int) -> Scale:
    per_word = (more - few) / (_MORE_WORDS - _FEW_WORDS)
    if per_word <= 0:
        return Scale()
    return Scale(per_word, max(0.0, few - per_word * _FEW_WORDS))


def _rate(times: Sequence[int]) -> float:
    seconds = (times[-1] - times[0]) / 1e9 if len(times) > 1 else 0.0
    return (len(times) - 1) / seconds if seconds > 0 else 0.0
