# SPDX-License-Identifier: Apache-2.0
"""Graph and Plan to Nest.

Every entry of the plan walks down its loops together with the entries that share them; at the bottom each computation is
looped over what its blocks leave open. Where a computation's lanes begin, the range is split so that lazy conditions and
moved subscripts are decided for whole parts; what other axes decide becomes one test between a fast and a general version.
So is the range of a loop that goes step by step: its first steps, which read what is given before the range, come alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from unrut.emitter.graph.access import Access, accesses
from unrut.emitter.graph.computation import Folded, Graph
from unrut.emitter.graph.linear import Linear, axis_value, call, constant, expression, number, substitute
from unrut.emitter.graph.policies import all_of
from unrut.emitter.graph.ranges import Known, at_least_zero
from unrut.emitter.graph.selection import is_selection
from unrut.emitter.lower.fetches import Ahead
from unrut.emitter.lower.folds import FoldLowering, folded_together
from unrut.emitter.lower.forms import forms_of, tile_of, unopened_of
from unrut.emitter.lower.loops import Opening, Sites, opened, side_by_side, with_value
from unrut.emitter.lower.memory import Memory
from unrut.emitter.lower.moving import stored
from unrut.emitter.lower.places import held
from unrut.emitter.lower.reach import Around, reached
from unrut.emitter.lower.reductions import ReductionLowering
from unrut.emitter.lower.regions import extreme, pieces
from unrut.emitter.lower.selections import SelectionLowering
from unrut.emitter.lower.site import Context, Site, narrowed, start
from unrut.emitter.lower.totals import TotalLowering, begins_here
from unrut.emitter.lower.unused import without_unused
from unrut.emitter.lower.updates import UpdateLowering
from unrut.emitter.nest import Check, Declare, Guard, Kernel, LoopKind, Nest, Node, Space, TaskAxis
from unrut.emitter.schedule.apply import applied
from unrut.emitter.schedule.plan import Entry, Plan
from unrut.emitter.schedule.teams import predicted
from unrut.program.extents import Extent, provably_le
from unrut.program.nodes import Expr
from unrut.program.types import DType


def lower(graph: Graph, plan: Plan) -> Nest:
    """The Nest of a graph under a legal plan. Nothing in it depends on the number of threads."""
    return Lowering(applied(graph, plan), plan).nest()


class Lowering:
    """One pass over a plan; `memory` knows buffers and names."""

    def __init__(self, graph: Graph, plan: Plan) -> None:
        self.graph = graph
        self.plan = plan
        self.memory = Memory(graph, plan)
        self.task_names: dict[tuple[str, str], str] = {}
        self.steps = {name: path for cycle in self.graph.cycles for name, path in cycle.paths().items()}

    def nest(self) -> Nest:
        """All kernels, one for each run of entries that share a loop."""
        program = self.graph.program
        kernels = tuple(self.kernel(entries, k) for k, entries in enumerate(self.plan.kernels()))
        return Nest(
            name=program.name,
            sizes=program.sizes,
            scalars=program.scalars,
            buffers=self.memory.buffers(),
            kernels=kernels,
            preconditions=program.preconditions,
            checks=self.checks(),
        )

    def checks(self) -> tuple[Check, ...]:
        """The graph's checks, early ones as soon as they are known, the others at the end."""
        kernels = self.plan.kernels()
        found: list[Check] = []
        for check in self.graph.checks:
            own = next(
                k for k, entries in enumerate(kernels) if any(e.computation == check.computation for e in entries)
            )
            found.append(
                Check(
                    buffer=check.computation,
                    after=own + 1 if check.early else len(kernels),
                    tensor=check.tensor,
                    needed=check.needed,
                    remedy=check.remedy,
                    span=check.span,
                )
            )
        return tuple(sorted(found, key=lambda check: check.after))

    def kernel(self, entries: tuple[Entry, ...], number_of: int) -> Kernel:
        """One kernel: its tasks, then everything inside."""
        context = Context(known=Known())
        sites: list[Site] = []
        taken = set(self.memory.names.taken)
        for entry in entries:
            site, known = start(self.graph.computation(entry.computation), entry, self.memory.names, context.known)
            sites.append(site)
            context = context.learn(known)
        lead = sites[0]
        for over in lead.entry.loops[: lead.entry.tasks]:
            name = lead.spans[over.axis].variable if over.block == 1 else self.memory.names.fresh(f"{over.axis}_block")
            self.task_names[lead.computation.name, over.axis] = name
        tasks: list[TaskAxis] = []
        body = without_unused(self.tasks(tuple(sites), 0, context, tasks))
        distances = {a.tensor: entry.ahead for entry in entries if entry.ahead for a in self.gathered(entry)}
        ahead = Ahead(distances=distances, operands={o.name: o.shape for o in self.graph.program.operands})
        body = held(body, tuple(tasks), self.memory.names, ahead)
        self.memory.names.taken = taken
        served = list(dict.fromkeys(site.computation.statement for site in sites))
        name = f"{'_'.join(served[:1])}_{number_of}"
        work = predicted(tuple(site.computation for site in sites), entries) if tasks else None
        return Kernel(name=name, tasks=tuple(tasks), body=body, work=work, note=", ".join(served))

    def gathered(self, entry: Entry) -> list[Access]:
        """What a computation reads at computed places."""
        return [a for a in accesses(self.graph.computation(entry.computation)) if a.is_computed]

    def tasks(self, sites: Sites, depth: int, context: Context, tasks: list[TaskAxis]) -> tuple[Node, ...]:
        """The outermost loops as task axes; the tail of a blocked one is chosen by a guard."""
        if depth == sites[0].entry.tasks:
            return self.group(sites, depth, context, {})
        block, rests = sites[0].entry.loops[depth].block, sites[0].entry.loops[depth].rest
        axes = tuple(site.entry.loops[depth].axis for site in sites)
        span = sites[0].spans[axes[0]]
        extent = span.limit
        variable = self.task_names[sites[0].computation.name, axes[0]]
        place, stop = axis_value(variable), constant(extent)
        if block > 1 and provably_le(extent, Extent(constant=block)):
            inner, after = with_value(sites, axes, context, constant(0), constant(extent))
            return self.tasks(inner, depth + 1, after, tasks)
        if rests:
            return self.even_tasks(sites, depth, context, tasks)
        tasks.append(TaskAxis(axis=variable, stop=expression(stop), step=block))
        inner, after = with_value(sites, axes, context, place, constant(block))
        whole = block == 1 or (extent.is_fixed and extent.value() % block == 0)
        last = extent - block
        known = after.known.with_axis(variable, 0, last).with_facts(constant(last) - place)
        main = self.tasks(inner, depth + 1, after.learn(known).open(variable), tasks)
        if whole:
            return main
        rest = constant(extent.value() % block) if extent.is_fixed else constant(extent) - place
        begin = constant(extent) - rest if extent.is_fixed else place
        inner, after = with_value(sites, axes, context, begin, rest, block - 1)
        known = after.known.with_axis(variable, 0, extent - 1)
        tail = self.tasks(inner, depth + 1, after.learn(known).open(variable), [])
        test = call("less_equal", expression(place), expression(constant(last)), dtype=DType.bool)
        return (Guard(condition=test, body=main, otherwise=tail),)

    def even_tasks(self, sites: Sites, depth: int, context: Context, tasks: list[TaskAxis]) -> tuple[Node, ...]:
        """A task axis over blocks of two sizes: a task is the number of a block, and a guard tells which kind it is."""
        over = sites[0].entry.loops[depth]
        axes = tuple(site.entry.loops[depth].axis for site in sites)
        counts = over.counts(sites[0].spans[axes[0]].limit.value())
        assert counts is not None
        blocks, rests = counts
        variable = self.task_names[sites[0].computation.name, axes[0]]
        number_ = axis_value(variable)
        tasks.append(TaskAxis(axis=variable, stop=expression(constant(blocks + rests))))

        def kind(begin: Linear, size: int, first: int, last: int) -> tuple[Node, ...]:
            inner, after = with_value(sites, axes, context, begin, constant(size))
            known = after.known.with_axis(variable, first, last)
            return self.tasks(inner, depth + 1, after.learn(known).open(variable), [] if first else tasks)

        main = kind(number_ * over.block, over.block, 0, blocks - 1) if blocks else ()
        if not rests:
            return main
        tail = kind(
            number_ * over.rest + constant(blocks * (over.block - over.rest)), over.rest, blocks, blocks + rests - 1
        )
        test = call("less", expression(number_), number(blocks), dtype=DType.bool)
        return (Guard(condition=test, body=main, otherwise=tail),)

    def group(self, sites: Sites, depth: int, context: Context, around: Around) -> tuple[Node, ...]:
        """Everything inside the first `depth` loops of entries that share them. `around`: all sites of the kernel, by name."""
        around = {**around, **{site.computation.name: site for site in sites}}
        nodes: list[Node] = []
        runs: list[list[Site]] = []
        for site in sites:
            if not runs or site.entry.share <= depth:
                runs.append([])
            runs[-1].append(site)
            found = self.memory.storages.get(site.computation.name)
            if found is not None and found.depth == depth and found.space is not Space.result:
                self.memory.enter(site)
                if found.space is Space.register:
                    nodes.append(
                        Declare(buffer=self.memory.buffer(site.computation.name), note=site.computation.statement)
                    )
        chunks = [
            self.leaf(run[0], context, run[1:])
            if len(run[0].entry.loops) == depth
            else self.with_totals(tuple(run), depth, context, around)
            for run in folded_together(runs, depth)
        ]
        return (*nodes, *side_by_side(chunks, sites[0].computation.statement))

    def with_totals(self, sites: Sites, depth: int, context: Context, around: Around) -> tuple[Node, ...]:
        """The loop at one depth; around it the beginning and the end of what goes on in it."""
        first: list[Node] = []
        last: list[Node] = []
        for site in begins_here(sites, depth):
            lowering = TotalLowering(site, tile_of(site, self.memory.totals[site.computation.name]), self.memory)
            first += lowering.begin(site, context)
            last += lowering.end(site, context)
        return (*first, *self.loop(sites, depth, context, around), *last)

    def loop(self, sites: Sites, depth: int, context: Context, around: Around) -> tuple[Node, ...]:
        """The loop at one depth, shared by all sites; where lanes begin, and for steps, its range is split first."""
        loops = [site.entry.loops[depth] for site in sites]
        axes = tuple(over.axis for over in loops)
        lead = sites[0]
        block, rests = loops[0].block, loops[0].rest
        note, names = lead.computation.statement, self.memory.names

        def inside(inner: Sites, after: Context) -> tuple[Node, ...]:
            return self.group(inner, depth + 1, after, around)

        lanes = any(site.entry.lanes == axis for site, axis in zip(sites, axes, strict=True))
        last = not any(over.axis == axes[0] for over in lead.entry.loops[depth + 1 :])
        is_step = axes[0] in self.steps.get(lead.computation.name, ())
        if not is_step:
            sites, context, blocks = reached(self.graph, sites, axes, around, context, depth)
        if not (lanes and last) and not is_step:
            whole = Opening(sites=sites, axes=axes, context=context, names=names, body=inside, note=note, blocks=blocks)
            return opened(whole, block, rests)
        innermost = all(len(site.entry.loops) == depth + 1 for site in sites)
        kind = LoopKind.vector if lanes and block == 1 and innermost else LoopKind.serial

        def split(inner: Sites, after: Context) -> tuple[Node, ...]:
            chunks: list[tuple[Node, ...]] = []
            span = inner[0].spans[axes[0]]
            forms = forms_of(inner, axes, after.known)
            unopened = unopened_of(inner, after) - {span.variable}
            for piece in pieces(forms, span.variable, span.size, unopened, after.known):
                known, parts = after.known, []
                for site, axis in zip(inner, axes, strict=True):
                    own = {span.variable: axis_value(site.spans[axis].variable)}
                    facts = tuple(substitute(fact, own) for fact in piece.facts)
                    part, known = narrowed(site, axis, known, replace(piece, facts=facts))
                    parts.append(part)
                loop = Opening(
                    sites=tuple(parts),
                    axes=axes,
                    context=after.learn(known),
                    names=names,
                    body=inside,
                    note=note,
                    kind=kind,
                )
                chunks.append(opened(loop, block, rests))
            return side_by_side(chunks, note)

        return split(sites, context) if is_step else self.versions(sites, axes, context, note, split)

    def leaf(self, site: Site, context: Context, twins: Sequence[Site] = ()) -> tuple[Node, ...]:
        """What is left of one computation: the loops of its tile, its reduction, its store; of a fold those of its twins."""
        tile = tile_of(site)
        if is_selection(site.computation):
            return SelectionLowering(site, tile, self.memory, self.graph).nodes(site, context)
        if site.computation.update is not None:
            update = UpdateLowering(site.computation.update, self.memory, self.reduction)
            return update.nodes(site, tile, context)
        if site.computation.reduction is not None:
            return self.reduction(site, context, twins)

        def value(inner: Context) -> Expr:
            return self.memory.value(site, site.computation.body, inner.known)

        return stored(site, tile, context, self.memory, value)

    def reduction(self, site: Site, context: Context, twins: Sequence[Site] = ()) -> tuple[Node, ...]:
        """What is left of a reduction."""
        assert site.computation.reduction is not None
        if isinstance(site.computation.reduction.kind, Folded):
            return FoldLowering(site, tile_of(site), self.memory, twins).nodes(site, context)
        if site.computation.name in self.memory.totals:
            return TotalLowering(site, tile_of(site), self.memory).nodes(site, context)
        return ReductionLowering(site, tile_of(site), self.memory).nodes(site, context)

    def versions(
        self,
        sites: Sites,
        axes: tuple[str, ...],
        context: Context,
        note: str,
        build: Callable[[Sites, Context], tuple[Node, ...]],
    ) -> tuple[Node, ...]:
        """A fast version for the places of other axes where nothing leaves its operand, and a general one for the rest."""
        unopened = unopened_of(sites, context)
        variables = {site.spans[axis].variable for site, axis in zip(sites, axes, strict=True)}
        needed: list[Linear] = []
        for form in forms_of(sites, axes, context.known):
            if form.axes() & variables:
                continue
            low = extreme(form, unopened, context.known, smallest=True)
            if low is None or not low.axes() or low in needed or at_least_zero(low, context.known):
                continue
            if not at_least_zero(low * -1 - constant(1), context.known):
                needed.append(low)
        if not needed:
            return build(sites, context)
        fast = build(sites, context.learn(context.known.with_facts(*needed)))
        slow = build(sites, context)
        tests = [call("greater_equal", expression(f), number(0), dtype=DType.bool) for f in needed]
        if fast == slow:
            return fast
        return (Guard(condition=all_of(tests), body=fast, otherwise=slow, note=note),)
