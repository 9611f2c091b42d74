# SPDX-License-Identifier: Apache-2.0
"""Multiply-adds of a sum of products, in the cheapest order of pairs (as opt_einsum finds it for few factors)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from math import prod

from unrut.program.nodes import Call, Expr, Reduce
from unrut.program.walk import free_axes

MOST = 8
"""Factors of which every order is tried."""


def factors_of(expr: Expr) -> list[Expr]:
    """The factors of a product of floats, each of which has axes; numbers are none."""
    if isinstance(expr, Call) and expr.function == "multiply" and not expr.dtype.is_complex and expr.dtype.is_float:
        return [factor for argument in expr.arguments for factor in factors_of(argument)]
    return [expr] if free_axes(expr) else []


def pairwise(factors: Sequence[Expr], expr: Reduce, extents: Mapping[str, int]) -> float:
    """The least multiply-adds with which all factors are multiplied and summed, two at a time."""
    kept = free_axes(expr)
    axes = [free_axes(factor) for factor in factors]
    if len(axes) > MOST:
        return float(prod(extents[name] for name in frozenset[str]().union(*axes))) * (len(axes) - 1)
    everything = (1 << len(axes)) - 1

    def needed(chosen: int) -> frozenset[str]:
        """The axes that a product of these factors keeps: those of the result and of the factors left."""
        inside = frozenset[str]().union(*(a for k, a in enumerate(axes) if chosen >> k & 1))
        rest = frozenset[str]().union(*(a for k, a in enumerate(axes) if not chosen >> k & 1))
        return inside & (kept | rest)

    @cache
    def least(chosen: int) -> float:
        if chosen & (chosen - 1) == 0:
            return 0.0
        found = float("inf")
        part = (chosen - 1) & chosen
        while part:
            other = chosen ^ part
            if part > other:
                here = prod(extents[name] for name in _axes(part, other))
                found = min(found, least(part) + least(other) + here)
            part = (part - 1) & chosen
        return found

    def _axes(one: int, other: int) -> frozenset[str]:
        alone = [axes[k] if side == 1 << k else needed(side) for side in (one, other) for k in (side.bit_length() - 1,)]
        return alone[0] | alone[1]

    return least(everything)
