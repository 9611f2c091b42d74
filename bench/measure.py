# SPDX-License-Identifier: Apache-2.0
"""Interleaved timing: the rivals in turn, each repetition once, so that a drifting machine drifts for all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

LEAST_SECONDS = 0.02


def _repetitions(call: Callable[[], object]) -> int:
    began = time.perf_counter()
    call()
    return max(1, int(LEAST_SECONDS / max(time.perf_counter() - began, 1e-7)))


def medians(rivals: Mapping[str, Callable[[], object]], rounds: int = 9) -> dict[str, float]:
    """Median seconds of one call of each rival over `rounds` interleaved rounds, after a warm-up."""
    for call in rivals.values():
        call()
    inner = {name: _repetitions(call) for name, call in rivals.items()}
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, call in rivals.items():
            began = time.perf_counter()
            for _ in range(inner[name]):
                call()
            seconds[name].append((time.perf_counter() - began) / inner[name])
    return {name: statistics.median(values) for name, values in seconds.items()}
