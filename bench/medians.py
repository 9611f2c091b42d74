# SPDX-License-Identifier: Apache-2.0
"""Medians beside what an expert writes: pairs of regions beside Numba, a 5x5 filter beside scipy and Numba.

    python -m bench.medians [--rounds 9] [--threads 2] [--json FILE]

Needs numba; scipy and scikit-image are used where they are. Every rival's result is compared with NumPy's first. Numba's
rivals are four ways to take a median of 256 numbers, all in `prange` over the pairs: `np.median`, quickselect as an expert
writes it, insertion into a sorted window, and for bytes counting. The fastest counts.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import njit, prange

import unrut as ur
from bench.measure import medians

Array = np.ndarray[Any, Any]
SIZE, PAIRS, WINDOW = 1024, 4096, 16


@ur.op
def region_medians(image, ya, xa, yb, xb):
    """y[p] = median[dy, dx](abs(image[ya[p] + dy, xa[p] + dx] - image[yb[p] + dy, xb[p] + dx]))."""
    p = ur.axis("p")
    dy, dx = ur.axis("dy", WINDOW), ur.axis("dx", WINDOW)
    y = ur.tensor("y")
    y[p] = ur.median[dy, dx](ur.abs(image[ya[p] + dy, xa[p] + dx] - image[yb[p] + dy, xb[p] + dx]))
    return y


@ur.op
def region_medians_of_bytes(image, ya, xa, yb, xb):
    """The same for bytes, whose differences are taken in i16."""
    p = ur.axis("p")
    dy, dx = ur.axis("dy", WINDOW), ur.axis("dx", WINDOW)
    y = ur.tensor("y")
    a, b = image[ya[p] + dy, xa[p] + dx], image[yb[p] + dy, xb[p] + dx]
    y[p] = ur.median[dy, dx](ur.abs(ur.cast(a, WIDE) - ur.cast(b, WIDE)))
    return y


@ur.op
def median_filter(image):
    """Median of 5 x 5 neighbours, edges repeated."""
    i, j = ur.axis("i", image.shape[0]), ur.axis("j", image.shape[1])
    a, b = ur.axis("a", 5), ur.axis("b", 5)
    y = ur.tensor("y")
    y[i, j] = ur.median[a, b](image.outside("edge")[i + a - 2, j + b - 2])
    return y


WIDE = getattr(ur, "i16", ur.i32)


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
def numba_median(image, ya, xa, yb, xb, out):
    for p in prange(out.size):
        line = np.empty(WINDOW * WINDOW, image.dtype)
        _gather(image, ya[p], xa[p], yb[p], xb[p], line)
        out[p] = np.median(line)


@njit(parallel=True, fastmath=True)
def numba_quickselect(image, ya, xa, yb, xb, out):
    n = WINDOW * WINDOW
    for p in prange(out.size):
        line = np.empty(n, image.dtype)
        _gather(image, ya[p], xa[p], yb[p], xb[p], line)
        upper = _select(line, n, n // 2)
        lower = line[0]
        for k in range(1, n // 2):
            lower = max(lower, line[k])
        out[p] = (lower + upper) * np.float32(0.5)


@njit(parallel=True, fastmath=True)
def numba_sort(image, ya, xa, yb, xb, out):
    n = WINDOW * WINDOW
    for p in prange(out.size):
        line = np.empty(n, image.dtype)
        _gather(image, ya[p], xa[p], yb[p], xb[p], line)
        line.sort()
        out[p] = (line[n // 2 - 1] + line[n // 2]) * np.float32(0.5)


@njit(parallel=True)
def numba_bisect(image, ya, xa, yb, xb, out):  # on the bits of numbers from 0, counting with vectors
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


@njit(parallel=True)
def numba_counting(image, ya, xa, yb, xb, out):  # bytes: a histogram of 256
    n = WINDOW * WINDOW
    for p in prange(out.size):
        counts = np.zeros(256, np.int32)
        for dy in range(WINDOW):
            for dx in range(WINDOW):
                a, b = np.int16(image[ya[p] + dy, xa[p] + dx]), np.int16(image[yb[p] + dy, xb[p] + dx])
                counts[abs(a - b)] += 1
        total, lower, k = 0, -1, 0
        while total <= n // 2:
            total += counts[k]
            if lower < 0 and total > n // 2 - 1:
                lower = k
            k += 1
        out[p] = 0.5 * (lower + k - 1)


@njit(parallel=True)
def numba_filter(padded, out):
    for i in prange(out.shape[0]):
        line = np.empty(25, padded.dtype)
        for j in range(out.shape[1]):
            for a in range(5):
                for b in range(5):
                    line[5 * a + b] = padded[i + a, j + b]
            out[i, j] = _select(line, 25, 12)


def by_numpy(image: Array, *places: Array) -> Array:
    ya, xa, yb, xb = places
    d = np.arange(WINDOW)
    rows, columns = d[:, None], d[None, :]
    a, b = (image[y[:, None, None] + rows, x[:, None, None] + columns] for y, x in ((ya, xa), (yb, xb)))
    return np.median(np.abs(a - b).reshape(len(ya), -1), axis=1)


def compared(rivals: dict[str, Callable[[], Any]], wanted: Array, rounds: int) -> dict[str, float]:
    for name, call in rivals.items():
        found = call()
        np.testing.assert_array_equal(np.asarray(found, np.float64), np.asarray(wanted, np.float64), err_msg=name)
    return medians(rivals, rounds)


def regions(random: np.random.Generator, threads: int, rounds: int) -> dict[str, dict[str, float]]:
    places = [random.integers(0, SIZE - WINDOW + 1, PAIRS) for _ in range(4)]
    smooth = np.cumsum(np.cumsum(random.normal(size=(SIZE, SIZE)), 0), 1)
    image = ((smooth - smooth.min()) / np.ptp(smooth) + 0.05 * random.random((SIZE, SIZE))).astype(np.float32)
    out, ours = np.empty(PAIRS, np.float32), np.empty(PAIRS, np.float32)
    kernel = region_medians.bind(image, *places).compile("c")

    def timed(function: Any) -> Callable[[], Array]:
        def call() -> Array:
            function(image, *places, out)
            return out

        return call

    rivals = {
        "unrut": lambda: kernel(image, *places, out=ours, threads=threads),
        **{f.__name__: timed(f) for f in (numba_median, numba_quickselect, numba_sort, numba_bisect)},
    }
    found = {"regions f32": compared(rivals, by_numpy(image, *places), rounds)}
    try:
        ur.spec("u8[3]")
    except ur.UnrutError:
        return found
    small = (255 * image / image.max()).astype(np.uint8)
    wide, counted = np.empty(PAIRS), np.empty(PAIRS)
    byte_kernel = region_medians_of_bytes.bind(small, *places).compile("c")

    def counting() -> Array:
        numba_counting(small, *places, counted)
        return counted

    by_bytes = {
        "unrut": lambda: byte_kernel(small, *places, out=wide, threads=threads),
        "numba_counting": counting,
    }
    found["regions u8"] = compared(by_bytes, by_numpy(small.astype(np.int16), *places), rounds)
    return found


def filters(random: np.random.Generator, threads: int, rounds: int) -> dict[str, dict[str, float]]:
    image = random.random((SIZE, SIZE)).astype(np.float32)
    ours, theirs = np.empty_like(image), np.empty_like(image)
    kernel = median_filter.bind(image).compile("c")
    padded = np.pad(image, 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5)).reshape(SIZE, SIZE, 25)

    def by_numba() -> Array:
        numba_filter(padded, theirs)
        return theirs

    rivals: dict[str, Callable[[], Any]] = {
        "unrut": lambda: kernel(image, out=ours, threads=threads),
        "numba_filter": by_numba,
    }
    try:
        from scipy import ndimage

        rivals["scipy"] = lambda: ndimage.median_filter(image, 5, mode="nearest")
    except ImportError:
        pass
    return {"filter 5x5 f32": compared(rivals, np.median(windows, axis=2), rounds)}


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json")
    given = parser.parse_args()
    numba.set_num_threads(given.threads)
    random = np.random.default_rng(1)
    results = regions(random, given.threads, given.rounds) | filters(random, given.threads, given.rounds)
    for name, times in results.items():
        best = min(seconds for rival, seconds in times.items() if rival != "unrut")
        print(f"{name}, {given.threads} threads: {best / times['unrut']:.2f} times as fast as the best rival")
        for rival, seconds in sorted(times.items(), key=lambda item: item[1]):
            print(f"  {rival:20} {1e3 * seconds:9.3f} ms")
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump({"threads": given.threads, "numba": numba.__version__, "seconds": results}, file, indent=1)


if __name__ == "__main__":
    main()
