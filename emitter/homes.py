# SPDX-License-Identifier: Apache-2.0
"""Where every tensor of a program lives in the code that a plan makes of it, and how many bytes that is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unrut.emitter.graph import Graph
from unrut.emitter.nest import Buffer, Declare, Nest, Space
from unrut.emitter.render.walk import everything
from unrut.emitter.schedule.apply import applied
from unrut.program.extents import Extent, evaluate
from unrut.program.nodes import Program

if TYPE_CHECKING:
    from unrut.emitter.schedule.plan import Plan

PLACES: Mapping[Space, str] = {
    Space.operand: "given",
    Space.result: "result",
    Space.workspace: "workspace",
    Space.scratch: "scratch",
    Space.register: "register",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One tensor. `place`: given, result, workspace (memory, one for a call), scratch (one for each worker, meant for its
    cache), register, recomputed (nowhere: computed where it is read), or unused.

    `shape` and `held` say what stands at a time, `whole` the bytes of the tensor if all of it stood. `readers` name the
    computations that read it.
    """

    tensor: str
    statement: str
    dtype: str
    place: str
    shape: tuple[int, ...]
    held: int
    whole: int
    readers: tuple[str, ...] = ()

    @property
    def in_memory(self) -> bool:
        """Whether it is written to memory whole."""
        return self.place in ("given", "result", "workspace")


def homes(program: Program, graph: Graph, plan: Plan, nest: Nest, sizes: Mapping[str, int]) -> tuple[Home, ...]:
    """Operands, then every tensor in the order of the computations, then statements that nothing needs."""
    buffers = {buffer.name: buffer for buffer in (*nest.buffers, *_registers(nest))}
    flat = applied(graph, plan)
    found = [_given(flat, operand.name, sizes) for operand in graph.program.operands]
    for name in (e.computation for e in plan.entries if e.computation not in graph.names()):
        if name in buffers:
            copy = buffers[name]
            found.append(_at(copy, _bytes(copy.shape, copy.dtype.size, sizes), sizes, "", _readers(flat, name)))
    for c in graph.computations:
        whole = _bytes(c.shape, c.dtype.size, sizes)
        if c.name in buffers:
            found.append(_at(buffers[c.name], whole, sizes, c.statement, _readers(flat, c.name)))
        else:
            place = "recomputed" if c.name in plan.inlined else "register"
            found.append(_home(c.name, c.statement, c.dtype.name, place, whole, _readers(graph, c.name)))
    known = {home.tensor for home in found} | {c.statement for c in graph.computations}
    for s in program.defining():
        if s.target not in known:
            found.append(_home(s.target, s.target, s.dtype.name, "unused", _bytes(s.shape, s.dtype.size, sizes), ()))
    return tuple(found)


def _registers(nest: Nest) -> Iterator[Buffer]:
    yield from (node.buffer for node in everything(nest) if isinstance(node, Declare))


def _readers(graph: Graph, tensor: str) -> tuple[str, ...]:
    return tuple(c.name for c in graph.computations if any(r.tensor == tensor for r in c.reads()))


def _shape(shape: tuple[Extent, ...], sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(max(0, evaluate(extent, sizes)) for extent in shape)


def _bytes(shape: tuple[Extent, ...], size: int, sizes: Mapping[str, int]) -> int:
    return math.prod(_shape(shape, sizes)) * size


def _given(graph: Graph, name: str, sizes: Mapping[str, int]) -> Home:
    dtype, shape = graph.dtype_of(name), graph.shape_of(name)
    whole = _bytes(shape, dtype.size, sizes)
    return Home(
        tensor=name,
        statement="",
        dtype=dtype.name,
        place="given",
        shape=_shape(shape, sizes),
        held=whole,
        whole=whole,
        readers=_readers(graph, name),
    )


def _at(buffer: Buffer, whole: int, sizes: Mapping[str, int], statement: str, readers: tuple[str, ...]) -> Home:
    return Home(
        tensor=buffer.name,
        statement=statement,
        dtype=buffer.dtype.name,
        place=PLACES.get(buffer.space, buffer.space.value),
        shape=_shape(buffer.shape, sizes),
        held=_bytes(buffer.shape, buffer.dtype.size, sizes),
        whole=whole,
        readers=readers,
    )


def _home(tensor: str, statement: str, dtype: str, place: str, whole: int, readers: tuple[str, ...]) -> Home:
    return Home(
        tensor=tensor,
        statement=statement,
        dtype=dtype,
        place=place,
        shape=(),
        held=0,
        whole=whole,
        readers=readers,
    )
