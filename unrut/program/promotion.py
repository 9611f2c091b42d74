# SPDX-License-Identifier: Apache-2.0
"""Which dtype an expression has: NumPy's own tables (`ufunc.resolve_dtypes`), with NEP 50 for weak numbers.

bf16, which NumPy's tables don't have, goes by those of f16.

A `Kind` is a dtype that is strong (it came from an array or a cast) or weak (numbers, axis values, extents, scalars,
and expressions of these alone). Weak kinds are bool, i64 or f64. They adopt the dtype they meet, unless they are of a
higher kind (bool < integer < float): then NumPy's default dtype of their kind takes part. The kind of a choice is
decided by its branches and that of a reduction by its body: conditions lend no dtype.

Source: NEP 50 (promotion of Python scalars); numpy.ufunc.resolve_dtypes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from unrut.program.complex_loops import complex_loop, complex_of
from unrut.program.nodes import ReduceKind
from unrut.program.types import DType, dtype_of, promote

# No ufunc of NumPy, or one whose answer for integers differs between NumPy 2.0 and 2.1: as another one.
_LIKE = {"erf": "exp"}
WEAK = frozenset({DType.bool, DType.i64, DType.f64})
ROUNDINGS = frozenset({"floor", "ceil", "trunc"})
OF_COMPLEX = frozenset({"real", "imag", "conj", "angle"})  # the first and third leave real numbers as they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What promotion knows of an expression."""

    dtype: DType
    weak: bool = False

    def __str__(self) -> str:
        return f"a number ({self.dtype.name})" if self.weak else self.dtype.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """The dtypes that a function takes its arguments in, and gives."""

    arguments: tuple[DType, ...]
    result: Kind


@lru_cache(maxsize=4096)
def loop(function: str, arguments: tuple[Kind, ...]) -> Loop | None:
    """NumPy's loop of a scalar function for these arguments; None where it has none within unrut's dtypes.

    `floor`, `ceil` and `trunc` leave integers and bools as they are (NumPy 2.1 and later).
    """
    weak = all(kind.weak for kind in arguments)
    if any(kind.dtype.is_complex for kind in arguments):
        known = complex_loop(function, [kind.dtype for kind in arguments], [kind.weak for kind in arguments])
        return None if known is None else Loop(arguments=known[0], result=Kind(dtype=known[1], weak=weak))
    if function in OF_COMPLEX:
        return None
    if any(kind.dtype is DType.bf16 for kind in arguments):
        return _loop_of_bf16(function, arguments)
    if function in ROUNDINGS and not arguments[0].dtype.is_float:
        return Loop(arguments=(arguments[0].dtype,), result=arguments[0])
    ufunc = getattr(np, _LIKE.get(function, function))
    given = tuple(_adopting(kind) if kind.weak and not weak else kind.dtype.numpy for kind in arguments)
    try:
        resolved = ufunc.resolve_dtypes((*given, None))
    except TypeError:
        return None
    dtypes = [dtype_of(dtype) for dtype in resolved]
    found = tuple(dtype for dtype in dtypes if dtype is not None)
    if len(found) < len(dtypes):
        return None
    if weak and not WEAK.issuperset(found):  # truth values, which NumPy takes in i8 or f16
        return loop(function, tuple(replace(kind, dtype=DType.i64) for kind in arguments))
    return Loop(arguments=found[:-1], result=Kind(dtype=found[-1], weak=weak))


def _loop_of_bf16(function: str, arguments: tuple[Kind, ...]) -> Loop | None:
    """The loop for f16 in its place; together with f16, that for f32."""
    both = any(kind.dtype is DType.f16 for kind in arguments)
    stands_for = DType.f32 if both else DType.f16
    found = loop(function, tuple(replace(k, dtype=stands_for) if k.dtype is DType.bf16 else k for k in arguments))
    if found is None or both:
        return found
    taken = tuple(DType.bf16 if dtype is DType.f16 else dtype for dtype in found.arguments)
    result = replace(found.result, dtype=DType.bf16) if found.result.dtype is DType.f16 else found.result
    return Loop(arguments=taken, result=result)


def _adopting(kind: Kind) -> object:
    """How `resolve_dtypes` is told of a weak number."""
    return {DType.i64: int, DType.f64: float}.get(kind.dtype, kind.dtype.numpy)


def meet(kinds: Sequence[Kind]) -> Kind:
    """The common kind of values of which one is chosen, as in `np.where`, weak numbers adopting."""
    strong = [kind.dtype for kind in kinds if not kind.weak]
    weak = [kind.dtype for kind in kinds if kind.weak]
    if not strong:
        return Kind(dtype=max(weak, key=[DType.bool, DType.i64, DType.f64, DType.c128].index), weak=True)
    dtype = promote(*strong)
    if dtype.is_complex or DType.c128 in weak:
        return Kind(dtype=complex_of(dtype))
    if DType.f64 in weak and not dtype.is_float:
        dtype = DType.f64
    if DType.i64 in weak and dtype is DType.bool:
        dtype = DType.i64
    return Kind(dtype=dtype)


def accumulator(kind: ReduceKind, body: Kind) -> Kind | None:
    """What a reduction gives: NumPy's choice for sum and prod; the body's own dtype otherwise.

    It accumulates in that, too, but for `computed_in`. None where the body has no meaning there (max of complex numbers).
    """
    if body.dtype.is_complex:
        truths = dict.fromkeys(
            (ReduceKind.any, ReduceKind.all, ReduceKind.count), Kind(dtype=DType.bool, weak=body.weak)
        )
        return {ReduceKind.sum: body, ReduceKind.prod: body, **truths}.get(kind)
    match kind:
        case ReduceKind.sum | ReduceKind.prod:
            whole = DType.u64 if body.dtype.is_integer and not body.dtype.is_signed else DType.i64
            return Kind(dtype=body.dtype if body.dtype.is_float else whole, weak=body.weak)
        case ReduceKind.max | ReduceKind.min | ReduceKind.argmax | ReduceKind.argmin:
            return body
        case ReduceKind.median | ReduceKind.quantile | ReduceKind.kth_smallest | ReduceKind.arg_kth_smallest:
            return body
        case ReduceKind.any | ReduceKind.all | ReduceKind.count:
            return Kind(dtype=DType.bool, weak=body.weak)
        case ReduceKind.logsumexp:
            return exponential(body)


def computed_in(kind: ReduceKind, natural: Kind) -> Kind:
    """What a reduction computes in: sums, products and exponentials of 16-bit floats are f32, and rounded once."""
    if natural.dtype.is_half and kind in (ReduceKind.sum, ReduceKind.prod, ReduceKind.logsumexp):
        return replace(natural, dtype=DType.f32)
    return natural


def exponential(body: Kind) -> Kind | None:
    """The kind of `exp` of a body: what softmax and logsumexp compute in."""
    found = None if body.dtype.is_complex else loop("exp", (body,))
    return None if found is None else found.result


def widened(dtype: DType, taken: DType) -> DType:
    """What a read is cast to inside a reduction that accumulates in `taken`: real numbers stay real, complex ones complex."""
    if dtype is DType.bool:
        return dtype
    return complex_of(taken) if dtype.is_complex else taken.part


def result_of(kind: ReduceKind, taken: Kind) -> Kind:
    """The kind of a reduction's result, by its accumulator's. Places are axis values, so they are weak."""
    match kind:
        case ReduceKind.count:
            return Kind(dtype=DType.i64, weak=taken.weak)
        case ReduceKind.argmax | ReduceKind.argmin | ReduceKind.arg_kth_smallest:
            return Kind(dtype=DType.i64, weak=True)
        case ReduceKind.median | ReduceKind.quantile if not taken.dtype.is_float:
            return Kind(dtype=DType.f64, weak=taken.weak)
        case _:
            return taken
