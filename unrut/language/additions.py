# SPDX-License-Identifier: Apache-2.0
"""Statements that add, `out[seg[e], f] += x[e, f]`: their axes, and what they may not depend on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from unrut.errors import NotationError, Place, UnrutError
from unrut.language.notation import Assignment, Folding, Name, Reduction, Subscripted, Term
from unrut.language.renaming import mentioned, parts_of
from unrut.language.spelling import some_axes
from unrut.program.nodes import Role

_BY_STEPS = (
    "later[e] = where(e > start, 1, 0) over the ranges, and over all places "
    "h[t] = where(later[t] > 0, h.outside(0)[t - 1], 0) + ..."
)


def added_axes(statement: Assignment, others: Collection[str]) -> tuple[str, ...]:
    """The axes of a statement that adds: all that its left side mentions and binds nowhere; `others` are names of tensors."""
    found = (name for subscript in statement.subscripts for name in _free_names(subscript))
    return tuple(dict.fromkeys(name for name in found if name not in others))


def _free_names(term: Term) -> Iterator[str]:
    bound = term.axes if isinstance(term, Reduction | Folding) else ()
    if isinstance(term, Name):
        yield term.name
    yield from (name for part in parts_of(term) for name in _free_names(part) if name not in bound)


def check_defined(
    additions: Sequence[Assignment], statements: Mapping[str, Assignment], errors: list[UnrutError]
) -> None:
    """Refuse to add to what has no values yet."""
    for target, statement in {s.target: s for s in additions if s.target not in statements}.items():
        what = f"`{target}` is added to, and never defined"
        remedy = f"{target}[{some_axes(len(statement.subscripts))}] = 0"
        errors.append(NotationError(what, places=_at(statement), remedy=remedy))


def check_additions(
    additions: Sequence[Assignment], groups: Sequence[tuple[str, ...]], errors: list[UnrutError]
) -> None:
    """Refuse to add to a tensor what depends on it, and to tensors that depend on each other."""
    group: Mapping[str, tuple[str, ...]] = {name: names for names in groups for name in names}
    for statement in additions:
        circle = group[statement.target]
        terms = (part for whole in (*statement.subscripts, statement.body) for part in mentioned(whole))
        named = {_named(part) for part in terms}
        if statement.role is Role.covers and (len(circle) > 1 or statement.target in named):
            what = f"`{statement.target}` is defined over ranges by data, and computed from itself: steps go over whole axes"
            errors.append(NotationError(what, places=_at(statement), remedy=_BY_STEPS))
        elif len(circle) > 1 or statement.target in named:
            what = f"`{statement.target}` is added to, and what is added depends on it"
            errors.append(NotationError(what, places=_at(statement), remedy="a tensor of its own for what is read"))


def _named(term: Term) -> str:
    """The tensor that a term may read."""
    match term:
        case Subscripted(tensor=name) | Name(name=name):
            return name
        case _:
            return ""


def _at(statement: Assignment) -> list[Place]:
    return [Place(span=statement.span)] if statement.span is not None else []
