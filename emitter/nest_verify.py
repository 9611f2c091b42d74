# SPDX-License-Identifier: Apache-2.0
"""Whether a Nest keeps its own contract, as far as can be seen without running it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from unrut.emitter.graph.linear import linear
from unrut.emitter.nest import (
    Accumulate,
    Buffer,
    Declare,
    Fetch,
    Guard,
    Invoke,
    Loop,
    LoopKind,
    Move,
    Nest,
    Node,
    Routine,
    Select,
    Sort,
    Space,
    Store,
)
from unrut.emitter.render.walk import filled, nodes
from unrut.errors import InternalError
from unrut.program.extents import as_extent, names
from unrut.program.fold_nodes import Fold, Local
from unrut.program.functions import FUNCTIONS
from unrut.program.nodes import Along, AxisValue, Const, Expr, Read, Reduce, Scalar
from unrut.program.types import DType
from unrut.program.walk import free_axes, subexpressions


def verify(nest: Nest) -> None:
    """Raises InternalError at the first broken rule: names, ranks, dtypes, spaces, and bounds of loops."""
    buffers = {b.name: b for b in nest.buffers}
    if len(buffers) != len(nest.buffers):
        raise InternalError(f"{nest.name} has two buffers of one name")
    if any(b.space is Space.register for b in nest.buffers):
        raise InternalError(f"{nest.name} lists a register buffer")
    if [c.after for c in nest.checks] != sorted(c.after for c in nest.checks):
        raise InternalError(f"the checks of {nest.name} are not in the order of its kernels")
    for check in nest.checks:
        found = buffers.get(check.buffer)
        if found is None or found.dtype is not DType.bool or found.shape or found.space is not Space.workspace:
            raise InternalError(f"{nest.name} checks {check.buffer}, which is no truth value in its workspace")
        if not 1 <= check.after <= len(nest.kernels):
            raise InternalError(f"{nest.name} checks {check.buffer} after kernel {check.after}")
    for number, routine in enumerate(nest.routines):
        _check_routine(nest, routine, {r.name for r in nest.routines[:number]})
    for kernel in nest.kernels:
        axes: frozenset[str] = frozenset()
        for task in kernel.tasks:
            _check(nest, task.stop, DType.i64, buffers, axes, f"stop of task axis {task.axis}")
            if task.axis in axes or task.step < 1:
                raise InternalError(f"task axis {task.axis} of {kernel.name} is bound twice or has no step")
            axes = axes | {task.axis}
        if kernel.work is not None and not (kernel.tasks and names(kernel.work) <= set(nest.sizes)):
            raise InternalError(f"the work of {kernel.name} is measured in what is no size, or it has no tasks")
        _block(nest, kernel.body, buffers, axes)


def _block(nest: Nest, nodes: Iterable[Node], buffers: dict[str, Buffer], axes: frozenset[str]) -> None:
    buffers = dict(buffers)
    for node in nodes:
        match node:
            case Declare(buffer=buffer):
                if buffer.name in buffers or buffer.space is not Space.register:
                    raise InternalError(f"{buffer.name} is declared twice or is no register")
                if any(not e.is_fixed or e.value() < 1 for e in buffer.shape):
                    raise InternalError(f"register {buffer.name} has shape {[str(e) for e in buffer.shape]}")
                buffers[buffer.name] = buffer
            case Store(buffer=name, subscripts=subscripts, value=value):
                _check_place(nest, name, subscripts, value, buffers, axes)
            case Accumulate(buffer=name, subscripts=subscripts, function=function, value=value):
                _check_place(nest, name, subscripts, value, buffers, axes)
                if FUNCTIONS[function].arity != 2:
                    raise InternalError(f"{function} takes no two arguments")
            case Move():
                _check_move(nest, node, buffers, axes)
            case Select() | Sort():
                _check_line(nest, node, buffers, axes)
            case Fetch() | Invoke():
                _check_given(nest, node, buffers, axes)
            case Guard(condition=condition, body=body, otherwise=otherwise):
                _check(nest, condition, DType.bool, buffers, axes, "condition")
                _block(nest, body, buffers, axes)
                _block(nest, otherwise, buffers, axes)
            case Loop(axis=axis, start=start, stop=stop, body=body, step=step, kind=kind):
                _check(nest, start, DType.i64, buffers, axes, f"start of {axis}")
                _check(nest, stop, DType.i64, buffers, axes, f"stop of {axis}")
                if axis in axes or step < 1:
                    raise InternalError(f"loop axis {axis} is bound twice or has no step")
                if kind is LoopKind.unrolled and not (isinstance(start, Const) and isinstance(stop, Const)):
                    raise InternalError(f"unrolled loop over {axis} has no fixed bounds")
                _block(nest, body, buffers, axes | {axis})


def _check_given(nest: Nest, node: Fetch | Invoke, buffers: dict[str, Buffer], axes: frozenset[str]) -> None:
    if isinstance(node, Fetch):
        _check_fetch(nest, node, buffers, axes)
    else:
        _check_invoke(nest, node, buffers, axes)


def _check_fetch(nest: Nest, node: Fetch, buffers: dict[str, Buffer], axes: frozenset[str]) -> None:
    if node.buffer not in buffers or len(node.subscripts) != len(buffers[node.buffer].shape):
        raise InternalError(f"{nest.name} fetches {node.buffer} with {len(node.subscripts)} subscripts")
    for subscript in node.subscripts:
        _check(nest, subscript, DType.i64, buffers, axes, f"subscript of {node.buffer}")


def _check_move(nest: Nest, node: Move, buffers: dict[str, Buffer], axes: frozenset[str]) -> None:
    """A tile from one buffer to another, by subscripts that are linear in its own axes."""
    own = {axis for axis, _ in node.axes()}
    if own & axes or len(own) != len(node.axes()):
        raise InternalError(
            f"{nest.name} moves a tile over {', '.join(axis for axis, _ in node.axes())}: bound already"
        )
    for _, what in node.axes():
        _check(nest, what, DType.i64, buffers, axes, f"size of a tile of {node.buffer}")
    for subscript in (*node.subscripts, *node.value.subscripts):
        for _, atom in linear(subscript).terms:
            if not isinstance(atom, AxisValue) and own & free_axes(atom):
                raise InternalError(
                    f"{nest.name} moves a tile of {node.buffer} to places that are not linear in its axes"
                )
    if node.value.tensor == node.buffer or buffers[node.buffer].dtype.is_complex:
        raise InternalError(f"{nest.name} moves a tile of {node.value.tensor} within itself, or of complex numbers")
    _check_place(nest, node.buffer, node.subscripts, node.value, buffers, axes | own)


def _check_routine(nest: Nest, routine: Routine, before: set[str]) -> None:
    """A routine knows what it is given, writes its targets alone, and invokes only what stands before it."""
    given = {b.name: b for b in (*routine.targets, *routine.sources)}
    if routine.name in before or len(given) != len(routine.targets) + len(routine.sources):
        raise InternalError(f"{routine.name} is there twice, or one of its buffers")
    if len(set(routine.values)) != len(routine.values):
        raise InternalError(f"{routine.name} has one axis twice")
    if any(b.space is Space.operand for b in routine.targets):
        raise InternalError(f"{routine.name} writes an operand")
    found = list(nodes(routine.body))
    written = {name for node in found for name in filled(node)} & set(given)
    if written - {b.name for b in routine.targets}:
        raise InternalError(f"{routine.name} writes {', '.join(sorted(written))}, not its targets alone")
    if any(isinstance(node, Invoke) and node.routine not in before for node in found):
        raise InternalError(f"{routine.name} invokes a routine that does not stand before it")
    _block(nest, routine.body, given, frozenset(routine.values))


def _check_invoke(nest: Nest, node: Invoke, buffers: dict[str, Buffer], axes: frozenset[str]) -> None:
    """Buffers of an invocation are distinct and as the routine knows them."""
    if node.routine not in {r.name for r in nest.routines}:
        raise InternalError(f"{nest.name} has no routine {node.routine}")
    routine = nest.routine(node.routine)
    counts = [(routine.values, node.values), (routine.targets, node.targets), (routine.sources, node.sources)]
    given = (*node.targets, *node.sources)
    if any(len(wanted) != len(found) for wanted, found in counts) or len(set(given)) != len(given):
        raise InternalError(f"{node.routine} is invoked with {len(node.values)} values and {', '.join(given)}")
    for value in node.values:
        _check(nest, value, DType.i64, buffers, axes, f"value for {node.routine}")
    for own, name in zip((*routine.targets, *routine.sources), given, strict=True):
        found = buffers.get(name)
        if found is None or (own.dtype, own.shape, own.space) != (found.dtype, found.shape, found.space):
            raise InternalError(f"{node.routine} is given {name} for {own.name}")
        if own.space in (Space.operand, Space.result) and own.name != name:
            raise InternalError(f"{node.routine} is given {name} for {own.name}, which lies as the caller says")


def _check_line(nest: Nest, node: Select | Sort, buffers: dict[str, Buffer], axes: frozenset[str]) -> None:
    """A line in a buffer of our own, and where what is found on it goes."""
    for name in (node.source, node.target, *((node.spare,) if node.spare else ())):
        if name not in buffers or buffers[name].space in (Space.operand, Space.result):
            raise InternalError(f"{nest.name} orders a line in {name}, which is no buffer of its own here")
    source, target = buffers[node.source], buffers[node.target]
    if not (source.dtype.is_integer and source.dtype.is_signed) or len(node.subscripts) != len(source.shape):
        raise InternalError(f"{nest.name} orders a line of {node.source}, which is {source.dtype.name}")
    if target.dtype is not (DType.i64 if node.places else source.dtype) or node.target in (node.source, node.spare):
        raise InternalError(f"{nest.name} puts what it finds on a line into {node.target}")
    spare = target.dtype if isinstance(node, Sort) else source.dtype
    if node.spare and (buffers[node.spare].dtype is not spare or len(buffers[node.spare].shape) != 1):
        raise InternalError(f"{node.spare} is no spare line for {node.target}")
    ranks = node.ranks if isinstance(node, Select) else ()
    for part in (*node.subscripts, node.length, *ranks):
        _check(nest, part, DType.i64, buffers, axes, f"line of {node.source}")
    if len(target.shape) != 1 or (ranks and target.shape != (as_extent(len(ranks)),)):
        raise InternalError(f"{node.target} is no line for what is found on {node.source}")
    if not node.spare and isinstance(node, Sort):
        raise InternalError(f"{node.target} is sorted without a spare line")


def _check_place(
    nest: Nest,
    name: str,
    subscripts: tuple[Expr, ...],
    value: Expr,
    buffers: dict[str, Buffer],
    axes: frozenset[str],
) -> None:
    if name not in buffers or buffers[name].space is Space.operand:
        raise InternalError(f"{nest.name} writes {name}, which is no buffer here or an operand")
    if len(subscripts) != len(buffers[name].shape):
        raise InternalError(f"{nest.name} writes {name} with {len(subscripts)} subscripts")
    for subscript in subscripts:
        _check(nest, subscript, DType.i64, buffers, axes, f"subscript of {name}")
    _check(nest, value, buffers[name].dtype, buffers, axes, f"value for {name}")


def _check(nest: Nest, expr: Expr, dtype: DType, buffers: dict[str, Buffer], axes: frozenset[str], what: str) -> None:
    if expr.dtype is not dtype:
        raise InternalError(f"{what} in {nest.name} is {expr.dtype.name}, not {dtype.name}")
    for fault in _faults(nest, expr, buffers, axes):
        raise InternalError(f"{what} in {nest.name}: {fault}")


def _faults(nest: Nest, expr: Expr, buffers: dict[str, Buffer], axes: frozenset[str]) -> Iterator[str]:
    for part in subexpressions(expr):
        match part:
            case Reduce() | Fold() | Local() | Along():
                yield "a reduction is left"
            case AxisValue(axis=axis) if axis not in axes:
                yield f"no loop over {axis} here"
            case Scalar(name=name) if name not in nest.scalars:
                yield f"no scalar {name}"
            case Read(tensor=name) if name not in buffers:
                yield f"no buffer {name} here"
            case Read(tensor=name, subscripts=subscripts, outside=outside, dtype=dtype):
                if outside is not None:
                    yield f"a policy is left on {name}"
                if len(subscripts) != len(buffers[name].shape) or dtype is not buffers[name].dtype:
                    yield f"{name} is read with another rank or dtype than it has"
                if any(s.dtype is not DType.i64 for s in subscripts):
                    yield f"a subscript of {name} is no i64"
            case _:
                pass
