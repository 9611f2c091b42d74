# SPDX-License-Identifier: Apache-2.0
"""What a valid Program is: a list of checks, each a function that yields what is wrong.

Both front ends give valid Programs; a pass from Program to Program calls `verify` on what it made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from unrut.errors import InternalError
from unrut.program.cycles import Cycle
from unrut.program.extents import Extent, Named, names
from unrut.program.fold_nodes import Fold, Local
from unrut.program.nodes import Along, AxisValue, Const, Expr, ExtentValue, Program, Read, Reduce, Role, Statement
from unrut.program.ragged import bound_axes, is_ragged, ragged_axes
from unrut.program.types import DType
from unrut.program.verify_expressions import expression_faults
from unrut.program.walk import bounds_of, children, in_order, outside_of, reads, subexpressions

_SAFE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}\Z")


def verify(program: Program) -> Program:
    """The program itself, if it is valid. Raises InternalError with every fault otherwise."""
    faults = [f"{check.__name__.replace('_', ' ')}: {fault}" for check in CHECKS for fault in check(program)]
    if faults:
        raise InternalError(f"program `{program.name}` is not valid\n  " + "\n  ".join(faults))
    return program


def names_are_safe_and_distinct(program: Program) -> Iterator[str]:
    tensors = [*(o.name for o in program.operands), *program.scalars, *(s.target for s in program.defining())]
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
    defined = [statement.target for statement in program.defining()]
    if not program.results or len(set(program.results)) < len(program.results):
        yield "there are none, or one stands twice"
    yield from (f"`{result}` is not defined" for result in program.results if result not in defined)


def what_is_changed_is_defined(program: Program) -> Iterator[str]:
    defined = {s.target: (len(s.axes), s.dtype) for s in program.defining()}
    for statement in program.statements:
        found = defined.get(statement.target)
        if found is None:
            yield f"`{statement.target}` is changed and never defined"
        elif found != (len(statement.subscripts), statement.dtype):
            yield f"`{statement.target}` is defined and changed with different dimensions or dtypes"


def statements_can_be_ordered(program: Program) -> Iterator[str]:
    if any(True for _ in what_is_changed_is_defined(program)):
        return
    try:
        in_order(program)
    except InternalError as error:
        yield error.message


def statements_are_whole(program: Program) -> Iterator[str]:
    for statement in program.statements:
        wanted = tuple(AxisValue(axis=axis.name) for axis in statement.axes)
        if len(set(wanted)) < len(wanted):
            yield f"an axis stands twice on the left side of {statement.target}"
        if statement.role is Role.defines and statement.subscripts != wanted:
            yield f"the left side of {statement.target} is not its axes, each once"
        if statement.role is Role.covers and (
            len(set(statement.subscripts)) < len(statement.subscripts)
            or not set(statement.subscripts) <= set(wanted)
            or not any(is_ragged(a) and AxisValue(axis=a.name) in statement.subscripts for a in statement.axes)
        ):
            yield f"what covers {statement.target} has subscripts that are not its axes, each once, one with bounds"
        if statement.role in (Role.defines, Role.starts) and any(map(is_ragged, statement.axes)):
            yield f"{statement.target} is defined over an axis with bounds"
        if statement.role is Role.starts:
            yield from _start_faults(statement, [s for s in program.defining() if s.target == statement.target])
        if any(s.dtype is not DType.i64 for s in statement.subscripts):
            yield f"a subscript on the left side of {statement.target} is no i64"
        if statement.body.dtype is not statement.dtype:
            yield f"{statement.target} is {statement.dtype}, its body {statement.body.dtype}"
        for axis in statement.axes:
            if axis.extent.is_fixed and axis.extent.value() < 0:
                yield f"axis `{axis.name}` of {statement.target} has extent {axis.extent}"


def _start_faults(statement: Statement, defining: Sequence[Statement]) -> Iterator[str]:
    given = [s for s in statement.subscripts if isinstance(s, Const) and s.value < 0]
    axes = defining[0].axes if defining else ()
    kept = [a for a, s in zip(axes, statement.subscripts, strict=False) if s == AxisValue(axis=a.name)]
    if not given or len(given) + len(kept) < len(statement.subscripts) or tuple(kept) != statement.axes:
        yield f"what starts {statement.target} has subscripts that are neither numbers below 0 nor its axes"


def cycles_have_their_axes(program: Program) -> Iterator[str]:
    members = [name for cycle in program.cycles for name in cycle.tensors()]
    if len(set(members)) < len(members):
        yield "a tensor is in two of them"
    for cycle in program.cycles:
        yield from _cycle_faults(program, cycle)


def _cycle_faults(program: Program, cycle: Cycle) -> Iterator[str]:
    for member in cycle.members:
        if isinstance(member, Cycle):
            yield from _cycle_faults(program, member)
    defining = {s.target: s for s in program.defining()}
    for name in cycle.tensors():
        if name not in defining or all(axis.name != cycle.axis for axis in defining[name].axes):
            yield f"`{name}` has no axis `{cycle.axis}`"


def axes_are_bound_once(program: Program) -> Iterator[str]:
    for statement in program.statements:
        for expr in statement.expressions():
            yield from _binding_faults(statement, expr, {a.name: a.extent for a in statement.axes})


def _binding_faults(statement: Statement, expr: Expr, bound: Mapping[str, Extent]) -> Iterator[str]:
    match expr:
        case AxisValue(axis=axis) if axis not in bound:
            yield f"axis `{axis}` is not bound in {statement.target}"
        case Along(axis=axis):
            if bound.get(axis.name) != axis.extent:
                yield f"{expr.kind.value} along `{axis.name}` of extent {axis.extent}, bound is {bound.get(axis.name)}"
            for part in children(expr):
                yield from _binding_faults(statement, part, bound)
        case Reduce() | Fold():
            yield from _domain_faults(statement, expr, bound)
        case Local(side=side, state=state):
            yield f"the state {side.value}.{state} in {statement.target} stands outside of its fold"
        case _:
            for part in children(expr):
                yield from _binding_faults(statement, part, bound)


def _domain_faults(statement: Statement, expr: Reduce | Fold, bound: Mapping[str, Extent]) -> Iterator[str]:
    inner = dict(bound)
    for axis in expr.axes:
        for end in bounds_of((axis,)):  # only what is bound before an axis can be in its bounds
            yield from _binding_faults(statement, end, inner)
        inner[axis.name] = axis.extent
    if len(inner) < len(bound) + len(expr.axes):
        yield f"a reduction in {statement.target} binds an axis a second time"
    if isinstance(expr, Reduce):
        outer = outside_of(expr)
        for part in children(expr):
            yield from _binding_faults(statement, part, bound if any(part is o for o in outer) else inner)
    else:
        for part in (*expr.lift, *((expr.where,) if expr.where is not None else ())):
            yield from _binding_faults(statement, part, inner)


def reads_fit_their_tensors(program: Program) -> Iterator[str]:
    tensors = {o.name: (len(o.shape), o.dtype) for o in program.operands}
    tensors |= {s.target: (len(s.axes), s.dtype) for s in program.defining()}
    for statement in program.statements:
        for read in _reads_of(statement):
            if tensors.get(read.tensor) != (len(read.subscripts), read.dtype):
                yield f"{read.tensor} is read with {len(read.subscripts)} subscripts as {read.dtype}"


def _reads_of(statement: Statement) -> Iterator[Read]:
    return (read for expr in statement.expressions() for read in reads(expr))


def expressions_are_typed(program: Program) -> Iterator[str]:
    for statement in program.statements:
        for expr in (part for whole in statement.expressions() for part in subexpressions(whole)):
            yield from (f"{fault}, in {statement.target}" for fault in expression_faults(expr, program.scalars))


def extents_mention_known_sizes(program: Program) -> Iterator[str]:
    sizes = set(program.sizes)
    shapes = {e for o in program.operands for e in o.shape} | {e for s in program.defining() for e in s.shape}
    extents = [axis.extent for axis in program.given]
    extents += [e for p in program.preconditions for e in (p.left, p.right, *p.unless_empty)]
    for statement in program.statements:
        extents += statement.shape
        for expr in (part for whole in statement.expressions() for part in subexpressions(whole)):
            if isinstance(expr, Reduce | Fold):
                extents += [axis.extent for axis in expr.axes]
            if isinstance(expr, ExtentValue):
                extents.append(expr.extent)
                if expr.extent.is_fixed or expr.extent not in shapes:
                    yield f"{expr.extent} is written as an extent, and is no tensor's run-time extent"
    for extent in extents:
        if not names(extent) <= sizes:
            yield f"{extent} mentions a size that no operand has"


def ranges_by_data_are_one(program: Program) -> Iterator[str]:
    known = ragged_axes(program)
    for axis in bound_axes(program):
        first = known.get(axis.name, axis)
        if (axis.start, axis.stop) != (first.start, first.stop):
            yield f"axis `{axis.name}` has two ranges"
        for end in bounds_of((axis,)):
            if end.dtype is not DType.i64 or any(
                isinstance(part, Reduce | Fold | Along) for part in subexpressions(end)
            ):
                yield f"a bound of axis `{axis.name}` is {end.dtype.name}, or holds a reduction"


CHECKS: tuple[Callable[[Program], Iterator[str]], ...] = (
    names_are_safe_and_distinct,
    operands_have_plain_shapes,
    results_are_defined,
    what_is_changed_is_defined,
    statements_can_be_ordered,
    statements_are_whole,
    cycles_have_their_axes,
    axes_are_bound_once,
    reads_fit_their_tensors,
    expressions_are_typed,
    ranges_by_data_are_one,
    extents_mention_known_sizes,
)
