# SPDX-License-Identifier: Apache-2.0
"""Bounds of ranges by data, `axis e: ptr[i] .. ptr[i + 1]`: read where the axis is bound, in the scope around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from unrut.errors import AxisError, DTypeError, NotationError, UnrutError
from unrut.language.adoption import adopt
from unrut.language.declarations import Declarations, at
from unrut.language.expressions import Expressions, Scope
from unrut.language.notation import Assignment, Folding, Line, Name, Reduction, Subscripted, Term
from unrut.language.renaming import axis_names, mentioned
from unrut.program.extents import Extent
from unrut.program.nodes import Axis, Expr
from unrut.program.types import DType
from unrut.spans import Span


def bound_axis(reader: Expressions, name: str, scope: Scope, span: Span | None) -> Axis:
    """An axis where it is bound: its extent, and the bounds that its range was given. `scope` is what stands before it."""
    extent = reader.known.extent_of(name, span)
    start, stop = ends(reader, name, scope)
    return Axis(name=name, extent=extent, start=start, stop=stop)


def ends(reader: Expressions, name: str, scope: Scope) -> tuple[Expr | None, Expr | None]:
    """The bounds of an axis as i64 expressions, None for those that were not given."""
    given = reader.known.bounds.get(name)
    if given is None:
        return None, None
    start, stop = (None if term is None else _end(reader, name, term, scope) for term in (given.start, given.stop))
    return start, stop


def _end(reader: Expressions, name: str, term: Term, scope: Scope) -> Expr:
    for part in mentioned(term):
        if isinstance(part, Reduction | Folding | Line):
            kind = "fold" if isinstance(part, Folding) else part.kind
            raise NotationError(
                f"a bound of axis `{name}` holds `{kind}`",
                places=at(part.span),
                remedy=f"a tensor of its own: first[i] = {kind}[...](...), and axis {name}: first[i] .. first[i + 1]",
            )
        known = reader.known.tensor_names() | reader.known.scalars | reader.known.sizes.keys() | scope.axes.keys()
        if isinstance(part, Name) and part.name not in known:
            raise _owner(name, part, scope)
    found = reader.read(term, scope.plain)
    if not found.kind.dtype.is_integer:
        raise DTypeError(
            f"a bound of axis `{name}` is {found.kind}, not an integer",
            places=at(term.span),
            remedy="integers, as offsets are: // divides them, cast(..., i64) truncates",
        )
    return adopt(found, DType.i64)


def _owner(name: str, part: Name, scope: Scope) -> AxisError:
    """The error for an axis whose bounds mention one that is not bound before it."""
    if part.name == name:
        message, remedy = f"the range of axis `{name}` is given by itself", "bounds made of other axes"
    else:
        message = f"the range of axis `{name}` depends on `{part.name}`, which is not bound before it"
        remedy = f"sum[{part.name}, {name}](...), or `{part.name}` on the left side"
    return AxisError(message, places=at(part.span), remedy=remedy)


def bounds_behind(statement: Assignment, known: Declarations) -> list[Term]:
    """The bounds of all axes of a statement, and of those that these mention."""
    found: list[Term] = []
    others = known.tensor_names() | known.scalars
    waiting, seen = axis_names(statement, others), set[str]()
    while waiting:
        axis = waiting.pop()
        if axis in known.bounds and axis not in seen:
            found += known.bounds[axis].bounds
            waiting += axis_names(known.bounds[axis], others)
        seen.add(axis)
    return found


def check_ranges(known: Declarations, groups: Sequence[tuple[str, ...]], errors: list[UnrutError]) -> None:
    """Refuse ranges that are made of what is computed over them."""
    for group in groups:
        for name in group:
            parts = (known.statements[name], *(a for a in known.additions if a.target == name))
            for term in (bound for part in parts for bound in bounds_behind(part, known)):
                for part in mentioned(term):
                    read = part.tensor if isinstance(part, Subscripted) else part.name if isinstance(part, Name) else ""
                    if read in group:
                        what = f"`{name}` is computed over a range that is made of `{read}`"
                        circle = f"{what}, which needs `{name}`" if read != name else f"{what} itself"
                        errors.append(
                            NotationError(circle, places=at(part.span), remedy="bounds made of other tensors")
                        )


def bound_axes(reader: Expressions, extents: Mapping[str, Extent]) -> tuple[Axis, ...]:
    """The axes of a statement, each with its bounds, which stand in the scope of those before it."""
    found: list[Axis] = []
    for name, extent in extents.items():
        start, stop = ends(reader, name, Scope(axes={axis.name: axis.extent for axis in found}))
        found.append(Axis(name=name, extent=extent, start=start, stop=stop))
    return tuple(found)
