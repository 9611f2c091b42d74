# SPDX-License-Identifier: Apache-2.0
"""What a part of a nest takes from around it, and its form: the same for parts that differ in names alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from unrut.emitter.lower.holes import Holes, hole
from unrut.emitter.lower.renaming import Renaming
from unrut.emitter.nest import Buffer, Declare, Invoke, Loop, Move, Node, Routine, Space
from unrut.emitter.render.walk import accesses, filled, nodes
from unrut.program.nodes import AxisValue, Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The routine of all bodies of one form, with numbers for names and holes for values; what fills them, and the names."""

    routine: Routine
    values: tuple[Expr, ...]
    names: Renaming


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A body with the buffers that it has from around it, in the order in which it mentions them."""

    body: tuple[Node, ...]
    targets: tuple[Buffer, ...]
    sources: tuple[Buffer, ...]

    def form(self) -> Form:
        """What is the same for all bodies like this one."""
        inside = list(nodes(self.body))
        axes = list(dict.fromkeys(_bound(inside)))
        own = dict.fromkeys(node.buffer.name for node in inside if isinstance(node, Declare))
        given = {b.name: b.name if _is_fixed(b) else f"given {k}" for k, b in enumerate((*self.targets, *self.sources))}
        buffers = {**given, **{name: f"own {k}" for k, name in enumerate(own)}}
        numbered = {axis: f"axis {k}" for k, axis in enumerate(axes)}
        renaming = Renaming(axes={axis: AxisValue(axis=name) for axis, name in numbered.items()}, buffers=buffers)
        holes = Holes(bound=frozenset(numbered.values()))
        body = holes.body(renaming.body(self.body))
        return Form(
            routine=Routine(
                name="",
                values=tuple(map(hole, range(len(holes.found)))),
                targets=tuple(map(renaming.buffer, self.targets)),
                sources=tuple(map(renaming.buffer, self.sources)),
                body=body,
            ),
            values=tuple(holes.found),
            names=Renaming(
                axes={name: AxisValue(axis=axis) for axis, name in numbered.items()},
                buffers={name: buffer for buffer, name in buffers.items()},
            ),
        )


def _bound(inside: Iterable[Node]) -> Iterator[str]:
    """The axes that nodes bind themselves."""
    for node in inside:
        match node:
            case Loop(axis=axis):
                yield axis
            case Move(across=across, along=along):
                yield from (*across, along)
            case _:
                pass


def _is_fixed(buffer: Buffer) -> bool:
    return buffer.space in (Space.operand, Space.result)


def closed(body: tuple[Node, ...], buffers: Mapping[str, Buffer]) -> Closed:
    """The body with what it needs of `buffers`, those in force where it stands."""
    inside = list(nodes(body))
    own = {node.buffer.name for node in inside if isinstance(node, Declare)}
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
        targets=tuple(b for b in given if b.name in written),
        sources=tuple(b for b in given if b.name not in written),
    )


def merged(routine: Routine, note: str) -> Routine:
    """The routine, serving one more statement."""
    notes = routine.note.split(", ") if routine.note else []
    return routine if note in notes or not note else replace(routine, note=", ".join([*notes, note]))
