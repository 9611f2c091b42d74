# SPDX-License-Identifier: Apache-2.0
"""Reductions and functions along an axis: binding of axes, accumulator dtypes, widening of the reads inside.

Inside a reduction, reads are cast to its accumulator's dtype before anything is done to them, except below
comparisons and predicates, conditions, casts, subscripts and inner reductions; truth values have no wider form and
stay.
"""

from __future__ import annotations

from collections.abc import Iterator

from unrut.errors import AxisError, DTypeError, NotationError
from unrut.language.adoption import Typed, adopt, dtype_named
from unrut.language.bounds import bound_axis, ends
from unrut.language.declarations import at
from unrut.language.expressions import Expressions, Scope
from unrut.language.notation import Line, Reduction
from unrut.language.ranks import check_arguments, typed_rank
from unrut.program.functions import COMPARISONS, PREDICATES
from unrut.program.nodes import Along, AlongKind, Axis, Call, Cast, Expr, Read, Reduce, ReduceKind, Where
from unrut.program.promotion import Kind, accumulator, computed_in, meet, result_of, widened
from unrut.program.scans import SCANS, kind_along
from unrut.program.types import DType
from unrut.spans import Span

_WITH_INITIAL = (ReduceKind.sum, ReduceKind.prod, ReduceKind.max, ReduceKind.min, ReduceKind.logsumexp)


def read_reduction(reader: Expressions, term: Reduction, scope: Scope) -> Typed:
    """The typed Reduce of a reduction."""
    kind = _kind(term)
    axes = _axes(reader, term, scope)
    inner = Scope(axes={**scope.axes, **{axis.name: axis.extent for axis in axes}})
    first = reader.read(term.body, inner)
    initial = reader.read(term.initial, scope.plain) if term.initial is not None else None
    rank = typed_rank(term, reader.read(term.rank, scope.plain)) if term.rank is not None else None
    condition = reader.condition(term.where, inner, "where=") if term.where is not None else None
    kinds = [first.kind, *([initial.kind] if initial is not None else [])]
    natural = accumulator(kind, meet(kinds))
    if natural is None:
        raise _no_accumulator(term, first.kind)
    wanted = _wanted(term, natural)
    # A weak body has no array whose dtype could be widened: the result of the plain reduction is converted.
    chosen = wanted if wanted is not None and not natural.weak else natural
    taken = computed_in(kind, chosen)
    body = first
    if taken.dtype is not DType.bool and any(widened(d, taken.dtype) is not d for d in exposed(first.expr)):
        body = reader.read(term.body, Scope(axes=inner.axes, widen=taken.dtype))
    result = result_of(kind, taken)
    expr: Expr = Reduce(
        kind=kind,
        axes=axes,
        body=adopt(body, taken.dtype),
        dtype=result.dtype,
        where=condition,
        initial=adopt(initial, taken.dtype) if initial is not None else None,
        rank=rank,
        component=term.component,
        span=term.span,
    )
    if taken != chosen:
        return Typed(expr=Cast(operand=expr, dtype=chosen.dtype, implicit=True, span=term.span), kind=chosen)
    if wanted is not None and natural.weak:
        return Typed(expr=Cast(operand=expr, dtype=wanted.dtype, span=term.span), kind=wanted)
    return Typed(expr=expr, kind=result)


def read_line(reader: Expressions, term: Line, scope: Scope) -> Typed:
    """The typed Along of a function along an axis."""
    if term.kind not in AlongKind.__members__:
        names = ", ".join(AlongKind.__members__)
        raise NotationError(f"there is no `{term.kind}` along an axis", places=at(term.span), remedy=f"one of {names}")
    if term.axis not in scope.axes:
        raise AxisError(
            f"`{term.kind}` runs along axis `{term.axis}`, which is not bound here",
            places=at(term.span),
            remedy=f"`{term.axis}` on the left side, or under a reduction over it",
        )
    body = reader.read(term.body, scope.plain)
    kind = kind_along(AlongKind[term.kind], body.kind)
    if kind is None:
        remedy = "abs(...) or real(...) inside it" if body.kind.dtype.is_complex else "cast(..., f32)"
        raise DTypeError(f"`{term.kind}` has no meaning for {body.kind}", places=at(term.span), remedy=remedy)
    start, stop = ends(reader, term.axis, scope)
    axis = Axis(name=term.axis, extent=scope.axes[term.axis], start=start, stop=stop)
    taken = DType.f32 if kind.dtype.is_half else kind.dtype
    widens = AlongKind[term.kind] in SCANS and taken is not DType.bool
    if widens and any(widened(d, taken) is not d for d in exposed(body.expr)):
        body = reader.read(term.body, Scope(axes=scope.axes, widen=taken))
    expr: Expr = Along(kind=AlongKind[term.kind], axis=axis, body=adopt(body, taken), dtype=taken, span=term.span)
    if taken is not kind.dtype:
        expr = Cast(operand=expr, dtype=kind.dtype, implicit=True, span=term.span)
    return Typed(expr=expr, kind=kind)


def exposed(expr: Expr) -> Iterator[DType]:
    """Dtypes of the reads that a reduction around the expression would widen."""
    match expr:
        case Read(dtype=dtype):
            yield dtype
        case Call(function=function, arguments=arguments) if function not in COMPARISONS | PREDICATES:
            for argument in arguments:
                yield from exposed(argument)
        case Where(then=then, otherwise=otherwise):
            yield from exposed(then)
            yield from exposed(otherwise)
        case Cast(operand=operand, implicit=True):
            yield from exposed(operand)
        case _:
            return


def _kind(term: Reduction) -> ReduceKind:
    if term.kind not in ReduceKind.__members__:
        names = ", ".join(ReduceKind.__members__)
        raise NotationError(f"there is no reduction `{term.kind}`", places=at(term.span), remedy=f"one of {names}")
    kind = ReduceKind[term.kind]
    check_arguments(term)
    if term.initial is not None and kind not in _WITH_INITIAL:
        raise NotationError(
            f"`{term.kind}` takes no initial=", places=at(term.span), remedy="the same without initial="
        )
    if term.dtype is not None and kind not in _WITH_INITIAL:
        raise NotationError(
            f"`{term.kind}` takes no dtype=", places=at(term.span), remedy=f"cast({term.kind}[...](...), f32)"
        )
    return kind


def _axes(reader: Expressions, term: Reduction, scope: Scope) -> tuple[Axis, ...]:
    found = bind_axes(reader, term.kind, term.axes, term.span, scope)
    if not 0 <= term.component < len(term.axes):
        message = f"`{term.kind}` over {len(term.axes)} axes has no place number {term.component}"
        raise NotationError(message, places=at(term.span), remedy=f"0 to {len(term.axes) - 1}")
    return found


def bind_axes(
    reader: Expressions, kind: str, names: tuple[str, ...], span: Span | None, scope: Scope
) -> tuple[Axis, ...]:
    """The axes that a reduction binds: at least one, each once, none of those around it."""
    if not names or len(set(names)) < len(names):
        fault = "has one axis twice" if names else "needs at least one axis"
        raise AxisError(f"`{kind}` {fault}", places=at(span), remedy=f"{kind}[i, j](...), each axis once")
    for name in names:
        if name in scope.axes:
            raise AxisError(
                f"axis `{name}` is bound a second time by `{kind}`",
                places=at(span, f"`{name}` already stands for the place outside this {kind}"),
                remedy=f"another name for the inner axis, as in {kind}[{name}2](...)",
            )
    found: list[Axis] = []
    for name in names:
        before = Scope(axes={**scope.axes, **{axis.name: axis.extent for axis in found}})
        found.append(bound_axis(reader, name, before, span))
    return tuple(found)


def _wanted(term: Reduction, natural: Kind) -> Kind | None:
    """The accumulator that `dtype=` asks for."""
    if term.dtype is None:
        return None
    dtype = dtype_named(term.dtype, term.span)
    is_wider = dtype.is_complex or (dtype.is_float and not natural.dtype.is_complex)
    takes_complex = term.kind in ("sum", "prod")
    exact = natural.dtype.is_integer or natural.dtype is DType.bool
    floats_only = term.kind == "logsumexp"
    if dtype is DType.bool or (dtype.is_complex and not takes_complex) or not (is_wider or (exact and not floats_only)):
        raise DTypeError(
            f"`{term.kind}` of {natural} can't accumulate in {dtype.name}",
            places=at(term.span),
            remedy=f"real({term.kind}[...](...)), or real(...) inside it"
            if natural.dtype.is_complex
            else f"cast({term.kind}[...](...), {dtype.name}), or cast what is inside",
        )
    return Kind(dtype=dtype)


def _no_accumulator(term: Reduction, body: Kind) -> DTypeError:
    remedy = f"{term.kind} of abs(...) or real(...)" if body.dtype.is_complex else "cast(..., f32) inside it"
    return DTypeError(f"`{term.kind}` has no meaning for {body}", places=at(term.span), remedy=remedy)
