# SPDX-License-Identifier: Apache-2.0
"""The Nest: every loop, buffer, store and barrier of the generated code, for any target.

    Nest   = buffers, routines, kernels, checks  a barrier lies between each kernel and the next
    Kernel = tasks, body               tasks: outer axes whose iterations run in any order, in parallel
    Routine = values, targets, sources, body    work that stands by itself, done where an Invoke says so
    Node   = Loop | Guard | Declare | Store | Accumulate | Move | Select | Sort | Fetch | Invoke

Expressions are `unrut.program.nodes.Expr` without Reduce, Along, Where-policies: a Read has `outside=None`, names a buffer,
and its subscripts are inside the buffer whenever it is evaluated (guards and lazy Where included). AxisValue names a task
axis or an enclosing loop. Bounds of loops are i64 expressions of enclosing axes and run-time sizes (ExtentValue).

What is not said here is not decided: renderers choose spellings, never loops, order, storage or barriers.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Union

from unrut.program.extents import Extent
from unrut.program.nodes import Const, Expr, Precondition, Read
from unrut.program.types import DType
from unrut.spans import Span


class Space(enum.Enum):
    """Where a buffer lives."""

    operand = "operand"
    """Given by the caller, only read."""
    result = "result"
    """Given by the caller, every element written, nothing read before it is written."""
    workspace = "workspace"
    """One for the call, shared by all workers."""
    scratch = "scratch"
    """One for each worker; contents do not survive a task."""
    register = "register"
    """A local of the enclosing block: fixed extents, small; rank 0 is a plain variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """A named array. Workspace, scratch and register buffers are dense in C order; others follow their Layout."""

    name: str
    dtype: DType
    shape: tuple[Extent, ...]
    space: Space


class LoopKind(enum.Enum):
    """How iterations of a loop may run. Every kind may be run in order; vector and unrolled ones have no other meaning."""

    serial = "serial"
    vector = "vector"
    """Iterations are independent and meant for vector lanes."""
    unrolled = "unrolled"
    """Fixed bounds, meant to be written out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """`for axis from start, while below stop, by step` (step > 0). `note` says which statement it serves, for readers."""

    axis: str
    start: Expr
    stop: Expr
    body: tuple[Node, ...]
    step: int = 1
    kind: LoopKind = LoopKind.serial
    note: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Run `body` where `condition` (bool) holds, else `otherwise`."""

    condition: Expr
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...] = ()
    note: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declare:
    """A register buffer, from here to the end of the enclosing body. Contents are undefined until stored."""

    buffer: Buffer
    note: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """`buffer[subscripts] = value`; value has the buffer's dtype."""

    buffer: str
    subscripts: tuple[Expr, ...]
    value: Expr
    note: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accumulate:
    """`buffer[subscripts] = function(buffer[subscripts], value)` for a two-argument function of the same dtype."""

    buffer: str
    subscripts: tuple[Expr, ...]
    function: str
    value: Expr
    note: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """`buffer[subscripts] = value` for all `across` below `rows` and `along` below `columns`: a tile of elements as they are.

    Rows may be those of several axes, the last of them fastest. All these axes are bound in the subscripts of both sides
    alone, which are linear in them. Neighbours along are meant to be neighbours in memory where the value is read, and
    neighbours along or across where it is put: in the second case the tile is turned in vector registers. `past`: the buffer
    is written past the caches, and all of it is there when the kernel ends. For any strides it means the same.
    """

    buffer: str
    subscripts: tuple[Expr, ...]
    value: Read
    across: tuple[str, ...]
    rows: tuple[Expr, ...]
    along: str
    columns: Expr
    past: bool = False
    note: str = field(default="", compare=False)

    def axes(self) -> tuple[tuple[str, Expr], ...]:
        """Each axis and its extent, outermost first."""
        return (*zip(self.across, self.rows, strict=True), (self.along, self.columns))

    def loops(self) -> Loop:
        """The same as loops over single elements."""
        body: Node = Store(buffer=self.buffer, subscripts=self.subscripts, value=self.value, note=self.note)
        zero = Const(value=0, dtype=self.columns.dtype)
        for axis, stop in reversed(self.axes()):
            body = Loop(axis=axis, start=zero, stop=stop, body=(body,), kind=LoopKind.vector, note=self.note)
        assert isinstance(body, Loop)
        return body


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """`target[k]` = what has rank `ranks[k]` (i64, 0 .. length - 1) on a line in ascending order, for each k.

    The line is `length` elements of `source` (dense, signed integers) that follow each other in memory from `subscripts` on,
    and stays as it is. `places`: not the element but its place on the line, i64; equal ones are ranked by place. `spare` is
    one more buffer of the source's dtype, of at least `length` elements, for lines that may be long; its contents are lost.
    On an empty line the target is the largest integer, or place 0.
    """

    target: str
    source: str
    subscripts: tuple[Expr, ...]
    length: Expr
    ranks: tuple[Expr, ...]
    places: bool = False
    spare: str = ""
    note: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """`target[k]` = what has rank k, for every rank: all of a line as in `Select`, in ascending order.

    `target` and `spare` are buffers of one dimension and of at least `length` elements, of the source's dtype, or i64 for
    `places`. The line stays as it is, the contents of `spare` are lost.
    """

    target: str
    source: str
    subscripts: tuple[Expr, ...]
    length: Expr
    spare: str
    places: bool = False
    note: str = field(default="", compare=False)


TEAM = 20_000_000
"""Picoseconds from which on several workers are worth waking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """Say that `buffer[subscripts]` will be read soon. It means nothing else; the subscripts are inside the buffer."""

    buffer: str
    subscripts: tuple[Expr, ...]
    note: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoke:
    """Do what a routine says, with these values (i64) for its axes and these buffers for its own, in its order."""

    routine: str
    values: tuple[Expr, ...]
    targets: tuple[str, ...]
    sources: tuple[str, ...]
    note: str = field(default="", compare=False)


Node = Union[Loop, Guard, Declare, Store, Accumulate, Move, Select, Sort, Fetch, Invoke]


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine:
    """`body` over axes `values`, buffers `targets`, which it writes, and `sources`, which it only reads: all that it knows.

    Each invocation gives values for the axes, and distinct buffers of the same dtypes, shapes and spaces. An operand or a
    result is always the one of that name. Sizes and scalars are those of the nest.
    """

    name: str
    values: tuple[str, ...]
    targets: tuple[Buffer, ...]
    sources: tuple[Buffer, ...]
    body: tuple[Node, ...]
    note: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAxis:
    """One axis of a kernel's tasks: 0, step, 2*step, ... below `stop`."""

    axis: str
    stop: Expr
    step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """`body` for every combination of the task axes, the last fastest. No tasks axes: one task.

    `work`, if there is one, are the picoseconds that it is predicted to take: below TEAM one worker does all tasks.
    """

    name: str
    tasks: tuple[TaskAxis, ...]
    body: tuple[Node, ...]
    work: Extent | None = None
    note: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """After the first `after` kernels, `buffer` (bool, no dimensions) says that data is invalid: then nothing more runs.

    `needed` says what has to hold, for the sake of `tensor`. The order of checks is that in which they are looked at.
    """

    buffer: str
    after: int
    tensor: str
    needed: str
    remedy: str = ""
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nest:
    """The whole call. `buffers` holds operands, results (in the program's order), workspace and scratch ones.

    A routine stands behind those that it invokes.
    """

    name: str
    sizes: tuple[str, ...]
    scalars: tuple[str, ...]
    buffers: tuple[Buffer, ...]
    kernels: tuple[Kernel, ...]
    preconditions: tuple[Precondition, ...] = ()
    checks: tuple[Check, ...] = ()
    routines: tuple[Routine, ...] = ()

    def routine(self, name: str) -> Routine:
        """The routine of this name."""
        return next(r for r in self.routines if r.name == name)

    def buffer(self, name: str) -> Buffer:
        """The buffer of this name that is not a register."""
        return next(b for b in self.buffers if b.name == name)
