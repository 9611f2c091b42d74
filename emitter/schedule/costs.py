# SPDX-License-Identifier: Apache-2.0
"""What the planner reckons with: operations of an expression, sizes of domains, strides of accesses. Units: vector operations.

Sizes known only at run time are taken as TYPICAL, ranges by data as TYPICAL_RANGE; the plan is legal for all sizes, and good
for sizes of that order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

from unrut.emitter.graph.access import Access, accesses, changed
from unrut.emitter.graph.computation import Computation, Folded, Graph
from unrut.emitter.graph.laws import law
from unrut.emitter.graph.ragged import owners
from unrut.emitter.graph.ranges import conjuncts
from unrut.emitter.graph.selection import is_selection, rank_axes
from unrut.emitter.layout import Layout
from unrut.emitter.machine import Machine
from unrut.emitter.schedule.selections import LINE, by_network, exchanges
from unrut.program.extents import Extent, evaluate, names
from unrut.program.nodes import Call, Const, Expr, Read, ReduceKind, Where
from unrut.program.remembering import remembered
from unrut.program.walk import children, free_axes, subexpressions

TYPICAL = 128
TYPICAL_RANGE = 16

HEAVY = {
    **dict.fromkeys(("divide", "sqrt", "reciprocal", "floor_divide", "remainder", "hypot", "cbrt"), 4.0),
    **dict.fromkeys("exp exp2 expm1 log log2 log10 log1p sin cos tanh sinh cosh erf".split(), 16.0),
    **dict.fromkeys(("order_key", "order_value"), 3.0),
    **dict.fromkeys("tan arcsin arccos arctan arcsinh arccosh arctanh arctan2 power logaddexp".split(), 30.0),
}  # fmt: skip

# Moving a vector between registers and a near cache, per kind of access; a gather costs its lanes.
UNIT, REVERSED, BROADCAST, GATHER_PER_LANE, TREE, MASK = 0.5, 1.0, 0.3, 0.7, 20.0, 2.0
REUSED = 0.25  # of the price, in a step of a cycle: what several rows of a tile, or several of its vectors, load once
ALIASED, PAGE = (
    4.0,
    4096,
)  # a gather's lane, where all are multiples of so many bytes apart: they share one set of a cache
TURNED = 6.0  # exchanges, loads and stores for a vector of a tile that is turned, of as many rows as lanes
SIDE = 8  # places of a side of a pointwise tile, below which there is little to turn
SERVED = 4  # places of a turned tile that a loaded vector has to serve
INTERLEAVED = 1.0  # of pairs: what lies between is loaded, too, and shuffled away


def work(expr: Expr) -> float:
    """Operations of one evaluation; index arithmetic inside of reads is free."""
    if isinstance(expr, Read):
        return 0.0
    own = HEAVY.get(expr.function, 1.0) if isinstance(expr, Call) else 0.0
    match expr:
        case Call(function="power", arguments=(_, Const(value=2))):
            own = 1.0
        case _:
            pass
    return own + sum(work(part) for part in children(expr))


@remembered
def effort(computation: Computation) -> float:
    """Operations of one place: its terms, and what combines them with the places before."""
    terms = sum(map(work, computation.terms))
    if computation.reduction is None:
        return terms
    kind = computation.reduction.kind
    return terms + (sum(map(work, kind.combine)) if isinstance(kind, Folded) else 1.0)


@remembered
def number_of(extent: Extent) -> int:
    """An extent as a number, at least 1."""
    return max(1, evaluate(extent, dict.fromkeys(names(extent), TYPICAL)))


def places(extents: Iterable[Extent]) -> int:
    """How many places a domain has."""
    return prod(number_of(e) for e in extents)


@remembered
def iterations(computation: Computation) -> int:
    """How often the body is evaluated: once for all ranks of the same terms."""
    ranks = rank_axes(computation)
    return prod(length for axis, length in lengths(computation).items() if axis not in ranks)


def ranged(computation: Computation) -> frozenset[str]:
    """The axes whose ranges are data."""
    return frozenset(_owners(computation))


def deciding(computation: Computation) -> frozenset[str]:
    """The axes that decide where the range of a reduced one begins and ends: loops around it, one place at a time."""
    return frozenset[str]().union(*_owners(computation).values())


@remembered
def lengths(computation: Computation) -> Mapping[str, int]:
    """How many places each axis has; of one whose range is data the part that falls to one place of those that decide."""
    found = {name: number_of(extent) for name, extent in computation.extents().items()}
    for axis, outer in _owners(computation).items():
        known = all(computation.extents()[name].is_fixed for name in (axis, *outer))
        found[axis] = max(1, found[axis] // prod(found[name] for name in outer)) if known else TYPICAL_RANGE
    return found


@remembered
def _owners(computation: Computation) -> Mapping[str, frozenset[str]]:
    conditions = computation.reduction.where if computation.reduction is not None else ()
    changed = computation.update.where if computation.update is not None else ()
    found = owners((*changed, *conditions))
    return {axis: outer for axis, outer in found.items() if outer}


class Strides:
    """Strides of accesses along axes, as far as layouts tell.

    `last` names the axis whose places are neighbours, for each intermediate for which that is settled; the others, and
    operands without a layout, count as stored to suit whoever asks.
    """

    def __init__(self, graph: Graph, layouts: Mapping[str, Layout]) -> None:
        self.graph = graph
        self.layouts = layouts
        self.last: dict[str, str] = {}
        self.neighbours: dict[str, int] = {}
        self.accesses = {c.name: (*accesses(c), *changed(c)) for c in graph.computations}
        self.tests = {c.name: _tests(c) for c in graph.computations}
        self.work = {c.name: effort(c) for c in graph.computations}
        self.steps = {name: frozenset(path) for cycle in graph.cycles for name, path in cycle.paths().items()}
        self.costs: dict[tuple[object, ...], float] = {}
        self._decided: dict[tuple[str, str], tuple[tuple[str, int], ...]] = {}

    def over(self, graph: Graph) -> Strides:
        """The same for a graph whose computations are looped over otherwise."""
        found = Strides(graph, self.layouts)
        found.last, found.neighbours = self.last, self.neighbours
        return found

    def settle(self, tensor: str, axis: str) -> None:
        """From now on the places of an intermediate are neighbours along one of its axes."""
        self.last[tensor] = axis
        self.neighbours[tensor] = [a.name for a in self.graph.computation(tensor).axes].index(axis)

    def settled(self, computation: Computation, axis: str) -> tuple[bool, ...]:
        """All that what is settled says about lanes of a computation along an axis: equal answers, equal strides."""
        decided = self._decided.get((computation.name, axis))
        if decided is None:
            found = [
                (access.tensor, [d for d, form in enumerate(access.subscripts) if axis in form.axes()])
                for access in self.accesses[computation.name]
                if access.tensor not in self.layouts
            ]
            decided = tuple(dict.fromkeys((tensor, places[0]) for tensor, places in found if len(places) == 1))
            self._decided[computation.name, axis] = decided
        near = [self.neighbours.get(tensor, d) == d for tensor, d in decided]
        return (self.last.get(computation.name, axis) == axis, *near)

    def along(self, access: Access, axis: str) -> int | None:
        """Elements between neighbours along an axis; 0 where it plays no part; None: far, or not known."""
        total: int | None = 0
        layout = self.layouts.get(access.tensor)
        involved = [d for d, form in enumerate(access.subscripts) if axis in form.axes()]
        for d in involved:
            form = access.subscripts[d]
            coefficient = form.coefficient(axis)
            if coefficient == 0 or axis in form.without(axis).axes():
                return None
            if layout is None:
                settled = self.neighbours.get(access.tensor, d)
                step: int | None = 1 if len(involved) == 1 and settled == d else None
            else:
                step = layout.strides[d] if layout.aligned else None
            total = None if step is None or total is None else total + coefficient * step
        return total

    def cost(self, access: Access, axis: str, lanes: int) -> float:
        """The cost of one vector of an access with lanes along an axis."""
        step = self.along(access, axis)
        if step == 0:
            return BROADCAST
        if step == 1:
            return UNIT
        if step == -1:
            return REVERSED
        apart = 1 if step is None else step * self.graph.dtype_of(access.tensor).size
        return (ALIASED if apart % PAGE == 0 else GATHER_PER_LANE) * lanes

    def cost_along(self, access: Access, axis: str, lanes: int) -> float:
        """The same along a reduction, where both parts of a pair are mostly needed, and once."""
        layout = self.layouts.get(access.tensor)
        if layout is not None and layout.pairs and self.along(access, axis) == 2:
            return INTERLEAVED
        return self.cost(access, axis, lanes)


def lane_cost(computation: Computation, axis: str | None, strides: Strides, machine: Machine) -> float:
    """The cost of a computation with lanes along an axis (None: no lanes), in vector operations."""
    key = (machine, computation.name, axis, *(strides.settled(computation, axis) if axis is not None else ()))
    found = strides.costs.get(key)
    if found is None:
        found = strides.costs[key] = _lane_cost(computation, axis, strides, machine)
    return found


def _lane_cost(computation: Computation, axis: str | None, strides: Strides, machine: Machine) -> float:
    found = strides.accesses[computation.name]
    operations = strides.work[computation.name]
    total, results = iterations(computation), places(computation.shape)
    if is_selection(computation):
        around = total / places(axis.extent for axis in computation.reduced)
        if not by_network(computation):
            return total * LINE + results * UNIT
        operations += around * exchanges(computation) / total
    if axis is None:
        return total * (operations + UNIT * len(found)) + results * UNIT
    lanes = machine.lanes(computation.body.dtype.size)
    extent = lengths(computation)[axis]
    vectors = total / extent * -(-extent // lanes)
    cost = strides.cost_along if any(axis == reduced.name for reduced in computation.reduced) else strides.cost
    each = operations + sum(cost(access, axis, lanes) * _share(computation, access, axis, strides) for access in found)
    each += sum(
        lanes if _has_remainder(test, axis) else MASK
        for test in strides.tests[computation.name]
        if axis in free_axes(test)
    )
    if any(axis == reduced.name for reduced in computation.reduced):
        return vectors * each + results * TREE
    if computation.update is not None:
        return vectors * each
    order = [a.name for a in computation.axes]
    settled = computation.name in strides.graph.program.results
    inner = order[-1] if settled else strides.last.get(computation.name, axis)
    scattered = TURNED if settled and turned_axes(computation, axis, machine) else GATHER_PER_LANE * lanes
    write = UNIT if inner == axis else scattered
    return vectors * each + results / extent * -(-extent // lanes) * write


def _share(computation: Computation, access: Access, lanes: str, strides: Strides) -> float:
    """The part of an access's price that falls to one vector of terms: a tile of a step loads once what its rows share."""
    if computation.name not in strides.steps or computation.reduction is None:
        return 1.0
    kept = access.axes() | strides.steps[computation.name]
    others = [axis for axis in computation.axes if axis.name not in kept and number_of(axis.extent) > 1]
    return REUSED if others and any(a.name == lanes for a in computation.axes) else 1.0


def turned_axes(computation: Computation, lanes: str, machine: Machine) -> tuple[tuple[str, int], ...]:
    """The last axes of a tensor, and blocks of them, that are as many places together as a vector has lanes.

    A tile of these and of lanes along another axis can be turned on its way into memory. Empty where they don't come out
    even, where lanes are among them or too few, where a vector that is loaded would serve a single place of the tile, and
    for what is not stored as it is computed.
    """
    width = machine.lanes(computation.body.dtype.size)
    dtype, reduction = computation.dtype, computation.reduction
    whole = dtype.size in (4, 8) and not dtype.is_complex and dtype.size == computation.body.dtype.size
    if not whole or computation.update is not None or computation.axes[-1].name == lanes:
        return ()
    if reduction is None:
        last = computation.axes[-1]
        long = min(number_of(last.extent), number_of(computation.extents()[lanes])) >= SIDE
        return ((last.name, number_of(last.extent)),) if long and last.extent.is_fixed else ()
    if isinstance(reduction.kind, Folded):
        return ()
    if number_of(computation.extents()[lanes]) < width:
        return ()
    along = [access.axes() for access in accesses(computation) if lanes in access.axes()]
    found: list[tuple[str, int]] = []
    for axis in reversed(computation.axes):
        if width == 1:
            break
        extent = number_of(axis.extent)
        if axis.name == lanes or not axis.extent.is_fixed or (extent % width and width % extent):
            return ()
        found.append((axis.name, min(extent, width)))
        width //= found[-1][1]
    served = prod(size for name, size in found if all(name not in axes for axes in along))
    return tuple(reversed([each for each in found if each[1] > 1])) if width == 1 and served >= SERVED else ()


@remembered
def _tests(computation: Computation) -> tuple[Expr, ...]:
    """The conditions of a computation: of its domain, and of its lazy choices."""
    where = computation.reduction.where if computation.reduction is not None else ()
    chosen = (e.condition for e in subexpressions(computation.body) if isinstance(e, Where))
    return tuple(part for test in (*where, *chosen) for part in conjuncts(test))


def _has_remainder(expr: Expr, axis: str) -> bool:
    parts = (e for e in subexpressions(expr) if isinstance(e, Call) and e.function == "remainder")
    return any(axis in free_axes(part) for part in parts)


@remembered
def lane_options(computation: Computation) -> tuple[str, ...]:
    """The axes along which lanes are possible: free ones and, where the law allows partial results, reduced ones."""
    reduction = computation.reduction
    ranks = rank_axes(computation)
    axes = tuple(axis for axis in computation.axes if axis.name not in ranks)
    if is_selection(computation) and not by_network(computation):
        return ()
    if computation.update is not None:
        axes = tuple(a for a in axes if a.name in computation.update.bare() and reduction is None)
    if reduction is not None and law(reduction.kind).commutative:
        axes = (*axes, *reduction.axes)
    if reduction is not None and reduction.kind in (ReduceKind.argmax, ReduceKind.argmin):
        axes = (*axes, reduction.axes[-1])
    outer, many = deciding(computation), lengths(computation)
    return tuple(axis.name for axis in axes if many[axis.name] > 1 and axis.name not in outer)


def least_cost(computation: Computation, strides: Strides, machine: Machine) -> float:
    """The cost of a computation with its best lanes."""
    return min(lane_cost(computation, axis, strides, machine) for axis in (None, *lane_options(computation)))
