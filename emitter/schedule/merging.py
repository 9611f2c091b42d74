# SPDX-License-Identifier: Apache-2.0
"""Axes gone through as one, in vectors, and parts of a body copied in the order in which they are read.

Before:  V[n, co, y, x, i, j] = sum[ci, k](P[n, ci, y, x, i, k] * W[co, ci, k, j])
         merge V: m = n y x i;  merge V: c/16 = co j;  pack V: W_packed = c ci k c_lane
After:   W_packed[c, ci, k, 4*c_lane1 + c_lane2] = W[4*c + c_lane1, ci, k, c_lane2]
         V_tile[m, c, c_lane] = sum[ci, k](P[m // (Y*X*4), ci, m // (X*4) % Y, m // 4 % X, m % 4, k]
                                           * W_packed[c, ci, k, c_lane])
         V[m // (Y*X*4), 4*c + c_lane1, m // (X*4) % Y, m // 4 % X, m % 4, c_lane2] = V_tile[m, c, 4*c_lane1 + c_lane2]
Because: a register tile wants rows and vectors of any extent to be full, and addresses that are row + depth.
Source:  Springer, Bientinesi 2016, "Design of a high-performance GEMM-like tensor-tensor multiplication".

A vector at the end may have lanes that are no places: copies hold something else's value there, other reads are guarded, and
nothing is stored. What others read bare and merged alike keeps its merged axes. What can't be stored as whole vectors
goes through a tile, `V_tile`, first.
"""

from __future__ import annotations

from dataclasses import replace

from unrut.emitter.graph.computation import Computation, Graph, Placement
from unrut.emitter.graph.linear import call, linear, number
from unrut.emitter.graph.names import Names
from unrut.emitter.graph.policies import all_of
from unrut.emitter.graph.ranges import Known
from unrut.emitter.graph.shrink import rewritten
from unrut.emitter.graph.simplify import simplify
from unrut.emitter.schedule.plan import Merge, Pack, Plan
from unrut.emitter.schedule.vectors import Split, merged_places, vector_places
from unrut.program.nodes import Axis, AxisValue, Const, Expr, Read, Where
from unrut.program.types import DType
from unrut.program.walk import children, free_axes, reads, rebuild, rename_axes


def merge(graph: Graph, plan: Plan) -> Graph:
    """The graph with the merges and packs of a plan, which are legal."""
    names = {each.computation for each in plan.merged}
    if not names:
        return graph
    given = Names(taken={*graph.names(), *(o.name for o in graph.program.operands), *(p.name for p in plan.packed)})
    found: list[Computation] = []
    merging = {c.name: Merging(graph, c, plan, given) for c in graph.computations if c.name in names}
    for computation in graph.computations:
        found += merging[computation.name].computations(merging) if computation.name in names else (computation,)
    return replace(graph, computations=tuple(found))


class Merging:
    """The merges of one computation."""

    def __init__(self, graph: Graph, computation: Computation, plan: Plan, given: Names) -> None:
        self.graph = graph
        self.computation = computation
        self.merges = tuple(m for m in plan.merged if m.computation == computation.name)
        self.packs = tuple(p for p in plan.packed if p.computation == computation.name)
        self.alike = {c.name: merged_alike(graph, plan, c, computation) for c in graph.consumers(computation.name)}
        self.given = given

    @property
    def hands_over(self) -> bool:
        """Whether its tensor keeps the merged axes: all who read it go through them, too."""
        kept = self.computation.name in self.graph.kept
        return bool(self.alike) and all(self.alike.values()) and not kept and self.computation.placement is None

    def split(self, merge: Merge, *, in_runs: bool = False) -> Split:
        extents = {axis.name: axis for axis in self.computation.axes}
        of = tuple(extents[name] for name in merge.of)
        if not merge.lanes:
            return merged_places(merge.axis, of)
        return vector_places(merge.axis, merge.lane, of, merge.lanes, in_runs=in_runs)

    def rest(self) -> tuple[Axis, ...]:
        """The axes that are not merged."""
        gone = {name for merge in self.merges for name in merge.of}
        return tuple(axis for axis in self.computation.axes if axis.name not in gone)

    def computations(self, merging: dict[str, Merging]) -> tuple[Computation, ...]:
        """The copies, the computation over its new axes, and, if it can't store itself, what stores it."""
        computation = self.computation
        copies = tuple(self._copy(pack) for pack in self.packs)
        over = {name: merging[name] for name in merging if computation.name in merging[name].alike}
        if self.hands_over:
            return (*copies, self._over_merged(over))
        if computation.reduction is None:
            return (*copies, self._placed(rewritten(computation, lambda e: self._renamed(e, over, in_runs=True))))
        if self._stores_vectors():
            inner = self._over_merged(over)
            return (*copies, replace(inner, placement=self._placement(in_runs=False)))
        name = self.given.fresh(f"{computation.name}_tile")
        tile = replace(self._over_merged(over), name=name, placement=None)
        read = Read(tensor=tile.name, subscripts=self._subscripts(in_runs=True), dtype=computation.dtype)
        store = Computation(
            name=computation.name,
            axes=computation.axes,
            dtype=computation.dtype,
            body=read,
            reduction=None,
            statement=computation.statement,
        )
        return (*copies, tile, self._placed(store))

    def _stores_vectors(self) -> bool:
        """Whether lanes are neighbours of one dimension of the tensor, and all of them in it."""
        for merge in self.merges:
            if merge.lanes:
                whole = self.split(merge, in_runs=True)
                last = self.computation.axes[-1].name
                inner = whole.values[last] if last == merge.of[-1] else None
                return len(whole.axes) == 2 and inner is not None and _is_linear_in(inner, merge.lane)
        return True

    def _axes(self, *, in_runs: bool) -> tuple[Axis, ...]:
        """Those that are not merged, the merged ones in the plan's order, lanes last."""
        splits = [self.split(merge, in_runs=in_runs) for merge in self.merges]
        heads = tuple(split.axes[0] for split in splits)
        return (*self.rest(), *heads, *(axis for split in splits for axis in split.axes[1:]))

    def _values(self, *, in_runs: bool) -> dict[str, Expr]:
        values: dict[str, Expr] = {}
        for merge in self.merges:
            values |= self.split(merge, in_runs=in_runs).values
        return values

    def _subscripts(self, *, in_runs: bool) -> tuple[Expr, ...]:
        """Where a tensor that keeps its merged axes is read."""
        splits = [self.split(merge, in_runs=in_runs) for merge in self.merges]
        heads = (split.axes[0] for split in splits)
        lanes = (split.lane for split in splits if split.lane is not None)
        return (*(AxisValue(axis=axis.name) for axis in (*self.rest(), *heads)), *lanes)

    def _over_merged(self, over: dict[str, Merging]) -> Computation:
        """The computation over merged axes, as they are its dimensions."""
        where = tuple(test for m in self.merges for test in self.split(m).where)

        def change(expr: Expr) -> Expr:
            packed = self._with_copies(expr)
            return self._guarded(self._renamed(packed, over, in_runs=False), where)

        return replace(rewritten(self.computation, change), axes=self._axes(in_runs=False))

    def _placed(self, computation: Computation) -> Computation:
        """A pointwise computation over merged axes that stores where the old ones lie."""
        return replace(computation, axes=self._axes(in_runs=True), placement=self._placement(in_runs=True))

    def _placement(self, *, in_runs: bool) -> Placement:
        """Where the old axes are, which may themselves be no dimensions."""
        values, before = self._values(in_runs=in_runs), self.computation.placement
        places = [AxisValue(axis=axis.name) for axis in self.computation.axes] if before is None else before.places
        where = () if before is None else tuple(rename_axes(test, values) for test in before.where)
        return Placement(
            dims=self.computation.dims,
            places=tuple(rename_axes(place, values) for place in places),
            where=(*where, *(test for m in self.merges for test in self.split(m, in_runs=in_runs).where)),
        )

    def _renamed(self, expr: Expr, over: dict[str, Merging], *, in_runs: bool) -> Expr:
        """An expression of the old axes as one of the new; tensors that keep merged axes are read by ours."""
        if isinstance(expr, Read) and expr.tensor in over and over[expr.tensor].hands_over:
            return replace(expr, subscripts=self._subscripts(in_runs=in_runs))
        if isinstance(expr, AxisValue):
            return simplify(self._values(in_runs=in_runs).get(expr.axis, expr), Known())
        parts = tuple(self._renamed(part, over, in_runs=in_runs) for part in children(expr))
        return rebuild(expr, parts) if parts else expr

    def _guarded(self, expr: Expr, where: tuple[Expr, ...]) -> Expr:
        """An expression with nothing read beyond the end of the last vector."""
        lanes = {merge.axis for merge in self.merges if merge.lanes}
        if not where or not lanes & free_axes(expr):
            return expr
        copies = {pack.name for pack in self.packs}
        if isinstance(expr, Read) and expr.tensor not in copies:
            nothing = Const(value=False if expr.dtype is DType.bool else 0, dtype=expr.dtype)
            return Where(condition=all_of(list(where)), then=expr, otherwise=nothing, dtype=expr.dtype)
        if isinstance(expr, Read):
            return expr
        parts = tuple(self._guarded(part, where) for part in children(expr))
        return rebuild(expr, parts) if parts else expr

    def _with_copies(self, expr: Expr) -> Expr:
        for pack in self.packs:
            if expr == self.part(pack):
                subscripts = tuple(AxisValue(axis=axis) for axis in pack.order)
                return Read(tensor=pack.name, subscripts=subscripts, dtype=expr.dtype)
        parts = tuple(self._with_copies(part) for part in children(expr))
        return rebuild(expr, parts) if parts else expr

    def part(self, pack: Pack) -> Expr | None:
        """The part of the body that a pack copies; None if there is none, or more than one."""
        old = {name for merge in self.merges if merge.axis in pack.order for name in merge.of}
        other = {name for merge in self.merges for name in (merge.axis, merge.lane)}
        wanted = frozenset(old | {name for name in pack.order if name not in other})
        found = list(dict.fromkeys(_parts(self.computation.body, wanted)))
        return found[0] if len(found) == 1 else None

    def _copy(self, pack: Pack) -> Computation:
        """The computation of a copy, over the axes of the plan's order; lanes in runs, beyond the end the last place's."""
        part = self.part(pack)
        assert part is not None
        splits = {m.axis: self.split(m, in_runs=True) for m in self.merges}
        lanes = {m.lane: splits[m.axis] for m in self.merges if m.lanes}
        extents = self.computation.extents()
        values: dict[str, Expr] = {}
        axes, dims, places = list[Axis](), list[Axis](), list[Expr]()
        for name in pack.order:
            if name in lanes:
                split = lanes[name]
                width = next(m.lanes for m in self.merges if m.lane == name)
                axes += split.axes[1:]
                dims.append(Axis(name=name, extent=replace(split.axes[1].extent, constant=width)))
                assert split.lane is not None
                places.append(split.lane)
                continue
            own = splits[name].axes[0] if name in splits else Axis(name=name, extent=extents[name])
            axes.append(own)
            dims.append(own)
            places.append(AxisValue(axis=name))
        for merge in self.merges:
            if merge.axis in pack.order:
                values |= splits[merge.axis].values
                first = merge.of[0]
                if splits[merge.axis].where:
                    values[first] = call("minimum", values[first], number(extents[first].value() - 1))
        plain = all(isinstance(place, AxisValue) for place in places)
        single = isinstance(part, Read) and part.tensor in {o.name for o in self.graph.program.operands}
        return Computation(
            name=pack.name,
            axes=tuple(axes),
            dtype=part.dtype,
            body=rename_axes(part, values),
            reduction=None,
            placement=None if plain else Placement(dims=tuple(dims), places=tuple(places)),
            statement=next(reads(part)).tensor if single else self.computation.statement,
        )


def _parts(expr: Expr, wanted: frozenset[str]) -> list[Expr]:
    """The largest parts of a body that read, and depend on just the wanted axes."""
    if free_axes(expr) == wanted and next(reads(expr), None) is not None:
        return [expr]
    inner = () if isinstance(expr, Read) else children(expr)
    return [part for each in inner for part in _parts(each, wanted)]


def _is_linear_in(expr: Expr, lane: str) -> bool:
    form = linear(simplify(expr, Known()))
    return form.coefficient(lane) == 1 and lane not in form.without(lane).axes()


def merged_alike(graph: Graph, plan: Plan, reader: Computation, producer: Computation) -> bool:
    """Whether a reader is pointwise, reads a tensor bare, not in a copy, and goes through its axes merged as its own are."""
    ours = [m for m in plan.merged if m.computation == producer.name]
    theirs = [m for m in plan.merged if m.computation == reader.name]
    own = [read for read in reader.reads() if read.tensor == producer.name]
    if reader.reduction is not None or reader.update is not None or len(ours) != len(theirs) or not ours:
        return False
    if any(pack.computation == reader.name for pack in plan.packed):
        return False
    if not all(isinstance(s, AxisValue) for read in own for s in read.subscripts):
        return False
    for read in own:
        bare = [s.axis for s in read.subscripts if isinstance(s, AxisValue)]
        pairs = dict(zip((axis.name for axis in producer.axes), bare, strict=True))
        if len(set(bare)) != len(bare) or len(bare) != len(reader.axes):
            return False
        if any(reader.extents()[b] != producer.extents()[a] for a, b in pairs.items()):
            return False
        if any(tuple(pairs[a] for a in x.of) != y.of or x.lanes != y.lanes for x, y in zip(ours, theirs, strict=True)):
            return False
        gone = {name for m in ours for name in m.of}
        rest = [pairs[axis.name] for axis in producer.axes if axis.name not in gone]
        if rest != [axis.name for axis in reader.axes if axis.name not in {n for m in theirs for n in m.of}]:
            return False
    return True
