# SPDX-License-Identifier: Apache-2.0
"""`sum`, `prod`, `max`, `min`, `any`, `all`, `count` over the places of some axes.

Each kind is a monoid: an identity that stands for excluded places, a reduction of the terms of one block, and a way to
combine blocks. Excluded places of complex products are skipped: 1 times an infinity has a NaN in its other part. Each names
its own accumulator: the wide type of the node's dtype, never NumPy's default.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np

from unrut.program.nodes import ReduceKind
from unrut.program.types import DType
from unrut.reference.places import WIDE, Array, Bools


def identity(kind: ReduceKind, dtype: DType) -> bool | int | float:
    """What an excluded place contributes, and an empty range gives.

    sum, count 0; prod 1; any False; all True; max, argmax the lowest value of the dtype (-inf for floats), min,
    argmin the highest; logsumexp -inf.
    """
    match kind:
        case ReduceKind.sum | ReduceKind.count:
            return 0
        case ReduceKind.prod:
            return 1
        case ReduceKind.any:
            return False
        case ReduceKind.all:
            return True
        case ReduceKind.max | ReduceKind.argmax | ReduceKind.logsumexp:
            return _lowest(dtype)
        case ReduceKind.min | ReduceKind.argmin | ReduceKind.kth_smallest | ReduceKind.arg_kth_smallest:
            return _highest(dtype)
        case ReduceKind.median | ReduceKind.quantile:
            return np.nan if dtype.is_float else _highest(dtype)
        case _:
            assert_never(kind)


def _lowest(dtype: DType) -> bool | int | float:
    if dtype.is_float:
        return -np.inf
    return dtype.limits[0] if dtype.is_integer else False


def _highest(dtype: DType) -> bool | int | float:
    if dtype.is_float:
        return np.inf
    return dtype.limits[1] if dtype.is_integer else True


def skips(kind: ReduceKind, dtype: DType) -> bool:
    """Whether left-out places have to be skipped, since no number stands for them: combining with the identity shows."""
    return kind is ReduceKind.prod and dtype.is_complex


def reduce_block(kind: ReduceKind, terms: Array, dtype: DType, included: Bools | None = None) -> Array:
    """All terms of a block reduced; they stand contiguously along the last dimension, which goes. Where the kind `skips`,
    those that are not `included` are; else the identity stands there.

    - sum: `s = t_1 + t_2 + ...`, pairwise (Higham 2002, section 4.2: error below `log2(n) u sum|t|`), f64 for f32
    - prod: `t_1 * t_2 * ...`;  max, min: NaN wins, as in NumPy
    - any, all: of booleans;  count: how many are true, i64
    """
    match kind:
        case ReduceKind.sum:
            # NumPy sums pairwise along a contiguous last dimension only: this is why terms are laid out that way.
            return np.asarray(np.sum(terms, axis=-1, dtype=WIDE[dtype]))
        case ReduceKind.count:
            return np.asarray(np.count_nonzero(terms, axis=-1)).astype(np.int64)
        case ReduceKind.prod:
            taken: Bools | bool = True if included is None else included
            return np.asarray(np.prod(terms, axis=-1, dtype=WIDE[dtype], where=taken))
        case ReduceKind.max:
            return np.asarray(np.max(terms, axis=-1, initial=identity(kind, dtype)))
        case ReduceKind.min:
            return np.asarray(np.min(terms, axis=-1, initial=identity(kind, dtype)))
        case ReduceKind.any:
            return np.asarray(np.any(terms, axis=-1))
        case ReduceKind.all:
            return np.asarray(np.all(terms, axis=-1))
        case ReduceKind.argmax | ReduceKind.argmin | ReduceKind.logsumexp:
            raise AssertionError(kind)
        case ReduceKind.median | ReduceKind.quantile | ReduceKind.kth_smallest | ReduceKind.arg_kth_smallest:
            raise AssertionError(kind)
        case _:
            assert_never(kind)


def combine(kind: ReduceKind, left: Array, right: Array) -> Array:
    """Two partial results, the left one from earlier places."""
    match kind:
        case ReduceKind.sum | ReduceKind.count:
            return left + right
        case ReduceKind.prod:
            return left * right
        case ReduceKind.max:
            return np.maximum(left, right)
        case ReduceKind.min:
            return np.minimum(left, right)
        case ReduceKind.any:
            return left | right
        case ReduceKind.all:
            return left & right
        case ReduceKind.logsumexp:
            return np.logaddexp(left, right)
        case ReduceKind.argmax | ReduceKind.argmin:
            raise AssertionError(kind)
        case ReduceKind.median | ReduceKind.quantile | ReduceKind.kth_smallest | ReduceKind.arg_kth_smallest:
            raise AssertionError(kind)
        case _:
            assert_never(kind)
