# SPDX-License-Identifier: Apache-2.0
"""Medians in Numba: quickselect as an expert writes it, and for 256 numbers from 0 a search on their bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

Array = np.ndarray[Any, Any]
WINDOW = 16


@njit(inline="always")
def _select(line, n, k):  # Hoare's FIND with the median of three, on a scratch line
    low, high = 0, n - 1
    while low < high:
        middle = (low + high) >> 1
        if line[middle] < line[low]:
            line[middle], line[low] = line[low], line[middle]
        if line[high] < line[low]:
            line[high], line[low] = line[low], line[high]
        if line[high] < line[middle]:
            line[high], line[middle] = line[middle], line[high]
        pivot, i, j = line[middle], low, high
        while i <= j:
            while line[i] < pivot:
                i += 1
            while pivot < line[j]:
                j -= 1
            if i <= j:
                line[i], line[j] = line[j], line[i]
                i += 1
                j -= 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            break
    return line[k]


@njit(inline="always")
def _gather(image, ya, xa, yb, xb, line):
    for dy in range(WINDOW):
        for dx in range(WINDOW):
            line[WINDOW * dy + dx] = abs(image[ya + dy, xa + dx] - image[yb + dy, xb + dx])


@njit(parallel=True, fastmath=True)
def _by_selection(image, ya, xa, yb, xb, out):
    n = WINDOW * WINDOW
    for p in prange(out.size):
        line = np.empty(n, image.dtype)
        _gather(image, ya[p], xa[p], yb[p], xb[p], line)
        upper = _select(line, n, n // 2)
        lower = line[0]
        for k in range(1, n // 2):
            lower = max(lower, line[k])
        out[p] = (lower + upper) * np.float32(0.5)


@njit(parallel=True)
def _by_bits(image, ya, xa, yb, xb, out):  # on the bits of numbers from 0, counting with vectors
    n = WINDOW * WINDOW
    for p in prange(out.size):
        line = np.empty(n, np.float32)
        _gather(image, ya[p], xa[p], yb[p], xb[p], line)
        bits = line.view(np.int32)
        low, high = bits.min(), bits.max()
        while low < high:
            middle = np.int32(low + (high - low) // 2)
            count = 0
            for k in range(n):
                count += bits[k] <= middle
            if count > n // 2 - 1:
                high = middle
            else:
                low = np.int32(middle + 1)
        count, above = 0, np.int32(2147483647)
        for k in range(n):
            count += bits[k] <= low
            above = min(above, bits[k] if bits[k] > low else np.int32(2147483647))
        pair = np.empty(2, np.int32)
        pair[0], pair[1] = low, low if count > n // 2 else above
        values = pair.view(np.float32)
        out[p] = (values[0] + values[1]) * np.float32(0.5)


def _regions(function: Any, image: Array, tops: Array, lefts: Array) -> Array:
    out = np.empty(len(tops), image.dtype)
    function(image, *(np.ascontiguousarray(a[:, k]) for k in (0, 1) for a in (tops, lefts)), out)
    return out


def region_medians(image: Array, tops: Array, lefts: Array) -> Array:
    """Quickselect on a line of 256."""
    return _regions(_by_selection, image, tops, lefts)


def region_medians_by_bits(image: Array, tops: Array, lefts: Array) -> Array:
    """Bisection on the bits, counting with vectors."""
    return _regions(_by_bits, image, tops, lefts)


@njit(parallel=True)
def _filter(padded, out, height, width):
    for q in prange(out.shape[0] * out.shape[1]):
        n, y = q // out.shape[1], q % out.shape[1]
        line = np.empty(height * width, padded.dtype)
        for x in range(out.shape[2]):
            for a in range(height):
                for b in range(width):
                    line[width * a + b] = padded[n, y + a, x + b]
            out[n, y, x] = _select(line, height * width, height * width // 2)


def median_filter(X: Array, *, height: int, width: int) -> Array:
    """Quickselect on each window."""
    out = np.empty_like(X)
    _filter(np.pad(X, [(0, 0), (height // 2,) * 2, (width // 2,) * 2], mode="edge"), out, height, width)
    return out
