# SPDX-License-Identifier: Apache-2.0
"""What is computed for each place of ranges by data, one after the other: stored by place, not by owner and place.

Before:  t[i, e] = sum[d](q[i, d]*k[e, d])                                  wherever e is in the range of i
After:   t[e] = 0;   t[e] = sum[d](q[i, d]*k[e, d])  for all i and e in its range
Because: where no two ranges share a place, each place has one owner. An early check says that they don't: rows that begin
where the one before ends share none if they are in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from unrut.emitter.graph.computation import Computation, Reduction, Update
from unrut.emitter.graph.laws import identity
from unrut.emitter.graph.linear import call, linear, number
from unrut.program.nodes import Axis, AxisValue, Expr, ReduceKind
from unrut.program.ragged import end_of, first_of, owners
from unrut.program.types import DType
from unrut.program.walk import rename_axes


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An axis whose ranges share no place: the axes that own them, outermost first, and when a place is in its range."""

    axis: str
    owners: tuple[str, ...]
    where: tuple[Expr, ...]


Rows = Mapping[str, Row | None]  # None: ranges that may share places


def row_of(axis: Axis, ends: tuple[Expr, ...], rows: Rows, apart: bool) -> Row | None:
    """The row of an axis with flat conditions `ends`. `apart`: a check of its own says that ranges share no place."""
    own = sorted(owners(axis))
    if len(own) != 1:
        return None
    (owner,) = own
    following = rename_axes(first_of(axis), {owner: call("add", AxisValue(axis=owner), number(1))})
    if not apart and linear(following) != linear(end_of(axis)):
        return None
    if owner not in rows:
        return Row(axis=axis.name, owners=(owner,), where=ends)
    outer = rows[owner]
    if outer is None:
        return None
    return Row(axis=axis.name, owners=(*outer.owners, owner), where=(*outer.where, *ends))


def row_for(used: frozenset[str], rows: Rows) -> Row | None:
    """The one row that what depends on some axes is stored by; None if there is none, or more."""
    found = [row for row in rows.values() if row is not None and row.axis in used and used & set(row.owners)]
    inner = [row for row in found if not any(row.axis in other.owners for other in found)]
    return inner[0] if len(inner) == 1 else None


def by_row(
    name: str, row: Row, axes: tuple[Axis, ...], body: Expr, reduction: Reduction | None, dtype: DType, statement: str
) -> tuple[Computation, Computation]:
    """A tensor of zeros over the axes but the owners, and what is stored in it for all `axes`, in range."""
    kept = tuple(replace(axis) for axis in axes if axis.name not in row.owners)
    zeros = Computation(
        name=name,
        axes=kept,
        dtype=dtype,
        body=identity(ReduceKind.sum, dtype),
        reduction=None,
        statement=statement,
    )
    update = Update(
        target=name,
        places=tuple(AxisValue(axis=axis.name) for axis in kept),
        function="store",
        where=row.where,
        apart=tuple(axis.name for axis in axes),
    )
    rows = Computation(
        name=f"{name}_rows",
        axes=axes,
        dtype=dtype,
        body=body,
        reduction=reduction,
        update=update,
        statement=statement,
    )
    return zeros, rows
