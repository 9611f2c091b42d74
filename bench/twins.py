# SPDX-License-Identifier: Apache-2.0
"""The same Program written differently: axes renamed, arguments exchanged, statements split or put into each other.

Each function takes a Program and gives one that means the same, up to rounding, or None where there is nothing to change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from unrut.program.cycles import Cycle
from unrut.program.fold_nodes import Fold
from unrut.program.nodes import (
    Along,
    Axis,
    AxisValue,
    Call,
    Cast,
    Expr,
    Program,
    Read,
    Reduce,
    ReduceKind,
    Role,
    Statement,
)
from unrut.program.verify import verify
from unrut.program.walk import children, free_axes, map_bottom_up, rebound, rebuild, rename_axes, subexpressions

COMMUTATIVE = frozenset("add multiply maximum minimum bitwise_and bitwise_or bitwise_xor equal not_equal".split())
MARK = "ax"


def renaming(program: Program) -> dict[str, str]:
    """Another name for each axis: in the opposite order, and found nowhere else."""
    names = sorted({axis.name for axis in _axes(program)})
    return {name: f"{MARK}{len(names) - number:03}q" for number, name in enumerate(names)}


def renamed(program: Program) -> Program | None:
    """Every axis under another name."""
    names = renaming(program)

    def axis(one: Axis) -> Axis:
        return replace(one, name=names[one.name])

    def expr(one: Expr) -> Expr:
        found = rebuild(one, tuple(map(expr, children(one)))) if children(one) else one
        match found:
            case AxisValue(axis=name):
                return replace(found, axis=names[name])
            case Reduce() | Fold():
                return replace(found, axes=tuple(map(axis, found.axes)))
            case Along():
                return replace(found, axis=axis(found.axis))
            case _:
                return found

    def statement(one: Statement) -> Statement:
        bounds = iter([expr(end) for a in one.axes for end in (a.start, a.stop) if end is not None])
        axes = tuple(map(axis, rebound(one.axes, bounds)))
        return replace(one, axes=axes, subscripts=tuple(map(expr, one.subscripts)), body=expr(one.body))

    def cycle(one: Cycle) -> Cycle:
        members = tuple(cycle(m) if isinstance(m, Cycle) else m for m in one.members)
        return replace(one, axis=names[one.axis], members=members)

    return _checked(
        replace(
            program,
            statements=tuple(map(statement, program.statements)),
            given=tuple(map(axis, program.given)),
            cycles=tuple(map(cycle, program.cycles)),
        )
    )


def exchanged(program: Program) -> Program | None:
    """The arguments of products, sums and the like the other way round."""

    def other(one: Expr) -> Expr:
        if isinstance(one, Call) and one.function in COMMUTATIVE and len(one.arguments) == 2:
            return replace(one, arguments=one.arguments[::-1])
        return one

    return _changed(program, tuple(replace(s, body=map_bottom_up(s.body, other)) for s in program.statements))


def reordered(program: Program) -> Program | None:
    """The statements in the opposite order, those of one tensor in their own."""
    order = {s.target: -number for number, s in reversed(list(enumerate(program.statements)))}
    return _changed(program, tuple(sorted(program.statements, key=lambda s: order[s.target])))


def split(program: Program) -> Program | None:
    """The first sum, maximum or minimum that is a part of a larger expression becomes a statement of its own."""
    inside = {name for cycle in program.cycles for name in cycle.tensors()}
    taken = (
        {o.name for o in program.operands} | {s.target for s in program.statements} | {a.name for a in _axes(program)}
    )
    name = next(f"part{k}" for k in range(len(taken) + 1) if f"part{k}" not in taken)
    for number, statement in enumerate(program.statements):
        if statement.role is not Role.defines or statement.target in inside:
            continue
        for part in _splittable(statement):
            axes = tuple(axis for axis in statement.axes if axis.name in free_axes(part))
            places = tuple(AxisValue(axis=axis.name) for axis in axes)
            read = Read(tensor=name, subscripts=places, dtype=part.dtype)
            new = Statement(target=name, subscripts=places, axes=axes, body=part, dtype=part.dtype)
            body = map_bottom_up(statement.body, lambda e, part=part, read=read: read if e == part else e)  # type: ignore[misc]
            statements = (
                *program.statements[:number],
                new,
                replace(statement, body=body),
                *program.statements[number + 1 :],
            )
            return _changed(program, statements)
    return None


def _splittable(statement: Statement) -> Iterator[Reduce]:
    """Parts that every place computes: not below choices, which may keep reads inside, and bound by the statement alone."""
    own = {axis.name for axis in statement.axes}

    def walk(expr: Expr, top: bool) -> Iterator[Reduce]:
        if isinstance(expr, Reduce):
            if not top and expr.kind in (ReduceKind.sum, ReduceKind.max, ReduceKind.min) and free_axes(expr) <= own:
                yield expr
        elif isinstance(expr, Call | Cast):
            for part in children(expr):
                yield from walk(part, top and isinstance(expr, Cast))

    yield from walk(statement.body, True)


def inlined(program: Program) -> Program | None:
    """The first pointwise tensor that is no result and is read at one place goes into its reader."""
    inside = {name for cycle in program.cycles for name in cycle.tensors()}
    for statement in program.defining():
        name = statement.target
        readers = [
            (s, e) for s in program.statements for x in s.expressions() for e in subexpressions(x) if _reads(e, name)
        ]
        pointwise = not any(isinstance(part, Reduce | Fold | Along) for part in subexpressions(statement.body))
        if name in program.results or name in inside or len(readers) != 1 or not pointwise or program.changing(name):
            continue
        [(reader, read)] = readers
        if not isinstance(read, Read) or read.outside is not None:
            continue
        places = dict(zip((axis.name for axis in statement.axes), read.subscripts, strict=True))
        body = rename_axes(statement.body, places)
        put = map_bottom_up(reader.body, lambda e, read=read, body=body: body if e == read else e)  # type: ignore[misc]
        kept = tuple(replace(s, body=put) if s is reader else s for s in program.statements if s is not statement)
        return _changed(program, kept)
    return None


def _reads(expr: Expr, name: str) -> bool:
    return isinstance(expr, Read) and expr.tensor == name


def _axes(program: Program) -> Iterator[Axis]:
    yield from program.given
    for statement in program.statements:
        yield from statement.axes
        for part in (part for expr in statement.expressions() for part in subexpressions(expr)):
            if isinstance(part, Reduce | Fold):
                yield from part.axes


def _changed(program: Program, statements: tuple[Statement, ...]) -> Program | None:
    return None if statements == program.statements else _checked(replace(program, statements=statements))


def _checked(program: Program) -> Program:
    verify(program)
    return program


TWINS = {
    "renamed": renamed,
    "exchanged": exchanged,
    "reordered": reordered,
    "split": split,
    "inlined": inlined,
}


def words(text: str, names: dict[str, str] | None = None) -> list[str]:
    """The words and signs of C without comments, names of `renaming` turned back: equal where line breaks alone differ."""
    for old, new in (names or {}).items():
        text = text.replace(new, old)
    text = re.sub(r"/\*.*?\*/|//[^\n]*|\\\n", " ", text, flags=re.DOTALL)
    return re.findall(r"[A-Za-z_]\w*|\d[\w.]*|[^\s\w]", text)


def decisions(plan: str, names: dict[str, str] | None = None) -> list[str]:
    """The entries of a plan's text, reasons left out, names of `renaming` turned back."""
    for old, new in (names or {}).items():
        plan = plan.replace(new, old)
    return [line for line in plan.splitlines() if not line.lstrip().startswith("#")]
