# SPDX-License-Identifier: Apache-2.0
"""The legality checker against brute force: plans are run on places instead of values, and every read is looked at."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unrut.emitter.graph import analyse
from unrut.emitter.graph.access import accesses
from unrut.emitter.schedule.apply import applied
from unrut.emitter.schedule.legal import check_legal
from unrut.emitter.schedule.plan import Entry, LoopOver, Plan, total_depth
from unrut.emitter.schedule.plan_text import parse_plan, show
from unrut.errors import PlanError
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.nodes import Read, Where
from unrut.program.walk import children
from unrut.testing.programs import programs
from unrut.testing.scalar_machine import compile_expression


class StaleError(Exception):
    """A read of something that is not there when it is read."""


def places_read(expr, frame, tensor):
    """Places of a tensor that an expression may read; conditions on axes are honoured, others are taken both ways."""
    match expr:
        case Where(condition=condition, then=then, otherwise=otherwise):
            yield from places_read(condition, frame, tensor)
            known = None
            if not any(isinstance(e, Read) for e in [condition, *_below(condition)]):
                known = compile_expression(condition, None, {}, {})(frame)
            if known is not False and (known is None or bool(known)):
                yield from places_read(then, frame, tensor)
            if known is None or not bool(known):
                yield from places_read(otherwise, frame, tensor)
        case Read(tensor=name, subscripts=subscripts) if name == tensor:
            if not any(isinstance(e, Read) for s in subscripts for e in [s, *_below(s)]):
                yield tuple(int(compile_expression(s, None, {}, {})(frame)) for s in subscripts)
        case _:
            for part in children(expr):
                yield from places_read(part, frame, tensor)


def _below(expr):
    for part in children(expr):
        yield part
        yield from _below(part)


class Walk:
    """One run of a plan. `held[tensor]` maps a key of stored dimensions to (place, task, kernel) that wrote it last."""

    def __init__(self, graph, plan):
        self.graph, self.plan = graph, plan
        self.held = {entry.computation: {} for entry in plan.entries}
        self.added = {}
        self.depths = {
            e.computation: min((self.together(e.computation, c) for c in graph.consumers(e.computation)), default=0)
            for e in plan.entries
        }

    def together(self, name, consumer):
        """How many loops a tensor and a reader share; in a cycle those in which they are at the same places."""
        depth = self.plan.common_depth(name, consumer.name)
        axes = [a.name for a in self.graph.computation(name).axes]
        found = [access for access in accesses(consumer) if access.tensor == name]
        loops = zip(self.plan.entry(name).loops[:depth], self.plan.entry(consumer.name).loops[:depth], strict=True)
        for level, (ours, theirs) in enumerate(loops):
            if self.graph.cycle_of(name) and any(a.aligned(axes.index(ours.axis)) != theirs.axis for a in found):
                return level
        return depth

    def run(self):
        for number, kernel in enumerate(self.plan.kernels()):
            self.kernel = number
            self.group(list(kernel), 0, [{} for _ in kernel], kernel[0].tasks, ())

    def group(self, entries, depth, windows, tasks, iteration):
        runs = []
        for entry, window in zip(entries, windows, strict=True):
            if not runs or entry.share <= depth:
                runs.append([])
            runs[-1].append((entry, window))
        for run in runs:
            if len(run[0][0].loops) == depth:
                self.leaf(*run[0], tasks, iteration)
                continue
            steps = [self.steps(entry, window, depth) for entry, window in run]
            order = list(range(max((len(s) for s in steps), default=0)))
            if depth < tasks:
                random.Random(depth).shuffle(order)
            for k in order:
                inner = [
                    {**window, entry.loops[depth].axis: step[k] if k < len(step) else range(0)}
                    for (entry, window), step in zip(run, steps, strict=True)
                ]
                self.group([e for e, _ in run], depth + 1, inner, tasks, (*iteration, k))
            for entry, window in run:
                if total_depth(self.graph.computation(entry.computation), entry) == depth:
                    self.ended(entry, window, tasks, iteration)

    def steps(self, entry, window, depth):
        loop = entry.loops[depth]
        extent = self.graph.computation(entry.computation).extents()[loop.axis].value()
        whole = window.get(loop.axis, range(extent))
        if loop.rest:
            blocks, rests = loop.counts(extent)
            sizes = [loop.block] * blocks + [loop.rest] * rests
            return [whole[sum(sizes[:k]) : sum(sizes[: k + 1])] for k in range(len(sizes))]
        return [whole[k : k + loop.block] for k in range(0, len(whole), loop.block)]

    def leaf(self, entry, window, tasks, iteration):
        computation = self.graph.computation(entry.computation)
        ranges = {a.name: window.get(a.name, range(a.extent.value())) for a in computation.axes}
        task = (self.kernel, iteration[:tasks])
        placement = computation.placement
        for free in itertools.product(*ranges.values()):
            frame = dict(zip(ranges, free, strict=True))
            if placement is not None and not all(compile_expression(w, None, {}, {})(frame) for w in placement.where):
                continue
            for reduced in itertools.product(
                *(window.get(a.name, range(a.extent.value())) for a in computation.reduced)
            ):
                names = [*ranges, *(a.name for a in computation.reduced)]
                self.look(computation, dict(zip(names, (*free, *reduced), strict=True)), task, iteration)
                self.added.setdefault((computation.name, free), []).append(reduced)
        if total_depth(computation, entry) is None:
            self.ended(entry, window, tasks, iteration)

    def ended(self, entry, window, tasks, iteration):
        """Everything that is open of a computation is known, and has every term once."""
        computation = self.graph.computation(entry.computation)
        terms = list(itertools.product(*(range(a.extent.value()) for a in computation.reduced)))
        placement = computation.placement
        for free in itertools.product(*(window.get(a.name, range(a.extent.value())) for a in computation.axes)):
            frame = {a.name: place for a, place in zip(computation.axes, free, strict=True)}
            at = free
            if placement is not None:
                if not all(compile_expression(w, None, {}, {})(frame) for w in placement.where):
                    continue
                at = tuple(int(compile_expression(place, None, {}, {})(frame)) for place in placement.places)
            if sorted(self.added.pop((computation.name, free), [])) != terms:
                raise StaleError(f"{computation.name}{free} ends without all of its terms")
            self.held[computation.name][at] = (
                (self.kernel, iteration[:tasks]), iteration[: self.depths[computation.name]]
            )  # fmt: skip

    def look(self, computation, frame, task, iteration):
        """Every read at one place, if conditions on axes let it take part."""
        for condition in computation.reduction.where if computation.reduction is not None else ():
            of_data = any(isinstance(e, Read) for e in [condition, *_below(condition)])
            if not of_data and not compile_expression(condition, None, {}, {})(frame):
                return
        for producer in self.graph.producers(computation):
            for expr in computation.expressions():
                for place in places_read(expr, frame, producer):
                    if place not in self.held[producer]:
                        raise StaleError(f"{computation.name} reads {producer}{place} before it is written")
                    kernel_task, written = self.held[producer][place]
                    if kernel_task[0] == task[0] and kernel_task != task:
                        raise StaleError(f"{computation.name} reads {producer}{place} of another task")
                    if written != iteration[: len(written)]:
                        raise StaleError(f"{producer}{place} was overwritten by a later iteration")


def mutated(plan, chance):
    """A plan with one or two things changed, legal or not."""
    entries = list(plan.entries)
    for _ in range(chance.randint(1, 2)):
        k = chance.randrange(len(entries))
        entry = entries[k]
        match chance.randrange(5):
            case 0:
                entry = replace(entry, share=chance.randint(0, 3))
            case 1 if len(entry.loops) > 1:
                entry = replace(entry, loops=tuple(chance.sample(entry.loops, len(entry.loops))))
            case 2:
                entry = replace(entry, tasks=chance.randint(0, 2))
            case 3 if k and entry.loops and entries[k - 1].loops:
                before = entries[k - 1].loops
                entry = replace(
                    entry, loops=(LoopOver(axis=entry.loops[0].axis, block=before[0].block), *entry.loops[1:]), share=1
                )
            case _:
                other = chance.randrange(len(entries))
                entries[k], entries[other] = entries[other], entries[k]
                continue
        entries[k] = entry
    return replace(plan, entries=tuple(entries))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(exact=True, runtime_sizes=False, statements=3), st.integers(0, 10**6))
def test_a_plan_that_passes_reads_nothing_stale(legal_plan, sample, seed):
    graph = analyse(elaborate(parse(sample.text)))
    if sum(_work(c) for c in graph.computations) > 20_000:
        return
    chance = random.Random(seed)
    for plan in (legal_plan(graph, seed), *(mutated(legal_plan(graph, seed), chance) for _ in range(6))):
        try:
            check_legal(graph, plan)
        except PlanError:
            continue
        Walk(applied(graph, plan), plan).run()


def _work(computation):
    total = 1
    for extent in computation.extents().values():
        total *= extent.value()
    return total


CHAIN = "f(x: f32[6, 6]) -> z\ny[i, j] = x[i, j] + 1\nz[i, j] = y[i, j] * y[j, i]"
ROWS = "f(x: f32[6, 8]) -> z\nm[i] = sum[j](x[i, j])\nz[i, j] = x[i, j] - m[i]"
STENCIL = "f(x: f32[6, 6]) -> z\ny[i, j] = x[i, j] * 2\nw[i, j] = y[i, j] + 1\nz[i, j] = w[i, j] + y.outside('edge')[i + 1, j]"
SQUARES = "f(a: f32[4, 4], b: f32[4, 4]) -> z\ny[i, j] = sum[k](a[i, k] * b[k, j])\nz[i, j] = sum[k](y[i, k] * y[k, j])"
SOFTMAX = "f(x: f32[4, 4]) -> z\ny[i, j] = softmax(x[i, j], along=j)\nz[i, j] = sum[k](y[i, k] * x[k, j])"


@pytest.mark.parametrize("text", [CHAIN, ROWS, STENCIL, SQUARES, SOFTMAX])
def test_reckless_plans_that_read_something_stale_are_refused(reckless_plan, text):
    graph = analyse(elaborate(parse(text)))
    passed = refused = 0
    for seed in range(120):
        plan = reckless_plan(graph, seed)
        try:
            check_legal(graph, plan)
        except PlanError:
            refused += stale(graph, plan)
            continue
        assert not stale(graph, plan), show(plan)
        passed += 1
    assert passed > 10
    assert refused > 10 or text == ROWS, "too few of these plans are wrong for the test to mean anything"


def stale(graph, plan):
    try:
        Walk(graph, plan).run()
    except StaleError:
        return True
    except (IndexError, ValueError, KeyError):
        return False  # not even loops that can be walked
    return False


@pytest.mark.parametrize(
    ("text", "plan", "reason"),
    [
        (CHAIN, "y: loops i j\nz: loops i j; share 1", "reads it elsewhere"),
        (CHAIN, "z: loops i j\ny: loops i j", "comes later"),
        (ROWS, "m: loops i; reduce j; tasks 1\nz: loops j i; share 1", "reads it elsewhere|runs otherwise"),
        (ROWS, "m: loops i/2; tile i; reduce j\nz: loops i/3 j; share 1", "runs otherwise"),
        (ROWS, "m: loops i; reduce j; tasks 2\nz: loops i j; share 1", "as many as its loops"),
        (ROWS, "m: loops i; reduce j; share 1\nz: loops i j", "shares loops with nothing"),
        (ROWS, "m: loops i; reduce j", "has no line"),
        (ROWS, "m: loops i; reduce j\nm: loops i; reduce j\nz: loops i j", "two lines"),
        (ROWS, "m: loops i; reduce i\nz: loops i j", "each reduction axis once"),
        (ROWS, "m: loops i; reduce j/4\nz: loops i j", "need a block"),
        (ROWS, "m: loops i i; reduce j\nz: loops i j", "divides nothing"),
        (ROWS, "m: loops k; reduce j\nz: loops i j", "no free axis"),
        (ROWS, "inline m\nz: loops i j", "is a reduction"),
        (ROWS, "inline z\nm: loops i; reduce j", "is a result"),
        (ROWS, "stage m\nm: loops i; reduce j\nz: loops i j", "can't be staged"),
        (ROWS, "inline q\nm: loops i; reduce j\nz: loops i j", "no computation"),
    ],
)
def test_a_planted_fault_is_refused(text, plan, reason):
    graph = analyse(elaborate(parse(text)))
    with pytest.raises(PlanError, match=reason):
        check_legal(graph, parse_plan(f"plan 1 for f\n{plan}"))


def test_a_plan_for_another_program_is_refused():
    graph = analyse(elaborate(parse(ROWS)))
    with pytest.raises(PlanError, match="the plan is for `g`"):
        check_legal(graph, Plan(program="g", inlined=(), entries=()))


def test_arg_reductions_go_in_order():
    graph = analyse(elaborate(parse("f(x: f32[6, 8]) -> z\nz[()] = argmax[i, j](x[i, j])[0]")))
    name = next(c.name for c in graph.computations if c.reduction is not None)
    with pytest.raises(PlanError, match="in order"):
        check_legal(graph, parse_plan(f"plan 1 for f\n{name}: reduce j i\nz: share 0"))


def test_accumulators_have_a_fixed_size():
    graph = analyse(elaborate(parse("f(x: f32[n, 8]) -> z\nz[i] = sum[j](x[i, j])")))
    with pytest.raises(PlanError, match="extent is not fixed"):
        check_legal(graph, parse_plan("plan 1 for f\nz: reduce j"))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(exact=True), st.integers(0, 10**6))
def test_plans_are_read_back_as_they_were_shown(legal_plan, sample, seed):
    plan = legal_plan(analyse(elaborate(parse(sample.text))), seed)
    assert parse_plan(show(plan)) == plan


@pytest.mark.parametrize(
    "text", ["", "plan 2 for f", "plan 1 for f\nx: loops i/x", "plan 1 for f\nx: turns i", "plan 1 for f\n-"]
)
def test_what_is_no_plan_is_refused(text):
    with pytest.raises(PlanError) as caught:
        parse_plan(text)
    assert caught.value.remedy


def test_reasons_are_comments():
    entry = Entry(computation="y", loops=(LoopOver(axis="i", block=4),), tile=("i",), reasons=("because",))
    plan = Plan(program="f", inlined=("h",), entries=(entry,), reasons=("so",))
    assert "# because" in show(plan)
    assert parse_plan(show(plan)) == plan
