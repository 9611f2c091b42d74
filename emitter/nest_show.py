# SPDX-License-Identifier: Apache-2.0
"""A Nest as text for readers: buffers by space, then kernels as indented loops. Nothing reads it back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from unrut.emitter.nest import (
    TEAM,
    Accumulate,
    Buffer,
    Declare,
    Fetch,
    Guard,
    Invoke,
    Kernel,
    Loop,
    LoopKind,
    Move,
    Nest,
    Node,
    Routine,
    Select,
    Sort,
    Store,
    TaskAxis,
)
from unrut.program.fold_nodes import Fold, Local
from unrut.program.functions import FUNCTIONS, known_function
from unrut.program.nodes import (
    Along,
    AxisValue,
    Call,
    Cast,
    Const,
    Expr,
    ExtentValue,
    Read,
    Reduce,
    Scalar,
    Where,
)

_ATOM = 100
_ZERO = Const(value=0, dtype=AxisValue(axis="").dtype)


def show(nest: Nest) -> str:
    """Every buffer, loop, store and barrier; `=` stores, `add=` accumulates."""
    given = [*nest.sizes, *(f"{name}: scalar" for name in nest.scalars)]
    lines = [f"nest {nest.name}({', '.join(given)})"]
    lines += [f"  needs {c.left} {c.relation.value} {c.right}" for c in nest.preconditions]
    lines += [f"  {b.space.value:<9} {_buffer(b)}" for b in nest.buffers]
    for routine in nest.routines:
        lines += _routine(routine)
    for number, kernel in enumerate(nest.kernels):
        lines += ["barrier"] if number else []
        lines += _kernel(kernel)
        lines += [f"check {c.buffer}  # {c.needed}" for c in nest.checks if c.after == number + 1]
    return "\n".join(lines) + "\n"


def _buffer(buffer: Buffer) -> str:
    return f"{buffer.name}: {buffer.dtype.name}[{', '.join(map(str, buffer.shape))}]"


def _routine(routine: Routine) -> Iterator[str]:
    given = [*routine.values, *map(_buffer, routine.sources)]
    into = f" into {', '.join(map(_buffer, routine.targets))}" if routine.targets else ""
    yield _noted(f"routine {routine.name}({', '.join(given)}){into}", routine.note)
    yield from _body(routine.body, "  ", routine.note)


def _kernel(kernel: Kernel) -> Iterator[str]:
    tasks = f"  tasks {', '.join(map(_task, kernel.tasks))}" if kernel.tasks else ""
    work = f"  team if {kernel.work} >= {TEAM}" if kernel.work is not None else ""
    yield _noted(f"kernel {kernel.name}{tasks}{work}", kernel.note)
    yield from _body(kernel.body, "  ", kernel.note)


def _task(task: TaskAxis) -> str:
    return f"{task.axis}:{text(task.stop, _ATOM)}" + (f" step {task.step}" if task.step != 1 else "")


def _noted(line: str, note: str, known: str = "") -> str:
    return f"{line}  # {note}" if note and note != known else line


def _body(body: tuple[Node, ...], indent: str, note: str) -> Iterator[str]:
    for node in body:
        own = node.note or note
        match node:
            case Loop():
                yield _noted(f"{indent}{_loop(node)}", node.note, note)
                yield from _body(node.body, indent + "  ", own)
            case Guard(condition=condition, body=inside, otherwise=otherwise):
                yield _noted(f"{indent}guard {text(condition)}", node.note, note)
                yield from _body(inside, indent + "  ", own)
                if otherwise:
                    yield f"{indent}otherwise"
                    yield from _body(otherwise, indent + "  ", own)
            case Declare(buffer=buffer):
                yield _noted(f"{indent}register {_buffer(buffer)}", node.note, note)
            case Store(value=value):
                yield _noted(f"{indent}{_element(node)} = {text(value)}", node.note, note)
            case Accumulate(function=function, value=value):
                yield _noted(f"{indent}{_element(node)} {function}= {text(value)}", node.note, note)
            case Move(value=value, past=past):
                what = f"move{' past the caches' if past else ''} {text(value)}"
                tile = ", ".join(f"{axis}:{text(size, _ATOM)}" for axis, size in node.axes())
                yield _noted(f"{indent}{_element(node)} = {what} for {tile}", node.note, note)
            case Select(target=target, ranks=ranks, places=places):
                what = f"select{' places' if places else ''} of {_line(node)}, ranks {', '.join(map(text, ranks))}"
                yield _noted(f"{indent}{target}[:] = {what}", node.note, note)
            case Sort(target=target, places=places):
                yield _noted(
                    f"{indent}{target}[:] = sort{' places' if places else ''} of {_line(node)}", node.note, note
                )
            case Fetch():
                yield _noted(f"{indent}fetch {_indexed(node.buffer, node.subscripts)}", node.note, note)
            case Invoke(routine=routine, values=values, targets=targets, sources=sources):
                into = f"{', '.join(targets)} = " if targets else ""
                yield _noted(f"{indent}{into}{routine}({', '.join([*map(text, values), *sources])})", node.note, note)
            case _:
                assert_never(node)


def _line(node: Select | Sort) -> str:
    spare = f" beside {node.spare}" if node.spare else ""
    return f"{text(node.length)} from {_indexed(node.source, node.subscripts)}{spare}"


def _loop(loop: Loop) -> str:
    bounds = f":{text(loop.stop, _ATOM)}" if loop.start == _ZERO else f" in {text(loop.start)} .. {text(loop.stop)}"
    step = f" step {loop.step}" if loop.step != 1 else ""
    return f"{'' if loop.kind is LoopKind.serial else loop.kind.value + ' '}for {loop.axis}{bounds}{step}"


def _element(node: Store | Accumulate | Move) -> str:
    return _indexed(node.buffer, node.subscripts)


def _indexed(buffer: str, subscripts: tuple[Expr, ...]) -> str:
    return f"{buffer}[{', '.join(map(text, subscripts))}]" if subscripts else buffer


def text(expr: Expr, least: int = 0) -> str:
    """An expression in the notation's spelling, every conversion written, in parentheses if it binds looser than `least`."""
    written, precedence = _loose(expr)
    return f"({written})" if precedence < least else written


def _loose(expr: Expr) -> tuple[str, int]:
    match expr:
        case Const(value=value):
            return str(value), FUNCTIONS["negative"].precedence if str(value).startswith("-") else _ATOM
        case AxisValue(axis=axis):
            return axis, _ATOM
        case ExtentValue(extent=extent):
            written = str(extent)
            return written, _ATOM if written.isidentifier() else 0
        case Scalar(name=name):
            return name, _ATOM
        case Read(tensor=tensor, subscripts=subscripts):
            return _indexed(tensor, subscripts), _ATOM
        case Call(function=function, arguments=arguments):
            return _call(function, arguments)
        case Where(condition=condition, then=then, otherwise=otherwise):
            return f"where({text(condition)}, {text(then)}, {text(otherwise)})", _ATOM
        case Cast(operand=operand, dtype=dtype):
            return f"{dtype.name}({text(operand)})", _ATOM
        case Reduce() | Fold() | Local() | Along():
            return f"<{type(expr).__name__}>", _ATOM
        case _:
            assert_never(expr)


def _call(function: str, arguments: tuple[Expr, ...]) -> tuple[str, int]:
    known = known_function(function)
    p = known.precedence
    if known.symbol and known.arity == 1:
        return f"{known.symbol}{text(arguments[0], p)}", p
    if known.symbol:
        left, right = (p + 1, p) if function == "power" else (p, p + 1)
        return f"{text(arguments[0], left)} {known.symbol} {text(arguments[1], right)}", p
    return f"{function}({', '.join(map(text, arguments))})", _ATOM


def line(node: Node) -> str:
    """A node alone on one line, without what it encloses."""
    return next(_body((node,), "", ""))
