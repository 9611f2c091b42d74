# SPDX-License-Identifier: Apache-2.0
"""How two arrays that differ are related: a factor, an offset, swapped, turned or shifted axes. Each hints at a mistake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, permutations

import numpy as np

from unrut.reference.explanation import number
from unrut.reference.places import Array

FARTHEST = 2
"""Places by which an axis may be shifted."""

UNEXPLAINED = 0.25
"""The part of the largest difference that a factor or an offset may leave."""

MOST_AXES = 5
"""Axes up to which all orders are tried."""


def relation(first: Array, second: Array, allowed: Array, axes: Sequence[str]) -> str:
    """One sentence that says how the first array comes from the second, to within what is allowed; or nothing.

    Arrays that hardly vary fit everything, so for these nothing is said.
    """
    a, b = (np.asarray(x, np.float64) for x in (first, second)) if first.dtype.kind not in "c" else (first, second)
    if a.shape != b.shape or a.size < 3 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return ""
    bound = np.broadcast_to(allowed, a.shape)
    for found in (_scaled, _moved):
        said = found(a, b, bound)
        if said:
            return said
    if len(np.unique(b)) < 3:
        return ""
    for look in (_swapped, _turned, _shifted, _normalised):
        said = look(a, b, bound, axes)
        if said:
            return said
    return ""


def _fits(a: Array, b: Array, bound: Array) -> bool:
    return a.size > 0 and bool((np.abs(a - b) <= bound + 1e-12 * np.abs(b)).all())


def _explains(a: Array, b: Array, related: Array, slack: Array) -> bool:
    """Whether the relation accounts for a difference that the slack does not: what fits without it proves nothing of it."""
    made = np.abs(related - b)
    return bool(made.max() > slack.max() and np.abs(a - related).max() <= UNEXPLAINED * made.max())


def _scaled(a: Array, b: Array, bound: Array) -> str:
    at = np.unravel_index(int(np.argmax(np.abs(b))), b.shape)
    if b[at] == 0 or len(np.unique(b)) < 2:
        return ""
    factor = a[at] / b[at]
    slack = bound * (1 + abs(factor)) + abs(b) * (bound[at] / abs(b[at])) * 2
    if factor == 0 or not _fits(a, factor * b, slack) or not _explains(a, b, factor * b, slack):
        return ""
    if abs(factor + 1) < 1e-6:
        return "the first is the negative of the second"
    return f"the first is {number(factor.item())} times the second everywhere"


def _moved(a: Array, b: Array, bound: Array) -> str:
    by = (a - b).flat[0]
    slack = 2 * bound + 2 * bound.max()
    if len(np.unique(b)) < 2 or not _fits(a, b + by, slack) or not _explains(a, b, b + by, slack):
        return ""
    return f"the first is the second plus {number(by.item())} everywhere"


def _swapped(a: Array, b: Array, bound: Array, axes: Sequence[str]) -> str:
    if a.ndim > MOST_AXES:
        orders = [_exchanged(a.ndim, i, j) for i, j in combinations(range(a.ndim), 2)]
    else:
        orders = list(permutations(range(a.ndim)))[1:]
    for order in orders:
        if b.transpose(order).shape == a.shape and _fits(a, b.transpose(order), bound + bound.transpose(order)):
            moved = [axes[d] for d in range(a.ndim) if order[d] != d]
            return f"the first is the second with {_listed(moved)} exchanged"
    return ""


def _exchanged(rank: int, i: int, j: int) -> tuple[int, ...]:
    order = list(range(rank))
    order[i], order[j] = j, i
    return tuple(order)


def _turned(a: Array, b: Array, bound: Array, axes: Sequence[str]) -> str:
    for d, axis in enumerate(axes):
        if a.shape[d] > 1 and _fits(a, np.flip(b, d), bound + np.flip(bound, d)):
            return f"the first is the second read backwards along `{axis}`"
    return ""


def _shifted(a: Array, b: Array, bound: Array, axes: Sequence[str]) -> str:
    for d, axis in enumerate(axes):
        for by in range(1, FARTHEST + 1):
            if a.shape[d] < by + 3:
                continue
            low, high = _cut(d, None, -by), _cut(d, by, None)
            for one, two, sign in ((low, high, "+"), (high, low, "-")):
                inner = two(b)
                if len(np.unique(inner)) > 2 and _fits(one(a), inner, one(bound) + two(bound)):
                    return f"the first at `{axis}` is the second at `{axis} {sign} {by}`, but for the border"
    return ""


def _normalised(a: Array, b: Array, bound: Array, axes: Sequence[str]) -> str:
    """Shares that add up to 1, but not along the same axis."""
    along = []
    for x in (a, b):
        sums = [np.abs(x.sum(axis=d) - 1).max() <= bound.max() * x.shape[d] + 1e-6 for d in range(x.ndim)]
        along.append([axes[d] for d in range(x.ndim) if sums[d] and x.shape[d] > 1])
    if len(along[0]) == len(along[1]) == 1 and along[0] != along[1]:
        return f"the first adds up to 1 along `{along[0][0]}`, the second along `{along[1][0]}`"
    return ""


def _cut(d: int, start: int | None, stop: int | None) -> Callable[[Array], Array]:
    return lambda x: x[(slice(None),) * d + (slice(start, stop),)]


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(f"`{n}`" for n in names[:-1]), f"`{names[-1]}`"])
