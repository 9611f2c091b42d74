# SPDX-License-Identifier: Apache-2.0
"""What a valid Program is: a list of checks, each a function that yields what is wrong.

Both front ends give valid Programs; a pass from Program to Program calls `verify` on what it made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from unrut.errors import InternalError
from unrut.program.affine import affine
from unrut.program.extents import Extent, Named, names
from unrut.program.nodes import Along, AxisValue, Expr, ExtentValue, Program, Read, Reduce, Statement
from unrut.program.verify_expressions import expression_faults
from unrut.program.walk import children, in_order, outside_of, subexpressions

_SAFE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}\Z")


def verify(program: Program) -> Program:
    """The program itself, if it is valid. Raises InternalError with every fault otherwise."""
    faults = [f"{check.__name__.replace('_', ' ')}: {fault}" for check in CHECKS for fault in check(program)]
    if faults:
        raise InternalError(f"program `{program.name}` is not valid\n  " + "\n  ".join(faults))
    return program


def names_are_safe_and_distinct(program: Program) -> Iterator[str]:
    tensors = [*(o.name for o in program.operands), *program.scalars, *(s.target for s in program.statements)]
    axes = {axis.name for s in program.statements for axis in s.axes} | {axis.name for axis in program.given}
    for name in sorted({program.name, *tensors, *axes, *program.sizes}):
        if not _SAFE.match(name):
            yield f"`{name}` is no safe identifier"
    for name in sorted({name for name in tensors if tensors.count(name) > 1}):
        yield f"`{name}` is defined twice"
    for name in sorted(axes & set(tensors)):
        yield f"`{name}` is an axis and something else"


def operands_have_plain_shapes(program: Program) -> Iterator[str]:
    for operand in program.operands:
        for k, extent in enumerate(operand.shape):
            match extent:
                case Extent(constant=constant, terms=()) if constant >= 0:
                    pass
                case Extent(constant=0, terms=((1, Named()),)):
                    pass
                case _:
                    yield f"extent {k} of {operand.name} is {extent}, neither a number nor a size"


def results_are_defined(program: Program) -> Iterator[str]:
    defined = [statement.target for statement in program.statements]
    if not program.results or len(set(program.results)) < len(program.results):
        yield "there are none, or one stands twice"
    yield from (f"`{result}` is not defined" for result in program.results if result not in defined)


def statements_can_be_ordered(program: Program) -> Iterator[str]:
    try:
        in_order(program)
    except InternalError as error:
        yield error.message


def statements_are_whole(program: Program) -> Iterator[str]:
    for statement in program.statements:
        wanted = tuple(AxisValue(axis=axis.name) for axis in statement.axes)
        if statement.subscripts != wanted or len(set(wanted)) < len(wanted):
            yield f"the left side of {statement.target} is not its axes, each once"
        if statement.body.dtype is not statement.dtype:
            yield f"{statement.target} is {statement.dtype}, its body {statement.body.dtype}"
        for axis in statement.axes:
            if axis.extent.is_fixed and axis.extent.value() < 0:
                yield f"axis `{axis.name}` of {statement.target} has extent {axis.extent}"


def axes_are_bound_once(program: Program) -> Iterator[str]:
    for statement in program.statements:
        yield from _binding_faults(statement, statement.body, {a.name: a.extent for a in statement.axes})


def _binding_faults(statement: Statement, expr: Expr, bound: Mapping[str, Extent]) -> Iterator[str]:
    match expr:
        case AxisValue(axis=axis) if axis not in bound:
            yield f"axis `{axis}` is not bound in {statement.target}"
        case Along(axis=axis, body=body):
            if bound.get(axis.name) != axis.extent:
                yield f"{expr.kind.value} along `{axis.name}` of extent {axis.extent}, bound is {bound.get(axis.name)}"
            yield from _binding_faults(statement, body, bound)
        case Reduce(axes=axes):
            inner = {**bound, **{axis.name: axis.extent for axis in axes}}
            outer = outside_of(expr)
            if len(inner) < len(bound) + len(axes):
                yield f"{expr.kind.value} in {statement.target} binds an axis a second time"
            for part in children(expr):
                yield from _binding_faults(statement, part, bound if any(part is o for o in outer) else inner)
        case _:
            for part in children(expr):
                yield from _binding_faults(statement, part, bound)


def reads_fit_their_tensors(program: Program) -> Iterator[str]:
    tensors = {o.name: (len(o.shape), o.dtype) for o in program.operands}
    tensors |= {s.target: (len(s.axes), s.dtype) for s in program.statements}
    for statement in program.statements:
        for expr in subexpressions(statement.body):
            if isinstance(expr, Read):
                if tensors.get(expr.tensor) != (len(expr.subscripts), expr.dtype):
                    yield f"{expr.tensor} is read with {len(expr.subscripts)} subscripts as {expr.dtype}"
                if expr.outside is None and any(affine(subscript) is None for subscript in expr.subscripts):
                    yield f"a subscript of {expr.tensor} is not affine, and nothing is said of places outside"


def expressions_are_typed(program: Program) -> Iterator[str]:
    for statement in program.statements:
        for expr in subexpressions(statement.body):
            yield from (f"{fault}, in {statement.target}" for fault in expression_faults(expr, program.scalars))


def extents_mention_known_sizes(program: Program) -> Iterator[str]:
    sizes = set(program.sizes)
    shapes = {e for o in program.operands for e in o.shape} | {e for s in program.statements for e in s.shape}
    extents = [axis.extent for axis in program.given]
    extents += [e for p in program.preconditions for e in (p.left, p.right, *p.unless_empty)]
    for statement in program.statements:
        extents += statement.shape
        for expr in subexpressions(statement.body):
            if isinstance(expr, Reduce):
                extents += [axis.extent for axis in expr.axes]
            if isinstance(expr, ExtentValue):
                extents.append(expr.extent)
                if expr.extent.is_fixed or expr.extent not in shapes:
                    yield f"{expr.extent} is written as an extent, and is no tensor's run-time extent"
    for extent in extents:
        if not names(extent) <= sizes:
            yield f"{extent} mentions a size that no operand has"


CHECKS: tuple[Callable[[Program], Iterator[str]], ...] = (
    names_are_safe_and_distinct,
    operands_have_plain_shapes,
    results_are_defined,
    statements_can_be_ordered,
    statements_are_whole,
    axes_are_bound_once,
    reads_fit_their_tensors,
    expressions_are_typed,
    extents_mention_known_sizes,
)
