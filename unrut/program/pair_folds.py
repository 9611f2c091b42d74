# SPDX-License-Identifier: Apache-2.0
"""Folds of complex states: each is two real ones; and the product, which is such a fold."""

from __future__ import annotations

from unrut.program.fold_nodes import Fold, Local, Side, State
from unrut.program.nodes import Call, Const, Reduce


def paired_states(states: tuple[State, ...]) -> tuple[State, ...]:
    """The states of real numbers, a complex one as its two parts."""
    return tuple(
        State(name=part_name(s.name, k) if s.dtype.is_complex else s.name, dtype=s.dtype.part)
        for s in states
        for k in range(2 if s.dtype.is_complex else 1)
    )


def part_name(state: str, k: int) -> str:
    """The name of a part of a fold's state: the notation leaves names with this beginning to us."""
    return f"ur_{('re', 'im')[k]}_{state}"


def prod_fold(expr: Reduce) -> Fold:
    """A product as a fold of one complex state."""
    dtype = expr.dtype
    left, right = (Local(side=side, state="product", dtype=dtype) for side in (Side.left, Side.right))
    return Fold(
        axes=expr.axes,
        states=(State(name="product", dtype=dtype),),
        identity=(Const(value=1.0, dtype=dtype),),
        lift=(expr.body,),
        combine=(Call(function="multiply", arguments=(left, right), dtype=dtype),),
        finish=Local(side=Side.whole, state="product", dtype=dtype),
        dtype=dtype,
        where=expr.where,
        span=expr.span,
    )
