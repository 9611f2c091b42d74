# SPDX-License-Identifier: Apache-2.0
"""Judging a kernel's result against the reference: bit for bit, or within the bound that the reference derived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from unrut.errors import RangeError
from unrut.reference import Bounded

Array = np.ndarray[Any, Any]
Results = TypeVar("Results")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one result compares. `worst` is the largest error over bound among judged elements; `judged` their share.

    `problem` is empty if every judged element is right; otherwise one line with place, got, want, bound.
    """

    worst: float
    judged: float
    undecided: int
    problem: str = ""


def valid(compute: Callable[[], Results]) -> Results | None:
    """What is computed, or None where the data is not as it has to be: a computed place is outside, offsets fall."""
    try:
        return compute()
    except RangeError:
        return None


def judge_exact(got: Array, want: Array) -> Verdict:
    """Equal values everywhere (0 and -0 are equal, NaN equals NaN)."""
    got, want = _parts(got), _parts(want)
    same = (got == want) | ((got != got) & (want != want))
    return Verdict(worst=0.0, judged=1.0, undecided=0, problem=_first(~same, got, want, None))


def judge_bounded(got: Array, want: Bounded) -> Verdict:
    """Within the derived bound, complex numbers in each part.

    Where the bound is infinite nothing is judged; special values without doubt must be equal.
    """
    if got.dtype.itemsize == 2 and got.dtype.kind in "fV":
        got = got.astype(np.float64)
    value, bound = np.asarray(want.value), np.asarray(want.bound)
    if want.parts:
        got, value, bound = _parts(got), _parts(value), np.stack([part.bound for part in want.parts], axis=-1)
    judged = np.asarray(np.isfinite(bound))
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(np.float64) - value) if got.dtype.kind in "biu" else np.abs(got - value)
        same = (got == value) | ((got != got) & (value != value))
        right = ~judged | same | (error <= bound)
        counted = judged & ~same & (bound > 0) & np.isfinite(error)
        share = np.where(counted, error / np.where(bound > 0, bound, 1), 0.0)
    return Verdict(
        worst=float(share.max(initial=0.0)),
        judged=float(judged.mean()) if judged.size else 1.0,
        undecided=int(np.count_nonzero(want.undecided)),
        problem=_first(~right, got, value, bound),
    )


def _parts(array: Array) -> Array:
    """Complex numbers as their parts, along one dimension more; anything else as it is."""
    return array[..., None].view(array.real.dtype) if array.dtype.kind == "c" else array


def _first(wrong: Array, got: Array, want: Array, bound: Array | None) -> str:
    if not wrong.any():
        return ""
    place = tuple(int(p) for p in np.argwhere(wrong)[0])
    limit = "" if bound is None else f", bound {np.broadcast_to(bound, wrong.shape)[place]:.3g}"
    count = f"{np.count_nonzero(wrong)} of {wrong.size} elements wrong, first at {list(place)}"
    return f"{count}: got {got[place]!r}, want {want[place]!r}{limit}"
