# SPDX-License-Identifier: Apache-2.0
"""Statements that the notation will have, and has not yet: refused by name, so that nobody looks for a misspelling."""

from __future__ import annotations

from unrut.errors import NotationError, Place
from unrut.language.notation import Applied, Assignment, Subscripted


def refuse_later_features(statement: Assignment) -> None:
    """Raise a NotationError for writing at computed places."""
    for subscript in statement.subscripts:
        match subscript:
            case Subscripted(tensor=tensor):
                what = f"writing at computed places (`{tensor}[...]` on the left side)"
                raise _not_yet(what, statement, "a reduction with a condition: sum[e](x[e], where=seg[e] == i)")
            case _:
                pass


def refuse_accumulation(statement: Assignment) -> None:
    """Raise a NotationError for `V[i] += e`, which Python turns into `V[i] = V[i] + e`."""
    match statement.body:
        case Applied(arguments=(Subscripted(tensor=tensor, subscripts=subscripts), *_)) if (
            tensor == statement.target and subscripts == statement.subscripts
        ):
            raise _not_yet("accumulation (`+=`)", statement, "a reduction: V[i] = ur.sum[e](...)")
        case _:
            pass


def _not_yet(what: str, statement: Assignment, remedy: str) -> NotationError:
    places = [Place(span=statement.span)] if statement.span is not None else []
    return NotationError(f"{what} is not part of the language yet", places=places, remedy=remedy)
