# SPDX-License-Identifier: Apache-2.0
"""Sizes that no machine has: refused before anything is computed with them in 64 bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from unrut.errors import RangeError, ShapeError, UnrutError
from unrut.language.declarations import at
from unrut.language.reach import LARGEST_INDEX, check_reach
from unrut.language.uses import uses_of
from unrut.program.extents import Extent
from unrut.program.fold_nodes import Fold
from unrut.program.intervals import interval
from unrut.program.nodes import Operand, Reduce, Role, Statement
from unrut.program.walk import subexpressions

MOST_BYTES = 2**60


def check_limits(operands: Sequence[Operand], statements: Sequence[Statement], errors: list[UnrutError]) -> None:
    """Refuse tensors of more than 2**60 bytes; ranges, subscripts and index arithmetic beyond 2**62."""
    for operand in operands:
        _check_bytes(operand, operand.name, errors)
    for statement in statements:
        if statement.role is Role.defines:
            _check_bytes(statement, statement.target, errors)
        for expr in (part for whole in statement.expressions() for part in subexpressions(whole)):
            if isinstance(expr, Reduce | Fold):
                places = _product([axis.extent for axis in expr.axes])
                if places > LARGEST_INDEX:
                    names = ", ".join(f"`{axis.name}`" for axis in expr.axes)
                    what = expr.kind.value if isinstance(expr, Reduce) else "fold"
                    message = f"`{what}` over {names} has {places} terms, more than 2**62"
                    errors.append(ShapeError(message, places=at(expr.span), remedy="smaller ranges"))
    before = len(errors)
    shapes: Mapping[str, tuple[Extent, ...]] = {o.name: o.shape for o in operands} | {
        s.target: s.shape for s in statements if s.role is Role.defines
    }
    for use in uses_of(statements, shapes):
        if use.form is not None:
            bounds = interval(use.form, use.axes)
            for end in (bounds.low, bounds.high):
                if end.is_fixed and abs(end.value()) > LARGEST_INDEX:
                    message = f"a subscript of `{use.read.tensor}` reaches {end}, beyond 2**62"
                    errors.append(
                        RangeError(
                            message,
                            places=at(use.read.subscripts[use.position].span or use.read.span),
                            remedy="smaller ranges, or a smaller factor",
                        )
                    )
                    break
    if len(errors) == before:
        check_reach(statements, errors)


def _product(extents: Sequence[Extent]) -> int:
    return prod(extent.value() if extent.is_fixed else 1 for extent in extents)


def _check_bytes(tensor: Operand | Statement, name: str, errors: list[UnrutError]) -> None:
    size = _product(tensor.shape) * tensor.dtype.size
    if size > MOST_BYTES:
        shape = ", ".join(map(str, tensor.shape))
        message = f"`{name}` ({shape}) has {size} bytes, more than 2**60"
        errors.append(ShapeError(message, places=at(tensor.span), remedy="smaller extents"))
