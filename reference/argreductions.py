# SPDX-License-Identifier: Apache-2.0
"""`argmax[...]`, `argmin[...]`: the place of the best term."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unrut.program.nodes import ReduceKind
from unrut.reference.places import Array, Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best term of some block: its value, its place (row-major over the block's ranges), and whether there is
    one.
    """

    value: Array
    place: NDArray[np.int64]
    found: Bools


def best_of_block(kind: ReduceKind, terms: Array, included: Bools) -> Best:
    """The best of the included terms along the last dimension, of length >= 1.

    `min { j : included[j] and x[j] = max over included j' of x[j'] }` for argmax, row-major order over several axes, so
    the last axis runs fastest. A NaN is better than any number: the first one is the place. Nothing included: place 0.
    """
    ahead = best_rank(kind, terms, included)
    place = np.argmax(ahead, axis=-1)[..., None]
    found = np.take_along_axis(included, place, axis=-1)[..., 0]
    value = np.take_along_axis(terms, place, axis=-1)[..., 0]
    return Best(value=value, place=np.where(found, place[..., 0], 0), found=found)


def best_rank(kind: ReduceKind, terms: Array, included: Bools) -> Bools:
    """Which terms share the first place before the tie is broken: the NaNs if there are any, else those equal to the
    best.
    """
    nan = included & np.isnan(terms)
    extreme = np.max if kind is ReduceKind.argmax else np.min
    # An excluded place is given the value of an included one, so that it can't be better than all of these.
    some = np.take_along_axis(terms, np.argmax(included, axis=-1)[..., None], axis=-1)
    best = extreme(np.where(included, terms, some), axis=-1, keepdims=True)
    return np.where(nan.any(axis=-1, keepdims=True), nan, included & (terms == best))


def better(kind: ReduceKind, left: Best, right: Best) -> Best:
    """The better of two blocks, the left one from earlier places: ties, and a second NaN, leave it as it is."""
    beats = np.greater if kind is ReduceKind.argmax else np.less
    wins = beats(right.value, left.value) | (np.isnan(right.value) & ~np.isnan(left.value))
    take = right.found & (wins | ~left.found)
    return Best(
        value=np.where(take, right.value, left.value),
        place=np.where(take, right.place, left.place),
        found=left.found | right.found,
    )
