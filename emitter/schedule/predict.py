# SPDX-License-Identifier: Apache-2.0
"""The time that a plan is predicted to take: what each computation keeps busy, in vector operations and in bytes.

    seconds = sum over kernels of max(arithmetic / threads, bytes / bandwidth) + start of a team

- arithmetic of a computation: for each vector of its lanes the operations of a term (a product that is added counts once),
  beside the vectors that must be loaded: an access that does not go along a row of the register tile is loaded once for all
  its rows. Of the two the larger counts in full, the smaller to OVERLAP. Few accumulators wait for each other: LATENCY.
- bytes of a kernel: each tensor in memory that it touches, once; what it writes is read first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from unrut.emitter.graph.access import Access
from unrut.emitter.graph.computation import Computation, Folded, Graph
from unrut.emitter.graph.selection import is_selection
from unrut.emitter.machine import Machine
from unrut.emitter.nest import Space
from unrut.emitter.rates import TYPICAL, Rates
from unrut.emitter.schedule.costs import (
    BROADCAST,
    GATHER_PER_LANE,
    HEAVY,
    TREE,
    UNIT,
    Strides,
    iterations,
    lengths,
    number_of,
    places,
    work,
)
from unrut.emitter.schedule.plan import Entry, Plan
from unrut.emitter.schedule.selections import LINE, by_network, exchanges
from unrut.emitter.schedule.storage import storage
from unrut.program.nodes import Call, Cast, Expr, Read, ReduceKind, Where
from unrut.program.walk import children, reads

OVERLAP = 0.3
LATENCY = 8.0  # accumulators that keep two pipes of four steps busy
ITERATION = 2.0  # operations that an innermost loop costs beside its body


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One computation: vector operations of all of its places, the vectors that it moves, and why."""

    computation: str
    operations: float
    moves: float

    @property
    def vectors(self) -> float:
        return max(self.operations, self.moves) + OVERLAP * min(self.operations, self.moves)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelCost:
    """One kernel: its computations, bytes to and from memory, and how many tasks it has."""

    costs: tuple[Cost, ...]
    bytes: int
    tasks: int

    def used(self, threads: int) -> int:
        """How many threads have something to do."""
        return max(1, min(threads, self.tasks))

    def arithmetic(self, threads: int, rates: Rates) -> float:
        """Seconds of work in registers and near caches."""
        return sum(cost.vectors for cost in self.costs) / rates.vectors / self.used(threads)

    def moving(self, threads: int, rates: Rates) -> float:
        """Seconds of moving tensors."""
        return _moving(self.bytes, self.used(threads), rates)

    def seconds(self, threads: int, rates: Rates) -> float:
        """The predicted time on so many threads."""
        start = rates.start if self.used(threads) > 1 else 0.0
        return max(self.arithmetic(threads, rates), self.moving(threads, rates)) + start


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a plan is predicted to cost, kernel by kernel."""

    kernels: tuple[KernelCost, ...]

    def seconds(self, threads: int, rates: Rates = TYPICAL) -> float:
        """The predicted time of a call on so many threads."""
        return sum(kernel.seconds(threads, rates) for kernel in self.kernels)


def predict(graph: Graph, plan: Plan, strides: Strides, machine: Machine) -> Prediction:
    """The cost of a graph (of the plan: inlined, staged) under a legal plan."""
    kernels = []
    for entries in plan.kernels():
        costs = tuple(_cost(graph.computation(e.computation), e, strides, machine) for e in entries)
        kernels.append(KernelCost(costs=costs, bytes=_bytes(graph, plan, entries), tasks=_tasks(graph, entries[0])))
    return Prediction(kernels=tuple(kernels))


def floor(graph: Graph, machine: Machine, rates: Rates, threads: int) -> float:
    """Seconds that no plan goes below: all operations in full vectors, or operands and results moved once."""
    vectors = sum(iterations(c) * _operations(c) / machine.lanes(c.body.dtype.size) for c in graph.computations)
    tensors = (*(operand.name for operand in graph.program.operands), *graph.program.results)
    return max(vectors / rates.vectors / threads, _moving(sum(_size(graph, t) for t in tensors), threads, rates))


def _moving(count: int, threads: int, rates: Rates) -> float:
    """Seconds for so many bytes, from memory as far as the last cache has lost them before they are used again."""
    far = min(1.0, max(0.0, count / rates.cached - 0.5))
    memory = rates.memory if threads == 1 else rates.together
    return count * (far / memory + (1 - far) / (rates.near * threads))


def _tasks(graph: Graph, entry: Entry) -> int:
    extents = graph.computation(entry.computation).extents()
    return prod(-(-number_of(extents[over.axis]) // over.block) for over in entry.loops[: entry.tasks])


def _bytes(graph: Graph, plan: Plan, entries: tuple[Entry, ...]) -> int:
    made = {entry.computation for entry in entries}
    total = 0
    for name in sorted(made):
        if storage(graph, plan, name).space in (Space.result, Space.workspace):
            total += 2 * _size(graph, name)
    read = {r.tensor for e in entries for r in graph.computation(e.computation).reads()}
    return total + sum(_size(graph, name) for name in sorted(read - made))


def _size(graph: Graph, tensor: str) -> int:
    return places(graph.shape_of(tensor)) * graph.dtype_of(tensor).size


def _cost(computation: Computation, entry: Entry, strides: Strides, machine: Machine) -> Cost:
    many = lengths(computation)
    total = float(prod(many.values()))
    results = places(computation.shape)
    lanes = machine.lanes(computation.body.dtype.size) if entry.lanes else 1
    vectors = total / many[entry.lanes] * -(-many[entry.lanes] // lanes) if entry.lanes else total
    tile = _tile(entry, many, lanes)
    own = _operations(computation)
    if is_selection(computation):
        around = total / places(axis.extent for axis in computation.reduced)
        own += around * exchanges(computation) / total if by_network(computation) else LINE
    reduced = {axis.name for axis in computation.reduced}
    if reduced:
        chains = prod(tile.values())
        length = prod(many[axis] for axis in reduced)
        own = max(own, min(LATENCY, length) / max(chains, 1.0))
    moves = sum(_moved(access, entry.lanes, lanes, tile, strides) for access in strides.accesses[computation.name])
    operations = vectors * own + vectors / max(prod(tile.values()), 1.0) * ITERATION
    stored = float(results)
    if entry.lanes in reduced:
        operations += results * TREE
    elif entry.lanes:
        stored = results / many[entry.lanes] * -(-many[entry.lanes] // lanes)
    return Cost(computation=computation.name, operations=operations, moves=vectors * moves + stored)


def _tile(entry: Entry, many: Mapping[str, int], lanes: int) -> dict[str, float]:
    """How many vectors the register tile has along each axis."""
    blocks = {over.axis: over.block for over in (*entry.loops, *entry.reduce) if over.block > 1}
    tile = {axis: float(blocks.get(axis, many[axis])) for axis in entry.tile}
    if entry.lanes and entry.lanes not in tile:
        tile[entry.lanes] = float(blocks.get(entry.lanes, 1))
    if entry.lanes:
        tile[entry.lanes] = max(1.0, min(tile[entry.lanes], many[entry.lanes]) / lanes)
    return tile


def _moved(access: Access, lane: str, lanes: int, tile: dict[str, float], strides: Strides) -> float:
    """Vector loads of an access for each vector of lanes, shared by the rows of the tile that it does not depend on."""
    axes = access.axes()
    shared = prod(count for axis, count in tile.items() if axis not in axes)
    step = strides.along(access, lane) if lane else 0
    if not lane or step == 1:
        each = 2 * UNIT
    elif step == 0:
        each = BROADCAST * 2
    else:
        each = GATHER_PER_LANE * lanes
    return each / max(shared, 1.0)


def _operations(computation: Computation) -> float:
    """Operations of one term and of adding it, as a compiler leaves them: what is written twice is computed once, a product
    that is added comes with the addition, and conditions on places alone are decided by the loops."""
    distinct = {part for term in computation.terms for part in _evaluated(term)}
    total = sum(HEAVY.get(part.function, 1.0) for part in distinct)
    total -= sum(part.function in ("add", "subtract") and any(map(_is_product, part.arguments)) for part in distinct)
    if computation.reduction is None:
        return total
    kind = computation.reduction.kind
    if isinstance(kind, Folded):
        return total + sum(map(work, kind.combine))
    return total + (0.0 if kind is ReduceKind.sum and _is_product(computation.body) else 1.0)


def _evaluated(expr: Expr) -> Iterator[Call]:
    """The calls that are evaluated place by place; of the branches of a choice by places the longer one."""
    if isinstance(expr, Read):
        return
    if isinstance(expr, Where) and next(reads(expr.condition), None) is None:
        yield from max((tuple(_evaluated(branch)) for branch in (expr.then, expr.otherwise)), key=len)
        return
    if isinstance(expr, Call):
        yield expr
    for part in children(expr):
        yield from _evaluated(part)


def _is_product(expr: Expr) -> bool:
    while isinstance(expr, Cast):
        expr = expr.operand
    return isinstance(expr, Call) and expr.function == "multiply" and expr.dtype.is_float
