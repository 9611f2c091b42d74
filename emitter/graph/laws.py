# SPDX-License-Identifier: Apache-2.0
"""What may be done with a reduction: identity, combining function, and the freedom to regroup and reorder.

| kind | combine | identity | exact in any order |
| sum | add | 0 | integers only; floats within the error bound |
| prod | multiply | 1 | integers only |
| max, min | maximum, minimum (NaN wins) | lowest, highest of the dtype | yes, up to the sign of 0 and which NaN |
| any, all | bitwise_or, bitwise_and | False, True | yes |
| argmax, argmin | better of (value, place) | no place | in order of places, or with ties broken by place |
| fold | as its author wrote it | as its author wrote it | in order of places |
| kth_smallest, arg_kth_smallest | none: all terms are compared with each other | | yes |
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from unrut.emitter.graph.computation import Folded
from unrut.errors import InternalError
from unrut.program.nodes import Const, ReduceKind
from unrut.program.types import DType


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """`combine` is a two-argument function of `unrut.program.functions`; empty where places or several states count."""

    combine: str
    associative: bool
    commutative: bool


_LAWS = {
    ReduceKind.sum: Law(combine="add", associative=True, commutative=True),
    ReduceKind.prod: Law(combine="multiply", associative=True, commutative=True),
    ReduceKind.max: Law(combine="maximum", associative=True, commutative=True),
    ReduceKind.min: Law(combine="minimum", associative=True, commutative=True),
    ReduceKind.any: Law(combine="bitwise_or", associative=True, commutative=True),
    ReduceKind.all: Law(combine="bitwise_and", associative=True, commutative=True),
    ReduceKind.argmax: Law(combine="", associative=True, commutative=False),
    ReduceKind.argmin: Law(combine="", associative=True, commutative=False),
    ReduceKind.kth_smallest: Law(combine="", associative=False, commutative=False),
    ReduceKind.arg_kth_smallest: Law(combine="", associative=False, commutative=False),
}


_FOLD = Law(combine="", associative=True, commutative=False)


def law(kind: ReduceKind | Folded) -> Law:
    """The law of a reduction that is left after flattening."""
    if isinstance(kind, Folded):
        return _FOLD
    if kind not in _LAWS:
        raise InternalError(f"{kind.value} has no law of its own: it is made of others")
    return _LAWS[kind]


def identity(kind: ReduceKind, dtype: DType) -> Const:
    """The value that changes nothing when it is combined; for arg reductions the worst value."""
    match kind:
        case ReduceKind.sum | ReduceKind.any:
            return Const(value=False if dtype is DType.bool else 0.0 if dtype.is_float else 0, dtype=dtype)
        case ReduceKind.prod | ReduceKind.all:
            return Const(value=True if dtype is DType.bool else 1.0 if dtype.is_float else 1, dtype=dtype)
        case ReduceKind.max | ReduceKind.argmax:
            return Const(value=_extreme(dtype, highest=False), dtype=dtype)
        case ReduceKind.min | ReduceKind.argmin:
            return Const(value=_extreme(dtype, highest=True), dtype=dtype)
        case _:
            raise InternalError(f"{kind.value} has no identity of its own: it is made of others")


def _extreme(dtype: DType, *, highest: bool) -> bool | int | float:
    if dtype is DType.bool:
        return highest
    if dtype.is_float:
        return math.inf if highest else -math.inf
    limits = np.iinfo(dtype.value)
    return int(limits.max if highest else limits.min)
