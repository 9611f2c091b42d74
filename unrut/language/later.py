# SPDX-License-Identifier: Apache-2.0
"""Statements that can't be: each refused by its name, so that nobody looks for a misspelling."""

from __future__ import annotations

from unrut.errors import NotationError, Place
from unrut.language.notation import Applied, Assignment, Subscripted
from unrut.program.nodes import Role

_IN_PLACE = {"subtract": "-=", "multiply": "*=", "divide": "/="}


def refuse_later_features(statement: Assignment) -> None:
    """Raise a NotationError for definitions at computed places."""
    if statement.role is Role.adds:
        return
    for subscript in statement.subscripts:
        match subscript:
            case Subscripted(tensor=tensor):
                what = (
                    f"a definition takes bare axes: `{tensor}[...]` on the left side may give one place several values"
                )
                raise _refused(what, statement, f"{statement.target}[{tensor}[...]] += ..., which adds them up")
            case _:
                pass


def refuse_changes_in_place(statement: Assignment) -> None:
    """Raise a NotationError for `V[i] = V[i] + e`, and for `V[i] -= e`, which Python turns into `V[i] = V[i] - e`."""
    if statement.role is Role.adds:
        return
    match statement.body:
        case Applied(function=function, arguments=(Subscripted(tensor=tensor, subscripts=subscripts), *_)) if (
            tensor == statement.target and subscripts == statement.subscripts
        ):
            name = tensor.rsplit(".", maxsplit=1)[-1]
            said = f" (also as `{_IN_PLACE[function]}`)" if function in _IN_PLACE else ""
            what = f"`{name}` is defined by itself{said}: a statement defines a tensor, and only `+=` changes it"
            remedy = f"{name}[...] += ..." if function == "add" else f"{name}[...] += ..., or a tensor of its own"
            raise _refused(what, statement, remedy)
        case _:
            pass


def _refused(what: str, statement: Assignment, remedy: str) -> NotationError:
    places = [Place(span=statement.span)] if statement.span is not None else []
    return NotationError(what, places=places, remedy=remedy)
