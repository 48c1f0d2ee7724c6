# SPDX-License-Identifier: Apache-2.0
"""GPU memory: pure formulas. All sizes are bytes and per GPU unless a name says otherwise.

Sources: vLLM's v1/worker/utils.py and gpu_worker.py for what is requested and what is left for the cache.
The overheads are estimates, to be measured after loading, so their bounds are separate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..catalog.model_rows import GIB

_WIDTHS = {"fp8": 1, "fp8_e4m3": 1, "fp8_e5m2": 1, "float32": 4, "float": 4}
_DEFAULT_WIDTH = 2  # float16 and bfloat16


@dataclass(frozen=True)
class Overhead:
    """What an engine needs beside weights and cache [bytes]: CUDA context, activation peak, CUDA graphs."""

    context: int
    activations: int
    graphs: int

    @property
    def total(self) -> int:
        return self.context + self.activations + self.graphs


def overhead_bounds(eager: bool) -> tuple[Overhead, Overhead]:
    """The least and the most that is expected [bytes].

    Context 0.5-0.7 GiB, activations 0.5-1.5, graphs 0.3-1; an eager engine captures none. From memory, to be
    calibrated.
    """
    least = Overhead(GIB // 2, GIB // 2, 0 if eager else round(0.3 * GIB))
    most = Overhead(round(0.7 * GIB), round(1.5 * GIB), 0 if eager else GIB)
    return least, most


def requested_bytes(total: int, utilization: float) -> int:
    """What the engine claims at its start [bytes]; the start fails when less is free."""
    return int(total * utilization)


def width_of(dtype: str, kv_cache_dtype: str = "") -> int:
    """Bytes of one cached number: the cache's own type, or the model's when that says ``auto`` or nothing."""
    if kv_cache_dtype and kv_cache_dtype != "auto":
        return _WIDTHS.get(kv_cache_dtype, _DEFAULT_WIDTH)
    return _WIDTHS.get(dtype, _DEFAULT_WIDTH)


def kv_bytes_per_token(layers: int, kv_heads: int, head_dim: int, width: int = 2, gpus: int = 1) -> int:
    """Cache of one token on each GPU [bytes]: keys and values of every layer.

    Tensor parallelism spreads the KV heads; beyond one head per GPU they are copied instead.
    An upper bound for models whose layers partly slide over a window.
    """
    heads_per_gpu = math.ceil(kv_heads / min(gpus, kv_heads))
    return 2 * layers * heads_per_gpu * head_dim * width


@dataclass(frozen=True)
class Budget:
    """How one model spends one GPU's memory [bytes], and how much text [tokens] the rest can hold."""

    total: int
    requested: int
    weights: int
    overhead: Overhead
    kv: int
    per_token: int
    kv_tokens: int
    concurrency: float
    verdict: str
    longest_context: int

    @property
    def free(self) -> int:
        """What the engine leaves to others [bytes]."""
        return self.total - self.requested


def budget(
    *,
    total: int,
    utilization: float,
    weights: int,
    per_token: int,
    max_model_len: int,
    eager: bool,
    gpus: int = 1,
) -> Budget:
    """KV cache = requested - weights - overhead; a model fits when that holds one sequence of full length.

    verdict: fits = also with the most overhead expected; tight = only with the least; too_small = not at all.
    ``weights`` are the whole model's and spread over its GPUs. Figures are those of the least overhead.
    """
    least, most = overhead_bounds(eager)
    requested = requested_bytes(total, utilization)
    own = math.ceil(weights / gpus)
    roomy = max(0, requested - own - least.total)
    tight = max(0, requested - own - most.total)
    need = max_model_len * per_token
    tokens = roomy // per_token
    return Budget(
        total=total,
        requested=requested,
        weights=own,
        overhead=least,
        kv=roomy,
        per_token=per_token,
        kv_tokens=tokens,
        # Rounded down: a promise of sequences must hold.
        concurrency=math.floor(10 * tokens / max_model_len) / 10,
        verdict="fits" if tight >= need else "tight" if roomy >= need else "too_small",
        longest_context=tokens // 256 * 256,
    )
