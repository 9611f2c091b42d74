# SPDX-License-Identifier: Apache-2.0
"""User-made reductions over tuples of states: `m = ur.monoid(identity=, lift=, combine=, finish=)`, used as `m[k](e)`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from unrut.errors import NotationError
from unrut.language.notation import Folding, Term
from unrut.language.operators import Axis, Expression, Value, as_expression
from unrut.language.origin import caller_span
from unrut.language.recorder import place
from unrut.language.reducers import reduced_axes
from unrut.language.spelling import counted
from unrut.language.states import States, state, state_fault
from unrut.spans import Span

_SHAPE = "ur.monoid(identity=(0, 0), lift=lambda x: (1, x), combine=lambda a, b: (a[0] + b[0], a[1] + b[1]))"


class Monoid:
    """What `ur.monoid` gives; subscripts are the axes that it runs over: `m[k](e, where=c)`."""

    def __init__(
        self,
        identity: Mapping[str, Any] | tuple[Any, ...],
        lift: Callable[..., Any] | None,
        combine: Callable[[Any, Any], Any],
        finish: Callable[[Any], Any] | None,
        *,
        bare: bool,
    ) -> None:
        named = isinstance(identity, Mapping)
        self.states = tuple(identity) if named else tuple(f"v{k}" for k in range(len(identity)))
        self.identity = tuple(identity.values()) if isinstance(identity, Mapping) else identity
        self.lift, self.combine, self.finish = lift, combine, finish
        self.bare = bare

    def __repr__(self) -> str:
        return f"<monoid of {', '.join(self.states)}>"

    def __getitem__(self, axes: Axis | tuple[Axis, ...]) -> Folder:
        return Folder(self, reduced_axes(axes, "monoid", "m"))

    def __call__(self, *arguments: object, **options: object) -> Any:
        message = "a monoid needs its axes in square brackets"
        raise NotationError(message, places=place(caller_span()), remedy="m[k](...)")

    def side(self, side: str) -> Any:
        """What the functions take: all states of a side, or the only one of a monoid without a tuple."""
        return state(side, self.states[0]) if self.bare else States(side, self.states)

    def lifted(self, given: list[Expression], span: Span | None) -> tuple[Expression, ...]:
        """What `lift` makes of the values at one place; without it they are the states themselves."""
        if self.lift is None:
            return self.several(tuple(given), "lift", span)
        try:
            inspect.signature(self.lift).bind(*given)
        except TypeError:
            takes = counted(len(inspect.signature(self.lift).parameters), "value")
            message = f"`lift` of a monoid takes {takes}, and is given {len(given)}"
            raise NotationError(message, places=place(span), remedy="as many expressions as lift= takes") from None
        except ValueError:  # a function that does not say what it takes
            pass
        return self.several(self.lift(*given), "lift", span)

    def several(self, found: Any, what: str, span: Span | None) -> tuple[Expression, ...]:
        """One expression for each state, from whatever a function gives."""
        if isinstance(found, Mapping) and set(found) == set(self.states):
            found = tuple(found[name] for name in self.states)
        values = found if isinstance(found, tuple | list) else (found,)
        if found is None:
            message, remedy = f"`{what}` of a monoid returns nothing: a forgotten return?", "a value for each state"
        elif isinstance(found, Mapping):
            message = (
                f"`{what}` of a monoid gives {', '.join(map(str, found))}, its states are {', '.join(self.states)}"
            )
            remedy = "the same names as those of identity="
        elif len(values) != len(self.states):
            number = counted(len(self.states), "state")
            message = f"`{what}` of a monoid gives {counted(len(values), 'value')}, it has {number}"
            remedy = f"one value for each state: {', '.join(self.states)}"
        else:
            return tuple(as_expression(value, span) for value in values)
        raise NotationError(message, places=place(span), remedy=remedy)


class Folder:
    """A monoid over given axes, to be applied to expressions."""

    def __init__(self, monoid: Monoid, axes: tuple[str, ...]) -> None:
        self.monoid = monoid
        self.axes = axes

    def __repr__(self) -> str:
        return f"<monoid of {', '.join(self.monoid.states)} over {', '.join(self.axes)}>"

    def __call__(self, *values: Value, where: Value = None) -> Any:
        """What `finish` gives once all places where `where` holds have been combined, in their order."""
        monoid, span = self.monoid, caller_span()
        given = [as_expression(value, span) for value in values]
        lift = monoid.lifted(given, span)
        identity = monoid.several(monoid.identity, "identity", span)
        combine = monoid.several(monoid.combine(monoid.side("a"), monoid.side("b")), "combine", span)
        domain = None if where is None else as_expression(where, span)
        finished = _finished(monoid, span)
        several = isinstance(finished, tuple)
        parts = (*lift, *identity, *combine, *(() if domain is None else (domain,)))
        results = [as_expression(one, span) for one in (finished if several else (finished,))]
        found = [
            Expression(
                Folding(
                    axes=self.axes,
                    states=monoid.states,
                    lift=_terms(lift),
                    identity=_terms(identity),
                    combine=_terms(combine),
                    finish=result.term,
                    where=None if domain is None else domain.term,
                    span=span,
                ),
                *parts,
                result,
            )
            for result in results
        ]
        return tuple(found) if several else found[0]


def _terms(expressions: tuple[Expression, ...]) -> tuple[Term, ...]:
    return tuple(expression.term for expression in expressions)


def _finished(monoid: Monoid, span: Span | None) -> Any:
    """What `finish` makes of the states: one value, or a tuple. Without it all states, or the only one."""
    whole = monoid.side("s")
    if monoid.finish is None:
        return whole if monoid.bare else tuple(whole)
    found = monoid.finish(whole)
    if found is None or (isinstance(found, tuple | list) and not found):
        message = "`finish` of a monoid returns nothing: a forgotten return?"
        raise NotationError(message, places=place(span), remedy="finish=lambda s: s.mean")
    if isinstance(found, States):
        return tuple(found)
    return tuple(found) if isinstance(found, list) else found


def monoid(
    *,
    identity: Any,
    lift: Callable[..., Any] | None = None,
    combine: Callable[[Any, Any], Any],
    finish: Callable[[Any], Any] | None = None,
) -> Monoid:
    """A reduction of one's own over a tuple of states, `m[k](e)`:

        states = identity
        for each place k, in order:   states = combine(states, lift(e at k))
        the value is finish(states)

    `identity` is one value, a tuple, or a dict that names the states; `lift` and `combine` give as many values. `combine`
    takes two lots of states: `a.mean`, `a[1]`, or `n, mean = a`. `lift` may use axes and reads around it; the others are made
    of states, numbers, scalars and extents. Where `finish` gives a tuple, so does the reduction. Without `lift` the values
    are the states, without `finish` the states are the result.

    You promise that `combine` is associative, and that combining with `identity` changes nothing. Over an empty range, and
    where `where=` leaves everything out, the value is finish(identity).

        welford = ur.monoid(
            identity=dict(n=0, mean=0, m2=0),
            lift=lambda x: dict(n=1, mean=x, m2=0),
            combine=lambda a, b: dict(
                n=a.n + b.n,
                mean=a.mean + (b.mean - a.mean) * b.n / (a.n + b.n),
                m2=a.m2 + b.m2 + (b.mean - a.mean) ** 2 * a.n * b.n / (a.n + b.n),
            ),
            finish=lambda s: s.m2 / s.n,
        )
        variance[i] = welford[j](x[i, j])

    Errors: NotationError where a function gives another number of values than there are states, or something else than
    expressions. Source of the example: Chan, Golub, LeVeque (1979), equations (2.1).
    """
    span = caller_span()
    for name, function, needed in (("lift", lift, False), ("combine", combine, True), ("finish", finish, False)):
        if not callable(function) and (needed or function is not None):
            message = f"`{name}=` of a monoid is a function, not a {type(function).__name__}"
            raise NotationError(message, places=place(span), remedy=_SHAPE)
    bare = not isinstance(identity, Mapping | tuple | list)
    states = (identity,) if bare else tuple(identity) if isinstance(identity, list) else identity
    if not states:
        raise NotationError("a monoid has at least one state", places=place(span), remedy=_SHAPE)
    for name in states if isinstance(states, Mapping) else ():
        reason = state_fault(str(name))
        if reason:
            raise NotationError(
                f"`{name}` can't be the name of a state: it {reason}", places=place(span), remedy="another name"
            )
    return Monoid(states, lift, combine, finish, bare=bare)
