# SPDX-License-Identifier: Apache-2.0
"""Plans near the analytic one: what the cost model would choose if it were wrong about one thing.

Each variant doubts one number: a size of the machine (the planner decides anew for it), or the blocks of one computation.
All are legal, none is twice there, the analytic plan comes first, then those that are predicted to be fastest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from unrut.emitter.graph.computation import Graph
from unrut.emitter.layout import Layout
from unrut.emitter.machine import Machine
from unrut.emitter.rates import Rates
from unrut.emitter.schedule.apply import applied
from unrut.emitter.schedule.choose import choose
from unrut.emitter.schedule.costs import Strides
from unrut.emitter.schedule.legal import check_legal
from unrut.emitter.schedule.plan import Entry, LoopOver, Plan
from unrut.emitter.schedule.predict import predict
from unrut.errors import PlanError


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A legal plan, what was doubted to come to it, and the seconds that it is predicted to take."""

    plan: Plan
    doubt: str
    predicted: float


def variants(
    graph: Graph, machine: Machine, layouts: Mapping[str, Layout], rates: Rates, threads: int
) -> tuple[Variant, ...]:
    """The analytic plan and those near it, the analytic one first, the others by predicted time."""

    def seconds(plan: Plan) -> float:
        flat = applied(graph, plan)
        return predict(flat, plan, Strides(flat, layouts), machine).seconds(threads, rates)

    analytic = choose(graph, machine, layouts)
    found: dict[Plan, str] = {analytic: "none: the analytic plan"}
    for doubt, other in _machines(machine):
        found.setdefault(choose(graph, other, layouts), doubt)
    for doubt, plan in _blocks(analytic):
        found.setdefault(plan, doubt)
    legal = [(plan, doubt) for plan, doubt in found.items() if _is_legal(graph, plan)]
    made = [Variant(plan=p, doubt=d, predicted=seconds(p)) for p, d in legal]
    return (made[0], *sorted(made[1:], key=lambda variant: variant.predicted))


def _machines(machine: Machine) -> Iterator[tuple[str, Machine]]:
    yield "L2 twice as large", replace(machine, l2=machine.l2 * 2)
    yield "L2 half as large", replace(machine, l2=machine.l2 // 2)
    yield "half as many registers", replace(machine, registers=machine.registers // 2)
    yield "vectors half as wide", replace(machine, vector=max(16, machine.vector // 2))
    yield "four times as many cores", replace(machine, cores=machine.cores * 4)


def _blocks(plan: Plan) -> Iterator[tuple[str, Plan]]:
    """One block of one computation halved or doubled. Entries that share loops keep equal ones, so only single ones."""
    for kernel in plan.kernels():
        if len(kernel) > 1:
            continue
        entry = kernel[0]
        for k, over in enumerate(entry.loops):
            if over.block == 1:
                continue
            for block in (over.block // 2, over.block * 2):
                if block > 1:
                    yield f"{over.axis} in blocks of {over.block}, not {block}", _with(plan, entry, k, block)
        for k, over in enumerate(entry.reduce):
            if over.block > 1:
                reduce = (*entry.reduce[:k], LoopOver(axis=over.axis, block=over.block * 2), *entry.reduce[k + 1 :])
                yield (
                    f"{over.block} partial accumulators, not twice as many",
                    _replaced(plan, entry, replace(entry, reduce=reduce)),
                )


def _with(plan: Plan, entry: Entry, at: int, block: int) -> Plan:
    loops = (*entry.loops[:at], LoopOver(axis=entry.loops[at].axis, block=block), *entry.loops[at + 1 :])
    return _replaced(plan, entry, replace(entry, loops=loops))


def _replaced(plan: Plan, entry: Entry, other: Entry) -> Plan:
    return replace(plan, entries=tuple(other if e is entry else e for e in plan.entries))


def _is_legal(graph: Graph, plan: Plan) -> bool:
    try:
        check_legal(graph, plan)
    except PlanError:
        return False
    return True
