# SPDX-License-Identifier: Apache-2.0
"""Folds in text: `fold[k](n=1, mean=x[k], identity=(0, 0), combine=lambda a, b: (...), finish=lambda s: s.mean, where=c)`.

    fold     = "fold[" axes "](" state "=" expression { "," state "=" expression } { "," part } ")"
    part     = "identity=" several | "combine=lambda" name "," name ":" several
             | "finish=lambda" name ":" expression | "where=" expression
    several  = expression, where there is one state | "(" expression { "," expression } ")", one for each state

In a lambda `a.mean` is a state; the names of its parameters are free. They are read, never called.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from unrut.language.notation import Folding, Term
from unrut.language.states import OPTIONS, state_fault

if TYPE_CHECKING:
    from unrut.language.terms import TermReader

_SHAPE = "fold[k](m=x[k], identity=-inf, combine=lambda a, b: maximum(a.m, b.m), finish=lambda s: s.m)"


def is_fold(node: ast.Call) -> bool:
    """Whether a call is one of `fold`."""
    func = node.func.value if isinstance(node.func, ast.Subscript) else node.func
    return isinstance(func, ast.Name) and func.id == "fold"


def read_fold(reader: TermReader, node: ast.Call, depth: int) -> Folding:
    """The term of a fold. Raises NotationError."""
    if not isinstance(node.func, ast.Subscript):
        raise reader.fault("`fold` needs its axes", node, _SHAPE)
    axes = reader.reduced("fold", node.func.slice, node)
    given = [(keyword.arg, keyword.value) for keyword in node.keywords]
    if node.args or any(name is None for name, _ in given):
        raise reader.fault("a fold gives a name to each of its states", node, _SHAPE)
    lift = [(str(name), value) for name, value in given if name not in OPTIONS]
    options = {str(name): value for name, value in given if name in OPTIONS}
    for name, value in lift:
        reason = state_fault(name)
        if reason:
            raise reader.fault(f"`{name}` can't be the name of a state: it {reason}", value, "another name")
    missing = [name for name in ("identity", "combine", "finish") if name not in options]
    if missing or not lift:
        raise reader.fault(f"a fold needs {missing[0] + '=' if missing else 'at least one state'}", node, _SHAPE)
    combine, sides = _lambda(reader, options["combine"], "ab", "combine=lambda a, b: ...")
    finish, whole = _lambda(reader, options["finish"], "s", "finish=lambda s: ...")
    return Folding(
        axes=axes,
        states=tuple(name for name, _ in lift),
        lift=tuple(reader.read(value, depth + 1) for _, value in lift),
        identity=_several(reader, options["identity"], len(lift), "identity=", {}, depth),
        combine=_several(reader, combine, len(lift), "combine=", sides, depth),
        finish=_within(reader, finish, whole, depth),
        where=reader.read(options["where"], depth + 1) if "where" in options else None,
        span=reader.span(node),
    )


def _lambda(reader: TermReader, node: ast.expr, sides: str, shape: str) -> tuple[ast.expr, dict[str, str]]:
    """The body of a lambda, and the side that each of its parameters stands for."""
    match node:
        case ast.Lambda(args=ast.arguments(posonlyargs=[], args=parameters, vararg=None, kwonlyargs=[], kwarg=None)):
            names = [parameter.arg for parameter in parameters]
            plain = not node.args.defaults and len(set(names)) == len(names) == len(sides)
            if plain:
                return node.body, dict(zip(names, sides, strict=True))
    raise reader.fault(f"here stands a lambda of {len(sides)} name{'s'[: len(sides) - 1]}", node, shape)


def _several(
    reader: TermReader, node: ast.expr, number: int, what: str, sides: dict[str, str], depth: int
) -> tuple[Term, ...]:
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    if len(parts) != number:
        message = (
            f"{what} has {len(parts)} value{'s'[: len(parts) != 1]}, there {'are' if number > 1 else 'is'} {number}"
        )
        raise reader.fault(f"{message} state{'s'[: number != 1]}", node, "one value for each state, in their order")
    return tuple(_within(reader, part, sides, depth) for part in parts)


def _within(reader: TermReader, node: ast.expr, sides: dict[str, str], depth: int) -> Term:
    """A term in which the parameters of a lambda stand for sides; those of a lambda around it mean nothing there."""
    outer, reader.sides = reader.sides, sides
    try:
        return reader.read(node, depth + 1)
    finally:
        reader.sides = outer
