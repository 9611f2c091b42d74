# SPDX-License-Identifier: Apache-2.0
"""A kernel's loop nest as a tree, with what each statement costs and where each tensor lives: for people.

    Tree   = costs by statement, homes by tensor, kernels
    Branch = a run of loops, or one node, with what it encloses

Loops that enclose nothing but one loop stand on one line: `ky 3 · kx 3 · ci 8`, outermost first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from unrut.emitter.homes import Home, homes
from unrut.emitter.lower.inlined import inlined
from unrut.emitter.nest import Declare, Guard, Kernel, Loop, LoopKind, Node
from unrut.emitter.nest_show import line, text
from unrut.emitter.render.walk import bodies
from unrut.emitter.report import TYPICAL, bytes_text, count_text, operations
from unrut.emitter.schedule.apply import applied
from unrut.errors import InternalError
from unrut.markup import foldable, page, pre, table, words
from unrut.program.nodes import Const
from unrut.program.show import Printer

if TYPE_CHECKING:
    from unrut.emitter.graph import Graph
    from unrut.emitter.pipeline import Trace

LOOP_KINDS: Mapping[LoopKind, str] = {LoopKind.vector: " in lanes", LoopKind.unrolled: " unrolled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One line, what it serves, and what lies inside."""

    text: str
    note: str = ""
    inner: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a statement costs in one call: operations, and bytes of tensors in memory that it reads and writes."""

    statement: str
    text: str
    operations: int
    read: int
    written: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The whole. `assumed` are run-time sizes that were not given and count as 128."""

    name: str
    costs: tuple[Cost, ...]
    homes: tuple[Home, ...]
    kernels: tuple[Branch, ...]
    assumed: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.show()

    def home(self, tensor: str) -> Home:
        """Where one tensor lives."""
        return next(home for home in self.homes if home.tensor == tensor)

    def show(self) -> str:
        """Two tables and the tree, as text."""
        lines = [f"{self.name}{_assumption(self.assumed)}", ""]
        lines += aligned(COST_HEAD, list(map(_cost_row, self.costs)), wide=4)
        lines += ["", *aligned(HOME_HEAD, list(map(_home_row, self.homes)), wide=6), ""]
        for kernel in self.kernels:
            lines += _drawn(kernel)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return page(*self.parts())

    def parts(self) -> list[str]:
        """The same as pieces of HTML."""
        costs = [[*row[:-1], words(row[-1])] for row in map(_cost_row, self.costs)]
        where = [[*row[:-1], words(row[-1])] for row in map(_home_row, self.homes)]
        drawn = "\n".join(line for kernel in self.kernels for line in _drawn(kernel))
        return [
            foldable(f"what it costs{_assumption(self.assumed)}", table(COST_HEAD, costs), is_open=True),
            foldable("where tensors live", table(HOME_HEAD, where), is_open=True),
            foldable("loops", pre(drawn)),
        ]


COST_HEAD = ("statement", "operations", "bytes read", "written", "")
HOME_HEAD = ("tensor", "dtype", "lives in", "held", "bytes", "of whole", "read by")
WIDEST = 72


def tree(trace: Trace, sizes: Mapping[str, int] | None = None) -> Tree:
    """The tree of a trace that has come to its Nest. Sizes that are not given count as 128."""
    if trace.graph is None or trace.plan is None or trace.nest is None:
        raise InternalError("a tree needs a graph, a plan and a nest")
    known = dict(sizes or {})
    assumed = tuple(name for name in trace.program.sizes if name not in known)
    known |= dict.fromkeys(assumed, TYPICAL)
    found = homes(trace.program, trace.graph, trace.plan, trace.nest, known)
    return Tree(
        name=trace.program.name,
        costs=tuple(_costs(trace, applied(trace.graph, trace.plan), found, known)),
        homes=found,
        kernels=tuple(map(_kernel, inlined(trace.nest).kernels)),
        assumed=assumed,
    )


def _costs(trace: Trace, flat: Graph, found: Sequence[Home], sizes: Mapping[str, int]) -> Iterator[Cost]:
    """By statement, in the order of the text. Operations are those of the program as written."""
    assert trace.graph is not None
    in_memory = {home.tensor: home.whole for home in found if home.in_memory}
    printer = Printer(trace.program)
    for copy in (c for c in flat.computations if c.name not in trace.graph.names() and c.reduction is None):
        size = in_memory.get(copy.name, 0)
        said = f"a copy of {copy.statement} that lies as its readers like it"
        yield Cost(statement=copy.name, text=said, operations=0, read=size, written=size)
    for s in trace.program.defining():
        own = [c for c in flat.computations if c.statement == s.target]
        written = [c for c in trace.graph.computations if c.statement == s.target]
        read = {r.tensor for c in own for r in c.reads()} - {c.name for c in own}
        yield Cost(
            statement=s.target,
            text=printer.statement(s),
            operations=sum(operations(replace(trace.graph, computations=(c,)), sizes) for c in written),
            read=sum(in_memory.get(name, 0) for name in read),
            written=sum(in_memory.get(c.name, 0) for c in own),
        )


def _kernel(kernel: Kernel) -> Branch:
    tasks = ", ".join(f"{t.axis} {text(t.stop)}" + (f" by {t.step}" if t.step != 1 else "") for t in kernel.tasks)
    said = f"kernel {kernel.name}" + (f", in parallel over {tasks}" if tasks else "")
    return Branch(text=said, note=kernel.note, inner=tuple(_branches(kernel.body, kernel.note)))


def _branches(body: tuple[Node, ...], note: str) -> Iterator[Branch]:
    for node in body:
        own = node.note or note
        said = node.note if node.note != note else ""
        if isinstance(node, Loop):
            yield _run(node, own, said)
        elif isinstance(node, Guard) and node.condition == Const(value=True, dtype=node.condition.dtype):
            yield from _branches(node.body, own)
        elif not isinstance(node, Declare):
            inside = [tuple(_branches(part, own)) for part in bodies(node)]
            yield Branch(text=line(node).split("  # ")[0], note=said, inner=inside[0] if inside else ())
            yield from (Branch(text="otherwise", inner=part) for part in inside[1:] if part)


def _run(loop: Loop, note: str, said: str) -> Branch:
    """A loop with the loops right inside it."""
    names = [_loop(loop)]
    while len(loop.body) == 1 and isinstance(loop.body[0], Loop):
        loop = loop.body[0]
        note = loop.note or note
        names.append(_loop(loop))
    return Branch(text=" · ".join(names), note=said, inner=tuple(_branches(loop.body, note)))


def _loop(loop: Loop) -> str:
    first = text(loop.start)
    span = text(loop.stop) if first == "0" else f"{first} .. {text(loop.stop)}"
    step = f" by {loop.step}" if loop.step != 1 else ""
    return f"{loop.axis} {span}{step}{LOOP_KINDS.get(loop.kind, '')}"


def _drawn(branch: Branch, first: str = "", rest: str = "") -> Iterator[str]:
    yield first + branch.text + (f"   # {branch.note}" if branch.note else "")
    for k, inner in enumerate(branch.inner):
        last = k == len(branch.inner) - 1
        yield from _drawn(inner, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))


def _assumption(assumed: Sequence[str]) -> str:
    return f" (for {', '.join(f'{name} = {TYPICAL}' for name in assumed)})" if assumed else ""


def _cost_row(cost: Cost) -> list[str]:
    return [
        cost.statement,
        count_text(cost.operations),
        bytes_text(cost.read) if cost.read else "-",
        bytes_text(cost.written) if cost.written else "-",
        cost.text if len(cost.text) <= WIDEST else cost.text[: WIDEST - 3] + "...",
    ]


def _home_row(home: Home) -> list[str]:
    nowhere = home.place in ("recomputed", "unused")
    return [
        home.tensor,
        home.dtype,
        home.place,
        "-" if nowhere else f"[{', '.join(map(str, home.shape))}]",
        "-" if nowhere else bytes_text(home.held),
        bytes_text(home.whole),
        " ".join(home.readers),
    ]


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]], *, wide: int) -> list[str]:
    """Columns as text: the first and the one that may be wide at the left, the others at the right."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(row[c]) for row in lines) for c in range(len(head))]
    return [
        "  ".join(
            cell.ljust(widths[c]) if c in (0, wide) else cell.rjust(widths[c]) for c, cell in enumerate(row)
        ).rstrip()
        for row in lines
    ]
