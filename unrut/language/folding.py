# SPDX-License-Identifier: Apache-2.0
"""User-made monoids: binding of axes, dtypes of states.

Reads in `lift` are widened as inside a sum, but truth values stay. The dtype of a state is the least one that holds its
identity, what is lifted, and what `combine` makes of states of such dtypes. A state that is weak in all of these stays weak:
it is computed in bool, i64 or f64 and takes the dtype that it meets.
"""

from __future__ import annotations

from collections.abc import Sequence

from unrut.errors import NotationError, UnrutError, combine
from unrut.language.adoption import Typed, adopt
from unrut.language.declarations import at
from unrut.language.expressions import Expressions, Scope, gather
from unrut.language.notation import Applied, Choice, Component, Conversion, Folding, Name, Number, Size, Term
from unrut.language.reductions import bind_axes, exposed
from unrut.language.renaming import mentioned
from unrut.program.fold_nodes import Fold, State
from unrut.program.nodes import ReduceKind
from unrut.program.promotion import Kind, accumulator, computed_in, meet
from unrut.program.types import DType


def read_fold(reader: Expressions, term: Folding, scope: Scope) -> Typed:
    """The typed Fold of a monoid over axes. Raises AxisError, DTypeError, NotationError."""
    axes = bind_axes(reader, "fold", term.axes, term.span, scope)
    _check_closed(reader, term)
    inner = Scope(axes={**scope.axes, **{axis.name: axis.extent for axis in axes}})
    condition = reader.condition(term.where, inner, "where=") if term.where is not None else None
    lift = gather([lambda part=part: _lifted(reader, part, inner) for part in term.lift])  # type: ignore[misc]
    identity = reader.all(term.identity, Scope(axes={}))
    kinds = [meet([one.kind, other.kind]) for one, other in zip(lift, identity, strict=True)]
    combined, kinds = _fixed_point(reader, term, kinds)
    finish = reader.read(term.finish, _scope(term.states, kinds, "s"))
    dtypes = [kind.dtype for kind in kinds]
    expr = Fold(
        axes=axes,
        states=tuple(State(name=name, dtype=dtype) for name, dtype in zip(term.states, dtypes, strict=True)),
        identity=tuple(map(adopt, identity, dtypes)),
        lift=tuple(map(adopt, lift, dtypes)),
        combine=tuple(map(adopt, combined, dtypes)),
        finish=finish.expr,
        dtype=finish.kind.dtype,
        where=condition,
        span=term.span,
    )
    return Typed(expr=expr, kind=finish.kind)


def _lifted(reader: Expressions, term: Term, scope: Scope) -> Typed:
    """A lifted value, its reads widened to the accumulator that a sum of it would have."""
    first = reader.read(term, scope)
    natural = accumulator(ReduceKind.sum, first.kind)
    if natural is None or first.kind.dtype is DType.bool:
        return first
    natural = computed_in(ReduceKind.sum, natural)
    if all(dtype in (natural.dtype, DType.bool) for dtype in exposed(first.expr)):
        return first
    return reader.read(term, Scope(axes=scope.axes, widen=natural.dtype))


def _fixed_point(reader: Expressions, term: Folding, kinds: list[Kind]) -> tuple[list[Typed], list[Kind]]:
    """What `combine` gives, and the least kinds of states that hold it. Kinds only rise, and there are finitely many."""
    while True:
        found = reader.all(term.combine, _scope(term.states, kinds, "ab"))
        risen = [meet([kind, typed.kind]) for kind, typed in zip(kinds, found, strict=True)]
        if risen == kinds:
            return found, kinds
        kinds = risen


def _scope(states: Sequence[str], kinds: Sequence[Kind], sides: str) -> Scope:
    known = {(side, name): kind for side in sides for name, kind in zip(states, kinds, strict=True)}
    return Scope(axes={}, states=known)


def _check_closed(reader: Expressions, term: Folding) -> None:
    """Refuse what depends on the place, outside of `lift`: states could then not be combined in any grouping."""
    errors: list[UnrutError] = []
    parts = [("identity", part) for part in term.identity] + [("combine", part) for part in term.combine]
    for what, part in [*parts, ("finish", term.finish)]:
        for inner in mentioned(part):
            fault = _open_part(reader, inner)
            if fault:
                message = f"`{what}` of a monoid is made of states, numbers, scalars and extents; here is {fault}"
                remedy = "the same around the fold, on what finish= gives" if what == "finish" else "lift= brings it in"
                errors.append(NotationError(message, places=at(inner.span or term.span), remedy=remedy))
                break
    if errors:
        raise combine(errors)


def _open_part(reader: Expressions, term: Term) -> str:
    match term:
        case Number() | Size() | Applied() | Choice() | Conversion() | Component():
            return ""
        case Name(name=name):
            known = reader.known
            if name in known.scalars:
                return ""
            return f"axis `{name}`" if name in known.axis_names else f"`{name}`"
        case _:
            return "a reduction" if not hasattr(term, "tensor") else f"a read of `{term.tensor}`"
