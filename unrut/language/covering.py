# SPDX-License-Identifier: Apache-2.0
"""Results over ranges by data: statements that cover the places of a tensor which is defined by another one.

axis e: ptr[i] .. ptr[i + 1]              S[S_0] = 0          axis S_0: the extent of e
S[e] = q[i]*x[e]                    is    S[e] = q[i]*x[e]    for all i, e, as what covers S
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from unrut.errors import AxisError, UnrutError
from unrut.language.declarations import Declarations, at, target_axes
from unrut.language.notation import Assignment, Definition, GivenAxis, Name, Number
from unrut.language.renaming import axis_names
from unrut.program.extents import Extent
from unrut.program.nodes import Role


def with_bases(definition: Definition, errors: list[UnrutError]) -> tuple[Definition, Mapping[str, Assignment]]:
    """The definition with every covering statement marked as such, and a tensor of zeros for each that covers no other.

    Also the covering statement of each tensor that was made, by name: their extents are the same. Left sides that are not
    distinct bare axes go to `errors`.
    """
    ragged = {axis.name for axis in definition.axes if axis.bounds}
    statements = tuple(_marked(s, ragged) for s in definition.statements)
    defined = {s.target for s in statements if s.role is Role.defines and not s.starts}
    taken = {definition.name, *definition.scalars, *(p.name for p in definition.parameters), *defined}
    written: tuple[Assignment | GivenAxis, ...] = (*statements, *definition.axes)
    taken |= {name for part in written for name in axis_names(part, frozenset())}
    taken |= {axis.name for axis in definition.axes} | {s.target for s in statements}
    whole: list[Assignment] = []
    made: dict[str, Assignment] = {}
    axes = list(definition.axes)
    for statement in statements:
        if statement.role is Role.covers:
            target_axes(statement, errors)
        if statement.role is Role.covers and statement.target not in defined | made.keys():
            names = [_fresh(f"{statement.target}_{d}", taken) for d in range(len(statement.subscripts))]
            axes += [GivenAxis(name=name, extent=Number(value=0), span=statement.span) for name in names]
            left = tuple(Name(name=name, span=statement.span) for name in names)
            base = Assignment(target=statement.target, subscripts=left, body=Number(value=0), span=statement.span)
            whole.append(base)
            made[statement.target] = statement
        whole.append(statement)
    return replace(definition, axes=tuple(axes), statements=tuple(whole)), made


def _marked(statement: Assignment, ragged: set[str]) -> Assignment:
    covers = any(isinstance(s, Name) and s.name in ragged for s in statement.subscripts)
    return replace(statement, role=Role.covers) if covers and statement.role is Role.defines else statement


def _fresh(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def domain_axes(names: tuple[str, ...], known: Declarations) -> tuple[str, ...]:
    """The axes of a left side, each with those that own its range before it."""
    others = known.tensor_names() | known.scalars
    found: dict[str, None] = {}

    def add(name: str, open_: tuple[str, ...]) -> None:
        if name in open_:
            return  # bounds that mention their own axis are refused where they are read
        if name in known.bounds:
            for owner in axis_names(replace(known.bounds[name], extent=None), others):
                if owner in known.axis_names or owner not in known.sizes:
                    add(owner, (*open_, name))
        found[name] = None

    for name in names:
        add(name, ())
    return tuple(found)


def check_owners(statement: Assignment, names: tuple[str, ...], known: Declarations) -> None:
    """Refuse a covering statement whose ranges are told apart by several axes: rows are kept in the order of one."""
    left = {s.name for s in statement.subscripts if isinstance(s, Name)}
    others = known.tensor_names() | known.scalars
    for name in names:
        if name in known.bounds:
            own = [a for a in axis_names(replace(known.bounds[name], extent=None), others) if a not in left]
            if len(own) > 1:
                raise AxisError(
                    f"the range of axis `{name}` has several owners that are not on the left side: {', '.join(own)}",
                    places=at(statement.span),
                    remedy=f"{statement.target}[{own[0]}, ...] = ..., or offsets over one axis",
                )


def shared_extents(statement: Assignment, base: tuple[Extent, ...], names: tuple[str, ...]) -> dict[str, Extent]:
    """The extents of those axes of a covering statement that stand on its left side, where its base was made for it."""
    pairs = zip(statement.subscripts, base, strict=False)
    found = {s.name: extent for s, extent in pairs if isinstance(s, Name)}
    return {name: found[name] for name in names if name in found}
