# SPDX-License-Identifier: Apache-2.0
"""Order statistics as selections of keys.

Before:  y[i] = median[j](e[i, j])                                        of n places, f32
After:   y_key[i, j] = order_key(e[i, j])
         y_kth[i, k] = kth_smallest[j](y_key[i, j], rank)                 rank = (n - 1)//2, n//2, n - 1 for k = 0, 1, 2
         y[i] = where(y_kth[i, 2] == NaN's, nan, (order_value(y_kth[i, 0]) + order_value(y_kth[i, 1]))/2)
Because: keys are integers, in which order is total and cheap; several ranks of the same terms are one selection; whether the
keys are stored is a schedule's decision. What takes no part has the largest key, NaN the next but those of no number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from unrut.emitter.graph.checks import Check
from unrut.emitter.graph.computation import Reduction
from unrut.emitter.graph.domains import domain
from unrut.emitter.graph.keys import key_of, last_key, marked, nan_key, value_of
from unrut.emitter.graph.linear import call, extent_expr, number
from unrut.emitter.graph.places import leaving, nearest
from unrut.emitter.graph.ranges import inside
from unrut.emitter.graph.scope import Scope
from unrut.emitter.graph.simplify import simplify
from unrut.emitter.graph.spoken import INNER
from unrut.program.extents import Extent, as_extent, extent_text
from unrut.program.nodes import Axis, AxisValue, Cast, Const, Expr, Read, Reduce, ReduceKind, Where
from unrut.program.types import DType
from unrut.program.walk import reads, rename_axes

if TYPE_CHECKING:
    from unrut.emitter.graph.flatten import Flattener


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The keys of a reduction's terms over `axes`, where all of `where` hold, and how many places take part.

    `marked`: the largest key is no term's.
    """

    keys: Expr
    axes: tuple[Axis, ...]
    where: tuple[Expr, ...]
    count: Expr
    places: Extent
    marked: bool


def order_statistic(flattener: Flattener, expr: Reduce, scope: Scope, stem: str) -> Expr:
    """The value of an order statistic, its selection being a computation of its own."""
    terms = _terms(flattener, expr, scope, stem)
    match expr.kind:
        case ReduceKind.median:
            last = call("subtract", terms.count, number(1))
            ranks = (_half(last), _half(terms.count))
            a, b = _averaged(flattener, expr, scope, stem, terms, ranks)
            return _or_nan(expr, terms, _mean(a[0], a[1], expr.dtype), b)
        case ReduceKind.quantile:
            return _quantile(flattener, expr, scope, stem, terms)
        case ReduceKind.arg_kth_smallest:
            return _place(flattener, expr, scope, stem, terms, _rank(flattener, expr, scope, stem, terms))
        case _:
            rank = _rank(flattener, expr, scope, stem, terms)
            (key,) = _selected(flattener, expr, scope, stem, terms, (rank,), ReduceKind.kth_smallest)
            value = _as(value_of(key, expr.dtype), expr.dtype)
            if not terms.where or not expr.dtype.is_float:
                return value
            beyond = call("equal", key, last_key(key.dtype), dtype=DType.bool)
            highest = Const(value=float("inf"), dtype=expr.dtype)
            return Where(condition=beyond, then=highest, otherwise=value, dtype=expr.dtype)


def _terms(flattener: Flattener, expr: Reduce, scope: Scope, stem: str) -> Terms:
    under, axes, where = domain(flattener, expr.axes, expr.where, scope, stem)
    inner = scope.within(*axes)
    term = flattener.expression(expr.body, under, stem)

    def of_read(read: Read, key: Expr) -> Expr:
        """The key of a read is taken where the tensor is, once for each element; not of a tensor that is still computed."""
        if read.tensor in flattener.circle:
            return key
        shape = flattener.shapes[read.tensor]
        own = tuple(Axis(name=f"{read.tensor}_{d}", extent=extent) for d, extent in enumerate(shape))
        at = {axis.name: s for axis, s in zip(own, read.subscripts, strict=True)}
        whole = Read(tensor=read.tensor, subscripts=tuple(AxisValue(axis=a.name) for a in own), dtype=read.dtype)
        there = key_of(whole, lambda _, plain: plain)
        found = flattener.define(there, None, Scope(axes=own), f"{read.tensor}_key", there.dtype, kept=own)
        return rename_axes(found, at) if own else key

    key = key_of(term, of_read)
    is_marked = expr.body.dtype.is_float or expr.body.dtype is DType.bool
    if where and expr.kind is not ReduceKind.kth_smallest and not is_marked:
        key, plain = marked(key), key
        is_marked = key is not plain
    for condition in reversed(where):
        key = Where(condition=condition, then=key, otherwise=last_key(key.dtype), dtype=key.dtype)
    keys = flattener.define(key, None, inner, f"{stem}_key", key.dtype, kept=axes)
    places = Extent(constant=1)
    for axis in axes:
        places = places * axis.extent
    count = extent_expr(places)
    if where and expr.kind is not ReduceKind.kth_smallest:
        one: Expr = number(1)
        if is_marked:
            one = Cast(operand=call("not_equal", keys, last_key(key.dtype), dtype=DType.bool), dtype=DType.i64)
        total = Reduction(kind=ReduceKind.sum, axes=axes, where=() if is_marked else where)
        count = flattener.define(one, total, scope, f"{stem}_count", DType.i64)
    return Terms(keys=keys, axes=axes, where=where, count=count, places=places, marked=is_marked)


def _selected(
    flattener: Flattener,
    expr: Reduce,
    scope: Scope,
    stem: str,
    terms: Terms,
    ranks: Sequence[Expr],
    kind: ReduceKind,
) -> tuple[Expr, ...]:
    """What has each of the ranks: a key, or the flat place of one. Several ranks are an axis of the selection."""
    settled = [_settled(flattener, rank, scope, stem, terms) for rank in ranks]
    axis = Axis(name=flattener.names.fresh("rank"), extent=as_extent(len(ranks)))
    flattener.names.taken.discard(axis.name)
    rank = settled[-1]
    for k in reversed(range(len(ranks) - 1)):
        chosen = call("equal", AxisValue(axis=axis.name), number(k), dtype=DType.bool)
        rank = Where(condition=chosen, then=settled[k], otherwise=rank, dtype=DType.i64)
    several = scope.within(axis) if len(ranks) > 1 else scope
    dtype = terms.keys.dtype if kind is ReduceKind.kth_smallest else DType.i64
    reduction = Reduction(kind=kind, axes=terms.axes, rank=rank)
    found = flattener.define(terms.keys, reduction, several, f"{stem}_{kind.value}", dtype)
    return tuple(rename_axes(found, {axis.name: number(k)}) for k in range(len(ranks)))


def _settled(flattener: Flattener, rank: Expr, scope: Scope, stem: str, terms: Terms) -> Expr:
    """A rank that is one whatever the guards say; one that reads under guards is a computation, which obeys them."""
    plain = Scope(axes=scope.axes).known(flattener.elements)
    rank = simplify(rank, plain)
    if not inside(rank, terms.places, plain):
        rank = nearest(rank, terms.places)
    if scope.guards and next(reads(rank), None) is not None:
        rank = flattener.define(rank, None, scope, f"{stem}_rank", DType.i64)
    return rank


def _rank(flattener: Flattener, expr: Reduce, scope: Scope, stem: str, terms: Terms) -> Expr:
    """The rank that was asked for; a computed one is checked, and the nearest one taken."""
    assert expr.rank is not None
    rank = flattener.expression(expr.rank, scope, stem)
    away = leaving((expr.rank,), (rank,), (terms.places,), scope.known(flattener.elements))
    if away is not None:
        shown = flattener.spoken.text(expr.rank, INNER)
        _check(flattener, away.outside, scope, expr, f"0 <= {shown} < {extent_text(terms.places)}")
    return rank


def _check(flattener: Flattener, bad: Expr, scope: Scope, expr: Reduce, needed: str) -> None:
    word = "share" if expr.kind is ReduceKind.quantile else "rank"
    span = (expr.rank.span if expr.rank is not None else None) or expr.span
    check = Check(
        computation=f"{expr.kind.value}_outside",
        tensor=expr.kind.value,
        needed=f"{needed} in {flattener.spoken.text(expr)}",
        remedy=f"minimum and maximum around the {word}, or ur.where leaves it out",
        span=span,
    )
    flattener.check(bad, scope, check)


def _place(flattener: Flattener, expr: Reduce, scope: Scope, stem: str, terms: Terms, rank: Expr) -> Expr:
    if not terms.where or terms.marked:
        (place,) = _selected(flattener, expr, scope, stem, terms, (rank,), ReduceKind.arg_kth_smallest)
    else:
        place = _place_among(flattener, expr, scope, stem, terms, rank)
    found = flattener.component(place, expr)
    if not terms.where:
        return found
    some = call("less", rank, terms.count, dtype=DType.bool)
    return Where(condition=some, then=found, otherwise=number(0), dtype=DType.i64)


def _place_among(flattener: Flattener, expr: Reduce, scope: Scope, stem: str, terms: Terms, rank: Expr) -> Expr:
    """The place where the largest key may be a term's: with v the key of rank r and b the number of smaller ones, the
    smallest but r - b of the places that take part and have v."""
    (key,) = _selected(flattener, expr, scope, stem, terms, (rank,), ReduceKind.kth_smallest)
    key = flattener.define(key, None, scope, f"{stem}_key", key.dtype)
    smaller = Cast(operand=call("less", terms.keys, key, dtype=DType.bool), dtype=DType.i64)
    below = flattener.define(
        smaller, Reduction(kind=ReduceKind.sum, axes=terms.axes), scope, f"{stem}_below", DType.i64
    )
    inner = scope.within(*terms.axes)
    flat: Expr = number(0)
    for axis in terms.axes:
        flat = call("add", call("multiply", flat, extent_expr(axis.extent)), AxisValue(axis=axis.name))
    hit: Expr = call("equal", terms.keys, key, dtype=DType.bool)
    outside = extent_expr(terms.places)
    for condition in (hit, *reversed(terms.where)):
        flat = Where(condition=condition, then=flat, otherwise=outside, dtype=DType.i64)
    among = flattener.define(flat, None, inner, f"{stem}_among", DType.i64, kept=terms.axes)
    places = replace(terms, keys=among, marked=True)
    left = call("subtract", rank, below)
    return _selected(flattener, expr, scope, stem, places, (left,), ReduceKind.kth_smallest)[0]


def _averaged(
    flattener: Flattener, expr: Reduce, scope: Scope, stem: str, terms: Terms, ranks: tuple[Expr, Expr]
) -> tuple[tuple[Expr, Expr], Expr]:
    """The values of two ranks, and the largest key that takes part."""
    known = Scope(axes=scope.axes).known(flattener.elements)
    first, second = (simplify(rank, known) for rank in ranks)
    asked = [first] if first == second else [first, second]
    averaged = len(asked)
    last = call("subtract", terms.count, number(1))
    if expr.body.dtype.is_float:
        asked.append(last)
    keys = _selected(flattener, expr, scope, stem, terms, asked, ReduceKind.kth_smallest)
    found = [value_of(key, expr.body.dtype) for key in keys[:averaged]]
    values = [value if value.dtype.is_float else _as(value, DType.f64) for value in found]
    return (values[0], values[-1]), keys[-1]


def _or_nan(expr: Reduce, terms: Terms, value: Expr, top: Expr) -> Expr:
    """The value, or NaN where a term is NaN, or where nothing takes part."""
    nan = Const(value=float("nan"), dtype=expr.dtype)
    tests = []
    if expr.body.dtype.is_float:
        tests.append(call("equal", top, nan_key(top.dtype), dtype=DType.bool))
    if terms.where:
        tests.append(call("less", terms.count, number(1), dtype=DType.bool))
    for test in tests:
        value = Where(condition=test, then=nan, otherwise=value, dtype=expr.dtype)
    return value


def _quantile(flattener: Flattener, expr: Reduce, scope: Scope, stem: str, terms: Terms) -> Expr:
    assert expr.rank is not None
    share = flattener.expression(expr.rank, scope, stem)
    if not isinstance(share, Const):
        zero, one = Const(value=0.0, dtype=DType.f64), Const(value=1.0, dtype=DType.f64)
        above = call("greater_equal", share, zero, dtype=DType.bool)
        below = call("less_equal", share, one, dtype=DType.bool)
        bad = call("invert", call("bitwise_and", above, below, dtype=DType.bool), dtype=DType.bool)
        shown = flattener.spoken.text(expr.rank, INNER)
        _check(flattener, bad, scope, expr, f"0 <= {shown} <= 1")
        share = Where(condition=below, then=share, otherwise=one, dtype=DType.f64)
        share = Where(condition=above, then=share, otherwise=zero, dtype=DType.f64)
    last: Expr = call("maximum", call("subtract", terms.count, number(1)), number(0))
    if isinstance(terms.count, Const):
        last = number(int(terms.count.value) - 1)
    place: Expr = call("multiply", share, Cast(operand=last, dtype=DType.f64), dtype=DType.f64)
    if not isinstance(share, Const):
        place = flattener.define(place, None, scope, f"{stem}_place", DType.f64)
    whole: Expr = call("floor", place, dtype=DType.f64)
    lower: Expr = Cast(operand=whole, dtype=DType.i64)
    upper: Expr = call("minimum", call("add", lower, number(1)), last)
    if isinstance(share, Const) and isinstance(last, Const):
        lower, upper, whole, place = _fixed_ranks(float(share.value), int(last.value))
    (a, b), top = _averaged(flattener, expr, scope, stem, terms, (lower, upper))
    t = call("subtract", place, whole, dtype=DType.f64)
    low, high = _as(a, DType.f64), _as(b, DType.f64)
    rest = call("subtract", Const(value=1.0, dtype=DType.f64), t, dtype=DType.f64)
    mixed = call(
        "add",
        call("multiply", rest, low, dtype=DType.f64),
        call("multiply", t, high, dtype=DType.f64),
        dtype=DType.f64,
    )
    whole_rank = call("equal", t, Const(value=0.0, dtype=DType.f64), dtype=DType.bool)
    alone = call("bitwise_or", whole_rank, call("equal", low, high, dtype=DType.bool), dtype=DType.bool)
    value = Where(condition=alone, then=low, otherwise=mixed, dtype=DType.f64)
    return _or_nan(expr, terms, _as(value, expr.dtype), top)


def _fixed_ranks(share: float, last: int) -> tuple[Expr, Expr, Expr, Expr]:
    place = share * last
    lower = int(place)
    whole, exact = (Const(value=p, dtype=DType.f64) for p in (float(lower), place))
    return number(lower), number(min(lower + 1, last)), whole, exact


def _half(count: Expr) -> Expr:
    return call("maximum", call("floor_divide", count, number(2)), number(0))


def _mean(a: Expr, b: Expr, dtype: DType) -> Expr:
    """Half of each, so that nothing overflows; the value itself where both are equal."""
    if a == b:
        return _as(a, dtype)
    half = Const(value=0.5, dtype=a.dtype)
    parts = [call("multiply", half, part, dtype=a.dtype) for part in (a, b)]
    mixed = call("add", *parts, dtype=a.dtype)
    same = call("equal", a, b, dtype=DType.bool)
    return _as(Where(condition=same, then=a, otherwise=mixed, dtype=a.dtype), dtype)


def _as(value: Expr, dtype: DType) -> Expr:
    return value if value.dtype is dtype else Cast(operand=value, dtype=dtype)
