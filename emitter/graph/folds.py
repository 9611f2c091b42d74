# SPDX-License-Identifier: Apache-2.0
"""Folds in the Graph: only what `finish` needs of their states is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from unrut.emitter.graph.computation import Computation, Folded, Reduction
from unrut.program.fold_nodes import Fold, Local, State
from unrut.program.nodes import AxisValue, Expr
from unrut.program.walk import rename_axes, subexpressions


def folded(expr: Fold, terms: Sequence[Expr]) -> tuple[Expr, Folded]:
    """The first state's term and the kind of a fold whose flat terms are given.

    Before:  fold[j](n=1, mean=x[i, j], m2=0, ..., finish=lambda s: s.mean)
    After:   the states n and mean, which combine needs for each other; m2 is gone
    Because: one monoid serves for several results, each of which is a fold of its own.
    """
    needed = _needed(expr)
    first, *others = (terms[k] for k in needed)
    return first, Folded(
        states=tuple(expr.states[k] for k in needed),
        identity=tuple(expr.identity[k] for k in needed),
        others=tuple(others),
        combine=tuple(expr.combine[k] for k in needed),
        finish=expr.finish,
    )


def _needed(expr: Fold) -> tuple[int, ...]:
    """The numbers of the states that `finish` needs, by itself or through `combine`; one at least."""
    names = [state.name for state in expr.states]
    waiting, found = [expr.finish], set[int]()
    while waiting:
        for part in subexpressions(waiting.pop()):
            if isinstance(part, Local) and names.index(part.state) not in found:
                found.add(names.index(part.state))
                waiting.append(expr.combine[names.index(part.state)])
    return tuple(sorted(found or {0}))


def joined(first: Computation, second: Computation) -> Computation | None:
    """One fold with the states of both, if they are one but for `finish` and for states that only one of them needs.

    Before:  mean[i] = fold[j](n, mean)     var[k] = fold[l](n, mean, m2)        of the same terms, over equal ranges
    After:   mean[i] with the states n, mean, m2; both results can be finished from them
    Because: one monoid for several results should go through its domain once.
    """
    one, other = first.reduction, second.reduction
    if first.update is not None or second.update is not None:
        return None
    if one is None or other is None or not isinstance(one.kind, Folded) or not isinstance(other.kind, Folded):
        return None
    axes, others = (*first.axes, *one.axes), (*second.axes, *other.axes)
    if [a.extent for a in first.axes] != [a.extent for a in second.axes] or len(axes) != len(others):
        return None
    names: dict[str, Expr] = {b.name: AxisValue(axis=a.name) for a, b in zip(axes, others, strict=True)}
    where = tuple(rename_axes(condition, names) for condition in other.where)
    if [a.extent for a in axes] != [b.extent for b in others] or where != one.where:
        return None
    ours, theirs = _by_name(first, one.kind, {}), _by_name(second, other.kind, names)
    if any(ours[name] != theirs[name] for name in ours.keys() & theirs.keys()):
        return None
    every = {**ours, **theirs}
    (_, *rest) = (part.term for part in every.values())
    kind = Folded(
        states=tuple(part.state for part in every.values()),
        identity=tuple(part.identity for part in every.values()),
        others=tuple(rest),
        combine=tuple(part.combine for part in every.values()),
        finish=one.kind.finish,
    )
    return replace(first, reduction=replace(one, kind=kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one state of a fold is made of."""

    state: State
    identity: Expr
    term: Expr
    combine: Expr


def _by_name(computation: Computation, kind: Folded, names: dict[str, Expr]) -> dict[str, Part]:
    """The states of a fold by name, its axes renamed."""
    rows = zip(kind.states, kind.identity, computation.terms, kind.combine, strict=True)
    return {
        state.name: Part(state=state, identity=first, term=rename_axes(term, names), combine=step)
        for state, first, term, step in rows
    }


def others_of(reduction: Reduction | None) -> tuple[Expr, ...]:
    """The terms of a fold's states after the first; nothing for other kinds."""
    return reduction.kind.others if reduction is not None and isinstance(reduction.kind, Folded) else ()


def kind_of(reduction: Reduction | None) -> object:
    """The kind of a reduction without its terms."""
    if reduction is not None and isinstance(reduction.kind, Folded):
        return replace(reduction.kind, others=())
    return reduction.kind if reduction is not None else None
