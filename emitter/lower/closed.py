# SPDX-License-Identifier: Apache-2.0
"""What a part of a nest takes from around it, and its form: the same for parts that differ in names alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from unrut.emitter.lower.renaming import Renaming
from unrut.emitter.nest import Buffer, Declare, Invoke, Loop, Move, Node, Routine, Space
from unrut.emitter.render.walk import accesses, expressions, filled, nodes
from unrut.program.nodes import AxisValue
from unrut.program.walk import subexpressions


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A body with the axes and buffers that it has from around it, in the order in which it mentions them."""

    body: tuple[Node, ...]
    axes: tuple[str, ...]
    targets: tuple[Buffer, ...]
    sources: tuple[Buffer, ...]

    def form(self) -> Routine:
        """The routine of all bodies like this one, with numbers for names."""
        inside = list(nodes(self.body))
        axes = [*self.axes, *dict.fromkeys(_bound(inside))]
        own = dict.fromkeys(node.buffer.name for node in inside if isinstance(node, Declare))
        given = {b.name: b.name if _is_fixed(b) else f"given {k}" for k, b in enumerate((*self.targets, *self.sources))}
        renaming = Renaming(
            axes={axis: AxisValue(axis=f"axis {k}") for k, axis in enumerate(axes)},
            buffers={**given, **{name: f"own {k}" for k, name in enumerate(own)}},
        )
        return Routine(
            name="",
            values=tuple(f"axis {k}" for k in range(len(self.axes))),
            targets=tuple(map(renaming.buffer, self.targets)),
            sources=tuple(map(renaming.buffer, self.sources)),
            body=renaming.body(self.body),
        )

    def routine(self, name: str, note: str) -> Routine:
        """The body as a routine, with the names that it has."""
        return Routine(
            name=name, values=self.axes, targets=self.targets, sources=self.sources, body=self.body, note=note
        )

    def invoke(self, routine: str, note: str) -> Invoke:
        """What to put in its place."""
        return Invoke(
            routine=routine,
            values=tuple(AxisValue(axis=axis) for axis in self.axes),
            targets=tuple(b.name for b in self.targets),
            sources=tuple(b.name for b in self.sources),
            note=note,
        )


def _bound(inside: Iterable[Node]) -> Iterator[str]:
    """The axes that nodes bind themselves."""
    for node in inside:
        match node:
            case Loop(axis=axis):
                yield axis
            case Move(across=across, along=along):
                yield from (across, along)
            case _:
                pass


def _is_fixed(buffer: Buffer) -> bool:
    return buffer.space in (Space.operand, Space.result)


def closed(body: tuple[Node, ...], buffers: Mapping[str, Buffer]) -> Closed:
    """The body with what it needs of `buffers`, those in force where it stands."""
    inside = list(nodes(body))
    bound = set(_bound(inside))
    own = {node.buffer.name for node in inside if isinstance(node, Declare)}
    mentioned = dict.fromkeys(
        part.axis
        for node in inside
        for expr in expressions(node)
        for part in subexpressions(expr)
        if isinstance(part, AxisValue)
    )
    used = dict.fromkeys(
        name
        for node in inside
        for name in (
            *((*node.targets, *node.sources) if isinstance(node, Invoke) else ()),
            *(name for name, _ in accesses(node)),
        )
    )
    written = {name for node in inside for name in filled(node)}
    given = [buffers[name] for name in used if name not in own]
    return Closed(
        body=body,
        axes=tuple(axis for axis in mentioned if axis not in bound),
        targets=tuple(b for b in given if b.name in written),
        sources=tuple(b for b in given if b.name not in written),
    )


def merged(routine: Routine, note: str) -> Routine:
    """The routine, serving one more statement."""
    notes = routine.note.split(", ") if routine.note else []
    return routine if note in notes or not note else replace(routine, note=", ".join([*notes, note]))
