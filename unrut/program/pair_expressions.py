# SPDX-License-Identifier: Apache-2.0
"""Expressions of complex numbers as pairs of real expressions, node by node.

A formula mentions its arguments several times, so what would become too large is bound first: its parts become statements of
their own over the axes that they depend on, under the guards that hold there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import assert_never

from unrut.errors import InternalError
from unrut.program.complex_loops import PREDICATES
from unrut.program.fold_nodes import Fold, Local
from unrut.program.nodes import (
    Along,
    AlongKind,
    Axis,
    AxisValue,
    Call,
    Cast,
    Const,
    Expr,
    ExtentValue,
    OutsideMode,
    Read,
    Reduce,
    ReduceKind,
    Scalar,
    Where,
)
from unrut.program.pair_domains import holds_everywhere, is_contraction
from unrut.program.pair_folds import paired_states, part_name, prod_fold
from unrut.program.pair_functions import TO_PAIR, TO_REAL, Pair, call, choose, multiply, number, predicate
from unrut.program.pair_scans import Recur, one_more
from unrut.program.scans import as_reduction
from unrut.program.types import DType
from unrut.program.walk import bounds_of, children, free_axes, reads, rebound, rebuild, subexpressions

LARGE = 120  # nodes of a part: a formula's arguments are bound rather than that it grows beyond
SMALL = 8  # nodes of an argument that is always written out


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The axes bound where an expression stands, from the outside in, and the conditions under which it is evaluated."""

    axes: tuple[Axis, ...]
    guards: tuple[Expr, ...] = ()

    def under(self, guard: Expr) -> Scope:
        return replace(self, guards=(*self.guards, guard))

    def within(self, axes: tuple[Axis, ...]) -> Scope:
        return replace(self, axes=(*self.axes, *axes))

    def last(self, number: int) -> tuple[Axis, ...]:
        """The axes that were bound last."""
        return self.axes[len(self.axes) - number :]


Bind = Callable[[Expr, tuple[Axis, ...], str], Read]
"""Make a statement of a real expression over some axes, with a suffix for its name; gives the read of it."""


class PairReader:
    """Reads expressions. `parts` names the two tensors that hold a computed complex one; operands have a last dimension."""

    def __init__(
        self, parts: dict[str, tuple[str, str]], bind: Bind, recur: Recur, fresh: Callable[[str], str]
    ) -> None:
        self.parts = parts
        self.bind = bind
        self.recur = recur
        self.fresh = fresh
        self.circle: frozenset[str] = frozenset()
        """The tensors that depend on each other with the one whose statement is read."""
        self._bound: dict[tuple[Expr, tuple[Axis, ...]], Read] = {}

    def real(self, expr: Expr, scope: Scope) -> Expr:
        """An expression that is no complex number, with all that is complex in it replaced."""
        match expr:
            case Call(function=function, arguments=arguments) if any(a.dtype.is_complex for a in arguments):
                pairs = [self.number(a, scope) for a in arguments]
                return predicate(function, pairs[0]) if function in PREDICATES else TO_REAL[function](*pairs)
            case Cast(operand=operand) if operand.dtype.is_complex:
                re, im = self.pair(operand, scope).both
                parts = (call("not_equal", part, number(0.0, part), dtype=DType.bool) for part in (re, im))
                return call("bitwise_or", *parts)
            case Where(condition=condition, then=then, otherwise=otherwise):
                test, under, beside = self._branches(condition, scope)
                return rebuild(expr, (test, self.real(then, under), self.real(otherwise, beside)))
            case Reduce():
                inner, where = self._inside(expr, scope)
                initial = None if expr.initial is None else self.real(expr.initial, scope)
                rank = None if expr.rank is None else self.real(expr.rank, scope)
                body, axes = self.real(expr.body, inner), inner.last(len(expr.axes))
                return replace(expr, axes=axes, body=body, where=where, initial=initial, rank=rank)
            case Fold():
                return self._fold(expr, self.real(expr.finish, scope), expr.dtype, scope)
            case _:
                inner_parts = tuple(self.real(part, scope) for part in children(expr))
                return rebuild(expr, inner_parts) if inner_parts else expr

    def number(self, expr: Expr, scope: Scope) -> Pair:
        """Any number: a real one has no imaginary part."""
        return self.pair(expr, scope) if expr.dtype.is_complex else Pair(re=self.real(expr, scope))

    def pair(self, expr: Expr, scope: Scope) -> Pair:
        """The two parts of a complex expression."""
        part = expr.dtype.part
        match expr:
            case Const(value=value, imaginary=imaginary):
                known, zero = Const(value=value, dtype=part), Const(value=0.0, dtype=part)
                return Pair(re=zero, im=known) if imaginary else Pair(re=known, im=zero)
            case Read():
                return self._read(expr, scope)
            case Call():
                return self._call(expr, scope)
            case Where(condition=condition, then=then, otherwise=otherwise):
                test, under, beside = self._branches(condition, scope)
                branches = zip(self.pair(then, under).both, self.pair(otherwise, beside).both, strict=True)
                re, im = (choose(test, yes, no) for yes, no in branches)
                return Pair(re=re, im=im)
            case Cast(operand=operand) if operand.dtype.is_complex:
                re, im = self.pair(operand, scope).both
                return Pair(re=_cast(re, part), im=_cast(im, part))
            case Cast(operand=operand):
                return Pair(re=_cast(self.real(operand, scope), part), im=Const(value=0.0, dtype=part))
            case Reduce(kind=ReduceKind.sum):
                return self._sum(expr, scope)
            case Reduce(kind=ReduceKind.prod):
                return self._product(expr, scope)
            case Local():
                names = [part_name(expr.state, k) for k in range(2)]
                return Pair(re=replace(expr, state=names[0], dtype=part), im=replace(expr, state=names[1], dtype=part))
            case Fold():
                folds = (self._fold(expr, finish, part, scope) for finish in self.pair(expr.finish, scope).both)
                return Pair(re=next(folds), im=next(folds))
            case Along(axis=axis, body=body):
                whole = Scope(axes=scope.axes, guards=tuple(g for g in scope.guards if axis.name not in free_axes(g)))
                if expr.kind is AlongKind.cumprod:
                    running = self._running(expr, whole)
                    return running or self._product(as_reduction(expr, self.fresh(axis.name)), whole)
                re, im = self.pair(body, whole).both
                return Pair(re=replace(expr, body=re, dtype=part), im=replace(expr, body=im, dtype=part))
            case Reduce() | AxisValue() | ExtentValue() | Scalar():
                raise InternalError(f"a {type(expr).__name__} of complex numbers")
            case _:
                assert_never(expr)

    def _read(self, expr: Read, scope: Scope) -> Pair:
        subscripts = tuple(self.real(s, scope) for s in expr.subscripts)
        outside: tuple[OutsideMode | Expr | None, ...] = (None, None)
        if isinstance(expr.outside, OutsideMode):
            outside = (expr.outside, expr.outside)
        elif expr.outside is not None:
            outside = self.pair(expr.outside, scope).both
        found = []
        for k in range(2):
            name, last = (self.parts[expr.tensor][k], ()) if expr.tensor in self.parts else (expr.tensor, (k,))
            places = (*subscripts, *(Const(value=p, dtype=DType.i64) for p in last))
            made = replace(expr, tensor=name, subscripts=places, dtype=expr.dtype.part, outside=outside[k])
            found.append(made)
        return Pair(re=found[0], im=found[1])

    def _call(self, expr: Call, scope: Scope) -> Pair:
        if expr.function == "power":
            return self._power(expr, scope)
        arguments = [self.number(a, scope) for a in expr.arguments]
        made = TO_PAIR[expr.function](*arguments)
        if _size(made) > LARGE:
            made = TO_PAIR[expr.function](*(self._settled(a, scope) for a in arguments))
        return made

    def _power(self, expr: Call, scope: Scope) -> Pair:
        """`z**n` by squaring, `1/z**-n` for negative n."""
        exponent = expr.arguments[1]
        if not isinstance(exponent, Const):
            raise InternalError("the exponent of a complex power is no constant")
        square = self._settled(self.pair(expr.arguments[0], scope), scope)
        n, result = int(exponent.value), None
        while remaining := abs(n):
            if remaining % 2:
                result = square if result is None else self._settled(multiply(result, square), scope)
            n = remaining // 2
            square = self._settled(multiply(square, square), scope) if n else square
        part = expr.dtype.part
        if result is None:
            return Pair(re=Const(value=1.0, dtype=part), im=Const(value=0.0, dtype=part))
        return TO_PAIR["reciprocal"](result) if exponent.value < 0 else result

    def _settled(self, pair: Pair, scope: Scope) -> Pair:
        """A number whose parts are small enough to be mentioned several times."""
        if pair.im is None:
            return Pair(re=self._named(pair.re, scope, ""))
        return Pair(re=self._named(pair.re, scope, "_re"), im=self._named(pair.im, scope, "_im"))

    def _named(self, expr: Expr, scope: Scope, suffix: str) -> Expr:
        parts = list(islice(subexpressions(expr), SMALL + 1))
        if len(parts) <= SMALL or any(isinstance(part, Local) for part in subexpressions(expr)):
            return expr
        if any(True for _ in reads(expr)):
            for guard in reversed(scope.guards):  # nested: an earlier guard may protect the reads of a later one
                expr = choose(guard, expr, number(0.0, expr))
        used = free_axes(expr)
        axes = tuple(axis for axis in scope.axes if axis.name in used)
        if not holds_everywhere(expr, axes):
            return expr
        key = expr, axes
        if key not in self._bound:
            self._bound[key] = self.bind(expr, axes, suffix)
        return self._bound[key]

    def _sum(self, expr: Reduce, scope: Scope) -> Pair:
        """Part by part; of a contraction, whose factors each have axes of their own, each real product by itself."""
        inner, where = self._inside(expr, scope)
        part = expr.dtype.part
        initial: tuple[Expr | None, Expr | None] = (None, None)
        if expr.initial is not None:
            initial = self.pair(expr.initial, scope).both

        def total(body: Expr, first: Expr | None) -> Reduce:
            axes = inner.last(len(expr.axes))
            return replace(expr, axes=axes, body=body, where=where, initial=first, dtype=part)

        if is_contraction(expr):
            z, w = (self._settled(self.pair(factor, inner), inner) for factor in children(expr.body))
            re, im = multiply(z, w).both
            found = []
            for body, first in zip((re, im), initial, strict=True):
                left, right = children(body)
                assert isinstance(body, Call)
                found.append(call(body.function, total(left, first), total(right, None)))
            return Pair(re=found[0], im=found[1])
        re, im = self.pair(expr.body, inner).both
        return Pair(re=total(re, initial[0]), im=total(im, initial[1]))

    def _product(self, expr: Reduce, scope: Scope) -> Pair:
        """A fold over both parts; `initial`, one more factor, stands outside."""
        made = prod_fold(expr)
        found = self.pair(made, scope)
        return found if expr.initial is None else multiply(self.pair(expr.initial, scope), found)

    def _running(self, expr: Along, scope: Scope) -> Pair | None:
        """A running product step by step; None where that is no statement of its own: in a circle of tensors, and where
        something holds in a range by data alone.
        """
        if any(read.tensor in self.circle for read in reads(expr)):
            return None
        line = next(axis for axis in scope.axes if axis.name == expr.axis.name)
        factor = self._settled(self.pair(expr.body, scope), scope)

        def goes_on(before: Pair) -> Pair:
            parts = one_more(factor, before, line).both
            for guard in reversed(scope.guards):
                parts = (choose(guard, parts[0], number(0.0, parts[0])), choose(guard, parts[1], number(0.0, parts[1])))
            return Pair(re=parts[0], im=parts[1])

        made = goes_on(factor).both
        used = free_axes(made[0]) | free_axes(made[1]) | {line.name}
        axes = tuple(axis for axis in scope.axes if axis.name in used)
        others = tuple(axis for axis in axes if axis is not line)
        if not all(holds_everywhere(part, others) for part in made):
            return None
        return self.recur(goes_on, axes, line, expr.dtype.part)

    def _fold(self, expr: Fold, finish: Expr, dtype: DType, scope: Scope) -> Fold:
        """A fold whose complex states are two real ones each."""
        inner, where = self._inside(expr, scope)
        parts: dict[str, list[Expr]] = {}
        for what, there in (("identity", scope), ("lift", inner), ("combine", scope)):
            numbers = [self.number(e, there) for e in getattr(expr, what)]
            parts[what] = [part for z in numbers for part in ((z.re,) if z.im is None else z.both)]
        return replace(
            expr,
            axes=inner.last(len(expr.axes)),
            states=paired_states(expr.states),
            identity=tuple(parts["identity"]),
            lift=tuple(parts["lift"]),
            combine=tuple(parts["combine"]),
            finish=finish,
            dtype=dtype,
            where=where,
        )

    def _inside(self, expr: Reduce | Fold, scope: Scope) -> tuple[Scope, Expr | None]:
        """The scope of a reduction's body, with its axes, and its condition."""
        inner = scope.within(self.ranges(expr.axes, scope))
        if expr.where is None:
            return inner, None
        where = self.real(expr.where, inner)
        return inner.under(where), where

    def ranges(self, axes: tuple[Axis, ...], scope: Scope) -> tuple[Axis, ...]:
        """Axes whose ranges come from real numbers alone."""
        inside = scope.within(axes)
        return rebound(axes, (self.real(bound, inside) for bound in bounds_of(axes)))

    def _branches(self, condition: Expr, scope: Scope) -> tuple[Expr, Scope, Scope]:
        """A condition, and the scopes of the branch that is taken where it holds and of the other one."""
        test = self.real(condition, scope)
        return test, scope.under(test), scope.under(call("invert", test))


def _cast(expr: Expr, dtype: DType) -> Expr:
    return expr if expr.dtype is dtype else Cast(operand=expr, dtype=dtype, implicit=True)


def _size(pair: Pair) -> int:
    return max(sum(1 for _ in islice(subexpressions(part), LARGE + 1)) for part in pair.both)
