# SPDX-License-Identifier: Apache-2.0
"""Subscripts of the form `constant + sum of coefficient * axis`, which need no index arrays.

The reference reads them with rules of its own, not with those by which reads are proved and compiled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unrut.program.extents import evaluate
from unrut.program.nodes import AxisValue, Call, Const, Expr, ExtentValue
from unrut.program.types import DType


@dataclass(frozen=True, slots=True, kw_only=True)
class Affine:
    """`constant + sum(coefficients[axis] * axis)`."""

    constant: int = 0
    coefficients: Mapping[str, int] = field(default_factory=dict)

    def plus(self, other: Affine, times: int = 1) -> Affine:
        """`self + times * other`."""
        axes = dict.fromkeys((*self.coefficients, *other.coefficients))
        total = {a: self.coefficients.get(a, 0) + times * other.coefficients.get(a, 0) for a in axes}
        return Affine(constant=self.constant + times * other.constant, coefficients=total)

    def span(self, ranges: Mapping[str, range]) -> tuple[int, int]:
        """The least and the largest value over non-empty ranges."""
        ends = [(c * ranges[a].start, c * (ranges[a].stop - 1)) for a, c in self.coefficients.items()]
        return self.constant + sum(map(min, ends)), self.constant + sum(map(max, ends))


def affine(expr: Expr, sizes: Mapping[str, int]) -> Affine | None:
    """An i64 expression as an affine one, or None if it is of another form."""
    match expr:
        case Const(value=value, dtype=DType.i64):
            return Affine(constant=int(value))
        case ExtentValue(extent=extent):
            return Affine(constant=evaluate(extent, sizes))
        case AxisValue(axis=axis):
            return Affine(coefficients={axis: 1})
        case Call(function="negative", arguments=(operand,)):
            part = affine(operand, sizes)
            return None if part is None else Affine().plus(part, -1)
        case Call(function="add" | "subtract" | "multiply" as function, arguments=(left, right)):
            first, second = affine(left, sizes), affine(right, sizes)
            if first is None or second is None:
                return None
            if function != "multiply":
                return first.plus(second, 1 if function == "add" else -1)
            if first.coefficients and second.coefficients:
                return None
            scaled, by = (first, second.constant) if first.coefficients else (second, first.constant)
            return Affine().plus(scaled, by)
        case _:
            return None
