# SPDX-License-Identifier: Apache-2.0
"""Every expression of a program with what is around it: the axes that are bound there, and whether a guard is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from unrut.program.extents import Extent
from unrut.program.nodes import Axis, Cast, Expr, Statement, Where
from unrut.program.walk import children


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One expression. `extents` of all axes bound around it, `reduced` those among them that no statement binds; `guarded`
    where a condition decides whether it is evaluated."""

    expr: Expr
    statement: Statement
    extents: Mapping[str, Extent]
    reduced: frozenset[str] = field(default_factory=frozenset)
    guarded: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is ever evaluated here, a range being empty."""
        return any(e.is_fixed and e.value() <= 0 for e in self.extents.values())


def sites(statement: Statement) -> Iterator[Site]:
    """Every expression of a statement, parents first."""
    for expr in statement.expressions():
        yield from _below(Site(expr=expr, statement=statement, extents={a.name: a.extent for a in statement.axes}))


def _below(site: Site) -> Iterator[Site]:
    yield site
    expr = site.expr
    inner = replace(site, guarded=site.guarded or isinstance(expr, Where) or getattr(expr, "where", None) is not None)
    bound = bound_axes(expr)
    if bound:
        extents = {**site.extents, **{axis.name: axis.extent for axis in bound}}
        inner = replace(inner, extents=extents, reduced=site.reduced | {axis.name for axis in bound})
    for part in children(expr):
        yield from _below(replace(inner, expr=part))


def bound_axes(expr: Expr) -> tuple[Axis, ...]:
    """The axes that an expression binds: those of a reduction of any kind."""
    axes: tuple[Axis, ...] = getattr(expr, "axes", ())
    return axes


def plain(expr: Expr) -> Expr:
    """The expression without the conversions that nobody wrote."""
    while isinstance(expr, Cast) and expr.implicit:
        expr = expr.operand
    return expr
