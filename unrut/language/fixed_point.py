# SPDX-License-Identifier: Apache-2.0
"""The dtypes of tensors that depend on each other, or that have initial statements: the least that fit all statements.

A tensor's dtype is that which its statements promote to. Reads inside a cycle start as weak truth values, then each round
reads all statements with what the last one gave, until nothing changes. Where an operator has no meaning for truth
values (`h[t - 1] - h[t - 2]`) the rounds start from weak integers, and then from weak floats.

Source: NEP 50 for weak numbers; Knaster-Tarski: from the least element, monotone rounds end in the least fixed point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unrut.errors import DTypeError, UnrutError, combine
from unrut.language.adoption import WEAK_BOOL, WEAK_FLOAT, WEAK_INTEGER, Typed, adopt
from unrut.language.bounds import bound_axes
from unrut.language.declarations import Declarations, at
from unrut.language.expressions import Expressions, Scope, gather
from unrut.language.notation import Assignment, Subscripted
from unrut.program.extents import Extent
from unrut.program.nodes import Expr, Role, Statement
from unrut.program.promotion import Kind, meet

MOST_ROUNDS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One statement of a cycle, the extents of its axes, and what it is to its tensor."""

    assignment: Assignment
    extents: dict[str, Extent]
    role: Role


def settled(parts: Sequence[Part], known: Declarations, reader: Expressions) -> tuple[Statement, ...]:
    """The typed statements of tensors that depend on each other; their dtypes are added to what is known.

    Raises what reading a statement raises.
    """
    raised: list[UnrutError] = []
    for least in (WEAK_BOOL, WEAK_INTEGER, WEAK_FLOAT):
        unknowns = len(known.unknowns)
        try:
            return _rounds(parts, known, reader, least)
        except UnrutError as error:
            raised.append(error)
            _forget(known, unknowns)
    first, last = raised[0], raised[-1]
    everything = (first, *first.others)
    raise last if all(isinstance(error, DTypeError) for error in everything) else first


def _rounds(parts: Sequence[Part], known: Declarations, reader: Expressions, least: Kind) -> tuple[Statement, ...]:
    kinds = {part.assignment.target: least for part in parts}
    for _ in range(MOST_ROUNDS):
        unknowns = len(known.unknowns)
        known.dtypes.update({name: kind.dtype for name, kind in kinds.items()})
        known.weak = frozenset(name for name, kind in kinds.items() if kind.weak)
        bodies = _read(parts, reader)
        found: dict[str, list[Kind]] = {name: [] for name in kinds}
        for part, body in zip(parts, bodies, strict=True):
            found[part.assignment.target].append(body.kind)
        promoted = {name: meet(several) for name, several in found.items()}
        stays = {name: kind.dtype for name, kind in promoted.items()} == {n: k.dtype for n, k in kinds.items()}
        if stays and not known.weak:
            return tuple(_statement(part, body, kinds, reader) for part, body in zip(parts, bodies, strict=True))
        # What is weak altogether is i64, f64 or bool, as in any other statement.
        kinds = {n: Kind(dtype=k.dtype) for n, k in promoted.items()} if promoted == kinds else promoted
        _forget(known, unknowns)
    names = ", ".join(f"`{name}`" for name in kinds)
    raise DTypeError(
        f"the dtype of {names} does not settle",
        places=[place for part in parts for place in at(part.assignment.span)],
        remedy="cast(..., f32) around what is read of the step before",
    )


def _read(parts: Sequence[Part], reader: Expressions) -> list[Typed]:
    found: list[Typed] = []
    errors: list[UnrutError] = []
    for part in parts:
        try:
            # A new mapping in every round: the reader remembers reductions by it.
            found.append(reader.read(part.assignment.body, Scope(axes=dict(part.extents))))
        except UnrutError as error:
            errors += [error, *error.others]
    if errors:
        raise combine(errors)
    return found


def _statement(part: Part, body: Typed, kinds: dict[str, Kind], reader: Expressions) -> Statement:
    dtype = kinds[part.assignment.target].dtype
    adopted: Expr = adopt(body, dtype)
    return Statement(
        target=part.assignment.target,
        subscripts=tuple(typed.expr for typed in left_side(part, reader)),
        axes=bound_axes(reader, part.extents),
        body=adopted,
        dtype=dtype,
        role=part.role,
        span=part.assignment.span,
    )


def left_side(part: Part, reader: Expressions) -> list[Typed]:
    """The places of a statement's target. Raises ShapeError where there are too few or too many subscripts, NotationError."""
    whole = part.assignment
    left = Subscripted(tensor=whole.target, subscripts=whole.subscripts, span=whole.span)
    reader.check_rank(left, "added to")
    scope = Scope(axes=part.extents)
    return gather([lambda s=s: reader.subscript(s, scope, left) for s in whole.subscripts])  # type: ignore[misc]


def _forget(known: Declarations, unknowns: int) -> None:
    """Take back the extents that a discarded round has asked for."""
    for name in list(known.unknowns)[unknowns:]:
        del known.unknowns[name]
