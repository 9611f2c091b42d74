# SPDX-License-Identifier: Apache-2.0
"""Routines as functions: their parameters, what an invocation passes, and which values their axes may have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from unrut.emitter.nest import Buffer, Guard, Invoke, Loop, Nest, Node, Routine, Space
from unrut.emitter.render.dialect import Dialect
from unrut.emitter.render.expression import Printer
from unrut.emitter.render.places import Place
from unrut.emitter.render.ranges import Interval, Ranges, axis_interval, interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A routine that has a text. What its text does not mention is no parameter of it."""

    routine: Routine
    name: str
    mentioned: frozenset[str]

    @property
    def has_run(self) -> bool:
        return "run" in self.mentioned


def given_to(written: Written, printer: Printer) -> Iterator[str]:
    """Sizes and scalars, values, what is written, what is read."""
    names, routine = printer.names, written.routine
    if written.has_run:
        yield f"const {names.function}_run run"
    yield from (f"int64_t {names.axes[a]}" for a in routine.values if names.axes[a] in written.mentioned)
    for buffer in (*routine.targets, *routine.sources):
        if names.buffers[buffer.name] in written.mentioned:
            yield _parameter(printer.places[buffer.name], buffer in routine.targets, printer.dialect)


def arguments(node: Invoke, written: Written, printer: Printer) -> Iterator[str]:
    """What an invocation passes, in the same order."""
    names, routine = printer.names, written.routine
    if written.has_run:
        yield "run"
    for axis, value in zip(routine.values, node.values, strict=True):
        if names.axes[axis] in written.mentioned:
            yield printer.text(value)
    given = (*node.targets, *node.sources)
    for buffer, actual in zip((*routine.targets, *routine.sources), given, strict=True):
        if names.buffers[buffer.name] in written.mentioned:
            name = printer.places[actual].name
            yield f"&{name}" if by_address(buffer, routine) else name


def by_address(buffer: Buffer, routine: Routine) -> bool:
    """Whether a routine knows a buffer by its address though it has no dimensions."""
    return buffer.space is Space.register and not buffer.shape and buffer in routine.targets


def pointer(place: Place, written: bool, dialect: Dialect) -> str:
    """The type of a pointer to elements of a buffer in memory, ending in a star."""
    element = dialect.elements[place.buffer.dtype] if place.layout.aligned else "unsigned char"
    return f"{element} *" if written else f"const {element} *"


def _parameter(place: Place, written: bool, dialect: Dialect) -> str:
    if place.buffer.space is not Space.register:
        return f"{pointer(place, written, dialect)}UR_RESTRICT {place.name}"
    kind, name = dialect.types[place.buffer.dtype], place.name.removeprefix("*")
    inner = "".join(f"[{max(1, extent.value())}]" for extent in place.buffer.shape[1:])
    if inner:  # C has no conversion to an array of constants
        return f"{kind} (*UR_RESTRICT {name}){inner}"
    if not place.buffer.shape and not written:
        return f"{kind} {name}"
    return f"{'' if written else 'const '}{kind} *UR_RESTRICT {name}"


def value_ranges(nest: Nest) -> Mapping[str, Mapping[str, Interval]]:
    """For each routine the values that its axes have in any invocation."""
    found: dict[str, dict[str, Interval]] = {routine.name: {} for routine in nest.routines}
    for kernel in nest.kernels:
        axes = {t.axis: Interval(low=0, high=max(0, interval(t.stop, {}).high - 1)) for t in kernel.tasks}
        _gather(kernel.body, axes, nest, found)
    for routine in reversed(nest.routines):
        _gather(routine.body, found[routine.name], nest, found)
    return found


def _gather(body: tuple[Node, ...], axes: Ranges, nest: Nest, found: dict[str, dict[str, Interval]]) -> None:
    for node in body:
        match node:
            case Loop(axis=axis, start=start, stop=stop):
                _gather(node.body, {**axes, axis: axis_interval(start, stop, axes)}, nest, found)
            case Guard():
                _gather((*node.body, *node.otherwise), axes, nest, found)
            case Invoke(values=values):
                known = found[node.routine]
                for axis, value in zip(nest.routine(node.routine).values, values, strict=True):
                    now = interval(value, axes)
                    old = known.get(axis, now)
                    known[axis] = Interval(low=min(old.low, now.low), high=max(old.high, now.high))
            case _:
                pass
