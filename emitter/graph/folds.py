# SPDX-License-Identifier: Apache-2.0
"""Folds in the Graph: only what `finish` needs of their states is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unrut.emitter.graph.computation import Folded, Reduction
from unrut.program.fold_nodes import Fold, Local
from unrut.program.nodes import Expr
from unrut.program.walk import subexpressions


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


def others_of(reduction: Reduction | None) -> tuple[Expr, ...]:
    """The terms of a fold's states after the first; nothing for other kinds."""
    return reduction.kind.others if reduction is not None and isinstance(reduction.kind, Folded) else ()


def kind_of(reduction: Reduction | None) -> object:
    """The kind of a reduction without its terms."""
    if reduction is not None and isinstance(reduction.kind, Folded):
        return replace(reduction.kind, others=())
    return reduction.kind if reduction is not None else None
