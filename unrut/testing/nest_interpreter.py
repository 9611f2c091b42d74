# SPDX-License-Identifier: Apache-2.0
"""A Nest executed in plain Python, slowly and suspiciously: the oracle for lowering that needs no compiler.

Every index is checked against its buffer, every read against what was written before. Tasks of one kernel and iterations of
a vector loop run in a shuffled order; two tasks of one kernel that touch the same shared element, one of them writing, are a
race. Scratch and registers are forgotten between tasks. At the end every element of a result must have been written.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

import numpy as np

from unrut.emitter.nest import (
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
    Select,
    Sort,
    Space,
    Store,
)
from unrut.errors import InternalError, RangeError
from unrut.program.extents import evaluate, names
from unrut.program.nodes import Expr
from unrut.testing.scalar_machine import Closure, Frame, compile_expression, meaning

SHARED = (Space.result, Space.workspace)


@dataclass(slots=True)
class Memory:
    """One live buffer: contents, which elements hold a value, and which task of the running kernel wrote or read them."""

    buffer: Buffer
    data: np.ndarray[Any, Any]
    known: np.ndarray[Any, Any]
    writer: dict[tuple[int, ...], int] = field(default_factory=dict)
    readers: dict[tuple[int, ...], set[int]] = field(default_factory=dict)


class Run:
    """One execution. `task` is the number of the task that runs now; live buffers are in `memory`."""

    def __init__(
        self, nest: Nest, arrays: Mapping[str, np.ndarray[Any, Any]], scalars: Mapping[str, float], seed: int
    ) -> None:
        self.nest = nest
        self.scalars = scalars
        self.sizes = _sizes(nest, arrays)
        self.random = random.Random(seed)
        self.task = 0
        self.memory = {b.name: self._allocate(b, arrays.get(b.name)) for b in nest.buffers}

    def _allocate(self, buffer: Buffer, given: np.ndarray[Any, Any] | None = None) -> Memory:
        shape = tuple(max(0, evaluate(e, self.sizes)) for e in buffer.shape)
        if buffer.space is Space.operand:
            if given is None or given.shape != shape or given.dtype != buffer.dtype.numpy:
                raise InternalError(f"operand {buffer.name} must be {buffer.dtype.name}{list(shape)}")
            return Memory(buffer=buffer, data=given, known=np.ones(shape, bool))
        return Memory(buffer=buffer, data=np.full(shape, 77, buffer.dtype.numpy), known=np.zeros(shape, bool))

    def fetch(self, name: str, place: tuple[int, ...]) -> Any:
        memory = self._at(name, place, "reads")
        if not memory.known[place]:
            raise InternalError(f"{self.nest.name} reads {name}{list(place)} before it is written")
        if memory.buffer.space in SHARED:
            if memory.writer.get(place, self.task) != self.task:
                raise InternalError(
                    f"race: task {self.task} reads {name}{list(place)}, written by task {memory.writer[place]}"
                )
            memory.readers.setdefault(place, set()).add(self.task)
        return memory.data[place]

    def foresee(self, name: str, place: tuple[int, ...]) -> None:
        """What is fetched has to lie inside; nothing else is asked of it."""
        self._at(name, place, "fetches")

    def put(self, name: str, place: tuple[int, ...], value: Any) -> None:
        memory = self._at(name, place, "writes")
        if memory.buffer.space is Space.operand:
            raise InternalError(f"{self.nest.name} writes its operand {name}")
        if value.dtype != memory.data.dtype:
            raise InternalError(f"{self.nest.name} stores {value.dtype} in {name}, which is {memory.data.dtype}")
        if memory.buffer.space in SHARED:
            others = ({memory.writer[place]} if place in memory.writer else set()) | memory.readers.get(place, set())
            if others - {self.task}:
                raise InternalError(f"race: tasks {self.task} and {others - {self.task}} meet at {name}{list(place)}")
            memory.writer[place] = self.task
        memory.data[place] = value
        memory.known[place] = True

    def _at(self, name: str, place: tuple[int, ...], what: str) -> Memory:
        if name not in self.memory:
            raise InternalError(f"{self.nest.name} {what} {name}, which is not declared here")
        memory = self.memory[name]
        if len(place) != memory.data.ndim or not all(0 <= p < n for p, n in zip(place, memory.data.shape, strict=True)):
            raise InternalError(f"{self.nest.name} {what} {name}{list(place)} outside {list(memory.data.shape)}")
        return memory

    def close(self, expr: Expr) -> Closure:
        return compile_expression(expr, self.fetch, self.sizes, self.scalars)

    def kernel(self, kernel: Kernel) -> None:
        body = self.block(kernel.body)
        ranges = [range(0, int(self.close(t.stop)({})), t.step) for t in kernel.tasks]
        tasks = list(itertools.product(*ranges))
        self.random.shuffle(tasks)
        for memory in self.memory.values():
            memory.writer.clear()
            memory.readers.clear()
        for self.task, values in enumerate(tasks):
            for memory in self.memory.values():
                if memory.buffer.space is Space.scratch:
                    memory.known[...] = False
            body(dict(zip((t.axis for t in kernel.tasks), values, strict=True)))

    def block(self, nodes: tuple[Node, ...]) -> Callable[[Frame], None]:
        steps = [self.node(node) for node in nodes]
        declared = [node.buffer for node in nodes if isinstance(node, Declare)]

        def run(frame: Frame) -> None:
            for step in steps:
                step(frame)
            for buffer in declared:
                del self.memory[buffer.name]

        return run

    def node(self, node: Node) -> Callable[[Frame], None]:
        match node:
            case Declare(buffer=buffer):
                return lambda frame: self._declare(buffer)
            case Store(buffer=name, subscripts=subscripts, value=value):
                places, result = [self.close(s) for s in subscripts], self.close(value)
                return lambda frame: self.put(name, tuple(int(p(frame)) for p in places), result(frame))
            case Accumulate(buffer=name, subscripts=subscripts, function=function, value=value):
                places, result, combine = [self.close(s) for s in subscripts], self.close(value), meaning(function)

                def accumulate(frame: Frame) -> None:
                    place = tuple(int(p(frame)) for p in places)
                    old, new = self.fetch(name, place), result(frame)
                    if old.dtype != new.dtype:
                        raise InternalError(f"{name} ({old.dtype}) accumulates {new.dtype}")
                    self.put(name, place, old.dtype.type(combine(old, new)))

                return accumulate
            case Fetch(buffer=name, subscripts=subscripts):
                at = [self.close(s) for s in subscripts]
                return lambda frame: self.foresee(name, tuple(int(p(frame)) for p in at))
            case Move():
                return self.loop(node.loops())
            case Select() | Sort():
                return self.line(node)
            case Guard(condition=condition, body=body, otherwise=otherwise):
                test, yes, no = self.close(condition), self.block(body), self.block(otherwise)
                return lambda frame: yes(frame) if test(frame) else no(frame)
            case Loop():
                return self.loop(node)
            case Invoke():
                return self.invoke(node)
            case _:
                assert_never(node)

    def line(self, node: Select | Sort) -> Callable[[Frame], None]:
        """Order the elements of a line, each read as if alone; a target holds nothing until it is given all."""
        starts, length = [self.close(s) for s in node.subscripts], self.close(node.length)
        ranks = [self.close(r) for r in node.ranks] if isinstance(node, Select) else None

        def run(frame: Frame) -> None:
            shape = self.memory[node.source].data.shape
            first = np.ravel_multi_index(tuple(int(s(frame)) for s in starts), shape) if 0 not in shape else 0
            count = int(length(frame))
            found = [self.fetch(node.source, _unraveled(int(first) + k, shape)) for k in range(count)]
            order = sorted(range(count), key=lambda k: (found[k], k))
            asked = range(count) if ranks is None else [int(rank(frame)) for rank in ranks]
            if node.spare:
                self.forget(node.spare, count)
            for at, rank in enumerate(asked):
                if not 0 <= rank < max(1, count):
                    raise InternalError(f"{self.nest.name} asks for rank {rank} of {count}")
                value = self.memory[node.target].data.dtype.type(order[rank] if node.places else found[order[rank]])
                self.put(node.target, (at,), value)

        return run

    def forget(self, name: str, count: int) -> None:
        """The first elements of a spare buffer are lost; it has to have so many."""
        memory = self._at(name, (count - 1,), "spares") if count else self.memory[name]
        memory.known[:count] = False

    def invoke(self, node: Invoke) -> Callable[[Frame], None]:
        """A routine sees its own axes and buffers, nothing else."""
        routine = self.nest.routine(node.routine)
        values, body = [self.close(v) for v in node.values], self.block(routine.body)
        names = [b.name for b in (*routine.targets, *routine.sources)]

        def run(frame: Frame) -> None:
            outside = self.memory
            given = {axis: int(value(frame)) for axis, value in zip(routine.values, values, strict=True)}
            self.memory = {n: outside[m] for n, m in zip(names, (*node.targets, *node.sources), strict=True)}
            body(given)
            self.memory = outside

        return run

    def _declare(self, buffer: Buffer) -> None:
        if (
            buffer.name in self.memory
            or buffer.space is not Space.register
            or not all(e.is_fixed for e in buffer.shape)
        ):
            raise InternalError(f"{buffer.name} is not a register buffer of a fresh name and fixed extents")
        self.memory[buffer.name] = self._allocate(buffer)

    def loop(self, loop: Loop) -> Callable[[Frame], None]:
        start, stop, body = self.close(loop.start), self.close(loop.stop), self.block(loop.body)

        def run(frame: Frame) -> None:
            if loop.axis in frame:
                raise InternalError(f"loop axis {loop.axis} is bound already")
            places = list(range(int(start(frame)), int(stop(frame)), loop.step))
            if loop.kind is LoopKind.vector:
                self.random.shuffle(places)
            for place in places:
                body(frame | {loop.axis: place})

        return run


def _unraveled(place: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A flat place; one beyond the end leaves the first dimension, and is refused there."""
    rest = int(np.prod(shape[1:], dtype=np.int64))
    return (place // rest, *(int(k) for k in np.unravel_index(place % rest, shape[1:])))


def _sizes(nest: Nest, arrays: Mapping[str, np.ndarray[Any, Any]]) -> dict[str, int]:
    """Run-time sizes from the operands' shapes: a size is read off a dimension that is just its name."""
    found: dict[str, int] = {}
    for buffer in nest.buffers:
        if buffer.space is Space.operand:
            for extent, size in zip(buffer.shape, arrays[buffer.name].shape, strict=True):
                if str(extent) in names(extent):
                    found.setdefault(str(extent), size)
    return found


def _unwritten(memory: Memory) -> Iterator[str]:
    for place in np.argwhere(~memory.known)[:3]:
        yield f"{memory.buffer.name}{place.tolist()}"


def run(
    nest: Nest, arrays: Mapping[str, np.ndarray[Any, Any]], scalars: Mapping[str, float] | None = None, *, seed: int = 0
) -> dict[str, np.ndarray[Any, Any]]:
    """Execute `nest` on operands by name and return its results by name.

    Raises RangeError where a check says that the data is invalid, InternalError at the first index outside a buffer, read
    of something unwritten, race between tasks, wrong dtype, or, at the end, for results that were not written everywhere.
    `seed` shuffles tasks and vector iterations.
    """
    with np.errstate(all="ignore"):
        execution = Run(nest, arrays, scalars or {}, seed)
        for number, kernel in enumerate(nest.kernels, 1):
            execution.kernel(kernel)
            for check in nest.checks:
                if check.after == number and execution.memory[check.buffer].data[()]:
                    raise RangeError(f"{nest.name} needs {check.needed}")
    results = {name: m for name, m in execution.memory.items() if m.buffer.space is Space.result}
    missing = [text for memory in results.values() for text in _unwritten(memory)]
    if missing:
        raise InternalError(f"{nest.name} never writes {', '.join(missing)}")
    return {name: memory.data for name, memory in results.items()}
