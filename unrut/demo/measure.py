# SPDX-License-Identifier: Apache-2.0
"""What something costs, and how far a result is from what it should be."""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from unrut.demo.data import Array

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds (median) and the most bytes that a call held beyond its operands, results included."""

    seconds: float
    peak: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The largest error as a share of its bound, over the elements whose bound says anything, and how many these are."""

    worst: float
    judged: int
    elements: int


def seconds_of(run: Callable[[], Result], *, times: int) -> tuple[Result, float]:
    """The result of a call and its median time; no more calls are made once they took two seconds together."""
    measured: list[float] = []
    while True:
        begin = time.perf_counter()
        result = run()
        measured.append(time.perf_counter() - begin)
        if len(measured) >= times or sum(measured) > 2:
            return result, statistics.median(measured)


def cost_in_numpy(run: Callable[[], Result], *, times: int = 3) -> tuple[Result, Cost]:
    """Time, and peak memory of one more call: NumPy tells `tracemalloc` of every array."""
    result, seconds = seconds_of(run, times=times)
    tracemalloc.start()
    try:
        run()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return result, Cost(seconds=seconds, peak=peak)


def agreement(results: tuple[Array, ...], judged: tuple[Any, ...]) -> Agreement:
    """Results against `Bounded` values of the reference."""
    worst, known, elements = 0.0, 0, 0
    for result, limit in zip(results, judged, strict=True):
        error = np.abs(result.astype(np.float64) - np.asarray(limit.value, np.float64))
        error[np.isnan(error) & ~np.isnan(limit.value)] = np.inf
        bound = np.asarray(limit.bound, np.float64)
        says = np.isfinite(bound) & (bound > 0)
        worst = max(worst, float((error[says] / bound[says]).max(initial=0)))
        if np.any(error[bound == 0] > 0):
            worst = float("inf")
        known += int(np.isfinite(bound).sum())
        elements += bound.size
    return Agreement(worst=worst, judged=known, elements=elements)
